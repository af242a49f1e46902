"""Points 1, 2 and 7: every query gets its own answer, literally; bad ones are all reported, with the call to make."""

from __future__ import annotations

import copy
import warnings
from collections import OrderedDict
from types import MappingProxyType
from typing import Any

import pytest
import torch
import torch.nn.functional as F
import torchvision
import torchvision.models.feature_extraction as theirs
from torch import nn
from tracing_models import Block, Stages, conv, net

from fxlens import QueryError, TracingError, create_feature_extractor

X = torch.randn(2, 3, 4, 4)


def stages() -> nn.Module:
    torch.manual_seed(0)
    return Stages().eval()


def extract(queries: Any, model: nn.Module | None = None, **options: Any) -> Any:
    model = stages() if model is None else model
    with torch.no_grad():
        return create_feature_extractor(model, queries, suppress_diff_warning=True, **options)(X)


def test_overlapping_queries_each_get_their_own_node() -> None:
    queries = ["layer1", "layer1.1", "layer1.1.relu", "layer1.0"]
    block = [net(lambda s, x: F.sigmoid(s.relu(x)), relu=nn.ReLU()) for _ in range(2)]
    model = net(lambda s, x: s.layer1(x), layer1=nn.Sequential(*block))
    alone = {query: extract([query], model)[query] for query in queries}
    together = extract(queries, model)
    assert all(torch.equal(together[query], alone[query]) for query in queries)
    with torch.no_grad():
        wrong = theirs.create_feature_extractor(model, queries, suppress_diff_warning=True)(X)
    assert not torch.equal(wrong["layer1.1"], alone["layer1.1"])


def test_no_key_is_ever_missing() -> None:
    model = net(lambda s, x: s.features(x), features=nn.Sequential(nn.ReLU()))
    queries = ["features", "features.0"]
    assert list(theirs.create_feature_extractor(model, queries)(X)) == ["features"]
    assert list(extract(queries, model)) == queries


def test_output_is_an_ordered_dict_in_the_order_of_the_request() -> None:
    found = extract({"layer2": "b", "stem": "a", "layer1": "c"})
    assert type(found) is OrderedDict
    assert list(found) == ["b", "a", "c"]


@pytest.mark.parametrize(
    "query", [".*", "layer1[0]", "stem|nonsense", "layer.", "layer(", "*", "layer", "", "output", " stem "]
)
def test_queries_are_literal(query: str) -> None:
    with pytest.raises(QueryError, match="1 of 1 return nodes"):
        extract([query])


@pytest.mark.parametrize("query", [".*", "layer1[0]", "stem|nonsense"])
def test_torchvision_takes_patterns_and_silently_returns_nothing(query: str) -> None:
    assert theirs.create_feature_extractor(stages(), [query], suppress_diff_warning=True)(X) == {}


def error_text(queries: Any, model: nn.Module | None = None, **options: Any) -> str:
    with pytest.raises(QueryError) as caught:
        extract(queries, model, **options)
    return str(caught.value)


def test_all_bad_queries_are_reported_at_once_each_with_its_reason() -> None:
    text = error_text(["stme", "stem", "attention.out_proj", "unused", "aux", "zzzzzz"])
    assert "5 of 6 return nodes cannot be extracted from Stages" in text
    assert "'stme' does not exist; did you mean 'stem'?" in text
    assert "'attention.out_proj' has no node: it is inside 'attention', and every MultiheadAttention is traced" in text
    assert "'unused' (Linear) is part of the model, but `forward` never calls it" in text
    assert "'aux' (in eval mode) exists in train mode only" in text
    assert (
        "'zzzzzz' does not exist; its top level: stem, layer1, layer2, layer10, mean, getitem, getitem_1, head\n"
        in text
    )


def test_torchvision_reports_only_the_first_and_not_why() -> None:
    with pytest.raises(ValueError, match="'stme' is not present in model") as caught:
        theirs.create_feature_extractor(stages(), ["stme", "unused"], suppress_diff_warning=True)
    assert "unused" not in str(caught.value)
    assert "stem" not in str(caught.value)


