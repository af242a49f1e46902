"""Paths through a program: many conditions, callers and assignments cost no more than they are; each path ends."""

from __future__ import annotations

import pytest
from source_harness import HEAD, only_call, texts

from fxlens.source import calls, find_calls
from fxlens.source.analysis.interpreter import Interpreter
from fxlens.source.analysis.run import Run
from fxlens.source.conditions import simplified
from fxlens.source.model import ExtractionCall, FileCalls
from fxlens.source.syntax import nodes as n
from fxlens.source.text.document import Document
from fxlens.source.values import ALWAYS, TRUTHY, Location, Subject


def found(text: str) -> FileCalls:
    return find_calls(HEAD + text, "sample.py")


def choices(count: int) -> str:
    names = [f"n{at}" for at in range(count)]
    choose = "    if p{0} > 3:\n        n{0} = 'layer1.{0}'\n    else:\n        n{0} = 'layer2.{0}'\n"
    return (
        f"def f({', '.join(f'p{at}' for at in range(count))}):\n"
        + "".join(choose.format(at) for at in range(count))
        + f"    return create_feature_extractor(resnet18(), [{', '.join(names)}])\n"
    )


def steps_of(text: str, monkeypatch: pytest.MonkeyPatch) -> int:
    """How many steps of its budget an analysis takes: counted, for times are noisy."""
    budgets = []

    class Counting(calls.Tally):
        def __init__(self, steps: int) -> None:
            super().__init__(steps)
            budgets.append(self)

    monkeypatch.setattr(calls, "Tally", Counting)
    found(text)
    (budget,) = budgets
    return calls.STEPS - budget.steps


@pytest.mark.parametrize("count", [5, 10, 20, 40, 80])
def test_all_names_of_independent_conditions(count: int) -> None:
    calls = found(choices(count))
    assert set(texts(calls)) == {f"layer{side}.{at}" for side in (1, 2) for at in range(count)}
    assert calls.calls[0].complete
    assert calls.calls[0].names_unresolved is None


def test_conditions_cost_what_they_are(monkeypatch: pytest.MonkeyPatch) -> None:
    assert steps_of(choices(80), monkeypatch) < 1.5 * 8 * steps_of(choices(10), monkeypatch)


def subject() -> Subject:
    return Subject(Document("", "sample.py"), n.Pass((1, 0), (1, 0)))


def changes(count: int) -> str:
    """A model that each of several unknown conditions changes."""
    asked = ", ".join(f"p{at}" for at in range(count))
    branches = "".join(f"    if p{at}:\n        net.layer{at} = None\n" for at in range(count))
    return f"def f({asked}):\n    net = resnet18()\n{branches}    create_feature_extractor(net, ['layer1'])\n"


def test_of_too_many_changes_under_conditions_not_all_are_put_together(monkeypatch: pytest.MonkeyPatch) -> None:
    (call,) = found(changes(40)).calls
    assert not call.complete
    assert call.names_unresolved is not None
    assert "more than 32 models may arrive at it" in call.names_unresolved.reason
    assert steps_of(changes(40), monkeypatch) < 1.5 * 4 * steps_of(changes(10), monkeypatch)


@pytest.mark.parametrize("count", [1, 2, 30])
def test_ways_out_that_cover_all_there_is_need_no_condition(count: int) -> None:
    asked = [subject() for _ in range(count)]
    before = [frozenset((each, TRUTHY, False) for each in asked[:at]) for at in range(count + 1)]
    ways = [*(held | {(each, TRUTHY, True)} for held, each in zip(before, asked, strict=False)), before[-1]]
    assert simplified(ways) == [ALWAYS]
    assert set(simplified(ways[1:])) == {frozenset({(asked[0], TRUTHY, False)})}


def test_ways_out_of_a_try_cover_all_there_is_together() -> None:
    raised, other = subject(), subject()
    raised.cases = (0, 1, 2)
    ways = [frozenset({(raised, case, True)}) for case in raised.cases]
    assert simplified(ways) == [ALWAYS]
    assert simplified([way | {(other, TRUTHY, True)} for way in ways]) == [frozenset({(other, TRUTHY, True)})]
    assert set(simplified(ways[:2])) == set(ways[:2])


