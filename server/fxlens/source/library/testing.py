"""Test runners: fixtures, parameters, and what wants its body to fail."""

from __future__ import annotations

from fxlens.source.library.called import Model

FUNCTIONS: dict[str, Model] = {}
FIXTURES = frozenset({"pytest.fixture", "pytest_asyncio.fixture"})
GIVES_YIELDED = FIXTURES | {"contextlib.contextmanager", "contextlib.asynccontextmanager"}
"""Decorators of generators that hand what is yielded to a test, or to the target of a ``with``."""
PARAMETRIZE = "pytest.mark.parametrize"
DISPATCHES = frozenset({"functools.singledispatch", "functools.singledispatchmethod"})
"""Decorators of functions that stand for several, by the type of the first argument."""
REGISTERS = "functools.singledispatch.register"
EXPECTS_ERRORS = frozenset({"pytest.raises", "contextlib.suppress"})
"""What a ``with`` calls whose body is wanted, or allowed, to fail."""
EXPECTING_METHODS = frozenset({"assertRaises", "assertRaisesRegex"})
SETS_UP_CLASS = frozenset({"setUpClass", "setup_class"})
"""Methods that a test runner calls of a class before its tests."""
SETS_UP = frozenset({"setUp", "setup_method", "asyncSetUp"})
"""Methods that a test runner calls of an object before each test."""