@pytest.mark.parametrize(
    ("queries", "options"),
    [
        (["stme", "layer1[0].conv", "zzzzzz"], {}),
        ({"model.stem": "a", "aux": "b", "layer2": "c"}, {}),
        (["attention.out_proj", "aux", "stme"], {}),
        (["layer1/0"], {"naming": "torchvision"}),
        (["layer1.0.conv", "heda"], {"leaf_modules": [Block]}),
    ],
)
def test_the_call_in_the_message_works(queries: Any, options: dict[str, Any]) -> None:
    text = error_text(queries, **options)
    call = text.splitlines()[-1].strip()
    assert call.startswith("create_feature_extractor(model, ")
    names = {"create_feature_extractor": create_feature_extractor, "model": stages(), **options}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        extractor = eval(call, names)
    for mode in (True, False):
        assert len(extractor.train(mode)(X)) > 0 or mode


def test_what_the_working_call_leaves_out_is_said() -> None:
    """Two wrong names may mean one right name, which has one key: the other key must not vanish unsaid."""
    text = error_text({"stme": "a", "setm": "b", "layer2": "c"})
    assert "'setm' is left out below: 'stem' is selected already" in text
    assert text.endswith("create_feature_extractor(model, {'stem': 'a', 'layer2': 'c'})")
    text = error_text({"stme": "a", "stem": "b"})
    assert "'stme' is left out below: 'stem' is selected already" in text
    assert text.endswith("create_feature_extractor(model, {'stem': 'b'})")


def test_another_path_of_a_shared_module_names_its_calls() -> None:
    """Which of the calls is made through an attribute is not known; which one a Sequential makes through a place is."""
    shared = nn.ReLU()
    model = net(lambda s, x: s.b(s.a(x)), a=shared, b=shared)
    text = error_text(["b"], model)
    assert "'b' is the same module as 'a', which is called twice: a, a_1; did you mean 'a' or 'a_1'?" in text
    assert "This call works" not in text
    once = net(lambda s, x: s.b(x), a=shared, b=shared)
    assert error_text(["b"], once).endswith("create_feature_extractor(model, ['a'])")


def places_of_shared_modules() -> dict[str, nn.Module]:
    act, block = nn.Tanh(), nn.Sequential(conv(), nn.Sigmoid())
    return {
        "3": nn.Sequential(conv(), act, conv(), act),
        "body.3": net(lambda s, x: s.body(s.act(x)), act=act, body=nn.Sequential(conv(), nn.ReLU(), conv(), act)),
        "second.1": net(
            lambda s, x: s.second(s.first(x)), first=nn.Sequential(conv(), act), second=nn.Sequential(conv(), act)
        ),
        "2": nn.Sequential(block, nn.ReLU(), block),
        "2.1": nn.Sequential(block, nn.ReLU(), block),
        "1.1": nn.Sequential(nn.Sequential(conv(), act), nn.Sequential(conv(), act, act)),
        "1.2": nn.Sequential(nn.Sequential(conv(), act), nn.Sequential(conv(), act, act)),
    }


@pytest.mark.parametrize("naming", ["fxlens", "torchvision"])
@pytest.mark.parametrize("place", places_of_shared_modules())
def test_the_name_for_a_place_in_a_sequential_selects_what_is_computed_there(place: str, naming: Any) -> None:
    """The truth is the model with a copy in each place, which has a name for each."""
    torch.manual_seed(0)
    model = places_of_shared_modules()[place].eval()
    apart = unshared(model)
    text = error_text([place], model, naming=naming)
    call = text.splitlines()[-1].strip()
    extractor = eval(call, {"create_feature_extractor": create_feature_extractor, "model": model})
    with torch.no_grad():
        (found,) = extractor(X).values()
        assert torch.equal(found, create_feature_extractor(apart, [place])(X)[place])


