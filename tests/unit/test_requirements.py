"""Which torch is needed is said once, and the same everywhere."""

from __future__ import annotations

import doctest
import re
import subprocess
import sys
from pathlib import Path

import pytest

from fxlens import requirements

ROOT = Path(__file__).parents[2]
NEEDED = ".".join(map(str, requirements.TORCH))


def test_the_package_and_the_readme_say_the_same() -> None:
    assert f'"torch>={NEEDED}"' in (ROOT / "server" / "pyproject.toml").read_text()
    assert re.search(rf"torch\s+\({re.escape(NEEDED)} or newer\)", (ROOT / "README.md").read_text())
    assert doctest.testmod(requirements).failed == 0


@pytest.mark.parametrize("version", ["2.2.0", "2.13.0+cpu", "3.0.0a0+git123", "10.1", "unknown", ""])
def test_new_enough(version: str) -> None:
    assert requirements.refusal(version) is None


@pytest.mark.parametrize("version", ["2.1.2", "1.13.1+cu117", "2.0"])
def test_too_old(version: str) -> None:
    assert f"needs torch {NEEDED} or newer, not {version}" in str(requirements.refusal(version))


def test_the_library_refuses_an_old_torch_with_a_sentence() -> None:
    code = "import torch; torch.__version__ = '2.1.0'\nimport fxlens\nfxlens.create_feature_extractor"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    last = done.stderr.strip().rpartition("\n")[2]
    assert last == f"ImportError: FX Lens needs torch {NEEDED} or newer, not 2.1.0: run `pip install --upgrade torch`"
