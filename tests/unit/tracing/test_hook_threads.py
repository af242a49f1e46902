"""Extractors that read modules by hooks beside other runs of the model: threads, other extractors, its own pools."""

from __future__ import annotations

import threading
from collections import OrderedDict
from concurrent.futures import ThreadPoolExecutor

import pytest
import torch
from hook_models import Block, X, extractor, hooks_on
from torch import nn

from fxlens import get_graph_node_names


class TestOthersRunTheModelToo:
    def test_a_thread_meanwhile(self):
        model = nn.Sequential(nn.Linear(4, 4), nn.ReLU())
        other = torch.full((2, 4), -3.0)
        entered, leave = threading.Event(), threading.Event()

        class Waiting(nn.Module):
            def forward(self, x):
                if not torch.equal(x, other):
                    entered.set()
                    leave.wait(20)
                return x

        model.insert(0, Waiting())
        results: list[OrderedDict[str, torch.Tensor]] = []
        features = extractor(model, ["1"])
        thread = threading.Thread(target=lambda: results.append(features(X)))
        thread.start()
        assert entered.wait(20)
        model(other)
        leave.set()
        thread.join()
        assert torch.equal(results[0]["1"], model[1](X))

    def test_an_extractor_inside_a_hook(self):
        model = nn.Sequential(nn.Linear(4, 4), nn.ReLU(), nn.Linear(4, 4))
        inner = extractor(model, ["2"])
        outer = extractor(model, ["2"])
        busy = []

        def again(*_: object) -> None:
            if not busy:
                busy.append(True)
                inner(-X)

        model[0].register_forward_hook(again)
        assert torch.equal(outer(X)["2"], model(X))

    def test_an_extractor_that_is_a_part_of_the_model(self):
        class Head(nn.Module):
            def __init__(self) -> None:
                super().__init__()
                self.features, self.last = extractor(Block().eval(), {"first": "low"}), nn.Linear(4, 2)

            def forward(self, x):
                return self.last(self.features(x)["low"])

        model = Head()
        output = extractor(model, ["features.model.first", "last"])(X)
        assert torch.equal(output["features.model.first"], model.features(X)["low"])
        assert torch.equal(output["last"], model(X))


class Branches(nn.Module):
    """Calls modules in threads of its own."""

    def __init__(self) -> None:
        super().__init__()
        self.branches, self.last = nn.ModuleList(nn.Linear(4, 4) for _ in range(3)), nn.Linear(4, 4)

    def forward(self, x):
        with ThreadPoolExecutor(2) as pool, torch.inference_mode():
            outputs = list(pool.map(lambda branch: self.run(branch, x), self.branches))
        return self.last(x) if len(outputs) == 3 else x

    @torch.no_grad()
    def run(self, branch, x):
        return branch(x)


class TestThreadsOfTheModel:
    @pytest.mark.parametrize("queries", [["branches.1"], ["branches.0", "branches.2", "last"]])
    def test_their_calls_are_taken(self, queries):
        model = Branches()
        features = extractor(model, queries)
        with torch.no_grad():
            for _ in range(2):
                output = features(X)
                assert all(torch.equal(output[query], model.get_submodule(query)(X)) for query in queries)
        assert hooks_on(model) == 0

    def test_two_extractors_at_once_are_told_apart_or_refused(self):
        model = Branches()
        meet = threading.Barrier(2)

        class Waiting(nn.Module):
            def forward(self, x):
                meet.wait(20)
                return x

        model.wait = Waiting()
        forward = model.forward
        model.forward = lambda x: forward(model.wait(x))
        results: list[object] = []

        def run(x: torch.Tensor) -> None:
            try:
                results.append(torch.equal(extractor(model, ["branches.1", "last"])(x)["last"], model.last(x)))
            except RuntimeError as error:
                results.append(str(error))

        threads = [threading.Thread(target=run, args=(x,)) for x in (X, -X)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert all(result is True or str(result).startswith("Run one extractor of this model") for result in results)
        assert len(results) == 2

    def test_their_calls_are_in_a_run_on_meta_tensors(self):
        assert sorted(get_graph_node_names(Branches(), backend="hooks")) == [
            *(f"branches.{number}" for number in range(3)),
            "last",
        ]