def test_many_callers() -> None:
    callers = "".join(f"tap(resnet18(), 'layer1.{at}')\n" for at in range(20))
    calls = found(f"def tap(net, name):\n    return create_feature_extractor(net, [name])\n{callers}")
    assert set(texts(calls)) == {f"layer1.{at}" for at in range(20)}


def test_a_chain_of_functions_that_pass_on_what_they_are_given() -> None:
    chain = "def f0(net, names):\n    return create_feature_extractor(net, names)\n"
    for at in range(1, 9):
        chain += f"def f{at}(net, names):\n    return f{at - 1}(net, names)\n"
    (call,) = found(chain + "f8(resnet18(), ['layer1'])\n").calls
    assert [query.text for query in call.queries] == ["layer1"]
    assert len(call.slices) == 1
    assert call.unresolved is None


def test_a_name_that_is_bound_again_and_again() -> None:
    (call,) = found("x = 0\n" + "x = x + 1\n" * 5000 + "create_feature_extractor(resnet18(), ['layer1'])\n").calls
    assert call.complete
    assert len(call.slices) == 1


def test_an_exhausted_budget_says_so_and_judges_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(calls, "STEPS", 40)
    (call,) = found("x = [1, 2, 3]\n" * 40 + "create_feature_extractor(resnet18(), ['layer1'])\n").calls
    assert not call.complete
    assert call.names_unresolved is not None
    assert "Not everything was looked at" in call.names_unresolved.reason
    assert "its analysis takes more than 40 steps" in call.names_unresolved.reason


def test_the_limit_that_was_met_is_named() -> None:
    chain = "def f0(net, names):\n    return create_feature_extractor(net, names)\n"
    for at in range(1, 20):
        chain += f"def f{at}(net, names):\n    return f{at - 1}(net, names)\n"
    (call,) = found(f"{chain}f19(resnet18(), ['layer1'])\n").calls
    assert not call.complete
    assert call.names_unresolved is not None
    assert "nested more than 14 deep" in call.names_unresolved.reason


def test_changes_of_one_list_cost_what_they_are() -> None:
    changes = "".join(f"names.append('layer1.{at}')\n" for at in range(500))
    text = f"names = []\n{changes}tap(names)\n"
    run = Run(calls.Tally(calls.STEPS))
    interpreter = Interpreter(run, Document(text, "changes.py"))
    interpreter.run_module()
    binding = interpreter.lookup("names", interpreter.frame.scope)
    assert binding is not None
    ((names, _),) = binding.alternatives
    assert isinstance(names, Location)
    stored = interpreter.state.stored(("heap", names.id))
    assert stored is not None
    assert len(stored.container.items) == 500
    # One that reads the one before, and so on.
    assert len(stored.events) == 1
    assert sum(len(read.events) for read in interpreter.frame.reads) < 5 * 500
    call = only_call(f"{HEAD}{text}create_feature_extractor(resnet18(), names)\n")
    assert len(call.queries) == 500
    assert call.complete


def test_more_models_than_are_told_apart() -> None:
    changes = "".join(f"    if p{at} > 3:\n        m.layer{at % 4 + 1}[0].relu = print\n" for at in range(6))
    text = f"def f({', '.join(f'p{at}' for at in range(6))}):\n    m = resnet18()\n{changes}"
    (call,) = found(f"{text}    return create_feature_extractor(m, ['layer4.1.bn2'])\n").calls
    assert not call.complete


END = """
def create(name):
    if name == "odd":
        net = Odd()
        {leave}
    elif name == "r18":
        net = resnet18()
    return create_feature_extractor(net, ["layer4"])


create("odd")
create("r18")
"""


@pytest.mark.parametrize("leave", ["return net", "raise ValueError(name)", "import sys; sys.exit(1)"])
def test_a_path_ends(leave: str) -> None:
    (call,) = found("class Odd:\n    pass\n" + END.format(leave=leave)).calls
    assert len(call.slices) == 1
    assert "Odd" not in str(call.slices)


def test_a_chained_comparison_is_decided_by_a_run() -> None:
    (call,) = found(
        "def f(p):\n    name = 'layer1' if 1 < p < 3 else 'layer2'\n"
        "    return create_feature_extractor(resnet18(), [name])\n"
    ).calls
    assert [query.text for query in call.queries] == ["layer1", "layer2"]


