"""Commands that run in the process of the tests share workers."""

from __future__ import annotations

import pytest


@pytest.fixture(autouse=True)
def commands_share_workers(share_workers: None) -> None:
    """All commands of this folder, without saying so."""
