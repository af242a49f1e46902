"""`fxlens check` on 300 files with two calls, cold and again, beside ruff and pyright in one run.

The files are the sources of the installed torchvision and timm, as a project of that size; the two calls are beside them.
What importing torch takes is no part of the budget and is measured apart.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
import tempfile
import time
from pathlib import Path

FILES = 298
CALLS = """\
from torchvision.models import resnet18
from torchvision.models.feature_extraction import create_feature_extractor

create_feature_extractor(resnet18(), ["layer1"])
"""
SITE = Path(sysconfig.get_path("purelib"))


def project(folder: Path) -> int:
    sources = [path for name in ("timm", "torchvision") for path in sorted((SITE / name).rglob("*.py"))]
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


def seconds(command: list[str], folder: Path, cache: Path) -> float:
    environment = {**os.environ, "FXLENS_CACHE_FOLDER": str(cache)}
    began = time.perf_counter()
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)
    taken = time.perf_counter() - began
    if "fxlens" in command and "2 calls checked" not in done.stderr:
        raise SystemExit(f"{command} did not check the calls: {done.stdout}{done.stderr}")
    return taken


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder, cache = Path(name, "project"), Path(name, "cache")
        folder.mkdir()
        lines = project(folder)
        check = [sys.executable, "-m", "fxlens", "check", "."]
        ruff = min(seconds([sys.executable, "-m", "ruff", "check", "--no-cache", "."], folder, cache) for _ in range(3))
        torch = min(seconds([sys.executable, "-c", "import torch, torchvision"], folder, cache) for _ in range(2))
        first = seconds(check, folder, cache)
        again = min(seconds(check, folder, cache) for _ in range(2))
        print(f"{FILES + 2} files, {lines:,} lines, 2 calls")
        print(f"  ruff check --no-cache     {ruff:6.2f} s")
        print(f"  import torch, torchvision {torch:6.2f} s")
        beyond = first - torch
        print(f"  fxlens check, first       {first:6.2f} s, {beyond / ruff:.1f} x ruff beyond the import (budget 3)")
        print(f"  fxlens check, again       {again:6.2f} s, {again / first:.0%} of the first (budget 20 %)")
        if pyright := shutil.which("pyright"):
            print(f"  pyright                   {seconds([pyright, '.'], folder, cache):6.2f} s")
        else:
            print("  pyright                   not found: pip install pyright")


if __name__ == "__main__":
    main()
