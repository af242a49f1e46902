"""Whatever lies in a folder beside the code, the code is read, and what is skipped is named."""

from __future__ import annotations

import json
import os
import random
import socket
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from long_runs import seeds

from fxlens.engine.file_names import without_links
from fxlens.engine.notebook_files import notebooks_mentioning, read_notebook
from fxlens.engine.regular_files import read_regular
from fxlens.engine.workspace_files import read_folders

Maker = Callable[[Path], object]


def _socket(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(os.fspath(path))


def _loop(path: Path) -> None:
    path.symlink_to(path.name)


def _folder_loop(path: Path) -> None:
    path.mkdir()
    (path / "again.py").symlink_to(path)


ODD: dict[str, Maker] = {
    "named pipe": os.mkfifo,
    "socket": _socket,
    "dangling link": lambda path: path.symlink_to("user@host.1234:5678"),
    "link to itself": _loop,
    "link to its folder": lambda path: path.symlink_to("."),
    "link to a device": lambda path: path.symlink_to("/dev/zero"),
    "link to a file that waits": lambda path: path.symlink_to("/proc/kmsg"),
    "folder": Path.mkdir,
    "folder in a loop": _folder_loop,
    "huge": lambda path: path.write_bytes(b"#" * 11_000_000),
    "binary": lambda path: path.write_bytes(bytes(range(256))),
    "not UTF-8": lambda path: path.write_bytes(b"name = '\xff\xfe'\n"),
    "empty": Path.touch,
}
NOTEBOOKS = [
    "", "{", "[]", "null", "3", "[" * 100_000, '{"cells":' * 5_000, '{"cells": null}', '{"cells": {"a": 1}}', '{"cells": "ab"}',
    '{"cells": [null, 3, "x", []]}', '{"cells": [{"cell_type": "code", "source": [null, 3, ["x"]]}]}',
    '{"cells": [{"cell_type": "code", "source": {"a": "b"}}]}', '{"cells": [], "metadata": {"kernelspec": "python"}}',
    '{"cells": [], "metadata": []}', '{"cells": [], "metadata": {"language_info": 3}}', '{"cells": [{"cell_type": []}]}',
]  # fmt: skip
GITIGNORES = ["!\n", "\\\n", "[z-a]\n", "**\\\n", "\x00\n", "a" * 100_000 + "\n", "[\n", "!!\n", "\udcff\n", "[[:foo:]\n",
              "a*" * 60 + "b\n", "*" * 5000 + "x\n", "**/" * 300 + "x\n", "x*y\n" * 6_000]  # fmt: skip


@pytest.mark.parametrize("name", ["aaa.py", "aaa.ipynb", ".gitignore"])
@pytest.mark.parametrize("kind", ODD)
def test_one_odd_file_does_not_hide_the_others(tmp_path: Path, kind: str, name: str) -> None:
    (tmp_path / "good.py").write_text("x = 1\n")
    ODD[kind](tmp_path / name)
    skipped: list[str] = []
    found = read_folders([str(tmp_path)], {}, on_skip=skipped.append)
    assert str(tmp_path / "good.py") in found
    # Both files say that they hold nothing.
    harmless = kind in (
        "folder",
        "folder in a loop",
        "link to its folder",
        "not UTF-8",
        "empty",
        "link to a file that waits",
    )
    assert bool([line for line in skipped if line.startswith(str(tmp_path / name))]) or harmless


@pytest.mark.parametrize("content", NOTEBOOKS, ids=lambda content: f"{content[:40]} of {len(content)}")
def test_an_odd_notebook_is_empty(tmp_path: Path, content: str) -> None:
    (tmp_path / "odd.ipynb").write_text(content)
    cell = {"cell_type": "code", "source": ["good = 1\n"]}
    (tmp_path / "zzz.ipynb").write_text(json.dumps({"cells": [cell]}))
    assert read_notebook(tmp_path / "odd.ipynb").text.strip() == ""
    assert (
        list(notebooks_mentioning([str(tmp_path)], ["good", "cell", "a"])) == [str(tmp_path / "zzz.ipynb")]
        or "source" in content
    )
    assert str(tmp_path / "zzz.ipynb") in read_folders([str(tmp_path)], {})


@pytest.mark.parametrize("lines", GITIGNORES, ids=lambda lines: f"{lines[:12]!r} of {len(lines)}")
def test_a_bad_line_of_gitignore_is_skipped_and_the_others_hold(tmp_path: Path, lines: str) -> None:
    (tmp_path / ".gitignore").write_bytes(("out/\n" + lines).encode(errors="surrogateescape"))
    (tmp_path / ("a" * 200 + ".py")).touch()
    for name in ("good.py", "out/made.py"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    names = {Path(path).name for path in read_folders([str(tmp_path)], {})}
    assert names - {"a" * 200 + ".py"} == {"good.py"} or (names >= {"good.py", "made.py"} and "\0" in lines)


@pytest.mark.parametrize(
    "pattern", ["***", "a/***/b.py", "a**.py", "**/**/b.py", "a/**", r"\**.py", "!***/b.py", "***b.py", "/***/b.py"]
)
def test_stars_mean_what_they_mean_to_git(tmp_path: Path, pattern: str) -> None:
    """Differential: git itself says which files a pattern names."""
    files = ["b.py", "ab.py", "a/b.py", "a/c/b.py", "a/c/d/b.py", "*x.py", "c/ab.py"]
    for name in files:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    text = f"*.py\n{pattern}\n" if pattern.startswith("!") else f"{pattern}\n"
    (tmp_path / ".gitignore").write_text(text)
    subprocess.run(["git", "init", "-q"], cwd=tmp_path, check=True)
    said = subprocess.run(
        ["git", "ls-files", "-o", "--exclude-standard"], cwd=tmp_path, check=True, capture_output=True, text=True
    ).stdout.split()
    ours = {str(Path(path).relative_to(tmp_path)) for path in read_folders([str(tmp_path)], {})}
    assert ours == set(said) - {".gitignore"}


@pytest.mark.parametrize("seed", seeds(20))
def test_random_trees(tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)
    folders = [tmp_path]
    good: set[str] = set()
    for number in range(40):
        folder = chance.choice(folders)
        kind = chance.choice([*ODD, "good", "good", "folders", "ignore", "notebook"])
        path = folder / f"f{number}{chance.choice(['.py', '.ipynb'])}"
        if kind == "folders":
            folders.append(folder / f"d{number}")
            folders[-1].mkdir()
        elif kind == "good":
            path.with_suffix(".py").write_text("x = 1\n")
            good.add(str(path.with_suffix(".py")))
        elif kind == "ignore" and not (folder / ".gitignore").exists():
            (folder / ".gitignore").write_text(chance.choice(["!\n", "\\\n", "[z-a]\n"]))
        elif kind == "notebook":
            path.with_suffix(".ipynb").write_text(chance.choice(NOTEBOOKS))
        elif kind in ODD:
            ODD[kind](path)
    assert good <= set(read_folders([str(tmp_path)], {}))


def test_a_file_that_is_replaced_while_it_is_opened_does_not_hang(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "x.py"
    path.touch()
    look = os.stat

    def replace(name: str, **options: object) -> os.stat_result:
        status = look(name)
        if Path(name) == path:
            path.unlink()
            os.mkfifo(path)
        return status

    monkeypatch.setattr(os, "stat", replace)
    with pytest.raises(OSError, match="not a regular file"):
        read_regular(path)


def test_links_to_themselves_are_left_as_they_are(tmp_path: Path) -> None:
    (tmp_path / "loop").symlink_to("loop")
    (tmp_path / "folder").mkdir()
    (tmp_path / "link").symlink_to("folder")
    assert without_links(tmp_path / "loop").parent == tmp_path.resolve()
    assert without_links(tmp_path / "link" / "nothing.py") == tmp_path.resolve() / "folder" / "nothing.py"