def unshared(model: nn.Module) -> nn.Module:
    """``model`` with a module of its own at every path."""
    model = copy.copy(model)
    children = {name: None if child is None else unshared(child) for name, child in model._modules.items()}
    model._modules = children
    return model


class Trunk(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv = conv()

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.conv(x).tanh() + 1


def test_each_call_of_a_container_has_a_name() -> None:
    """``path_N`` is what the module of that path returned at its N+1st call."""
    torch.manual_seed(0)
    model = net(lambda s, a, b: s.trunk(a) - s.trunk(b) * s.trunk(a + b), trunk=Trunk())
    a, b = torch.randn(1, 3, 4, 4), torch.randn(1, 3, 4, 4)
    queries = ["trunk", "trunk_1", "trunk_2"]
    found = create_feature_extractor(model, queries)(a, b)
    assert [torch.equal(found[query], model.trunk(x)) for query, x in zip(queries, (a, b, a + b), strict=True)] == [
        True
    ] * 3
    text = error_text(["trunk_3"], model)
    assert "'trunk' is called 3 times: trunk, trunk_1, trunk_2; did you mean 'trunk_2'?" in text
    assert "This call works" not in text
    own = net(lambda s, a: s.trunk_1(s.trunk(s.trunk(a))), trunk=Trunk(), trunk_1=Trunk())
    found = create_feature_extractor(own, ["trunk_1", "trunk_2"])(a)
    assert torch.equal(found["trunk_2"], own.trunk(own.trunk(a)))
    assert torch.equal(found["trunk_1"], own.trunk_1(found["trunk_2"]))


def test_guesses_are_not_in_the_working_call() -> None:
    text = error_text({"layer3": "a", "layer2": "b"})
    assert "'layer3' does not exist; did you mean 'layer2'? There are 3: layer1, layer2, layer10" in text
    assert text.endswith("create_feature_extractor(model, {'layer2': 'b'})")


def test_what_yields_no_tensor_is_not_suggested() -> None:
    model = net(lambda s, x: s.relu(x).reshape(x.shape[0], x.size(1), -1), relu=nn.ReLU())
    for query in ("getatr", "sise", "getitme"):
        assert "did you mean" not in error_text([query], model)
    assert "did you mean 'reshape'?" in error_text(["reshpae"], model)


def test_attention_weights_that_are_not_computed_say_so() -> None:
    query = "encoder.layers.encoder_layer_0.self_attention.softmax"
    text = error_text([query], torchvision.models.vit_b_32(image_size=32))
    assert "Attention weights are not computed: `forward` calls" in text
    assert "with `need_weights=False`" in text
    assert "did you mean" not in text


def test_an_object_that_cannot_be_taken_apart_says_so() -> None:
    class Box:
        def __init__(self, value: Any) -> None:
            self.value = value

    model = net(lambda s, x: s.part(x).value * 2, part=net(lambda s, x: Box(x + 1)))
    text = error_text(["part"], model)
    assert "'part' returns an object of class" in text
    assert text.endswith("select a node inside, such as 'part.add'")


@pytest.mark.parametrize(
    "queries", [["stem"], ("stem",), {"stem": "stem"}, OrderedDict(stem="stem"), MappingProxyType({"stem": "stem"})]
)
def test_lists_tuples_and_mappings_are_accepted(queries: Any) -> None:
    assert list(extract(queries)) == ["stem"]


@pytest.mark.parametrize("queries", ["stem", {"stem"}, (name for name in ["stem"]), {"stem": 1}.keys(), 3])
def test_anything_else_is_a_type_error_that_says_so(queries: Any) -> None:
    with pytest.raises(TypeError, match="return_nodes must be a list, a tuple or a mapping of node names, not"):
        extract(queries)
    with pytest.raises(AttributeError):
        theirs.create_feature_extractor(stages(), ("stem",))  # a tuple, which says nothing of tuples


def test_names_that_are_no_strings() -> None:
    assert list(extract([0], nn.Sequential(nn.ReLU()))) == ["0"]
    with pytest.raises(TypeError, match="node names are strings, not NoneType"):
        extract([None])


def test_two_queries_with_one_key_are_refused() -> None:
    assert (
        len(theirs.create_feature_extractor(stages(), {"stem": "a", "layer2": "a"}, suppress_diff_warning=True)(X)) == 1
    )
    with pytest.raises(ValueError, match="'stem' and 'layer2' both have the output key 'a'"):
        extract({"stem": "a", "layer2": "a"})


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({}, "give return_nodes, or"),
        ({"return_nodes": ["stem"], "train_return_nodes": ["stem"]}, "not both"),
    ],
)
def test_contradicting_arguments(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        create_feature_extractor(stages(), **arguments)


class OneMode(nn.Module):
    """Can be traced in one mode only."""

    def __init__(self, untraceable: bool) -> None:
        super().__init__()
        self.layer, self.untraceable = nn.Linear(4, 4), untraceable

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        if self.training == self.untraceable and float(x.mean()) > 0:
            x = x + 1
        return self.layer(x)


@pytest.mark.parametrize("other", [{}, {"train_return_nodes": []}])
def test_a_model_need_be_traceable_only_in_the_mode_that_is_asked_for(other: dict[str, Any]) -> None:
    model, x = OneMode(untraceable=True), torch.ones(1, 4)
    extractor = create_feature_extractor(model, eval_return_nodes=["layer"], **other)
    assert torch.equal(extractor.eval()(x)["layer"], model.eval()(x))
    with pytest.raises(RuntimeError, match="train mode"):
        extractor.train()(x)
    with pytest.raises(TracingError, match="train mode"):
        create_feature_extractor(model, ["layer"], backend="fx")
    extractor = create_feature_extractor(OneMode(untraceable=False), train_return_nodes=["layer"])
    assert list(copy.deepcopy(extractor).train()(x)) == ["layer"]


def test_a_mode_that_was_left_out_says_so() -> None:
    extractor = create_feature_extractor(stages(), eval_return_nodes=["head"])
    with pytest.raises(RuntimeError, match="pass train_return_nodes"):
        extractor.train()(X)
    assert list(extractor.eval()(X)) == ["head"]
    with pytest.raises(QueryError, match=r"'heed' \(in eval mode\)"):
        create_feature_extractor(stages(), eval_return_nodes=["heed"])


def test_queries_for_each_mode() -> None:
    extractor = create_feature_extractor(stages(), train_return_nodes=["aux"], eval_return_nodes={"head": "logits"})
    assert list(extractor.train()(X)) == ["aux"]
    assert list(extractor.eval()(X)) == ["logits"]


def test_module_names_that_torchvision_cannot_handle() -> None:
    model = net(
        lambda s, x: s.d["a+b"](s.d["conv(3x3)"](x)),
        d=nn.ModuleDict({"conv(3x3)": nn.Conv2d(3, 3, 3), "a+b": nn.ReLU()}),
    )
    with pytest.raises(ValueError, match="not present in model"):
        theirs.create_feature_extractor(model, ["d.conv(3x3)"])
    assert extract(["d.conv(3x3)", "d.a+b"], model)["d.a+b"].min() >= 0


def test_vit_layer_norms_are_what_they_are_called() -> None:
    model = torchvision.models.vit_b_32(image_size=32).eval()
    query = "encoder.layers.encoder_layer_0.ln_1"
    layer = model.get_submodule("encoder.layers.encoder_layer_0")
    nn.init.normal_(layer.ln_1.weight)
    seen: list[torch.Tensor] = []
    layer.ln_1.register_forward_hook(lambda m, i, o: seen.append(o))
    image = torch.randn(1, 3, 32, 32)
    with torch.no_grad():
        model(image)
        assert not torch.equal(theirs.create_feature_extractor(model, [query])(image)[query], seen[0])
        assert torch.equal(create_feature_extractor(model, [query])(image)[query], seen[0])
