"""The form of an extractor that ``torch.jit.script`` compiles.

TorchScript compiles ``forward`` and all that it calls. A traced extractor chooses between two graphs there, and both
would have to be TorchScript; torchvision's extractor, which has one at a time, can be scripted if its current graph
can. So can this form: its ``forward`` is the one of the current mode, and :meth:`train` exchanges it.

Of what an extractor keeps besides, TorchScript has assertions for the conditions that it is held to. Arguments that
were left at their defaults are not parameters of the script, and what is checkpointed is computed once, with the same
values and gradients. TorchScript has no custom ``autograd.Function``, without which gradients would be others.
"""

from __future__ import annotations

import copy
import operator
from typing import Any

import torch
from torch import fx, nn

from fxlens.graph import MODES
from fxlens.tracing.extract.checkpointed import compute_once
from fxlens.tracing.extract.codegen import ExtractorCodeGen
from fxlens.tracing.extract.extractor import FeatureExtractor, compiled, extractor_of, set_state
from fxlens.tracing.record.conditions import hold_condition
from fxlens.tracing.record.default_arguments import hold
from fxlens.tracing.record.recorded_calls import function_of


class ScriptableExtractor(FeatureExtractor):
    """An extractor whose ``forward`` is that of one graph.

    ``torch.jit.script`` puts it in the place of an extractor that is part of a larger module, so it does all that an
    extractor does.
    """

    __annotations__ = {}  # TorchScript would take them for its own types

    def _compile(self) -> None:
        members: Any = type(self)
        codes = {}
        for mode in MODES:
            graph: fx.Graph = self.__dict__[f"{mode}_graph"]
            graph.owning_module = self
            codes[mode] = graph.python_code("self")
        members.codes_by_mode = codes
        self._choose()

    def train(self, mode: bool = True) -> ScriptableExtractor:
        super().train(mode)
        self._choose()
        return self

    def __setstate__(self, state: dict[str, Any]) -> None:
        restore: Any = super().__setstate__
        restore(state)
        self._choose()

    def _choose(self) -> None:
        code = self.codes_by_mode["train" if self.training else "eval"]
        members: Any = type(self)
        members.forward = compiled(str(code.src), code.globals)

    def __prepare_scriptable__(self) -> nn.Module:
        return self


def scriptable(extractor: FeatureExtractor) -> ScriptableExtractor:
    """``extractor`` with its modules and tensors, in the form that TorchScript compiles."""
    _refuse_functions(extractor.graph)
    graphs = []
    for graph in (extractor.train_graph, extractor.eval_graph):
        graphs.append(copy.deepcopy(graph))
        graphs[-1].set_codegen(ExtractorCodeGen(scripted=True))
        compute_once(graphs[-1])
        _hold_by_assertions(graphs[-1])
    result = extractor_of(ScriptableExtractor, type(extractor).__name__, *graphs)
    assert isinstance(result, ScriptableExtractor)
    state = {name: value for name, value in vars(extractor).items() if name not in ("train_graph", "eval_graph")}
    # TorchScript writes into what it prepares.
    state.update({name: vars(extractor)[name].copy() for name in ("_parameters", "_buffers", "_modules")})
    set_state(result, state)
    return result


def _refuse_functions(graph: fx.Graph) -> None:
    """Raise ``RuntimeError``, as TorchScript does, for what an extractor keeps and TorchScript does not have."""
    for node in graph.nodes:
        function = function_of(node.target)
        if function is not None:
            advice = "use torch.compile or torch.export, or naming='torchvision', which loses its backward"
            raise RuntimeError(f"{advice}: TorchScript cannot compile the custom autograd.Function {function.__name__}")


def _hold_by_assertions(graph: fx.Graph) -> None:
    for node in list(graph.nodes):
        if node.target is hold_condition:
            condition, answer, _error, message = node.args
            with graph.inserting_before(node):
                held = graph.call_function(operator.eq, (condition, answer))
                graph.call_function(torch._assert, (held, message))  # noqa: SLF001 - public, but for its name
            graph.erase_node(node)
        elif node.target is hold:
            parameter = node.args[0]
            graph.erase_node(node)
            if not parameter.users:
                graph.erase_node(parameter)
