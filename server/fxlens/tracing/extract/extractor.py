"""The modules that :func:`fxlens.create_feature_extractor` returns; traced: two graphs, one set of parameters."""

from __future__ import annotations

import copy
import inspect
import linecache
import weakref
from collections.abc import Callable, Mapping
from itertools import count
from types import MappingProxyType, SimpleNamespace
from typing import TYPE_CHECKING, Any, ClassVar, Literal, TypeAlias, get_type_hints

import torch
from torch import fx, nn
from torch.fx.graph import PythonCode

from fxlens.graph import MODES, Mode
from fxlens.tracing.extract.codegen import ExtractorCodeGen, arguments_of, parameters_of
from fxlens.tracing.extract.graph_records import Record, graph_of, records_of
from fxlens.tracing.model_state.mode_state import ModeEffects

if TYPE_CHECKING:
    from typing_extensions import Self

Backend: TypeAlias = Literal["fx", "hooks", "record"]
"""How an extractor takes values: from a traced graph, from forward hooks, or by naming what runs."""

_numbers = count()


class Extractor(nn.Module):
    """Returns intermediate values of the model that it was made from, under the user's keys.

    Attributes:
        backend: how it takes them. With ``"fx"`` it is a :class:`FeatureExtractor`, which has graphs.
    """

    backend: ClassVar[Backend]


class FeatureExtractor(fx.GraphModule, Extractor):
    """An extractor that runs traced graphs; its output is an ``OrderedDict``.

    It has one graph per mode; ``training`` decides at every call which one runs, so ``train()``, ``eval()``,
    ``torch.compile``, ``copy.deepcopy`` and ``pickle`` all keep their meaning. Leaf modules and parameters are the
    model's own, under the model's own paths: training the extractor trains the model, and its ``state_dict`` is a part
    of the model's. Like every ``GraphModule`` it may be edited: change a graph, then call :meth:`recompile`.

    Attributes:
        train_graph: the ``torch.fx.Graph`` of train mode.
        eval_graph: the ``torch.fx.Graph`` of eval mode; the same object, if one graph serves both.
        graph: the graph of the current mode.
    """

    backend: ClassVar[Backend] = "fx"
    # TorchScript compiles properties, if it is not told to leave them alone.
    __jit_unused_properties__ = ["graph", "code", "_graph", "_code", "_boxed_call"]  # noqa: RUF012 - as the base class has it

    mode_effects: Mapping[Mode, ModeEffects] = MappingProxyType({})

    def __init__(self, class_name: str, train_graph: fx.Graph, eval_graph: fx.Graph) -> None:
        # GraphModule sets up what its version needs; its way to take modules over would lose what kind buffers are of.
        super().__init__({}, fx.Graph(), class_name)
        self.train_graph = train_graph
        self.eval_graph = eval_graph
        type(self).__module__ = __name__
        type(self).__doc__ = FeatureExtractor.__doc__
        self._compile()

    def train(self, mode: bool = True) -> Self:
        """Switch the mode, and do what a ``train`` of the model's own does besides: what it freezes stays frozen."""
        super().train(mode)
        effects = self.mode_effects.get("train" if mode else "eval")
        if effects is not None:
            effects.apply(self)
        return self

    @property
    def _graph(self) -> fx.Graph:
        """Where ``GraphModule`` keeps its graph, which is that of the current mode."""
        return self.train_graph if self.training else self.eval_graph

    @_graph.setter
    def _graph(self, graph: fx.Graph) -> None:
        both = self.__dict__.get("train_graph") is self.__dict__.get("eval_graph")
        for mode in MODES:
            if both or (mode == "train") is self.training:
                self.__dict__[f"{mode}_graph"] = graph

    @property
    def _code(self) -> str:
        return str(self.codes_by_mode["train" if self.training else "eval"].src)

    def recompile(self) -> PythonCode:
        """Make the code of both modes again, after an edit of a graph; returns that of the current mode."""
        self._compile()
        for child in self.children():
            if isinstance(child, fx.GraphModule):
                child.recompile()
        return self.codes_by_mode["train" if self.training else "eval"]

    codes_by_mode: ClassVar[Mapping[Mode, PythonCode]]

    def _compile(self) -> None:
        # GraphModule makes a class for each instance, so that it can have its own `forward`.
        members: Any = type(self)
        codes: dict[Mode, PythonCode] = {}
        run: Callable[..., Any] | None = None
        for mode in MODES:
            graph: fx.Graph = self.__dict__[f"{mode}_graph"]
            if run is None or graph is not self.train_graph:
                graph.owning_module = self
                code = graph.python_code("self")
                run = compiled(str(code.src), code.globals)
            codes[mode] = code
            setattr(members, f"_forward_{mode}", run)
        members.codes_by_mode = codes
        members.forward = _switch(codes, self.train_graph, self.eval_graph)

    def delete_all_unused_submodules(self) -> None:
        """Delete the modules that neither graph needs."""
        used: set[str] = set()
        for graph in (self.train_graph, self.eval_graph):
            for node in graph.nodes:
                if node.op in ("call_module", "get_attr"):
                    parts = str(node.target).split(".")
                    used.update(".".join(parts[:length]) for length in range(1, len(parts) + 1))
                if node.op == "call_module":
                    inner = self.get_submodule(str(node.target)).named_modules()
                    used.update(f"{node.target}.{path}" for path, _ in inner if path)
        for path in [path for path, _ in self.named_modules() if path and path not in used]:
            self.delete_submodule(path)

    def __prepare_scriptable__(self) -> nn.Module:
        """What ``torch.jit.script`` compiles: the graph of the current mode."""
        from fxlens.tracing.extract.scripting import scriptable

        return scriptable(self)

    def _plain_class(self) -> type[FeatureExtractor]:
        """The class of this extractor, without the one that ``GraphModule`` made for this instance."""
        return next(kind for kind in type(self).__mro__ if kind.__qualname__.rpartition(".")[2] != "GraphModuleImpl")

    def __copy__(self) -> FeatureExtractor:
        """An extractor of the same graphs, modules and tensors, to which others may be added."""
        result: FeatureExtractor = type(self).__new__(type(self))
        result.__dict__ = self.__dict__.copy()
        for name in ("_parameters", "_buffers", "_modules"):
            result.__dict__[name] = self.__dict__[name].copy()
        for name in (
            "codes_by_mode",
            "_forward_train",
            "_forward_eval",
            "forward",
            "__name__",
            "__module__",
            "__doc__",
        ):
            setattr(type(result), name, getattr(type(self), name))
        return result

    def _replicate_for_data_parallel(self) -> FeatureExtractor:
        replica = self.__copy__()
        replica.__dict__["_parameters"] = {}
        replica.__dict__["_is_replica"] = True
        return replica

    def __deepcopy__(self, memo: dict[int, Any]) -> FeatureExtractor:
        train = copy.deepcopy(self.train_graph)
        evaluation = train if self.eval_graph is self.train_graph else copy.deepcopy(self.eval_graph)
        result = extractor_of(self._plain_class(), type(self).__name__, train, evaluation)
        memo[id(self)] = result
        set_state(result, {name: copy.deepcopy(value, memo) for name, value in self._state().items()})
        for hook in self.__dict__.get("_deepcopy_hooks", ()):
            hook(result)
        return result

    def __reduce__(self) -> tuple[Any, ...]:
        return _unpickled, self._reduced(), self._state()

    def __reduce_package__(self, exporter: Any) -> tuple[Any, ...]:
        return _unpackaged, (*self._reduced(), self._state())

    def _reduced(self) -> tuple[Any, ...]:
        train, evaluation = records_of(self.train_graph), None
        if self.eval_graph is not self.train_graph:
            evaluation = records_of(self.eval_graph)
        return self._plain_class(), type(self).__name__, train, evaluation

    def _state(self) -> dict[str, Any]:
        return {name: value for name, value in self.__dict__.items() if name not in ("train_graph", "eval_graph")}