@pytest.mark.parametrize("leave", ["continue", "break"])
def test_an_iteration_ends(leave: str) -> None:
    (call,) = found(
        f"for name in ['layer9', 'layer1']:\n    if name == 'layer{9 if leave == 'continue' else 1}':\n        {leave}\n"
        "    create_feature_extractor(resnet18(), [name])\n"
    ).calls
    assert len(call.queries) == 1


def test_what_a_call_site_says_decides() -> None:
    (call,) = found(
        "def build(net, tap=False):\n    if tap:\n        net = create_feature_extractor(net, ['layer4'])\n    return net\n"
        "build(resnet18())\n"
    ).calls
    assert not call.reached


@pytest.mark.parametrize("ends", ["raise SystemExit", "sys.exit()"])
def test_what_only_an_import_of_the_file_comes_to(ends: str) -> None:
    program = f"import sys\nnet = resnet18()\nif __name__ == '__main__':\n    net = None\n    {ends}\n"
    (call,) = found(f"{program}create_feature_extractor(net, ['layer1'])\n").calls
    assert call.reached
    assert_resolved(call)


def test_the_same_condition_twice_is_one() -> None:
    (call,) = found(
        "def build(name):\n"
        "    net = resnet18() if name == 'a' else None\n"
        "    nodes = ['layer1'] if name == 'a' else ['features.1']\n"
        "    if name == 'a':\n"
        "        return create_feature_extractor(net, nodes)\n"
    ).calls
    assert [query.text for query in call.queries] == ["layer1"]


TABLES = """
from torchvision.models import resnet34
MODELS = {"small": (resnet18, ["layer4"]), "big": (resnet34, ["layer3.5"])}


def build(kind):
    make, nodes = MODELS[kind]
    return create_feature_extractor(make(), nodes)
"""


def test_a_table_with_an_unknown_key_gives_each_model_its_own_names() -> None:
    (call,) = found(TABLES).calls
    assert len(call.slices) == 2
    assert {query.text: len(call.slices_of(query)) for query in call.queries} == {"layer4": 1, "layer3.5": 1}


def test_get_with_a_default() -> None:
    (call,) = found(
        "from torchvision.models import resnet34\nTABLE = {'big': resnet34}\n"
        "def build(kind):\n    return create_feature_extractor(TABLE.get(kind, resnet18)(), ['layer1'])\n"
    ).calls
    assert len(call.slices) == 2


REGISTRY = """
REGISTRY = {}


def register(name):
    def add(make):
        REGISTRY[name] = make
        return make
    return add


@register("r18")
def small():
    return resnet18()


create_feature_extractor(REGISTRY["r18"](), ["layer1"])
"""


def test_a_registry_that_decorators_fill() -> None:
    assert only_call(HEAD + REGISTRY).slices


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("def tap(net, **kw):\n    return create_feature_extractor(net, **kw)\ntap(resnet18(), return_nodes=['layer1'])\n", ["layer1"]),
        ("options = {'model': resnet18(), 'return_nodes': ['layer1']}\ncreate_feature_extractor(**options)\n", ["layer1"]),
        ("make = lambda net: create_feature_extractor(net, ['layer1'])\nmake(resnet18())\n", ["layer1"]),
        ("taps = [create_feature_extractor(net, ['layer1']) for net in [resnet18()]]\n", ["layer1"]),
        ("def nodes(deep):\n    if deep:\n        return ['layer4']\n    return ['layer1']\ncreate_feature_extractor(resnet18(), nodes(True))\n", ["layer4"]),
    ],
)  # fmt: skip
def test_forms(text: str, names: list[str]) -> None:
    (call,) = found(text).calls
    assert [query.text for query in call.queries] == names
    assert_resolved(call)


def assert_resolved(call: ExtractionCall) -> None:
    assert call.slices
    assert call.unresolved is None
    assert call.names_unresolved is None


PYTEST = """
import pytest


@pytest.fixture
def net():
    return resnet18()


def test_tap(net):
    create_feature_extractor(net, ["layer9"])


@pytest.mark.parametrize("name", ["layer1", "layer2"])
def test_names(net, name):
    create_feature_extractor(net, [name])
"""


def test_fixtures_and_parameters_of_pytest() -> None:
    one, two = found(PYTEST).calls
    assert_resolved(one)
    assert [query.text for query in two.queries] == ["layer1", "layer2"]
    assert_resolved(two)
