"""Which files are walked, and how they are read."""

from __future__ import annotations

from pathlib import Path

import pytest

from fxlens.cli.files import python_files
from fxlens.engine.regular_files import SkippedError, read_source, read_text


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    for name in (
        "a.py",
        "notes.txt",
        "pkg/b.py",
        "pkg/generated/c.py",
        "pkg/.hidden/d.py",
        ".venv/lib/e.py",
        "node_modules/f.py",
        "ignored.py",
        "kept/ignored.py",
    ):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("x = 1\n", encoding="utf-8")
    (tmp_path / ".gitignore").write_text("/ignored.py\n", encoding="utf-8")
    (tmp_path / "pkg" / ".gitignore").write_text("generated/\n", encoding="utf-8")
    return tmp_path


def names(root: Path, *paths: Path) -> list[str]:
    return [path.relative_to(root).as_posix() for path in python_files(paths)]


def test_a_folder_is_walked_without_what_nobody_means(tree: Path) -> None:
    assert names(tree, tree) == ["a.py", "kept/ignored.py", "pkg/b.py"]


def test_an_environment_is_known_by_what_is_in_it(tmp_path: Path) -> None:
    for name in ("env/walker.py", "envs/new/pyvenv.cfg", "envs/new/lib/a.py", "conda/conda-meta/history", "conda/b.py"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("", encoding="utf-8")
    assert names(tmp_path, tmp_path) == ["env/walker.py"]
    assert names(tmp_path, tmp_path / "envs" / "new") == ["envs/new/lib/a.py"], "it was named"


def test_a_named_file_counts_whatever_its_name_and_each_file_once(tree: Path) -> None:
    assert names(tree, tree / "ignored.py", tree / "notes.txt", tree / "a.py", tree) == [
        "ignored.py",
        "notes.txt",
        "a.py",
        "kept/ignored.py",
        "pkg/b.py",
    ]


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (b"\xef\xbb\xbfx = 1\r\n", "x = 1\r\n"),
        ("é = 1\n".encode("latin-1"), "é = 1\n"),
        (b"", ""),
        ("# coding: gbk\n'中文'\n".encode("gbk"), "# coding: gbk\n'中文'\n"),
        (b"\r\n# -*- coding: cp1252 -*-\r\n'\x80'", "\r\n# -*- coding: cp1252 -*-\r\n'€'"),
        (b"# vim: set fileencoding=utf-8-unix :\n'\xc3\xa4'", "# vim: set fileencoding=utf-8-unix :\n'ä'"),
        (b"x = 1\n# coding: klingon\n", "x = 1\n# coding: klingon\n"),
        (b"# coding: gbk\n'\xff\xff'", "# coding: gbk\n'ÿÿ'"),
        (b"# coding: utf-7\n'+AOQ-'", "# coding: utf-7\n'+AOQ-'"),
    ],
)
def test_sources_are_read_whatever_their_encoding(tmp_path: Path, data: bytes, text: str) -> None:
    path = tmp_path / "a.py"
    path.write_bytes(data)
    assert read_source(path) == text


@pytest.mark.parametrize(
    "data",
    [
        *(
            b"# coding: %b\nx = 1\n" % name
            for name in (b"klingon", b"rot13", b"hex", b"utf-16", b"cp037", b"undefined")
        ),
        b"\xef\xbb\xbf# coding: latin-1\nx = 1\n",
        b"#!/usr/bin/python\r# encoding: base64\rx = 1",
    ],
)
def test_sources_are_skipped_that_python_does_not_read_either(tmp_path: Path, data: bytes) -> None:
    with pytest.raises(SyntaxError):
        compile(data, "a.py", "exec")
    path = tmp_path / "a.py"
    path.write_bytes(data)
    with pytest.raises(SkippedError, match="declares the encoding `"):
        read_source(path)
    assert read_text(path).endswith("x = 1\n" if data.endswith(b"\n") else "x = 1")