def extractor_of(
    kind: type[FeatureExtractor], class_name: str, train_graph: fx.Graph, eval_graph: fx.Graph
) -> FeatureExtractor:
    """An extractor of the class ``kind`` that can run both graphs, but has no modules yet."""
    extractor: FeatureExtractor = kind.__new__(kind)
    FeatureExtractor.__init__(extractor, class_name, train_graph, eval_graph)
    return extractor


def _unpickled(
    kind: type[FeatureExtractor], class_name: str, train: list[Record], evaluation: list[Record] | None
) -> FeatureExtractor:
    """The extractor of these graphs (``None``: one for both modes); its modules and tensors are still to come."""
    graph = graph_of(train)
    return extractor_of(kind, class_name, graph, graph if evaluation is None else graph_of(evaluation))


def _unpackaged(_importer: Any, *parts: Any) -> FeatureExtractor:
    *reduced, state = parts
    extractor = _unpickled(*reduced)
    set_state(extractor, state)
    return extractor


def set_state(extractor: FeatureExtractor, state: dict[str, Any]) -> None:
    """Give ``extractor`` the attributes of another, as unpickling does."""
    restore: Any = extractor.__setstate__
    restore(state)


def build_extractor(
    model: nn.Module,
    graphs: Mapping[Mode, fx.Graph],
    modules: Mapping[str, nn.Module],
    attributes: Mapping[str, torch.Tensor],
    kind: type[FeatureExtractor] = FeatureExtractor,
) -> FeatureExtractor:
    """An extractor that runs ``graphs``, with the modules and tensors that they name, taken from ``model``.

    Args:
        model: where the extractor's mode and its containers' modes come from.
        modules: the modules of ``model``, by path.
        attributes: the tensors that the graphs read, by path. What is not a parameter or buffer of ``model`` becomes a
            buffer that is not in the ``state_dict``: it follows ``.to()``, and the keys stay the model's.
        kind: the class of the extractor.
    """
    for mode in MODES:
        graphs[mode].set_codegen(ExtractorCodeGen())
        _resolve_annotations(model, graphs[mode])
    extractor = extractor_of(kind, type(model).__name__, graphs["train"], graphs["eval"])
    _copy_mode(model, extractor)
    adopt(extractor, graphs, modules, attributes)
    return extractor


