"""``npm run test:clean``: what a user of the package does, in an environment that has nothing of this repository.

Builds the wheel, installs it with its ``torch`` extra into a fresh virtual environment, and runs there: the lines of
both READMEs, ``check`` from a project's root and its folders, the hook of pre-commit, SARIF by its schema, a Neovim
session where there is a Neovim, and strict mypy and pyright over a user's file. ``FXLENS_TORCH`` names the versions of
torch and torchvision, ``--keep FOLDER`` keeps the environment for the next run.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path

ROOT = Path(__file__).parent.parent
TORCH = os.environ.get("FXLENS_TORCH", "torch==2.13.0 torchvision==0.28.0").split()
HOOK = ROOT / "scripts" / "torchvision_cpu" / "fxlens_torchvision_cpu.py"
NET = "from torchvision.models import resnet18\n\ndef build():\n    return resnet18()\n"
CALL = """\
from torchvision.models.feature_extraction import create_feature_extractor

from acme.nets import build

create_feature_extractor(build(), ["{name}"])
"""
USER = """\
from torch import nn

import fxlens
from fxlens import create_feature_extractor, get_graph_node_names
from fxlens.torchvision import create_feature_extractor as like_torchvision

model = nn.Sequential(nn.Conv2d(3, 8, 3), nn.ReLU())
names: list[str] = get_graph_node_names(model)
extractor: fxlens.Extractor = create_feature_extractor(model, {"0": "a"})
backend: str = extractor.backend
graph_module = like_torchvision(model, ["0"])
reveal_type(extractor)
create_feature_extractor(model, 3)
"""
"""The last line is wrong, and has to be called so: with ``Any`` nothing would be."""


class Clean:
    """The environment, and a folder to work in."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.bin = folder / "venv" / ("Scripts" if os.name == "nt" else "bin")
        self.work = Path(tempfile.mkdtemp(prefix="work-", dir=folder))
        kept = {
            key: value for key, value in os.environ.items() if not key.startswith(("PYTHON", "VIRTUAL_ENV", "FXLENS"))
        }
        self.environment = {
            **kept,
            "PATH": os.pathsep.join([str(self.bin), kept["PATH"]]),
            "FXLENS_CACHE_FOLDER": "off",
        }

    def run(
        self, *command: str, folder: Path | None = None, status: int = 0, more: Mapping[str, str] | None = None
    ) -> subprocess.CompletedProcess[str]:
        """Run a command, which must end with ``status``."""
        done = subprocess.run(
            command,
            cwd=folder or self.work,
            env={**self.environment, **(more or {})},
            capture_output=True,
            text=True,
            encoding="utf-8",
        )
        if done.returncode != status:
            raise AssertionError(f"{' '.join(command)} ended with {done.returncode}\n{done.stdout}\n{done.stderr}")
        return done

    def project(self, name: str, files: Mapping[str, str]) -> Path:
        folder = self.work / name
        for path, text in files.items():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_text(text, encoding="utf-8")
        return folder


