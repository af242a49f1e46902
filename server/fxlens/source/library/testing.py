"""Test runners: fixtures, parameters, and what wants its body to fail."""

from __future__ import annotations

from fxlens.source.library.functions import Model
from fxlens.source.syntax import nodes as n
from fxlens.source.values import Alternatives, Reference

FUNCTIONS: dict[str, Model] = {}
FIXTURES = frozenset({"pytest.fixture", "pytest_asyncio.fixture"})
PARAMETRIZE = "pytest.mark.parametrize"
EXPECTS_ERRORS = frozenset({"pytest.raises", "contextlib.suppress"})
"""What a ``with`` calls whose body is wanted, or allowed, to fail."""
EXPECTING_METHODS = frozenset({"assertRaises", "assertRaisesRegex"})


def is_fixture(decorators: list[tuple[n.Expression, Alternatives]]) -> bool:
    """Whether one of the decorators, with what they refer to, makes a function a fixture."""
    return any(
        isinstance(value, Reference) and value.dotted in FIXTURES for _, found in decorators for value, _ in found
    )