def adopt(
    extractor: nn.Module,
    graphs: Mapping[Mode, fx.Graph],
    modules: Mapping[str, nn.Module],
    attributes: Mapping[str, Any],
) -> None:
    """Give ``extractor`` the modules and tensors that ``graphs`` name; see :func:`build_extractor`."""
    nodes = [node for mode in MODES for node in graphs[mode].nodes]
    called = {str(node.target) for node in nodes if node.op == "call_module"}
    # In the model's order, which is that of its state_dict. Outer modules come first, their inner ones with them.
    for path in filter(called.__contains__, modules):
        home, name = _home(extractor, path, modules)
        if name not in home._modules:  # noqa: SLF001 - hasattr would also find plain attributes
            home.add_module(name, modules[path])
    for path in dict.fromkeys(str(node.target) for node in nodes if node.op == "get_attr"):
        home, name = _home(extractor, path, modules)
        if not hasattr(home, name):
            _attach(home, name, attributes[path], modules.get(path.rpartition(".")[0]))


def _resolve_annotations(model: nn.Module, graph: fx.Graph) -> None:
    """With ``from __future__ import annotations`` the parameters' types are text, which TorchScript cannot read."""
    names = getattr(inspect.unwrap(type(model).forward), "__globals__", {})
    for node in parameters_of(graph.nodes):
        if isinstance(node.type, str):
            holder = SimpleNamespace(__annotations__={"it": node.type})
            try:
                node.type = get_type_hints(holder, names)["it"]
            except Exception:  # what is only imported for type checkers; it stays text
                continue


def _home(extractor: nn.Module, path: str, modules: Mapping[str, nn.Module]) -> tuple[nn.Module, str]:
    """The container of what shall be at ``path``, made if it is missing, and the last part of ``path``."""
    *parents, name = path.split(".")
    home, so_far = extractor, ""
    for parent in parents:
        so_far = f"{so_far}.{parent}" if so_far else parent
        if parent not in home._modules:  # noqa: SLF001
            container = nn.Module()
            _copy_mode(modules.get(so_far), container)
            home.add_module(parent, container)
        home = home.get_submodule(parent)
    return home, name


def _copy_mode(original: nn.Module | None, container: nn.Module) -> None:
    if original is not None:
        container.training = original.training


def _attach(home: nn.Module, name: str, value: Any, original: nn.Module | None) -> None:
    if isinstance(value, nn.Parameter):
        home.register_parameter(name, value)
    elif isinstance(value, torch.Tensor):
        buffers = {} if original is None else original._buffers  # noqa: SLF001
        transient = set() if original is None else original._non_persistent_buffers_set  # noqa: SLF001
        home.register_buffer(name, value, persistent=name in buffers and name not in transient)
    else:
        setattr(home, name, value)


def _switch(codes: Mapping[Mode, PythonCode], train: fx.Graph, evaluation: fx.Graph) -> Callable[..., Any]:
    """``forward``, with the parameters of the model's: it runs the graph of the current mode."""
    parameters = parameters_of(evaluation.nodes)
    header = next(line for line in str(codes["eval"].src).splitlines() if line.startswith("def forward("))
    arguments = arguments_of(parameters)
    if [node.target for node in parameters] != [node.target for node in parameters_of(train.nodes)]:
        header, arguments = "def forward(self, *args, **kwargs):", "*args, **kwargs"
    source = (
        f"{header}\n"
        f"    run = self._forward_train if self.training else self._forward_eval\n"
        f"    return run({arguments})\n"
    )
    return compiled(source, codes["eval"].globals)


def compiled(source: str, names: Mapping[str, Any]) -> Callable[..., Any]:
    """The function ``forward`` of ``source``. Tracebacks and debuggers show its lines as long as it lives."""
    file = f"<fxlens extractor {next(_numbers)}>"
    scope = dict(names)
    exec(compile(source, file, "exec", dont_inherit=True), scope)
    function: Callable[..., Any] = scope.pop("forward")
    linecache.cache[file] = (len(source), None, source.splitlines(keepends=True), file)
    # torch.fx keeps such text forever.
    weakref.finalize(function.__code__, linecache.cache.pop, file, None).atexit = False
    return function
