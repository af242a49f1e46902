"""Point 4 for attributes that defend themselves, or that hide their state: the model is the same before and after."""

from __future__ import annotations

import contextlib
import gc
import random
from array import array
from collections import ChainMap, OrderedDict, UserDict, deque
from collections.abc import Callable
from types import MappingProxyType, SimpleNamespace
from typing import Any, ClassVar, NamedTuple

import numpy
import pytest
import torch
import torchvision.models.feature_extraction as theirs
from torch import nn

from fxlens import create_feature_extractor, get_graph_node_names, trace_model


def refuse(*arguments: Any, **others: Any) -> Any:
    raise TypeError("this container is frozen")


class FrozenDict(dict[Any, Any]):
    """Like the configurations of several libraries: every way to change it, or even to copy it, raises."""

    __setitem__ = __delitem__ = update = clear = pop = popitem = setdefault = copy = refuse  # type: ignore[assignment]


class FrozenOrderedDict(OrderedDict[Any, Any]):
    def __init__(self, *pairs: Any) -> None:
        super().__init__(*pairs)
        self.frozen = True

    def __setitem__(self, key: Any, value: Any) -> None:
        if "frozen" in self.__dict__:
            refuse()
        super().__setitem__(key, value)

    __delitem__ = update = clear = pop = setdefault = move_to_end = refuse  # type: ignore[assignment]


class ReadOnlyList(list[Any]):
    __setitem__ = __delitem__ = append = extend = clear = insert = pop = copy = sort = refuse  # type: ignore[assignment]


class FrozenSet(set[Any]):
    add = update = clear = discard = remove = copy = refuse  # type: ignore[assignment]


class Ring(deque[Any]):
    append = extend = clear = copy = appendleft = refuse  # type: ignore[assignment]


class LyingDict(dict[Any, Any]):
    """Says that it is empty, and counts who reads it."""

    reads = 0

    def __len__(self) -> int:
        type(self).reads += 1
        return 0

    def __iter__(self) -> Any:
        type(self).reads += 1
        return iter(())

    keys = values = items = __iter__  # type: ignore[assignment]
    __bool__ = __contains__ = lambda self, *key: False  # type: ignore[assignment]


class Attributes(dict[Any, Any]):
    """Its entries are its attributes."""

    def __init__(self, *arguments: Any, **entries: Any) -> None:
        super().__init__(*arguments, **entries)
        self.__dict__ = self


class Slotted:
    __slots__ = ("count", "seen")

    def __init__(self) -> None:
        self.seen: list[Any] = []


class Config:
    """A plain object, with a property over a private attribute."""

    def __init__(self) -> None:
        self._width = 3
        self.notes = {"layers": [1, 2]}

    @property
    def width(self) -> int:
        return self._width

    @width.setter
    def width(self, value: int) -> None:
        refuse()


class Pair(NamedTuple):
    first: list[Any]
    second: dict[str, Any]


MAKERS: tuple[Callable[[], Any], ...] = (
    lambda: FrozenDict(a=1, b=[2]),
    lambda: FrozenDict(),
    lambda: FrozenOrderedDict([("z", 1), ("a", {"deep": [1]})]),
    lambda: ReadOnlyList([1, [2, 3]]),
    lambda: ReadOnlyList(),
    lambda: FrozenSet({1, 2}),
    lambda: Ring([1, 2, 3], maxlen=3),
    lambda: LyingDict(a=1),
    lambda: Attributes(width=3, deep=Attributes(x=[1])),
    lambda: UserDict(a=1),
    lambda: SimpleNamespace(steps=0, log=[]),
    Slotted,
    Config,
    lambda: ([], {"in a tuple": []}),
    lambda: [[[["deep"]]]],
    lambda: Pair([1], {"b": 2}),
    lambda: ChainMap({"a": 1}, {"b": [2]}),
    lambda: MappingProxyType({"a": 1, "b": [2]}),
    lambda: bytearray(b"abc"),
    lambda: array("i", [1, 2]),
    lambda: numpy.arange(4.0)[::2],
)


class Hostile(nn.Module):
    """Has containers of all kinds, and does in ``forward`` to some of them what only their base class allows."""

    shared: ClassVar[dict[str, Any]] = {"class": 1}
    calls = 0

    def __init__(self, seed: int, changes: bool, fails: bool) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 3, 1)
        self.relu = nn.ReLU()
        self.random = random.Random(seed)
        self.changes, self.fails = changes, fails
        for number in range(6):
            setattr(self, f"held{number}", self.random.choice(MAKERS)())

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        if self.changes:
            for number in range(6):
                self.spoil(getattr(self, f"held{number}"), x)
            self.shared["proxy"] = x
            type(self).calls += 1
            for parameter in self.parameters():
                parameter.requires_grad = False
        x = self.relu(self.conv(x))
        if self.fails and x.sum() > 0:
            raise ValueError("the tracer stops before this")
        return x

    def spoil(self, value: Any, x: Any) -> None:
        """Change ``value``, and what is in it, with whatever works."""
        if isinstance(value, dict):
            for inner in dict.values(value):
                self.spoil(inner, x)
            dict.__setitem__(value, "new", x)
            dict.pop(value, "a", None)
        elif isinstance(value, list):
            for inner in value:
                self.spoil(inner, x)
            list.append(value, x)
        elif isinstance(value, set):
            set.add(value, 7)
        elif isinstance(value, deque):
            deque.append(value, x)
        elif isinstance(value, (tuple, MappingProxyType)):
            for inner in value if isinstance(value, tuple) else gc.get_referents(value):
                self.spoil(inner, x)
        elif isinstance(value, (bytearray, array, numpy.ndarray, Slotted)):
            spoil_flat(value, x)
        elif hasattr(value, "__dict__"):
            for inner in list(vars(value).values()):
                self.spoil(inner, x)
            vars(value)["last"] = x


