"""What clients send: complete, partial, wrong, or nothing."""

from __future__ import annotations

import sys
from typing import Any

import pytest

from fxlens.lsp.configuration import read_configuration
from fxlens.worker.messages import Limits

COMPLETE: dict[str, Any] = {
    "trusted": True,
    "folders": [
        {"path": "/project", "interpreter": "/project/.venv/bin/python", "reason": "`.venv`", "problem": None},
        {"path": "/other", "interpreter": None, "reason": "", "problem": "No torch.", "extraPaths": ["/other/lib"]},
    ],
    "default": {"interpreter": None, "reason": "", "problem": "No Python on PATH."},
    "settings": {
        "limits": {"buildSeconds": 3, "memoryMb": 512},
        "extraPaths": ["/lib"],
        "idleMinutes": 1.5,
        "maxWorkers": 2,
        "cacheFolder": "/cache",
        "severity": {"unknown-node": "warning", "mode-specific-node": "off"},
    },
}


def test_a_complete_message_is_taken_as_it_is() -> None:
    read = read_configuration(COMPLETE, [])
    assert read.problems == ()
    assert read.engine.trusted
    assert read.engine.folders[0].interpreter == "/project/.venv/bin/python"
    assert read.engine.default_reason == "No Python on PATH."
    assert read.engine.limits == Limits(build_seconds=3.0, memory_mb=512)
    assert read.engine.extra_paths == ("/lib",)
    assert [folder.extra_paths for folder in read.engine.folders] == [None, ("/other/lib",)]
    assert read.engine.idle_minutes == 1.5
    assert read.engine.max_workers == 2
    assert read.engine.cache_folder == "/cache"
    assert read.severity == {"unknown-node": "warning", "mode-specific-node": "off"}


def test_an_editor_that_sends_nothing_gets_the_servers_interpreter_and_trust() -> None:
    read = read_configuration(None, ["/project"])
    assert read.engine.trusted
    assert read.engine.interpreter_of("/project/a.py") == (sys.executable, "the one the server runs in")
    assert list(read.engine.root_settings().folders) == ["/project"]


def test_an_editor_may_name_an_interpreter() -> None:
    read = read_configuration({"interpreter": "/opt/python"}, [])
    assert read.engine.default_interpreter == "/opt/python"


@pytest.mark.parametrize("trusted", [False, None, "true", 1])
def test_only_a_plain_true_is_trust(trusted: object) -> None:
    assert not read_configuration({**COMPLETE, "trusted": trusted}, []).engine.trusted


@pytest.mark.parametrize(
    ("settings", "named"),
    [
        ({"limits": {"buildSeconds": -1}}, "buildSeconds"),
        ({"limits": {"buildSeconds": "soon"}}, "buildSeconds"),
        ({"limits": [1]}, "limits"),
        ({"limits": {"memoryMb": 1e300}}, "memoryMb"),
        ({"limits": {"memoryMb": 0.5}}, "memoryMb"),
        ({"limits": {"buildSeconds": float("inf")}}, "buildSeconds"),
        ({"maxWorkers": float("inf")}, "maxWorkers"),
        ({"idleMinutes": float("nan")}, "idleMinutes"),
        ({"extraPaths": "/lib"}, "extraPaths"),
        ({"idleMinutes": True}, "idleMinutes"),
        ({"severity": "error"}, "severity"),
        ({"severity": {"unknown-node": "fatal"}}, "severity"),
        ({"severity": {"unknown-node": "off", "unknown-nod": "off"}}, "unknown-node"),
        ({"maxWorkers": 0}, "maxWorkers"),
        ({"cacheFolder": 3}, "cacheFolder"),
    ],
)
def test_a_wrong_value_is_reported_and_left_at_its_default(settings: dict[str, Any], named: str) -> None:
    read = read_configuration({**COMPLETE, "settings": settings}, [])
    assert len(read.problems) == 1
    assert f"`{named}`" in read.problems[0]
    assert read.engine.limits == Limits()
    assert read.engine.extra_paths == ()
