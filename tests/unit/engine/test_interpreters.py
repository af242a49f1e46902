"""Probing interpreters of all kinds."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from fxlens.engine.interpreters import probe


def script(tmp_path: Path, text: str) -> str:
    path = tmp_path / "python with ' spaces"
    path.write_text(text)
    path.chmod(0o755)
    return str(path)


async def test_a_python_with_torch() -> None:
    found = await probe(sys.executable)
    assert found.problem is None
    assert found.python == ".".join(map(str, sys.version_info[:3]))


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (f'#!/bin/sh\nexec {sys.executable} -S "$@"\n', "There is no torch in"),
        ("#!/bin/sh\necho nonsense; echo broken >&2; exit 3\n", "is not a working Python (exit code 3): broken"),
        ("#!/bin/sh\nkill -9 $$\n", "is not a working Python (exit code -9)"),
        ("not a program", "cannot be run"),
        (
            '#!/bin/sh\nprintf \'\\001{"python": "3.8.1", "supported": false, "torch": true}\'\n',
            "needs Python 3.10 or newer",
        ),
        (
            '#!/bin/sh\nprintf \'\\001{"python": "3.11.1", "supported": true, "torch": true, "version": "2.1.2+cpu"}\'\n',
            "needs torch 2.2 or newer, not 2.1.2+cpu",
        ),
    ],
)
async def test_what_is_wrong_is_said(tmp_path: Path, text: str, problem: str) -> None:
    found = await probe(script(tmp_path, text))
    assert found.problem
    assert problem in found.problem
    assert found.remedy


async def test_a_torch_that_is_too_old_is_told_from_its_files(tmp_path: Path) -> None:
    package = tmp_path / "torch"
    package.mkdir()
    (package / "__init__.py").write_text("raise SystemExit('it must not be imported')")
    (package / "version.py").write_text("__all__ = ['__version__']\n__version__ = '2.1.2+cu121'\n")
    found = await probe(script(tmp_path, f'#!/bin/sh\nPYTHONPATH={tmp_path} exec {sys.executable} "$@"\n'))
    assert found.problem
    assert "FX Lens needs torch 2.2 or newer, not 2.1.2+cu121: run `pip install --upgrade torch`" in found.problem


async def test_one_that_is_not_there(tmp_path: Path) -> None:
    found = await probe(str(tmp_path / "nothing"))
    assert found.problem
    assert "There is no Python interpreter at" in found.problem


async def test_one_that_never_answers(tmp_path: Path) -> None:
    found = await probe(script(tmp_path, "#!/bin/sh\nsleep 1000\n"), seconds=0.2)
    assert found.problem
    assert "did not answer within 0.2 s" in found.problem


async def test_noise_at_start_up_is_ignored(tmp_path: Path) -> None:
    found = await probe(script(tmp_path, f'#!/bin/sh\necho \'{{"python"\'; exec {sys.executable} "$@"\n'))
    assert found.problem is None
