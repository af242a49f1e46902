"""Mutation testing: small changes of the code, each of which a test must notice (mutmut does the work).

``tests/mutation.toml`` says which modules are changed, which tests are run for each (the fastest that know it), and of
the changes that no test notices, why that is right. Each module is worked on in a copy of the package and its tests, so
that nothing in the repository is ever changed. A change that is not noticed, and not explained, is printed; the exit
code is 1 then. Arguments choose modules: ``npm run test:mutation -- queries.py``.
"""

from __future__ import annotations

import ast
import difflib
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

ROOT = Path(__file__).parents[1]
TABLE = ROOT / "tests" / "mutation.toml"
PROCESSES = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
CONFIGURATION = """\
[tool.mutmut]
source_paths = ["fxlens"]
only_mutate = ["fxlens/{module}"]
pytest_add_cli_args = ["-p", "no:cacheprovider"]
pytest_add_cli_args_test_selection = {tests}
also_copy = ["README.md", "package.json", "package.nls.json", "server"]
use_git_change_detection = false
track_dependencies = false

[tool.pytest.ini_options]
pythonpath = ["tests"]
asyncio_mode = "auto"
markers = ["timm: of timm", "own_worker: starts workers of its own"]
"""
KILLED = frozenset({1, 3})
"""pytest's exit codes for a failed test, and for an error of its own: the change was noticed."""
NO_TESTS = 33
"""mutmut's code for a change in a function that no test of the selection calls."""
TIMEOUTS = frozenset({36, 24, 152, 255})
"""mutmut's codes for a change that made the tests run much longer: it was noticed, too."""


@dataclass(frozen=True)
class Module:
    """A module below ``fxlens``, its tests, and the explanations of survivors by what the change wrote."""

    path: str
    tests: tuple[str, ...]
    explained: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Survivor:
    """A change that no test noticed: where, and the lines that it took away and wrote."""

    name: str
    removed: tuple[str, ...]
    written: tuple[str, ...]
    tested: bool

    def __str__(self) -> str:
        note = "" if self.tested else "  (no test comes here)"
        lines = [*(f"    - {line}" for line in self.removed), *(f"    + {line}" for line in self.written)]
        return "\n".join([f"  {self.name}{note}", *lines])


def modules(chosen: list[str]) -> Iterator[Module]:
    """The modules of the table, or those of them that are ``chosen``."""
    for path, entry in tomllib.loads(TABLE.read_text(encoding="utf-8")).items():
        if not chosen or path in chosen:
            yield Module(path, tuple(entry["tests"]), dict(entry.get("explained", {})))


def run(module: Module, folder: Path) -> tuple[int, list[Survivor]]:
    """How many changes were made of ``module``, and those that no test noticed."""
    shutil.copytree(ROOT / "server" / "fxlens", folder / "fxlens", ignore=shutil.ignore_patterns("__pycache__"))
    left_out = shutil.ignore_patterns("__pycache__", "node_modules", "e2e", "zoo", "bench")
    shutil.copytree(ROOT / "tests", folder / "tests", ignore=left_out)
    for name in ("README.md", "package.json", "package.nls.json"):
        shutil.copy(ROOT / name, folder / name)
    (folder / "pyproject.toml").write_text(
        CONFIGURATION.format(module=module.path, tests=json.dumps(list(module.tests)))
    )
    command = [sys.executable, "-m", "mutmut"]
    done = subprocess.run(
        [*command, "run", "--max-children", str(PROCESSES)], cwd=folder, capture_output=True, text=True
    )
    meta = folder / "mutants" / "fxlens" / f"{module.path}.meta"
    codes = json.loads(meta.read_text())["exit_code_by_key"] if meta.is_file() else {}
    if not codes or None in codes.values():
        # The last frames of its spinner are one long line.
        output = "\n".join(line.rpartition("\r")[2] for line in (done.stdout + done.stderr).splitlines()[-40:])
        raise SystemExit(f"mutmut could not work on {module.path}:\n{output}")
    left = [name for name, code in codes.items() if code not in KILLED | TIMEOUTS and not (code and code < 0)]
    changed = (folder / "mutants" / "fxlens" / module.path).read_text(encoding="utf-8")
    functions = {node.name: node for node in ast.walk(ast.parse(changed)) if isinstance(node, _FUNCTIONS)}
    return len(codes), [_survivor(name, codes[name] != NO_TESTS, changed, functions) for name in left]


_FUNCTIONS = ast.FunctionDef, ast.AsyncFunctionDef


def _survivor(name: str, tested: bool, changed: str, functions: Mapping[str, ast.AST]) -> Survivor:
    """mutmut writes all variants of a function one after the other; its own command takes a second for each."""
    variant = name.rpartition(".")[2]
    before, after = (
        (ast.get_source_segment(changed, functions[each]) or "").replace(each, "").splitlines()
        for each in (f"{variant.rpartition('_')[0]}_orig", variant)
    )
    lines = list(difflib.unified_diff(before, after, n=0, lineterm=""))[2:]
    removed, written = (tuple(line[1:].strip() for line in lines if line.startswith(sign)) for sign in ("-", "+"))
    return Survivor(name.rpartition("fxlens.")[2], removed, written, tested)


def main(chosen: list[str]) -> int:
    bad = total = killed = 0
    for module in modules(chosen):
        with tempfile.TemporaryDirectory(prefix="fxlens-mutation-") as name:
            made, survivors = run(module, Path(name))
        unexplained = [each for each in survivors if " ".join(each.written) not in module.explained]
        total, killed, bad = total + made, killed + made - len(survivors), bad + len(unexplained)
        share = (made - len(survivors)) / made
        print(
            f"{module.path}: {made} changes, {share:.0%} noticed, {len(survivors) - len(unexplained)} explained, "
            f"{len(unexplained)} neither",
            flush=True,
        )
        for survivor in unexplained:
            print(survivor)
    if not total:
        print(f"No such module in {TABLE.relative_to(ROOT)}.")
        return 2
    print(f"All: {total} changes, {killed / total:.0%} noticed.")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
