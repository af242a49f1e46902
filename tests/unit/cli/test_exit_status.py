"""0 clean, 1 findings, 2 could not run, 130 interrupted; never a traceback."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

GOOD = """\
from torchvision.models import resnet18
from torchvision.models.feature_extraction import create_feature_extractor
f = create_feature_extractor(resnet18(), ["{name}"])
"""
COMMAND = [sys.executable, "-m", "fxlens"]
ENVIRONMENT = dict(os.environ)


def run(*arguments: object, **options: object) -> subprocess.CompletedProcess[bytes]:
    options = {"capture_output": True, "timeout": 100, "env": ENVIRONMENT, **options}
    done: subprocess.CompletedProcess[bytes] = subprocess.run([*COMMAND, *map(str, arguments)], check=False, **options)  # type: ignore[call-overload]
    assert b"Traceback" not in (done.stderr or b"")
    return done


@pytest.fixture(scope="module", autouse=True)
def results_are_kept(tmp_path_factory: pytest.TempPathFactory) -> None:
    """The model of all these tests is traced for the first of them only: what they ask is how the command ends."""
    ENVIRONMENT["FXLENS_CACHE_FOLDER"] = str(tmp_path_factory.mktemp("cache"))


@pytest.fixture
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """At the same path for each test, since results are kept by path."""
    code = tmp_path_factory.getbasetemp() / "code"
    shutil.rmtree(code, ignore_errors=True)
    code.mkdir()
    (code / "good.py").write_text(GOOD.format(name="layr2"))
    return code


def test_odd_files_are_skipped_and_named(folder: Path) -> None:
    os.mkfifo(folder / "aaa.py")
    (folder / ".#bbb.py").symlink_to("user@host.1")
    (folder / "ccc.ipynb").write_text('{"cells": [null]}')
    (folder / ".gitignore").write_text("!\n\\\n")
    done = run("check", folder)
    assert done.returncode == 1
    assert done.stdout.count(b"layr2") == 1
    for name in (b"aaa.py is a named pipe", b".#bbb.py cannot be read", b".gitignore:1 is not a pattern"):
        assert name in done.stderr


def test_one_file_by_several_paths_is_reported_once(folder: Path) -> None:
    (folder / "link.py").symlink_to("good.py")
    done = run("check", folder / "good.py", folder, folder / ".." / folder.name / "good.py", folder / "link.py")
    assert done.stdout.count(b"layr2") == 1


@pytest.mark.parametrize("python", ["/bin/ls", "/bin/false"])
@pytest.mark.parametrize("command", ["check", "calls"])
def test_a_python_that_cannot_trace_is_no_clean_run(folder: Path, python: str, command: str) -> None:
    done = run(command, "--python", python, folder)
    assert done.returncode == 2
    assert python.encode() in done.stderr


def test_a_named_file_that_cannot_be_read(folder: Path) -> None:
    os.mkfifo(folder / "aaa.py")
    done = run("check", folder / "aaa.py", folder / "good.py")
    assert done.returncode == 2
    assert b"layr2" in done.stdout
    assert b"named pipe" in done.stderr


@pytest.mark.parametrize("baseline", ["pipe", "/dev/zero", "deep.json"])
def test_a_baseline_that_is_not_a_file(folder: Path, baseline: str) -> None:
    os.mkfifo(folder / "pipe")
    (folder / "deep.json").write_text("[" * 100_000)
    (folder / "good.py").write_text("x = 1\n")
    for more in ([], ["--write-baseline"]):
        done = run("check", folder / "good.py", "--baseline", folder / baseline, *more)
        assert done.returncode == 2
        assert b"is not a baseline" in done.stderr


def test_a_full_disk(folder: Path) -> None:
    with Path("/dev/full").open("wb") as full:
        done = run("check", folder, stdout=full, stderr=subprocess.PIPE, capture_output=False)
        assert done.returncode == 2
        assert b"No space left" in done.stderr
        assert run("rule", stdout=full, stderr=full, capture_output=False).returncode == 2


@pytest.mark.skipif(sys.platform == "win32", reason="a shell of POSIX closes it")
def test_a_closed_output(folder: Path) -> None:
    def close() -> None:
        os.close(1)

    done = run("check", folder, stdout=None, stderr=subprocess.PIPE, capture_output=False, preexec_fn=close)
    assert done.returncode == 2
    assert b"Bad file descriptor" in done.stderr


@pytest.mark.parametrize("form", ["text", "json"])
@pytest.mark.parametrize("encoding", ["utf-8", "ascii"])
def test_half_a_character_in_a_message(folder: Path, form: str, encoding: str) -> None:
    (folder / "good.py").write_text(GOOD.format(name="\\ud83dü"))
    done = run("check", "--format", form, folder, env={**ENVIRONMENT, "PYTHONIOENCODING": encoding})
    assert done.returncode == 1
    assert b"ud83d" in done.stdout or (form == "text" and b"?" in done.stdout)  # click has its own way with ASCII.
    if form == "json":
        import json

        assert json.loads(done.stdout)


def test_interrupted(folder: Path) -> None:
    (folder / "good.py").write_text(GOOD.format(name="x").replace("resnet18()", "__import__('time').sleep(100)"))
    process = subprocess.Popen(
        [*COMMAND, "check", str(folder)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=ENVIRONMENT, cwd=folder
    )
    while not (children := Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()):
        assert process.poll() is None
    assert children
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 130
    assert b"Traceback" not in errors


def test_interrupted_while_the_command_is_imported(folder: Path) -> None:
    """The signal comes at the first import of our own, and at the first of a library."""
    for module in ("fxlens.cli.main", "click"):
        program = (
            "import os, signal, sys, runpy\n"
            "class Interrupt:\n"
            "    def find_spec(self, name, *_):\n"
            f"        if name == {module!r}: os.kill(os.getpid(), signal.SIGINT)\n"
            "sys.meta_path.insert(0, Interrupt())\n"
            "sys.argv = ['fxlens', 'rule']\n"
            "runpy.run_module('fxlens', run_name='__main__')\n"
        )
        done = subprocess.run([sys.executable, "-c", program], capture_output=True, timeout=100, check=False)
        assert (done.returncode, done.stdout, done.stderr) == (130, b"", b"")


@pytest.mark.parametrize("size", ["99999999999999999999", "1,3,9999999999"])
def test_sizes_beyond_all_bounds(folder: Path, size: str) -> None:
    done = run("nodes", "torch.nn:ReLU()", "--input-shape", size)
    assert done.returncode == 2
    assert b"frame #" not in done.stderr


def test_wrong_usage(folder: Path) -> None:
    for arguments in (
        ["check", "--format"],
        ["check", folder / "nowhere"],
        ["nodes", "nowhere"],
        ["nothing"],
        ["check", "--what"],
    ):
        assert run(*arguments).returncode == 2
