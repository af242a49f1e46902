"""`fxlens check` on 300 files with two calls, cold and again, beside ruff and pyright in one run.

The files are sources of the installed timm and torchvision, as a project of that size; the two calls are beside them.
What extracts features in these libraries themselves is left out: each of timm's models would lead to such calls, and so
would be a project of hundreds of calls. ``--all`` leaves it in, without a budget.
What importing torch takes is no part of the budget and is measured apart.
"""

from __future__ import annotations

import compileall
import importlib.util
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import fxlens
from fxlens.source.library.extraction import FUNCTIONS

FILES = 298
CALLS = """\
from torchvision.models import resnet18
from torchvision.models.feature_extraction import create_feature_extractor

create_feature_extractor(resnet18(), ["layer1"])
"""
SITE = Path(importlib.util.find_spec("torchvision").origin).parents[
    1
]  # Not purelib: an environment may borrow its packages.


def project(folder: Path, *, with_extraction: bool) -> int:
    sources = [path for name in ("timm", "torchvision") for path in sorted((SITE / name).rglob("*.py"))]
    if not with_extraction:
        sources = [path for path in sources if not any(name in path.read_text("utf-8") for name in FUNCTIONS)]
    lines = 0
    for path in sources[:FILES]:
        target = folder / "copied_" / path.relative_to(SITE)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, target)
        lines += path.read_text(encoding="utf-8").count("\n")
    for name in ("first.py", "second.py"):
        (folder / name).write_text(CALLS)
    (folder / "pyproject.toml").write_text("")
    return lines


@dataclass(frozen=True)
class Taken:
    """Seconds by the clock, and seconds of processors in the command and all that it started."""

    clock: float
    processor: float

    def __str__(self) -> str:
        return f"{self.clock:6.2f} s, {self.processor:6.2f} s of processors"


def taken(command: list[str], folder: Path, cache: Path, times: int = 1) -> Taken:
    """The best of ``times`` runs, by what they need of processors: others may use the machine."""
    return min((_once(command, folder, cache) for _ in range(times)), key=lambda each: each.processor)


def _once(command: list[str], folder: Path, cache: Path) -> Taken:
    environment = {**os.environ, "FXLENS_CACHE_FOLDER": str(cache)}
    used, began = _processor(), time.perf_counter()
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)
    # Checkers end with 1 where they find something, and so does Python where it lacks the module.
    said = done.stdout + done.stderr
    if done.returncode not in (0, 1) or "No module named" in done.stderr:
        raise SystemExit(f"{command} failed: {said}")
    if "fxlens" in command and "2 calls checked" not in done.stderr:
        raise SystemExit(f"{command} did not check the calls: {said}")
    if "pyright" in command[0] and not re.search(r"^\d+ errors?, ", done.stdout, re.MULTILINE):
        raise SystemExit(f"pyright did not check: {said}")
    return Taken(time.perf_counter() - began, _processor() - used)


def _processor() -> float:
    times = os.times()
    return times.children_user + times.children_system


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder, cache = Path(name, "project"), Path(name, "cache")
        folder.mkdir()
        # Installers do; where the environment lets Python write no bytecode, every run would compile our sources anew.
        compileall.compile_dir(Path(fxlens.__file__).parent, quiet=2)
        lines = project(folder, with_extraction="--all" in sys.argv)
        print(f"{FILES + 2} files, {lines:,} lines, 2 calls", flush=True)

        def show(title: str, command: list[str], times: int = 1) -> Taken:
            measured = taken(command, folder, cache, times)
            print(f"  {title:26}{measured}", flush=True)
            return measured

        python, check = [sys.executable, "-m"], [sys.executable, "-m", "fxlens", "check", "."]
        ruff = show("ruff check --no-cache", [*python, "ruff", "check", "--no-cache", "."], 3)
        torch = show("import torch, torchvision", [sys.executable, "-c", "import torch, torchvision"], 2)
        first = show("fxlens check, first", check)
        again = show("fxlens check, again", check, 2)
        for kind in ("clock", "processor"):
            one, two, imported, peer = (getattr(each, kind) for each in (first, again, torch, ruff))
            print(
                f"  by {kind}: first {(one - imported) / peer:.1f} x ruff beyond the import (budget 3), "
                f"again {two / one:.0%} of the first (budget 20 %)",
                flush=True,
            )
        if pyright := shutil.which(
            "pyright", path=os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
        ):
            show("pyright", [pyright, "."])
        else:
            print(
                "  pyright                   NOT MEASURED: it is not on PATH. Run `npm install -g pyright` for this rival."
            )


if __name__ == "__main__":
    main()
