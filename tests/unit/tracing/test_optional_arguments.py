"""Optional arguments that are no tensors: left at their defaults where the model cannot be traced or run otherwise."""

from __future__ import annotations

import copy
import functools
import pickle
import warnings
from typing import Any

import pytest
import torch
from torch import nn

from fxlens import TracingError, create_feature_extractor, get_graph_node_names, trace_model

X = torch.randn(2, 4)


class Masked(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Linear(4, 4)

    def forward(self, x: torch.Tensor, mask: torch.Tensor | None = None) -> torch.Tensor:
        x = self.layer(x)
        if mask is not None:
            x = x * mask
        return x.relu()


class Flags(Masked):
    def forward(  # type: ignore[override]
        self, x: torch.Tensor, *args: Any, scale: float = 2.0, kind: str = "relu", **options: Any
    ) -> torch.Tensor:
        if scale > 1:
            x = x * scale
        for _ in args:
            x = x + 1
        return getattr(self.layer(x), kind)() if not options.get("plain") else x


class Attended(Masked):
    """Gives its mask to a function that takes None."""

    def forward(self, x: torch.Tensor, mask: torch.Tensor | None = None) -> torch.Tensor:
        x = self.layer(x)[None]
        return nn.functional.scaled_dot_product_attention(x, x, x, attn_mask=mask)


def wrapped(forward: Any) -> Any:
    """As libraries wrap theirs."""

    @functools.wraps(forward)
    def wrapper(self: nn.Module, *args: Any, **kwargs: Any) -> Any:
        kwargs["flag"] = kwargs.get("flag", True)
        if kwargs["flag"]:
            return forward(self, *args, **kwargs)
        return None

    return wrapper


class Crossed(Masked):
    """Gives a layer, which takes tensors only, the context or the input."""

    def forward(self, x: torch.Tensor, context: torch.Tensor | None = None) -> torch.Tensor:
        return self.layer(x if context is None else context).relu()


class Popped(Masked):
    def forward(self, x: torch.Tensor, **options: Any) -> torch.Tensor:  # type: ignore[override]
        mask = options.pop("mask", None)
        return self.layer(x).relu() if mask is None else x * mask


class Optioned(Masked):
    """Runs a layer only where an option is passed."""

    def __init__(self) -> None:
        super().__init__()
        self.context = nn.Linear(4, 4)

    def forward(self, x: torch.Tensor, **options: Any) -> torch.Tensor:  # type: ignore[override]
        context = options.get("context")
        return self.layer(x if context is None else self.context(context)).relu()


class Needed(Masked):
    """Does not run without its second argument, although that has a default."""

    def forward(self, x: torch.Tensor, context: torch.Tensor | None = None) -> torch.Tensor:
        return (x * context + self.layer(context)).relu()  # type: ignore[arg-type,operator]


class Library(Masked):
    main_input_name = "pixels"

    @wrapped
    def forward(self, ids: Any = None, pixels: Any = None, flag: bool = False, **options: Any) -> Any:  # type: ignore[override]
        return self.layer(pixels if ids is None else ids).relu()


class Shift(nn.Module):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x + 1 if x.sum() > 0 else x


class NeedsLeaf(Flags):
    def __init__(self) -> None:
        super().__init__()
        self.shift = Shift()

    def forward(self, x: torch.Tensor, flag: bool = False) -> torch.Tensor:  # type: ignore[override]
        return self.shift(self.layer(x) if not flag else x).relu()


@pytest.mark.parametrize("kind", [Masked, Flags, Attended, Crossed, Popped, Optioned, Library])
def test_left_out_arguments_have_their_defaults(kind: type[nn.Module]) -> None:
    model = kind()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        extractor = create_feature_extractor(model, {get_graph_node_names(model)[-1]: "out"})
    call = {"pixels": X} if kind is Library else {"x": X}
    expected = model(**call)
    for each in (extractor, copy.deepcopy(extractor), pickle.loads(pickle.dumps(extractor))):
        assert torch.equal(each(**call)["out"], expected)
    if kind is not Library:
        assert torch.equal(extractor(X)["out"], expected)


def test_what_the_model_cannot_do_without_is_an_input() -> None:
    model = Needed()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        extractor = create_feature_extractor(model, ["relu"])
    assert torch.equal(extractor(X, X)["relu"], model(X, X))
    with pytest.raises(TypeError):
        model(X)
    with pytest.raises(TypeError):
        extractor(X)


def test_what_only_an_option_reaches_says_so_and_the_remedy_works() -> None:
    model = Optioned()
    with pytest.raises(ValueError, match="does not call it where 'options' is not passed") as error:
        create_feature_extractor(model, ["context"])
    call = str(error.value).rpartition("\n")[2].strip()
    extractor = eval(call, {"create_feature_extractor": create_feature_extractor, "model": model})
    assert torch.equal(extractor(X, context=X)["context"], model.context(X))
    (said,) = {node for graph in trace_model(model).traced() for node in graph.left_out}
    assert said == "options"


def test_they_have_no_names() -> None:
    assert get_graph_node_names(Masked()) == ["x", "layer", "relu"]
    assert get_graph_node_names(Masked(), concrete_args={}) == ["x", "mask", "layer", "mul", "relu"]
    assert get_graph_node_names(Masked(), naming="torchvision") == ["x", "mask", "layer", "mul", "relu"]
    assert "mask" in get_graph_node_names(Attended())


def test_another_value_than_the_default_is_refused_with_the_remedy_and_that_works() -> None:
    model, mask = Masked(), torch.rand(2, 4)
    extractor = create_feature_extractor(model, ["relu"])
    assert torch.equal(extractor(X, mask=None)["relu"], model(X))
    with pytest.raises(TypeError, match=r"pass concrete_args=\{\} to create_feature_extractor to use mask"):
        extractor(X, mask)
    given = create_feature_extractor(model, ["relu"], concrete_args={})
    assert torch.equal(given(X, mask)["relu"], model(X, mask))
    flags = create_feature_extractor(Flags(), ["relu"])
    assert list(flags(X, scale=2.0)) == ["relu"]
    with pytest.raises(TypeError, match=r"pass concrete_args=\{'scale': 3.0\}"):
        flags(X, scale=3.0)
    with pytest.raises(TypeError):
        flags(X, plain=True)


def test_a_needed_argument_is_warned_of_where_it_is_not_left_out() -> None:
    with pytest.warns(UserWarning, match=r"`mask` is None by default.*concrete_args=\{'mask': None\}"):
        create_feature_extractor(Masked(), ["relu"], naming="torchvision")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        create_feature_extractor(Masked(), ["layer"], naming="torchvision")
        create_feature_extractor(Attended(), ["scaled_dot_product_attention"], naming="torchvision")
        extractor = create_feature_extractor(Masked(), ["relu"], naming="torchvision", concrete_args={"mask": None})
    assert list(extractor(X)) == ["relu"]


def test_leaf_modules_are_tried_together_with_arguments_left_out() -> None:
    model = NeedsLeaf()
    with pytest.raises(TracingError, match="Shift"):
        create_feature_extractor(model, ["relu"], backend="fx")
    extractor = create_feature_extractor(model, ["relu"], leaf_modules=[Shift])
    assert torch.equal(extractor(X)["relu"], model(X))


class ImageAndText(nn.Module):
    """Two towers, each of which runs if its input is given."""

    def __init__(self) -> None:
        super().__init__()
        self.visual, self.embedding, self.ln_final = nn.Linear(4, 4), nn.Embedding(10, 4), nn.LayerNorm(4)

    def forward(self, image: torch.Tensor | None = None, text: torch.Tensor | None = None) -> Any:
        image_features = self.visual(image) if image is not None else None
        text_features = self.ln_final(self.embedding(text) + text.unsqueeze(-1)) if text is not None else None
        return image_features, text_features


class MaskedByLayer(Masked):
    """Has a layer for its mask, and goes on without."""

    def __init__(self) -> None:
        super().__init__()
        self.of_mask = nn.Linear(4, 4)

    def forward(self, x: torch.Tensor, mask: torch.Tensor | None = None) -> torch.Tensor:
        x = self.layer(x)
        if mask is not None:
            x = x + self.of_mask(mask.sqrt())
        return x.relu()


def test_an_argument_that_modules_read_is_an_input() -> None:
    model, text = ImageAndText(), torch.tensor([[1, 2]])
    names = get_graph_node_names(model)
    assert names == ["image", "text", "visual", "embedding", "unsqueeze", "add", "ln_final"]
    graph = trace_model(model, shapes=False).eval
    assert graph is not None
    assert list(graph.names) == names
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        extractor = create_feature_extractor(model, ["ln_final", "visual"])
        images = create_feature_extractor(model, ["visual"])
    expected = model(X, text)
    assert torch.equal(extractor(X, text)["ln_final"], expected[1])
    assert torch.equal(extractor(X, text=text)["visual"], expected[0])
    assert torch.equal(images(X)["visual"], expected[0])


def test_it_is_warned_of_where_the_model_goes_on_without_it() -> None:
    model = MaskedByLayer()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        create_feature_extractor(model, ["layer", "of_mask"])
    with pytest.warns(UserWarning, match=r"`mask` is None by default.*concrete_args=\{'mask': None\}"):
        extractor = create_feature_extractor(model, ["relu"])
    mask = torch.rand(2, 4)
    assert torch.equal(extractor(X, mask)["relu"], model(X, mask))
    without = create_feature_extractor(model, ["relu"], concrete_args={"mask": None})
    assert torch.equal(without(X)["relu"], model(X))