def install(clean: Clean) -> str:
    if not clean.bin.exists():
        subprocess.run([sys.executable, "-m", "venv", str(clean.folder / "venv")], check=True)
    shutil.rmtree(clean.folder / "dist", ignore_errors=True)
    outside = [sys.executable, "-m", "build", "--outdir", str(clean.folder / "dist"), str(ROOT / "server")]
    subprocess.run(outside, check=True, stdout=subprocess.DEVNULL)
    (wheel,) = (clean.folder / "dist").glob("*.whl")
    pip = ["python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    clean.run(*pip, *TORCH)
    clean.run(*pip, "--force-reinstall", "--no-deps", str(wheel))
    clean.run(*pip, f"{wheel}[torch]")
    _patch_torchvision(clean)
    return wheel.name


def _patch_torchvision(clean: Clean) -> None:
    """torchvision's wheels carry operators that a CPU-only torch lacks: as in development."""
    code = "import sysconfig; print(sysconfig.get_path('purelib'))"
    site = Path(clean.run("python", "-I", "-c", code).stdout.strip())
    shutil.copy(HOOK, site)
    (site / "fxlens-torchvision-cpu.pth").write_text(
        "import fxlens_torchvision_cpu; fxlens_torchvision_cpu.install()\n"
    )


def readme_lines(clean: Clean) -> str:
    """The Python of both READMEs runs, and so does every command that needs no other file."""
    folder = clean.project("readme", {"src/taps.py": "", "tour.ipynb": '{"cells": []}'})
    count = 0
    for readme in (ROOT / "README.md", ROOT / "server" / "README.md"):
        text = readme.read_text(encoding="utf-8")
        for block in re.findall(r"```python\n(.*?)```", text, re.S):
            clean.run("python", "-c", block, folder=folder)
            count += 1
        for line in re.findall(r"^ *(?:\$ )?(fxlens (?:nodes|check|calls|rule|graph) .*?)(?: {2,}#.*)?$", text, re.M):
            clean.run("sh", "-c", line, folder=folder)
            count += 1
    assert count >= 5, "the READMEs have lost their lines"
    return f"{count} lines"


def check_everywhere(clean: Clean) -> str:
    """The same problem from the root, from a folder and by the file, in a flat and a src layout."""
    runs = 0
    for name, source in (("flat", ""), ("src", "src/")):
        project = clean.project(
            name,
            {
                "pyproject.toml": "",
                f"{source}acme/__init__.py": "",
                f"{source}acme/nets.py": NET,
                "tests/test_taps.py": CALL.format(name="layer5"),
            },
        )
        for folder, path in ((".", "."), (".", "tests"), ("tests", "."), ("tests", "test_taps.py"), ("tests", "..")):
            done = clean.run("fxlens", "check", path, folder=project / folder, status=1)
            assert "layer5" in done.stdout, done
            assert "1 call checked." in done.stderr, done
            runs += 1
    return f"{runs} runs"


def sarif(clean: Clean) -> str:
    """In the validator of JSON schemas that reads OASIS's schema."""
    project = clean.project("sarif", {"taps.py": CALL.format(name="layer5"), "acme/nets.py": NET})
    done = clean.run("fxlens", "check", "--format", "sarif", ".", folder=project, status=1)
    (clean.work / "found.sarif").write_text(done.stdout, encoding="utf-8")
    schema = ROOT / "tests" / "unit" / "cli" / "schemas" / "sarif-2.1.0-rtm.5.json"
    # The schema has a pattern that is none in Unicode mode: a `]` without its bracket.
    options = ["--regex-variant", "nonunicode", "--schemafile", str(schema)]
    validator = [sys.executable, "-m", "check_jsonschema", *options, str(clean.work / "found.sarif")]
    subprocess.run(validator, check=True, capture_output=True)
    (result,) = json.loads(done.stdout)["runs"][0]["results"]
    return str(result["ruleId"])


def pre_commit(clean: Clean) -> str:
    """As the hook's user would try it: changed files are named, in a repository of their own."""
    clean.run("python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "pre-commit")
    git = ["git", "-c", "user.name=user", "-c", "user.email=user@localhost"]
    hook = clean.work / "hook"
    hook.mkdir()
    shutil.copy(ROOT / ".pre-commit-hooks.yaml", hook)
    project = clean.project("hooked", {"taps.py": CALL.format(name="layer5"), "acme/nets.py": NET})
    for folder in (hook, project):
        clean.run("git", "init", "--quiet", folder=folder)
        clean.run("git", "add", ".", folder=folder)
        clean.run(*git, "commit", "--quiet", "-m", "all", folder=folder)
    try_repo = ["pre-commit", "try-repo", str(hook), "fxlens-check", "--files", "taps.py"]
    done = clean.run(*try_repo, folder=project, status=1, more={"PRE_COMMIT_HOME": str(clean.work / "pre-commit")})
    assert "layer5" in done.stdout, done
    (project / "taps.py").write_text(CALL.format(name="layer4"), encoding="utf-8")
    clean.run(*try_repo, folder=project, more={"PRE_COMMIT_HOME": str(clean.work / "pre-commit")})
    return "fails for a wrong name, passes for a right one"


def neovim(clean: Clean) -> str:
    """The session of the tests, with this environment's ``fxlens``."""
    if not shutil.which("nvim") and not os.environ.get("FXLENS_NVIM"):
        return "left out: no nvim on PATH"
    test = str(ROOT / "tests" / "lsp" / "test_real_editors.py")
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-c",
        str(ROOT / "server" / "pyproject.toml"),
        "-q",
        test,
        "-k",
        "neovim",
    ]
    subprocess.run(command, cwd=ROOT, check=True, env={**os.environ, "FXLENS_BIN": str(clean.bin)}, capture_output=True)
    return "diagnostics, hover, definition, fix, completion"


def types(clean: Clean) -> str:
    """What a strict checker sees of the package: types, and one mistake."""
    clean.run("python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "mypy", "pyright")
    project = clean.project("typed", {"user.py": USER})
    done = clean.run("mypy", "--strict", "user.py", folder=project, status=1)
    errors = [line for line in done.stdout.splitlines() if ": error:" in line]
    assert len(errors) == 1, done.stdout
    assert "arg-type" in errors[0], errors
    assert 'Revealed type is "fxlens' in done.stdout, done.stdout
    (project / "pyrightconfig.json").write_text('{"typeCheckingMode": "strict"}')
    done = clean.run("pyright", "--outputjson", "user.py", folder=project, status=1)
    found = [each for each in json.loads(done.stdout)["generalDiagnostics"] if each["severity"] == "error"]
    assert [each["rule"] for each in found] == ["reportArgumentType"], found
    return "one error each, of the wrong argument"


STEPS: tuple[Callable[[Clean], str], ...] = (install, readme_lines, check_everywhere, sarif, pre_commit, neovim, types)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else "")
    parser.add_argument("--keep", type=Path, metavar="FOLDER", help="where the environment is, and stays")
    parser.add_argument("steps", nargs="*", metavar="STEP", help=", ".join(step.__name__ for step in STEPS))
    chosen = parser.parse_args()
    folder = (chosen.keep or Path(tempfile.mkdtemp(prefix="fxlens-clean-"))).resolve()
    folder.mkdir(parents=True, exist_ok=True)
    failed = 0
    try:
        clean = Clean(folder)
        for step in STEPS:
            if chosen.steps and step.__name__ not in chosen.steps:
                continue
            began = time.monotonic()
            try:
                said, mark = step(clean), "✔"
            except (AssertionError, OSError, ValueError, subprocess.CalledProcessError) as error:
                said, mark, failed = f"{error}{getattr(error, 'stdout', None) or ''}", "✖", failed + 1
            print(
                f"  {mark} {step.__name__.replace('_', ' '):18} {time.monotonic() - began:6.1f} s  {said}", flush=True
            )
            if failed and step is install:
                break
        shutil.rmtree(clean.work, ignore_errors=True)
    finally:
        if chosen.keep is None:
            shutil.rmtree(folder, ignore_errors=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
