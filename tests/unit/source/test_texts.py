"""Values that text tells: what is worked out is what Python works out; what is not known or raises is left open."""

from __future__ import annotations

import pytest

from fxlens.source.analysis.interpreter import Interpreter
from fxlens.source.analysis.run import STEPS, Run
from fxlens.source.library.containers import plain_constants
from fxlens.source.text.document import Document
from fxlens.source.values import Const, Tally, Unknown, Value

KNOWN = [
    '"layer" + str(3)',
    '"layer%d" % 3',
    '"layer%d.%s" % (3, "conv")',
    '"layer{}.{}".format(1, "0")',
    '"layer{1}.{0}.{name}".format(1, 2, name="x")',
    '"{:02d}".format(7)',
    'f"layer{1 + 2}"',
    'f"layer{7:03d}.{{x}}"',
    '"a" f"b{1}" "c"',
    '"layer1 layer2".split()',
    '"a,b".split(",")[1]',
    '".".join(["a", "b", "c"])',
    '"Layer1".lower().replace("layer", "stage")',
    '"layer1".startswith(("lay", "x"))',
    "range(2, 9, 3)",
    "list(range(3))[-1]",
    '("a", "b")[0]',
    'len(["a", "b"])',
    "7 // 2 * 3 - 1 % 4",
    "-2 + 1",
    "3 if 2 > 1 else 4",
    "2 <= 2",
    '"a" in {"a": 1}',
    'f"{1!r}"',
    "str(*[1])",
    '{"a": ["x", "y"]}["a"][1]',
]
OPEN = [
    '"layer%d" % "x"',
    '"%s %s" % ("one",)',
    '"%9999999999d" % 1',
    '"{:9999999999}".format(1)',
    'f"{1:9999999999}"',
    '"{0.__class__}".format(1)',
    '"{}".format()',
    '"a,b".split("")',
    "1 // 0",
    "range(10 ** 9)",
    "range(1000000000)",
    '{"a": 1}[0]',
    '["a"][1]',
    "unknown + 1",
    'f"{unknown}"',
]


def values_of(expression: str) -> tuple[Interpreter, list[Value]]:
    interpreter = Interpreter(Run(Tally(STEPS)), Document(f"x = {expression}\n", "texts.py"))
    interpreter.run_module()
    binding = interpreter.lookup("x", interpreter.frame.scope)
    assert binding is not None
    return interpreter, [value for value, _ in binding.alternatives]


@pytest.mark.parametrize("expression", KNOWN)
def test_what_is_worked_out_is_what_python_says(expression: str) -> None:
    wanted = eval(expression)
    interpreter, (value,) = values_of(expression)
    if isinstance(wanted, (list, range)):
        assert plain_constants(interpreter, value) == list(wanted)
    else:
        assert isinstance(value, Const)
        assert value.value == wanted


@pytest.mark.parametrize("expression", OPEN)
def test_what_raises_or_takes_long_is_left_open(expression: str) -> None:
    _, (value,) = values_of(expression)
    assert isinstance(value, Unknown)
