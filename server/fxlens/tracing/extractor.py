"""The module that :func:`fxlens.create_feature_extractor` returns: two graphs, one set of parameters."""

from __future__ import annotations

import keyword
import linecache
import re
import sys
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import reduce
from itertools import count
from typing import Any, NamedTuple

import torch
from torch import fx, nn

from fxlens.graph import MODES, Mode
from fxlens.tracing.contexts import with_statements
from fxlens.tracing.values import map_ends

_numbers = count()


class FeatureExtractor(nn.Module):
    """Returns intermediate values of the model it was made from, as an ``OrderedDict`` of the user's keys.

    It has one graph per mode; ``training`` decides at every call which one runs, so ``train()``, ``eval()``,
    ``torch.compile``, ``copy.deepcopy`` and ``pickle`` all keep their meaning. Leaf modules and parameters are the
    model's own, under the model's own paths: training the extractor trains the model, and its ``state_dict`` is a part
    of the model's.

    Attributes:
        train_graph: the ``torch.fx.Graph`` of train mode.
        eval_graph: the ``torch.fx.Graph`` of eval mode.
    """

    train_graph: fx.Graph
    eval_graph: fx.Graph

    @property
    def graph(self) -> fx.Graph:
        """The graph of the present mode."""
        return self.train_graph if self.training else self.eval_graph

    @property
    def code(self) -> str:
        """The Python code that runs in the present mode."""
        return _source(self.graph)[0]

    def __reduce_ex__(self, protocol: Any) -> tuple[Any, ...]:
        # The class exists for this one instance, so it is rebuilt from its graphs; copy.deepcopy goes this way too.
        train, evaluation = _records(self.train_graph), None
        if self.eval_graph is not self.train_graph:
            evaluation = _records(self.eval_graph)
        return _unpickled, (type(self).__name__, train, evaluation), self.__dict__


def build_extractor(
    model: nn.Module,
    graphs: Mapping[Mode, fx.Graph],
    modules: Mapping[str, nn.Module],
    attributes: Mapping[str, torch.Tensor],
) -> FeatureExtractor:
    """An extractor that runs ``graphs``, with the modules and tensors that they name, taken from ``model``.

    Args:
        model: where the extractor's mode and its containers' modes come from.
        modules: the modules of ``model``, by path.
        attributes: the tensors that the graphs read, by path. What is no parameter or buffer of ``model`` becomes a
            buffer that is not in the ``state_dict``: it follows ``.to()``, and the keys stay the model's.
    """
    extractor = _empty(type(model).__name__, graphs["train"], graphs["eval"])
    _copy_mode(model, extractor)
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
    return extractor


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


@dataclass(frozen=True)
class _Ref:
    """Another node of the same graph, by name."""

    name: str


class _Function(NamedTuple):
    """A function by the name under which it is found: some of torch's cannot be pickled as they are."""

    module: str
    name: str


class _Record(NamedTuple):
    """One node of a graph, as data that can be pickled."""

    op: str
    name: str
    target: Any
    args: Any
    kwargs: Any


def _records(graph: fx.Graph) -> list[_Record]:
    def refer(value: Any) -> Any:
        return _Ref(value.name) if isinstance(value, fx.Node) else value

    return [
        _Record(node.op, node.name, _named(node.target), map_ends(node.args, refer), map_ends(node.kwargs, refer))
        for node in graph.nodes
    ]


def _named(target: Any) -> Any:
    if isinstance(target, str):
        return target
    name = getattr(target, "__name__", "")
    for home in (getattr(target, "__module__", None), "torch", "torch.nn.functional", "operator"):
        if home in sys.modules and getattr(sys.modules[home], name, None) is target:
            return _Function(home, name)
    return target


def _unpickled(class_name: str, train: list[_Record], evaluation: list[_Record] | None) -> FeatureExtractor:
    """The extractor of these graphs (``None``: one for both modes); its modules and tensors are still to come."""
    graph = _graph(train)
    return _empty(class_name, graph, graph if evaluation is None else _graph(evaluation))


def _empty(class_name: str, train_graph: fx.Graph, eval_graph: fx.Graph) -> FeatureExtractor:
    """An extractor of a class of its own, that can run both graphs but has no modules yet."""
    forward_train = _compile(train_graph)
    members: dict[str, Any] = {
        "train_graph": train_graph,
        "eval_graph": eval_graph,
        "_forward_train": forward_train,
        "_forward_eval": forward_train if eval_graph is train_graph else _compile(eval_graph),
    }
    members["forward"] = _switch(eval_graph)
    members["__module__"] = __name__
    members["__doc__"] = FeatureExtractor.__doc__
    extractor: FeatureExtractor = type(class_name, (FeatureExtractor,), members)()
    return extractor


