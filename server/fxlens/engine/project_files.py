"""What the files of a Python project declare about import folders: ``pyproject.toml``, ``setup.cfg``, ``.env`` …

Each reader takes a text and gives folders relative to the project, in the order in which they are declared. A file
that cannot be parsed declares nothing: the tools that own it report that.
"""

from __future__ import annotations

import ast
import configparser
import os
import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from pathlib import PurePosixPath
from typing import Any

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

PROJECT_FILES = ("pyproject.toml", "setup.cfg", "setup.py")
"""A folder with one of them is a project."""
READ_FILES = (*PROJECT_FILES, "pytest.ini", ".env")
"""All files whose change may move import roots."""

_ENV_LINE = re.compile(r"^[ \t]*(?:export[ \t]+)?(\w+)[ \t]*=[ \t]*(.*?)[ \t]*$", re.M)
_VARIABLE = re.compile(r"\$\{(?:env:)?(\w+)\}|\$(\w+)")


def of_pyproject(text: str) -> tuple[str, ...]:
    """The package folders that build backends and checkers are told of in ``pyproject.toml``.

    Sources: the documentation of setuptools, hatch, poetry, pdm-backend, maturin, scikit-build-core, uv, pytest,
    pyright and ruff.

    Example:
        >>> of_pyproject('[tool.setuptools.packages.find]\\nwhere = ["lib"]')
        ('lib',)
    """
    try:
        tools = _table(tomllib.loads(text).get("tool"))
    except (tomllib.TOMLDecodeError, RecursionError):
        return ()
    return tuple(dict.fromkeys(folder for folder in _declared(tools) if folder))


def _declared(tools: Mapping[str, Any]) -> Iterator[str]:
    setuptools = _table(tools.get("setuptools"))
    yield from _package_dirs(_table(setuptools.get("package-dir")))
    yield from _strings(_at(setuptools, "packages", "find", "where"))
    build = _table(_at(tools, "hatch", "build"))
    for target in (build, _table(_at(build, "targets", "wheel"))):
        yield from _strings(target.get("dev-mode-dirs"))
        yield from map(_parent, _strings(target.get("packages")))
        yield from _sources(target.get("sources"))
    for package in _tables(_at(tools, "poetry", "packages")):
        yield from _strings(package.get("from"))
    for pdm in (_table(tools.get("pdm")), _table(_at(tools, "pdm", "build"))):
        yield from _strings(pdm.get("package-dir"))
    yield from _strings(_at(tools, "maturin", "python-source"))
    yield from map(_parent, _strings(_at(tools, "scikit-build", "wheel", "packages")))
    yield from _strings(_at(tools, "uv", "build-backend", "module-root"))
    yield from _strings(_at(tools, "pytest", "ini_options", "pythonpath"))
    for checker in ("pyright", "basedpyright"):
        yield from _strings(_at(tools, checker, "extraPaths"))
    yield from _strings(_at(tools, "ruff", "src"))


def of_setup_cfg(text: str) -> tuple[str, ...]:
    """The package folders of ``setup.cfg`` or ``pytest.ini``.

    Example:
        >>> of_setup_cfg("[options]\\npackage_dir =\\n    = lib\\n")
        ('lib',)
    """
    parser = configparser.ConfigParser(interpolation=None, strict=False)
    try:
        parser.read_string(text)
    except configparser.Error:
        return ()
    folders: list[str] = []
    lines = parser.get("options", "package_dir", fallback="").replace(",", "\n").splitlines()
    pairs = [line.partition("=") for line in lines if "=" in line]
    folders += _package_dirs({package.strip(): folder.strip() for package, _, folder in pairs})
    folders += parser.get("options.packages.find", "where", fallback="").split()
    for section in ("pytest", "tool:pytest"):
        folders += parser.get(section, "pythonpath", fallback="").split()
    return tuple(dict.fromkeys(folders))


def of_setup_py(text: str) -> tuple[str, ...]:
    """The package folders that ``setup(…)`` is given as literals.

    Example:
        >>> of_setup_py("setup(package_dir={'': 'lib'}, packages=find_packages('lib'))")
        ('lib',)
    """
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError):
        return ()
    folders: list[str] = []
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        arguments = {keyword.arg: _literal(keyword.value) for keyword in node.keywords}
        if name == "setup":
            folders += _package_dirs(_table(arguments.get("package_dir")))
        elif name in ("find_packages", "find_namespace_packages"):
            folders += _strings(arguments.get("where", _literal(node.args[0]) if node.args else None))
    return tuple(dict.fromkeys(folders))


def of_env_file(text: str, variables: Mapping[str, str]) -> tuple[str, ...]:
    """The entries of ``PYTHONPATH`` in a ``.env`` file; earlier lines and ``variables`` may be used in it.

    Example:
        >>> of_env_file('ROOT=/w\\nPYTHONPATH="${ROOT}/lib"', {})
        ('/w/lib',)
    """
    values = dict(variables)
    entries: tuple[str, ...] = ()
    for name, value in _ENV_LINE.findall(text):
        quoted = re.match(r"(['\"])(.*?)\1", value)
        plain = quoted[2] if quoted else re.sub(r"[ \t]+#.*", "", value)
        if not value.startswith("'"):
            plain = _VARIABLE.sub(lambda match: values.get(match[1] or match[2], ""), plain)
        values[name] = plain
        if name == "PYTHONPATH":
            entries = split_path(plain)
    return entries


def split_path(value: str) -> tuple[str, ...]:
    """The entries of a ``PYTHONPATH``; empty ones, which would mean any folder at all, are left out."""
    return tuple(dict.fromkeys(entry for entry in value.split(os.pathsep) if entry.strip()))


def _package_dirs(folders: Mapping[str, Any]) -> Iterator[str]:
    """The roots of a ``package-dir`` table: a package that keeps its name lies below one."""
    for package, folder in folders.items():
        if not isinstance(folder, str):
            continue
        if not package:
            yield folder
        elif PurePosixPath(folder).parts[-package.count(".") - 1 :] == tuple(package.split(".")):
            yield str(PurePosixPath(*PurePosixPath(folder).parts[: -package.count(".") - 1]))


def _sources(value: object) -> Iterator[str]:
    """hatch's ``sources``: a list of prefixes to strip, or a table from prefixes to what replaces them."""
    if isinstance(value, Mapping):
        yield from (folder for folder, package in value.items() if package == "")
    else:
        yield from _strings(value)


def _parent(package: str) -> str:
    return str(PurePosixPath(package).parent)


def _at(table: Mapping[str, Any], *keys: str) -> object:
    value: object = table
    for key in keys:
        value = _table(value).get(key)
    return value


def _table(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _tables(value: object) -> Iterable[Mapping[str, Any]]:
    return [each for each in value if isinstance(each, Mapping)] if isinstance(value, list) else []


def _strings(value: object) -> list[str]:
    """A text or a list of texts; of a table of packages, the folders."""
    if isinstance(value, str):
        return [value]
    if isinstance(value, Mapping):
        value = list(value.values())
    return [each for each in value if isinstance(each, str)] if isinstance(value, (list, tuple)) else []


def _literal(node: ast.expr) -> object:
    try:
        return ast.literal_eval(node)
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        return None