class Guarded(Hostile):
    """Counts every attribute that is set, by a ``__setattr__`` of its own."""

    def __setattr__(self, name: str, value: Any) -> None:
        self.__dict__.setdefault("sets", []).append(name)
        super().__setattr__(name, value)


def spoil_flat(value: Any, x: Any) -> None:
    if isinstance(value, Slotted):
        value.count = x  # type: ignore[attr-defined]
        value.seen.append(x)
    elif isinstance(value, numpy.ndarray):
        value += 1
    else:
        value.append(7)


def deep(value: Any, seen: dict[int, int]) -> Any:
    """All that can be seen of ``value``: identity, content, attributes and slots, through base classes only."""
    if id(value) in seen:
        return seen[id(value)]
    seen[id(value)] = len(seen)
    found: list[Any] = [id(value), type(value)]
    if isinstance(value, OrderedDict):
        order: list[int] = []
        with contextlib.suppress(KeyError):  # spoilt by `dict.pop`
            order.extend(map(id, OrderedDict.keys(value)))
        found.append(order)
    if isinstance(value, dict):
        found.append([(id(key), deep(inner, seen)) for key, inner in dict.items(value)])
    bases: tuple[Any, ...] = (list, set, deque, tuple)
    found += [[deep(item, seen) for item in base.__iter__(value)] for base in bases if isinstance(value, base)]
    if isinstance(value, MappingProxyType):
        found += [(key, deep(inner, seen)) for key, inner in value.items()]
    if isinstance(value, (bytearray, array, numpy.ndarray)):
        found.append(list(value))
    if isinstance(value, torch.Tensor):
        found += [value.tolist(), value.requires_grad, id(value.grad)]
    elif isinstance(value, (nn.Module, Config, UserDict, ChainMap, SimpleNamespace, FrozenOrderedDict)):
        found.append([(name, deep(inner, seen)) for name, inner in value.__dict__.items()])
    if isinstance(value, Slotted):
        found.append([deep(getattr(value, name, None), seen) for name in Slotted.__slots__])
    return found


def seen_of(model: nn.Module) -> Any:
    """The model, its random state apart, and the attributes of its class."""
    return deep(model, {}), deep(Hostile.shared, {}), Hostile.calls


OPERATIONS: dict[str, Callable[[nn.Module], Any]] = {
    "names": lambda model: get_graph_node_names(model, suppress_diff_warning=True),
    "names by torchvision's rule": lambda model: get_graph_node_names(model, naming="torchvision"),
    "extractor": lambda model: create_feature_extractor(model, ["relu"], suppress_diff_warning=True),
    "a bad query": lambda model: create_feature_extractor(model, ["rleu"], suppress_diff_warning=True),
    "graph with shapes": lambda model: trace_model(model, example_input=(1, 3, 4, 4)),
}


@pytest.mark.parametrize("operation", OPERATIONS)
@pytest.mark.parametrize("kind", [Hostile, Guarded])
@pytest.mark.parametrize("seed", range(6))
def test_the_deep_state_is_the_same_before_and_after(operation: str, kind: type[Hostile], seed: int) -> None:
    for changes, fails in ((False, False), (True, False), (False, True), (True, True)):
        model = kind(seed, changes, fails).train(seed % 2 == 0)
        before, reads = seen_of(model), LyingDict.reads
        try:
            OPERATIONS[operation](model)
        except ValueError:
            assert fails or operation == "a bad query"
        assert seen_of(model) == before, (changes, fails)
        assert LyingDict.reads == reads


def test_each_maker_is_spoilt_and_restored() -> None:
    """The seeds above choose; here every kind has its turn, and is shown to be changed by ``forward``."""
    for maker in MAKERS:
        model = Hostile(0, changes=True, fails=False)
        model.held0 = maker()
        before = seen_of(model)
        assert get_graph_node_names(model) == ["x", "conv", "relu"]
        assert seen_of(model) == before
        Hostile.spoil(model, model.held0, 1)
        assert seen_of(model) != before


def test_a_configuration_that_cannot_be_updated_is_neither_emptied_nor_an_obstacle() -> None:
    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.config = FrozenDict(channels=3, layers=2)
            self.conv, self.relu = nn.Conv2d(3, 3, 1), nn.ReLU()

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.relu(self.conv(x))

    model = Net()
    assert get_graph_node_names(model) == ["x", "conv", "relu"] == theirs.get_graph_node_names(model)[0]
    assert dict(model.config) == {"channels": 3, "layers": 2}
    assert trace_model(model).failures == ()


def test_slots_of_a_module() -> None:
    class Net(nn.Module):
        __slots__ = ("last", "steps")

        def __init__(self) -> None:
            self.steps = [0]
            super().__init__()
            self.relu = nn.ReLU()

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            self.last = self.relu(x)
            self.steps.append(1)
            return self.last

    model = Net()
    create_feature_extractor(model, ["relu"])
    assert not hasattr(model, "last")
    assert model.steps == [0]


def test_a_mode_that_cannot_be_set_back_is_said_and_the_attributes_are_restored() -> None:
    class Once(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.relu = nn.ReLU()

        def train(self, mode: bool = True) -> Any:
            if not mode and self.training:
                raise RuntimeError("this model is for training only")
            return super().train(mode)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            self.last = x
            return self.relu(x)

    asleep = Once()
    asleep.training = asleep.relu.training = False
    before = deep(asleep, {})
    with pytest.warns(
        UserWarning, match=r"train\(False\) raised RuntimeError.*the attributes of the model are restored"
    ):
        trace_model(asleep)
    assert deep(asleep, {}) == before