def _graph(records: Iterable[_Record]) -> fx.Graph:
    graph = fx.Graph()
    nodes: dict[str, fx.Node] = {}

    def found(value: Any) -> Any:
        return nodes[value.name] if isinstance(value, _Ref) else value

    for record in records:
        target = record.target
        if isinstance(target, _Function):
            target = getattr(sys.modules[target.module], target.name)
        node = graph.create_node(
            record.op, target, map_ends(record.args, found), map_ends(record.kwargs, found), record.name
        )
        nodes[record.name] = node
    return graph


def _compile(graph: fx.Graph) -> Callable[..., Any]:
    if not any(isinstance(node.args[0], torch.Tensor) for node in _inputs(graph) if node.args):
        with suppress(SyntaxError):
            return _function("forward", *_source(graph))
    # A tensor cannot be written into code; and torch.fx makes keyword-only parameters positional, so that one without
    # default may follow one with. The caller of this function gives all of them, so the defaults may go.
    bare = _graph(_records(graph))
    for node in _inputs(bare):
        node.args = ()
    return _function("forward", *_source(bare))


def _inputs(graph: fx.Graph) -> list[fx.Node]:
    return [node for node in graph.nodes if node.op == "placeholder"]


def _source(graph: fx.Graph) -> tuple[str, dict[str, Any]]:
    """The code that runs ``graph``, and the names it uses.

    torch.fx writes ``self.class(x)`` for a module named ``class``, and does not escape what it puts into quotes. Such
    paths get a stand-in while torch.fx writes, and an expression of ours afterwards.
    """
    if not any(_is_unwritable(node) for node in graph.nodes):
        return _plain_source(graph)
    writable = _graph(_records(graph))
    expressions = []
    for node in filter(_is_unwritable, writable.nodes):
        expressions.append(reduce(lambda home, part: f"getattr({home}, {part!r})", node.target.split("."), "self"))
        node.target = f"{_STAND_IN}{len(expressions) - 1}"
    source, names = _plain_source(writable)
    pattern = rf"\bself\.{_STAND_IN}(\d+)\b"
    return re.sub(pattern, lambda found: expressions[int(found[1])], source), names


def _plain_source(graph: fx.Graph) -> tuple[str, dict[str, Any]]:
    code = graph.python_code("self")
    names = dict(code.globals)
    return with_statements(str(code.src), graph, names), names


_STAND_IN = "_fxlens_target_"


def _is_unwritable(node: fx.Node) -> bool:
    if node.op not in ("call_module", "get_attr"):
        return False
    path = str(node.target)
    # Python takes some letters outside ASCII for others where they stand in code, but not where they stand in quotes.
    plain = path.isascii() and path.isprintable() and '"' not in path and "\\" not in path
    return not plain or any(map(keyword.iskeyword, path.split(".")))


def _switch(graph: fx.Graph) -> Callable[..., Any]:
    """``forward``, with the parameters of the model's: it runs the graph of the present mode."""
    inputs = _inputs(graph)
    names = {f"_default_{i}": node.args[0] for i, node in enumerate(inputs) if node.args}
    parameters, arguments = ["self"], []
    for i, node in enumerate(inputs):
        target = str(node.target)
        if not node.args and not target.startswith("*") and "=" in parameters[-1] and "*" not in parameters:
            parameters.append("*")
        parameters.append(f"{target}=_default_{i}" if node.args else target)
        arguments.append(target)
    source = (
        f"def forward({', '.join(parameters)}):\n"
        f"    run = self._forward_train if self.training else self._forward_eval\n"
        f"    return run({', '.join(arguments)})\n"
    )
    return _function("forward", source, names)


def _function(name: str, source: str, names: dict[str, Any]) -> Callable[..., Any]:
    file = f"<fxlens extractor {next(_numbers)}>"
    exec(compile(source, file, "exec"), names)
    # Tracebacks and debuggers then show the generated lines.
    linecache.cache[file] = (len(source), None, source.splitlines(keepends=True), file)
    function: Callable[..., Any] = names[name]
    return function
