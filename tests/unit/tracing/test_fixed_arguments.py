"""Arguments of ``forward`` that are fixed: at their defaults, or by ``concrete_args``, containers included."""

from __future__ import annotations

import copy
import enum
import pickle
import re
import warnings
from typing import Any

import pytest
import torch
from torch import fx, nn

import fxlens.torchvision as drop_in
from fxlens import create_feature_extractor, get_graph_node_names

X = torch.linspace(-1, 1, 8).reshape(2, 4)


class Layers(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.first, self.last = nn.Linear(4, 4), nn.Linear(4, 4)


class Pool(enum.Enum):
    MEAN = 1
    MAX = 2


OPTIONS: dict[str, Any] = {}
MORE: list[Any] = []


class Split(Layers):
    def forward(self, x: torch.Tensor, sizes: Any = (2, 2), options: Any = OPTIONS, more: Any = MORE) -> torch.Tensor:
        left, right = self.first(x).split(sizes, 1)
        if options.get("swap"):
            left, right = right, left
        for each in more:
            left = left + each
        return self.last(torch.cat([right, left], 1))


class Pooled(Layers):
    def forward(
        self,
        x: torch.Tensor,
        pool: Pool = Pool.MEAN,
        dtype: torch.dtype = torch.float32,
    ) -> torch.Tensor:
        x = self.first(x)
        if dtype == torch.float64:
            x = x.to(dtype)
        return self.last((x.mean(0) if pool is Pool.MEAN else x.amax(0)).float())


class Flagged(Layers):
    def forward(
        self,
        x: torch.Tensor,
        mask: torch.Tensor | None = None,
        flag: bool = False,
        mode: str = "twice",
        times: int = 2,
    ) -> torch.Tensor:
        x = self.first(x)
        if mask is not None:
            x = x * mask.sqrt()
        if flag:
            x = x * 2
        for _ in range(times if mode == "twice" else 1):
            x = self.last(x)
        return x


@pytest.mark.parametrize("kind", [Split, Pooled, Flagged])
def test_defaults_without_tensors_are_kept(kind: type[nn.Module]) -> None:
    model = kind().eval()
    extractor = create_feature_extractor(model, ["first", "last_1" if kind is Flagged else "last"])
    assert extractor.backend == "fx"
    for each in (
        extractor,
        copy.deepcopy(extractor),
        pickle.loads(pickle.dumps(extractor)),
    ):
        assert torch.equal(list(each(X).values())[-1], model(X))


@pytest.mark.parametrize(
    ("model", "arguments", "advice"),
    [
        (Split(), {"sizes": (1, 3)}, "{'sizes': (1, 3)}"),
        (Split(), {"sizes": [3, 1]}, "{'sizes': [3, 1]}"),
        (Split(), {"options": {"swap": True}}, "{'options': {'swap': True}}"),
        (Split(), {"more": [1, 2.5]}, "{'more': [1, 2.5]}"),
        (Pooled(), {"pool": Pool.MAX}, "{'pool': Pool.MAX}"),
        (Pooled(), {"dtype": torch.float64}, "{'dtype': torch.float64}"),
        (Flagged(), {"flag": True}, "{'flag': True}"),
        (Flagged(), {"times": 3}, "{'times': 3}"),
        (
            Flagged(),
            {"mask": torch.rand(2, 4)},
            "{'flag': False, 'mode': 'twice', 'times': 2}",
        ),
    ],
)
def test_another_value_is_refused_with_a_call_that_takes_it(
    model: nn.Module, arguments: dict[str, Any], advice: str
) -> None:
    extractor = create_feature_extractor(model, ["last"])
    with pytest.raises(TypeError, match=re.escape(f"pass concrete_args={advice} ")):
        extractor(X, **arguments)
    fixed = eval(advice, {"torch": torch, "Pool": Pool})
    last = [name for name in get_graph_node_names(model, concrete_args=fixed) if name.startswith("last")][-1]
    again = create_feature_extractor(model, [last], concrete_args=fixed, backend="fx")
    assert torch.equal(again(X, **arguments)[last], model(X, **arguments))
    assert torch.equal(again(X, *_positional(model, arguments))[last], model(X, **arguments))


def _positional(model: nn.Module, arguments: dict[str, Any]) -> list[Any]:
    """``arguments`` by position, with the defaults before them."""
    code = type(model).forward.__code__
    names = code.co_varnames[2 : code.co_argcount]
    defaults = dict(zip(names, type(model).forward.__defaults__ or (), strict=True))
    upto = names.index(next(iter(arguments))) + 1
    return [arguments.get(name, defaults[name]) for name in names[:upto]]


def test_a_fixed_container_refuses_others() -> None:
    extractor = create_feature_extractor(Split(), ["last"], concrete_args={"sizes": (1, 3)}, backend="fx")
    extractor(X, (1, 3))
    with pytest.raises(TypeError, match=r"pass concrete_args=\{'sizes': \(2, 2\)\}"):
        extractor(X, (2, 2))


class Batch(Layers):
    def forward(self, batch: dict[str, Any], scale: float = 1.0) -> torch.Tensor:
        x = self.first(batch["image"])
        for more in batch["more"]:
            x = x + more
        if batch["name"] == "scaled":
            x = x * scale
        return self.last(x)


@pytest.mark.parametrize("create", [create_feature_extractor, drop_in.create_feature_extractor])
def test_parts_of_a_container_can_be_traced(create: Any) -> None:
    model = Batch().eval()
    batch = {"image": X, "more": [X, X + 1], "name": "scaled"}
    shape = {"image": fx.PH, "more": [fx.PH, fx.PH], "name": "scaled"}  # type: ignore[attr-defined]
    extractor = create(model, ["first", "last"], concrete_args={"batch": shape}).eval()
    output = extractor(batch, 2.0)
    assert torch.equal(output["last"], model(batch, 2.0))
    assert torch.equal(output["first"], model.first(X))
    with pytest.raises(TypeError, match=r"batch\['name'\]"):
        extractor({**batch, "name": "other"})


class Identical(Layers):
    """Asks for what an argument *is*, which torch.fx does not see: a traced value is nothing of that."""

    def forward(
        self, x: torch.Tensor, mask: torch.Tensor | None = None, pool: Pool = Pool.MEAN, flag: bool = True
    ) -> torch.Tensor:
        if mask is None:
            x = self.first(x)
        if flag is True:
            x = x * 2
        return self.last(x.mean(0) if pool is Pool.MEAN else x.amax(0))


def test_arguments_that_are_asked_only_for_what_they_are_stay_at_their_defaults() -> None:
    model = Identical()
    assert get_graph_node_names(model) == ["x", "first", "mul", "mean", "last"]
    extractor = create_feature_extractor(model, ["last"], backend="fx")
    assert torch.equal(extractor(X)["last"], model(X))
    with pytest.raises(TypeError, match=r"pass concrete_args=\{'pool': Pool\.MAX\}"):
        extractor(X, pool=Pool.MAX)
    other = create_feature_extractor(model, ["last"], concrete_args={"pool": Pool.MAX}, backend="fx")
    assert torch.equal(other(X, pool=Pool.MAX)["last"], model(X, pool=Pool.MAX))


def test_with_torchvisions_names_it_is_warned_of_and_the_remedy_works() -> None:
    model = Identical()
    with pytest.warns(UserWarning, match="so the graph takes another branch") as warned:
        create_feature_extractor(model, ["last"], naming="torchvision")
    fixed = re.search(
        r"another branch.* Pass `concrete_args=(\{.*\})`", "\n".join(str(each.message) for each in warned)
    )
    assert fixed is not None
    arguments = eval(fixed[1], {"Pool": Pool})
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warnings.filterwarnings("ignore", "Was not able to add assertion")  # torch.fx's own
        extractor = create_feature_extractor(model, ["last"], naming="torchvision", concrete_args=arguments)
        create_feature_extractor(Unread(), ["last"], naming="torchvision")
    assert torch.equal(extractor(X)["last"], model(X))


class Unread(Layers):
    def forward(self, x: torch.Tensor, mask: torch.Tensor | None = None) -> torch.Tensor:
        return self.last(self.first(x))


def test_an_argument_that_nothing_depends_on_stays_an_input() -> None:
    assert get_graph_node_names(Unread()) == ["x", "mask", "first", "last"]
    assert torch.equal(create_feature_extractor(Unread(), ["last"])(X, X)["last"].isnan(), X.isnan())
