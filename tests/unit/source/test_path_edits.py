"""What files do to ``sys.path``, in the forms in which they do it; what Python says of each is asked of Python."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from fxlens.source.path_edits import PathEdits, path_edits, relevant_to_path

FORMS = {
    "append": "sys.path.append('lib')",
    "dot": "sys.path.append('./lib/')",
    "insert": "sys.path.insert(0, '../lib')",
    "insert_one": "sys.path.insert(1, os.path.join(os.path.dirname(__file__), 'lib'))",
    "extend": "sys.path.extend(['lib', 'other'])",
    "added": "sys.path += ['lib']",
    "slice": "sys.path[:0] = ['lib']",
    "whole": "sys.path = ['lib'] + sys.path + ['other']",
    "starred": "sys.path = ['lib', *sys.path]",
    "dirname": "sys.path.append(os.path.dirname(os.path.abspath(__file__)))",
    "twice": "sys.path.append(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))",
    "pardir": "sys.path.append(os.path.join(os.path.dirname(__file__), os.pardir))",
    "pathlib": "sys.path.append(str(Path(__file__).resolve().parent.parent / 'lib'))",
    "parents": "sys.path.insert(0, str(Path(__file__).resolve().parents[1]))",
    "cwd": "sys.path.append(os.getcwd())",
    "path_cwd": "sys.path.append(str(Path.cwd() / 'lib'))",
    "joinpath": "sys.path.append(Path(__file__).parent.joinpath('lib').as_posix())",
    "named": "HERE = os.path.dirname(os.path.abspath(__file__))\nROOT = os.path.dirname(HERE)\nsys.path.append(ROOT + '/lib')",
    "formatted": "HERE = Path(__file__).parent\nsys.path.append(f'{HERE}/lib')",
    "condition": "ROOT = Path(__file__).resolve().parents[1]\nif str(ROOT) not in sys.path:\n    sys.path.append(str(ROOT))",
    "loop": "for name in ('lib', 'other'):\n    sys.path.append(os.path.join(os.getcwd(), name))",
    "named_list": "FOLDERS = ['lib', 'other']\nfor each in FOLDERS:\n    sys.path.insert(0, each)",
    "function": "def prepare():\n    sys.path.append('lib')\nprepare()",
    "helper": "def add_path(path):\n    if path not in sys.path:\n        sys.path.insert(0, path)\nadd_path(os.path.join(os.path.dirname(__file__), 'lib'))",
    "imported_name": "from sys import path as where\nwhere.append('lib')",
    "module_name": "import sys as system\nsystem.path.append('lib')",
    "guarded": "try:\n    import nothing_of_this_name\nexcept ImportError:\n    sys.path.append('lib')",
}
HEAD = "import os\nimport sys\nfrom pathlib import Path\n"


@pytest.fixture(scope="module")
def truths(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, list[str]]]:
    """What Python's ``sys.path`` gains by each of the forms, run in one process after another form was undone."""
    folder = tmp_path_factory.mktemp("work")
    script = folder / "tools" / "run.py"
    script.parent.mkdir()
    runner = [
        "import json, os, sys",
        "before, found = list(sys.path), {}",
        f"for name, source in { ({name: HEAD + form for name, form in FORMS.items()})!r}.items():",
        "    sys.path = list(before)",
        f"    exec(source, {{'__file__': {str(script)!r}, '__name__': '__main__'}})",
        "    new = [each for each in sys.path if each not in before]",
        "    found[name] = [os.path.normpath(os.path.join(os.getcwd(), each)) for each in new]",
        "print(json.dumps(found))",
    ]
    said = subprocess.run(
        [sys.executable, "-c", "\n".join(runner)], cwd=folder, capture_output=True, text=True, check=True
    )
    import json

    return script, json.loads(said.stdout)


@pytest.mark.parametrize("name", FORMS)
def test_an_edit_is_what_python_makes_of_it(truths: tuple[Path, dict[str, list[str]]], name: str) -> None:
    script, truth = truths
    edits = path_edits(HEAD + FORMS[name], str(script), [str(script.parents[1])])
    assert [*edits.front, *edits.back] == list(dict.fromkeys(truth[name]))


def test_a_syntax_error_elsewhere_hides_no_edit() -> None:
    text = HEAD + "sys.path.append('lib')\n\nnet = resnet18(\n\ndef broken(:\n    pass\n"
    assert path_edits(text, "/w/run.py", ["/w"]) == PathEdits((), ("/w/lib",))


@pytest.mark.parametrize(
    "form",
    [
        "sys.path.append(os.environ['ROOT'])",
        "sys.path.append(sys.argv[1])",
        "sys.path.append(unknown)",
        "sys.path.append(3)",
        "sys.path.remove('lib')",
        "os.path.append('lib')",
        "path = []\npath.append('lib')",
        "print(sys.path)",
    ],
)
def test_what_only_a_run_tells_is_left_out(form: str) -> None:
    assert path_edits(HEAD + form, "/w/run.py", ["/w"]) == PathEdits()


def test_a_relative_folder_is_looked_for_from_each_working_folder() -> None:
    edits = path_edits("import sys\nsys.path.append('lib')\n", "/w/tools/run.py", ["/w", "/w/tools"])
    assert edits.back == ("/w/lib", "/w/tools/lib")


def test_a_folder_in_a_long_statement_is_read() -> None:
    table = "".join(f'    "{at}": "weights/{at}.pth",\n' for at in range(60))
    remarks = "    # a remark\n" * 60
    text = f'import sys\nFOLDER = (\n    "lib"\n{remarks})\nWEIGHTS = {{\n{table}}}\n'
    text += "sys.path.append(FOLDER)\n"
    assert path_edits(text, "/w/run.py", ["/w"]).back == ("/w/lib",)
    assert not any("WEIGHTS" in chunk for chunk in relevant_to_path(text))
