"""What the distributions carry, read from the files they are made of."""

from __future__ import annotations

from importlib import resources
from pathlib import Path

ROOT = Path(__file__).parents[3]


def test_the_package_says_that_it_is_typed():
    assert resources.files("fxlens").joinpath("py.typed").is_file()


def test_the_licence_of_the_package_is_the_repositorys():
    assert (ROOT / "server" / "LICENSE").read_text() == (ROOT / "LICENSE").read_text()
