"""The two naming rules by themselves: against torchvision's own function, and against what ours promises."""

from __future__ import annotations

import random
import re
import warnings

import pytest
from torchvision.models.feature_extraction import NodePathTracer

from fxlens.tracing.record.naming import FxlensNaming, NamingError, Operation, TorchvisionNaming

Step = tuple[str, str]
"""The path of a called leaf module and ``""``, or a scope and torch.fx's name of an operation in it."""

VOCABULARIES = (
    ("a", "b", "a_1", "1", "0", "a_b"),
    ("1", "2", "11", "1_1", "_1", "12"),
    ("enc", "norm", "enc_norm", "x"),
    ("conv(3x3)", "a+b", "a", "b*", "c["),
    ("a", "ab", "b", "a_2", "a_10"),
)


def by_torchvision(steps: list[Step]) -> tuple[list[str], bool]:
    """The names that torchvision's own function gives, and whether it raised in the end."""

    class Node:
        def __init__(self, name: str) -> None:
            self.op = "call_function" if name else "call_module"
            self.name = name

        def __str__(self) -> str:
            return self.name

    tracer, names = NodePathTracer(), []
    for scope, label in steps:
        node = Node(label)
        try:
            name = tracer._get_node_qualname(scope, node)
        except (ValueError, re.error):
            return names, True
        tracer.node_to_qualname[node] = name
        names.append(name)
    return names, False


def by_rule(steps: list[Step]) -> tuple[list[str], bool]:
    rule, names = TorchvisionNaming(), []
    for scope, label in steps:
        try:
            names.append(rule.of_operation(Operation(scope, label, label)) if label else rule.of_module(scope))
        except NamingError:
            return names, True
    assert bool(rule.duplicates) == (len(set(names)) != len(names))
    return names, False


def random_steps(seed: int) -> list[Step]:
    choose = random.Random(seed)
    words = choose.choice(VOCABULARIES)
    steps = []
    for _ in range(choose.randint(1, 30)):
        scope = ".".join(choose.choice(words) for _ in range(choose.randint(0, 3)))
        is_module = bool(scope) and choose.random() < 0.5
        steps.append((scope, "" if is_module else choose.choice(words) + choose.choice(["", "", "_1", "_2"])))
    return steps


def test_the_rule_equals_torchvisions_own_function_on_random_names_crashes_and_duplicates_included() -> None:
    crashes = duplicates = 0
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)  # torchvision compiles names as patterns
        for seed in range(4000):
            steps = random_steps(seed)
            theirs = by_torchvision(steps)
            assert by_rule(steps) == theirs, steps
            crashes += theirs[1]
            duplicates += len(set(theirs[0])) != len(theirs[0])
    assert crashes > 500
    assert duplicates > 50


@pytest.mark.parametrize(
    ("steps", "name", "earlier"),
    [
        ([("enc_norm", ""), ("enc.norm", "")], "enc.norm", "enc_norm"),
        ([("1", "")] * 3, "1", "1_1"),
        ([("x", ""), ("conv(3x3", "")], "conv(3x3", None),
    ],
)
def test_a_crash_says_which_names_cannot_be_told_apart(steps: list[Step], name: str, earlier: str | None) -> None:
    rule = TorchvisionNaming()
    for path, _ in steps[:-1]:
        rule.of_module(path)
    with pytest.raises(NamingError) as caught:
        rule.of_module(steps[-1][0])
    assert (caught.value.name, caught.value.earlier) == (name, earlier)


def test_our_rule_names_every_leaf_by_its_path_and_nothing_twice() -> None:
    for seed in range(1000):
        steps = random_steps(seed)
        paths = {scope for scope, _ in steps}
        rule, names, called = FxlensNaming(paths), [], set()
        for scope, label in steps:
            if label:
                name = rule.of_operation(Operation(scope, label, label))
                assert name not in paths
            else:
                name = rule.of_module(scope)
                assert name == scope or scope in called
                called.add(scope)
            names.append(name)
        assert len(set(names)) == len(names), steps


@pytest.mark.parametrize(
    ("fx_name", "own_name", "expected"),
    [
        ("relu_3", "relu", "relu"),
        ("scale_2", "scale_2", "scale_2"),
        ("x_1", "x_1", "x_1"),
        ("layers_0_weight", "layers.0.weight", "layers_0_weight"),
        ("ps_0", "ps.0", "ps_0"),
        ("_xs", "*xs", "_xs"),
    ],
)
def test_our_rule_undoes_the_counter_of_torch_fx_and_no_other_number(
    fx_name: str, own_name: str, expected: str
) -> None:
    assert FxlensNaming().of_operation(Operation("", fx_name, own_name)) == expected
