"""The form of an extractor that ``torch.jit.script`` compiles.

TorchScript compiles ``forward`` and all that it calls. A traced extractor chooses between two graphs there, and both
would have to be TorchScript; torchvision's extractor, which has one at a time, can be scripted if its current graph
can. So can this form: its ``forward`` is the one of the current mode, and :meth:`train` exchanges it.
"""

from __future__ import annotations

import copy
from typing import Any

from torch import fx, nn

from fxlens.graph import MODES
from fxlens.tracing.codegen import ExtractorCodeGen
from fxlens.tracing.extractor import FeatureExtractor, compiled, extractor_of, set_state


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
    graphs = []
    for graph in (extractor.train_graph, extractor.eval_graph):
        graphs.append(copy.deepcopy(graph))
        graphs[-1].set_codegen(ExtractorCodeGen(scripted=True))
    result = extractor_of(ScriptableExtractor, type(extractor).__name__, *graphs)
    assert isinstance(result, ScriptableExtractor)
    state = {name: value for name, value in vars(extractor).items() if name not in ("train_graph", "eval_graph")}
    # TorchScript writes into what it prepares.
    state.update({name: vars(extractor)[name].copy() for name in ("_parameters", "_buffers", "_modules")})
    set_state(result, state)
    return result
