"""Test runners: fixtures, parameters, and what wants its body to fail."""

from __future__ import annotations

from fxlens.source.library.called import Model

FUNCTIONS: dict[str, Model] = {}
FIXTURES = frozenset({"pytest.fixture", "pytest_asyncio.fixture"})
PARAMETRIZE = "pytest.mark.parametrize"
EXPECTS_ERRORS = frozenset({"pytest.raises", "contextlib.suppress"})
"""What a ``with`` calls whose body is wanted, or allowed, to fail."""
EXPECTING_METHODS = frozenset({"assertRaises", "assertRaisesRegex"})
SETS_UP = frozenset({"setUp", "setup_method"})
"""Methods that a test runner calls of an object before each test."""
