"""Which backend answers: the graph where there is one, hooks where torch.fx cannot trace the model."""

from __future__ import annotations

import copy
import inspect

import pytest
import torch
from torch import nn

from fxlens import QueryError, TracingError, create_feature_extractor, get_graph_node_names


class Untraceable(nn.Module):
    """Branches on a value; its blocks are traceable."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Linear(4, 4)
        self.blocks = nn.ModuleList(nn.Sequential(nn.Linear(4, 4), nn.ReLU()) for _ in range(3))
        self.unused = nn.Tanh()

    def forward(self, x):
        x = self.stem(x)
        if x.shape[0] > 0 and x.sum() > -1e9:
            for block in self.blocks:
                x = block(x)
        return self.blocks[0](x)


X = torch.ones(2, 4)


class TestAuto:
    def test_a_model_that_can_be_traced_is(self):
        extractor = create_feature_extractor(nn.Sequential(nn.Linear(4, 4), nn.ReLU()), ["0"])
        assert extractor.backend == "fx"

    def test_another_is_read_by_hooks(self):
        model = Untraceable()
        extractor = create_feature_extractor(model, {"blocks.1": "middle", "blocks.0_1": "again"})
        assert extractor.backend == "hooks"
        assert "hooks" in repr(extractor)
        assert torch.equal(extractor(X)["again"], model(X))

    def test_operations_have_no_names_then(self):
        with pytest.raises(QueryError) as raised:
            create_feature_extractor(Untraceable(), ["blocks.1", "blocks.1.add"])
        text = str(raised.value)
        assert "Untraceable cannot be traced, so its operations have no names" in text
        assert "'blocks.1.add' is not a module of Untraceable; the nearest is 'blocks.1'" in text
        assert raised.value.failure is not None

    @pytest.mark.parametrize(
        ("query", "hint"),
        [("blocks.3", "did you mean 'blocks.2'"), ("steem", "did you mean 'stem'"), ("encoder", "which has 'stem'")],
    )
    def test_a_wrong_path_says_what_there_is(self, query, hint):
        with pytest.raises(QueryError, match=hint):
            create_feature_extractor(Untraceable(), [query])

    def test_the_model_is_left_as_it_was(self):
        model = Untraceable().train()
        before = copy.deepcopy(model.state_dict())
        create_feature_extractor(model, ["stem"])
        assert model.training
        assert all(torch.equal(value, before[key]) for key, value in model.state_dict().items())

    def test_one_mode_may_be_asked_for_alone(self):
        extractor = create_feature_extractor(Untraceable(), eval_return_nodes=["stem"])
        assert list(extractor.eval()(X)) == ["stem"]


class EncoderDecoder(nn.Module):
    """Traceable, but not as it runs: a traced value is never None, and raises nothing in a layer."""

    def __init__(self) -> None:
        super().__init__()
        self.encoder, self.decoder = nn.TransformerEncoderLayer(4, 2, 4, batch_first=True), nn.Linear(4, 4)

    def forward(self, x, memory=None):
        if memory is None:
            memory = self.encoder(x)
        return self.decoder(memory)


class TestWhatTracingMisses:
    def test_an_argument_that_only_a_layer_needs_is_left_out(self):
        model, x = EncoderDecoder().eval(), torch.rand(1, 3, 4)
        queries = {"encoder": "first", "decoder": "last"}
        traced = create_feature_extractor(model, queries)
        hooked = create_feature_extractor(model, queries, backend="hooks")
        assert (traced.backend, hooked.backend) == ("fx", "hooks")
        assert all(torch.equal(value, hooked(x)[key]) for key, value in traced(x).items())

    @pytest.mark.parametrize("query", ["encoder.linear1", "encoder.norm1"])
    def test_the_call_that_works_is_that_by_hooks(self, query):
        model, x = EncoderDecoder(), torch.rand(1, 3, 4)
        with pytest.raises(QueryError) as raised:
            create_feature_extractor(model, {query: "first", "decoder": "last"})
        call = str(raised.value).splitlines()[-1].strip()
        assert call == f"create_feature_extractor(model, {{{query!r}: 'first', 'decoder': 'last'}}, backend='hooks')"
        output = eval(call, {"create_feature_extractor": create_feature_extractor, "model": model})(x)
        assert torch.equal(output["last"], model(x)) or model.training

    @pytest.mark.parametrize("query", ["decoder_1", "encoder.add", "decodr"])
    def test_it_is_not_where_no_hook_would_see_it(self, query):
        with pytest.raises(QueryError) as raised:
            create_feature_extractor(EncoderDecoder(), [query, "decoder"])
        assert "hooks" not in str(raised.value)


class TestNamed:
    def test_fx_raises_what_tracing_says(self):
        with pytest.raises(TracingError):
            create_feature_extractor(Untraceable(), ["stem"], backend="fx")

    def test_hooks_serve_a_model_that_could_be_traced(self):
        model = nn.Sequential(nn.Linear(4, 4), nn.ReLU())
        hooked = create_feature_extractor(model, ["0"], backend="hooks")
        traced = create_feature_extractor(model, ["0"], backend="fx")
        assert (hooked.backend, traced.backend) == ("hooks", "fx")
        assert torch.equal(hooked(X)["0"], traced(X)["0"])

    @pytest.mark.parametrize("naming", ["torchvision", "timm"])
    def test_the_names_of_others_are_those_of_the_graph(self, naming):
        with pytest.raises(TracingError):
            create_feature_extractor(Untraceable(), ["stem"], naming=naming)
        with pytest.raises(ValueError, match=f"no names of naming='{naming}'"):
            create_feature_extractor(Untraceable(), ["stem"], naming=naming, backend="hooks")

    def test_another_word_is_refused(self):
        with pytest.raises(ValueError, match="backend must be 'auto', 'fx', 'hooks' or 'record', not 'hook'"):
            create_feature_extractor(Untraceable(), ["stem"], backend="hook")  # type: ignore[arg-type]


class TestNames:
    def test_of_modules_stand_in_call_order(self):
        class Reversed(nn.Module):
            def __init__(self) -> None:
                super().__init__()
                self.last, self.first = nn.Linear(4, 2), nn.Linear(3, 4)

            def forward(self, x):
                x = self.first(x)
                return self.last(x) if x.shape[0] > 0 else x.item()

        assert get_graph_node_names(Reversed(), backend="hooks", suppress_diff_warning=True) == ["first", "last"]

    def test_say_how_often_a_module_is_called(self):
        model = nn.Sequential(relu := nn.ReLU(), nn.Linear(4, 4), relu)
        names = get_graph_node_names(model, backend="hooks")
        assert names == ["0", "1", "0_1"]

    def test_are_those_of_the_definition_where_no_input_fits(self):
        class Counting(Untraceable):
            def forward(self, x):
                return super().forward(x[: int(x.sum())])  # meta tensors have no sum

        names = get_graph_node_names(Counting(), backend="auto")
        assert names[:3] == ["stem", "blocks.0", "blocks.0.0"]
        assert "blocks" not in names

    def test_are_those_of_the_way_that_calls_most_where_a_value_decides(self):
        names = get_graph_node_names(Untraceable(), backend="auto")
        blocks = [f"blocks.{each}{part}" for each in range(3) for part in (".0", ".1", "")]
        assert names == ["stem", *blocks, "blocks.0.0_1", "blocks.0.1_1", "blocks.0_1", "unused"]

    def test_every_name_can_be_extracted(self):
        class Sized(nn.Module):
            def __init__(self) -> None:
                super().__init__()
                self.a, self.b = nn.Linear(4, 4), nn.Sequential(nn.Linear(4, 4), nn.ReLU())

            def forward(self, x):
                for _ in range(int(x.shape[0])):
                    x = self.b(self.a(x))
                return x

        model = Sized()
        names = get_graph_node_names(model, backend="auto")
        assert names == ["a", "b.0", "b.1", "b", "a_1", "b.0_1", "b.1_1", "b_1"]
        output = create_feature_extractor(model, names, backend="hooks")(X)
        assert torch.equal(output["b_1"], model(X))

    def test_by_default_are_those_of_the_graph(self):
        with pytest.raises(TracingError):
            get_graph_node_names(Untraceable())


def test_the_extractor_is_typed_as_its_class():
    assert inspect.signature(create_feature_extractor).return_annotation == "Extractor"
