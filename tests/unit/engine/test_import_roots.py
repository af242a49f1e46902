"""Where imports are looked for: what settings, the environment, project files and sources say, and what trust allows."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from fxlens.engine.import_roots import ImportRootFinder, RootSettings, project_root
from fxlens.engine.project_files import of_env_file, of_pyproject, of_setup_cfg, of_setup_py


def write(folder: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


class Roots:
    """The roots of files below a folder, as written relative to it."""

    def __init__(self, folder: Path, files: dict[str, str], **settings: object) -> None:
        write(folder, files)
        self.folder = folder
        texts = {str(folder / name): text for name, text in files.items()}
        known = RootSettings(**{"folders": {str(folder): ()}, **settings})  # type: ignore[arg-type]
        self.finder = ImportRootFinder(known, texts.get, os.path.isfile)

    def certain(self, name: str) -> list[str]:
        return [self._shown(root) for root in self.finder.of(str(self.folder / name)).certain]

    def likely(self, name: str) -> list[str]:
        return [self._shown(root) for root in self.finder.of(str(self.folder / name)).likely]

    def _shown(self, root: str) -> str:
        return Path(os.path.relpath(root, self.folder)).as_posix()


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ('[tool.setuptools]\npackage-dir = {"" = "lib"}', ["lib"]),
        ('[tool.setuptools]\npackage-dir = {"acme.nets" = "lib/acme/nets", "odd" = "lib/other"}', ["lib"]),
        ('[tool.setuptools.packages.find]\nwhere = ["lib", "more"]', ["lib", "more"]),
        ('[tool.hatch.build.targets.wheel]\npackages = ["lib/acme"]', ["lib"]),
        ('[tool.hatch.build]\ndev-mode-dirs = [".", "lib"]', [".", "lib"]),
        ('[tool.hatch.build.targets.wheel.sources]\n"lib" = ""', ["lib"]),
        ('[[tool.poetry.packages]]\ninclude = "acme"\nfrom = "lib"\n', ["lib"]),
        ('[tool.poetry]\npackages = [{include = "acme"}, {include = "b", from = "more"}]', ["more"]),
        ('[tool.pdm.build]\npackage-dir = "lib"', ["lib"]),
        ('[tool.maturin]\npython-source = "lib"', ["lib"]),
        ('[tool.scikit-build]\nwheel.packages = ["lib/acme"]', ["lib"]),
        ('[tool.uv.build-backend]\nmodule-root = "lib"', ["lib"]),
        ('[tool.pytest.ini_options]\npythonpath = "lib"', ["lib"]),
        ('[tool.pyright]\nextraPaths = ["lib"]', ["lib"]),
        ("[project]\nname = 'acme'", []),
        ("[tool.setuptools]\npackage-dir = 3\n[tool.hatch]\nbuild = 'x'", []),
        ("no = toml =", []),
    ],
)
def test_package_folders_of_pyproject(text: str, wanted: list[str]) -> None:
    assert list(of_pyproject(text)) == wanted


def test_package_folders_of_older_files() -> None:
    assert of_setup_cfg("[options]\npackage_dir =\n    = lib\n[options.packages.find]\nwhere = more\n") == (
        "lib",
        "more",
    )
    assert of_setup_cfg("[tool:pytest]\npythonpath = lib more\n") == ("lib", "more")
    assert of_setup_cfg("no section") == ()
    assert of_setup_py(
        "from setuptools import *\nsetup(package_dir={'': 'lib'}, packages=find_packages(where='lib'))"
    ) == ("lib",)
    assert of_setup_py("setup(packages=find_packages('lib'), package_dir=dirs)") == ("lib",)
    assert of_setup_py("setup(") == ()


def test_python_path_of_an_env_file() -> None:
    text = f"A=1\nBASE='/b'\nexport PYTHONPATH=\"lib{os.pathsep}${{BASE}}/c{os.pathsep}${{workspaceFolder}}/d\" # why\n"
    assert of_env_file(text, {"workspaceFolder": "/w"}) == ("lib", "/b/c", "/w/d")
    assert of_env_file("PYTHONPATH=\n", {}) == ()
    assert of_env_file("#PYTHONPATH=lib\n", {}) == ()


def test_the_nearest_project_of_a_file_decides(tmp_path: Path) -> None:
    roots = Roots(
        tmp_path,
        {
            "pyproject.toml": '[tool.setuptools.packages.find]\nwhere = ["outer"]',
            "outer/a/__init__.py": "",
            "part/pyproject.toml": '[tool.setuptools.packages.find]\nwhere = ["inner"]',
            "part/inner/b/__init__.py": "",
            "part/tests/test_b.py": "import b\n",
            "run.py": "",
        },
    )
    assert roots.certain("part/tests/test_b.py") == ["part/tests", "part/inner"]
    assert roots.likely("part/tests/test_b.py") == ["part", "."]
    assert roots.certain("run.py") == [".", "outer"]
    assert roots.certain("outer/a/__init__.py") == ["outer"]


def test_customary_folders_are_likely_where_they_are(tmp_path: Path) -> None:
    roots = Roots(tmp_path, {"src/acme/__init__.py": "", "python/b.py": "", "tests/test_a.py": ""})
    assert roots.certain("tests/test_a.py") == ["tests"]
    assert roots.likely("tests/test_a.py") == [".", "src", "python"]


def test_a_folder_on_the_way_up_may_be_a_project_that_nothing_declares(tmp_path: Path) -> None:
    roots = Roots(tmp_path, {"a/python/acme/__init__.py": "", "a/tests/deep/test_a.py": "", "b/python/x.py": ""})
    assert roots.likely("a/tests/deep/test_a.py") == ["a/tests", "a", "a/python", "."]


def test_settings_and_environment_count_from_the_workspace(tmp_path: Path) -> None:
    files = {"a/x.py": "", "b/x.py": "", "c/x.py": "", "d/run.py": "", ".env": "PYTHONPATH=c\n"}
    roots = Roots(tmp_path, files, folders={str(tmp_path): ("a", str(tmp_path / "none"))}, python_path=("b",))
    assert roots.certain("d/run.py") == ["d", "b", "a", "c"]


def test_an_edit_of_sys_path_counts_in_its_file_and_where_it_is_imported(tmp_path: Path) -> None:
    edit = "import os, sys\nsys.path.insert(0, os.path.join(os.path.dirname(__file__), '..', 'lib'))\n"
    roots = Roots(
        tmp_path,
        {
            "lib/nets.py": "",
            "tools/_init_paths.py": edit,
            "tools/run.py": "import _init_paths\nimport nets\n",
            "tools/other.py": "import nets\n",
            "tests/conftest.py": edit,
            "tests/deep/test_nets.py": "import nets\n",
        },
    )
    assert roots.certain("tools/run.py") == ["lib", "tools"]
    assert roots.certain("tools/other.py") == ["tools"]
    assert roots.certain("tests/deep/test_nets.py") == ["lib", "tests/deep"]


def test_without_trust_the_files_of_the_workspace_name_nothing(tmp_path: Path) -> None:
    roots = Roots(
        tmp_path,
        {
            "pyproject.toml": '[tool.setuptools.packages.find]\nwhere = ["lib"]',
            ".env": "PYTHONPATH=lib\n",
            "lib/a.py": "",
            "extra/a.py": "",
            "tools/run.py": "import sys\nsys.path.append('lib')\n",
        },
        folders={str(tmp_path): ("extra",)},
        trusted=False,
    )
    assert roots.certain("tools/run.py") == ["tools", "extra"]
    assert roots.likely("tools/run.py") == ["."]


@pytest.mark.parametrize(
    ("marks", "working_folder", "named", "wanted"),
    [
        ([], ".", "a/b/run.py", "."),
        ([], "elsewhere", "a/b/run.py", "a/b"),
        (["a/pyproject.toml"], "elsewhere", "a/b/run.py", "a"),
        (["a/pyproject.toml"], "elsewhere", "a/b", "a"),
        (["a/pyproject.toml"], "a/b", "a/b", "a"),
        (["a/pyproject.toml"], ".", "a/b/run.py", "."),
        (["a/pyproject.toml", ".git/HEAD"], "a/b", "a/b/run.py", "."),
        (["a/b/__init__.py"], "elsewhere", "a/b/run.py", "a"),
    ],
)
def test_the_folder_that_stands_for_the_workspace(
    tmp_path: Path, marks: list[str], working_folder: str, named: str, wanted: str
) -> None:
    write(tmp_path, {"a/b/run.py": "", "elsewhere/x": "", **dict.fromkeys(marks, "")})
    assert project_root(tmp_path / named, tmp_path / working_folder) == tmp_path / wanted


def test_the_home_folder_is_nobodys_project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path, {".git/HEAD": "", "a/run.py": ""})
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    assert project_root(tmp_path / "a" / "run.py", tmp_path) == tmp_path / "a"
