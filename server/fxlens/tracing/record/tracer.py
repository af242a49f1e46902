"""The tracer: torch.fx's, with a name and a line of source for every node, and linear in the model's size."""

from __future__ import annotations

import operator
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from itertools import takewhile
from types import FrameType
from typing import Any

import torch
from torch import fx, nn
from torch.autograd import Function
from torch.fx.proxy import Attribute

from fxlens.graph import Dialect, SourceLine
from fxlens.tracing.model_state.snapshot import tracing_lock
from fxlens.tracing.record.asking import asking_line, guarded_line, here
from fxlens.tracing.record.branches import Question, caught_error, is_tensor, known_class, lost_lookup
from fxlens.tracing.record.changes import LiveChange, lost_checkpoint, lost_function
from fxlens.tracing.record.checkpoints import Checkpoint, mark, mark_results
from fxlens.tracing.record.conditions import Decision, decide, hold_condition
from fxlens.tracing.record.context_nodes import Contexts
from fxlens.tracing.record.context_recorder import ContextWatch, watched_contexts
from fxlens.tracing.record.entry import entry, is_entered_otherwise
from fxlens.tracing.record.forward_lines import RunningExpression, definition_line, running_expression, running_line
from fxlens.tracing.record.inplace import InPlaceProxy
from fxlens.tracing.record.known_values import KnownValues
from fxlens.tracing.record.lengths import known_length
from fxlens.tracing.record.naming import FxlensNaming, NamingRule, Operation, TorchvisionNaming
from fxlens.tracing.record.node_records import ModuleCall, NodeOrigin, room_on_the_stack
from fxlens.tracing.record.recorded_calls import AppliedFunction, node_name, recorded_calls, separated
from fxlens.tracing.record.structures import nodes_in, nodes_of
from fxlens.tracing.record.tensor_reads import TensorReadTracer
from fxlens.tracing.record.type_calls import answered_types, recorded_limits


class CarriedError(Exception):
    """A value of a trace that has ended, which ``forward`` had kept, is used in the next one.

    Attributes:
        nodes: the nodes of the ended trace that are used.
    """

    def __init__(self, nodes: list[fx.Node]) -> None:
        super().__init__("a value of an earlier trace is used")
        self.nodes = nodes


class NodePathTracer(TensorReadTracer):
    """A ``torch.fx.Tracer`` that gives every node a dotted name, and notes where in ``forward`` it was made.

    Args:
        leaf_modules: module classes that are traced as one node, besides the layers of ``torch.nn``.
        naming: ``"fxlens"``, or ``"torchvision"`` or ``"timm"`` for the names that those libraries give.
        traces_through: whether the operations inside a custom ``torch.autograd.Function`` become nodes, as torch.fx
            has it, and not one node that keeps its backward. By default with the names of torchvision and timm.
        tracer_kwargs: further keyword arguments go to ``torch.fx.Tracer`` (``autowrap_functions`` …).

    Attributes:
        node_to_qualname: the name of each named node, in execution order. The output node, buffer reads and tensor
            constants have none.
        node_to_origin: the scope, the source line and the expression in it of each named node.
        node_to_contexts: the context managers (``torch.no_grad()`` …) that were open in ``forward`` when the node was
            made, if there have been any by then.
        module_calls: the calls of all modules but the root, in the order in which they returned.
        left_out: arguments of ``forward`` that are left at their defaults, under our own rule. They have no names.
        failed_in: path and class of the innermost module whose ``forward`` raised, if one did.
        functions: the nodes that each apply a custom ``torch.autograd.Function``.
        checkpoints: the calls of ``torch.utils.checkpoint``; their nodes are marked in ``meta``.
        answers_as_tensor: whether traced tensors answer ``isinstance`` and ``hasattr`` as tensors; by default under our
            own rule.
        questions: where ``forward`` asks otherwise, what a traced value is.
        changes: what ``forward`` does and the graph does not.
        has_ended: whether operations on traced values raise :class:`CarriedError`, so that the graph stays as it is.

    Raises:
        NamingError: from :meth:`trace`, where torchvision's own naming would crash.

    Example:
        >>> tracer = NodePathTracer()
        >>> graph = tracer.trace(nn.Sequential(nn.Linear(2, 2), nn.ReLU()))
        >>> list(tracer.node_to_qualname.values())
        ['input', '0', '1']
    """

    def __init__(
        self,
        leaf_modules: Iterable[type[nn.Module]] = (),
        *,
        naming: Dialect = "fxlens",
        traces_through: bool | None = None,
        **tracer_kwargs: Any,
    ) -> None:
        super().__init__(**tracer_kwargs)
        self.leaf_modules = tuple(leaf_modules)
        self.left_out: frozenset[str] = frozenset()
        self.naming: Dialect = naming
        self.node_to_qualname: dict[fx.Node, str] = {}
        self.node_to_origin: dict[fx.Node, NodeOrigin] = {}
        self.node_to_contexts: dict[fx.Node, Contexts] = {}
        self.module_calls: list[ModuleCall] = []
        self.failed_in: tuple[str, type[nn.Module]] | None = None
        self.rule: NamingRule = FxlensNaming()
        self._is_leaf: dict[type[nn.Module], bool] = {}
        # fx.Tracer owns the name `scope`.
        self._current_path = ""
        self._caller_path = ""
        self._entry_line: SourceLine | None = None
        self._watch = ContextWatch()
        self.traces_through = naming != "fxlens" if traces_through is None else traces_through
        self.functions: list[fx.Node] = []
        self.checkpoints: list[Checkpoint] = []
        self.changes: list[LiveChange] = []
        self._checkpoint: Checkpoint | None = None
        self._modules: dict[str, nn.Module] | None = None
        self.answers_as_tensor = naming == "fxlens"
        self.questions: list[Question] = []
        self.caught: list[Question] = []
        self.known_values = KnownValues(self)
        self.has_ended = False
        self._raised: Question | None = None

    def trace(self, root: nn.Module | Callable[..., Any], concrete_args: dict[str, Any] | None = None) -> fx.Graph:
        """Trace ``root``; the names are in :attr:`node_to_qualname` afterwards.

        Unlike :func:`fxlens.trace_model` this is torch.fx as it is: ``forward`` runs and may change the model.
        """
        self._current_path = self._caller_path = ""
        self.node_to_qualname, self.node_to_origin, self.module_calls, self.failed_in = {}, {}, [], None
        self.node_to_contexts = {}
        self.functions, self.checkpoints, self.changes = [], [], []
        self.questions, self.caught, self._modules = [], [], None
        self.known_values = KnownValues(self)
        if not isinstance(root, nn.Module):
            self.rule, self._entry_line = _rule(self.naming, ()), definition_line(root)
            return self._trace(root, concrete_args)
        paths = [path for path, _ in root.named_modules(remove_duplicate=False)]
        self.rule = _rule(self.naming, paths)
        own = vars(root).get("forward") if self.naming == "fxlens" else None
        self._entry_line = definition_line(own or getattr(type(root), self.traced_func_name, None) or type(root))
        self._name_tensors(root)
        with room_on_the_stack(max(path.count(".") for path in paths) + 2):
            return self._trace(root, concrete_args)

    def _trace(self, root: nn.Module | Callable[..., Any], concrete_args: dict[str, Any] | None) -> fx.Graph:
        with ExitStack() as stack:
            stack.enter_context(tracing_lock)
            self._thread = threading.get_ident()
            self._watch = stack.enter_context(watched_contexts())
            stack.enter_context(recorded_calls(self))
            if self.naming == "fxlens":
                stack.enter_context(recorded_limits())
            if isinstance(root, nn.Module):
                stack.enter_context(answered_types(root))
            # torchvision's names are those of the class's own forward, whatever is called.
            is_own = isinstance(root, nn.Module) and self.naming == "fxlens"
            if isinstance(root, nn.Module) and is_own and (self.left_out or is_entered_otherwise(root)):
                self.traced_func_name = stack.enter_context(entry(root, self.left_out))
                stack.callback(delattr, self, "traced_func_name")
            stack.callback(setattr, self.known_values, "is_over", True)
            graph = super().trace(root, concrete_args)
        if self.checkpoints:
            mark_results(graph)
        self.changes.extend(caught_error(graph, question, _INSTEAD) for question in self.caught[:1])
        self.changes.extend(lost_lookup(graph, question, _INSTEAD) for question in self.known_values.unanswered[:1])
        return graph

    def is_leaf_module(self, m: nn.Module, module_qualified_name: str) -> bool:
        cached = self._is_leaf.get(type(m))
        if cached is None:
            # What TorchScript has compiled has no Python code that could be traced.
            scripted = self.naming == "fxlens" and isinstance(m, torch.jit.ScriptModule)
            cached = scripted or isinstance(m, self.leaf_modules) or super().is_leaf_module(m, module_qualified_name)
            self._is_leaf[type(m)] = cached
        return cached

    def call_module(
        self, m: nn.Module, forward: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> Any:
        if threading.get_ident() != self._thread:
            return forward(*args, **kwargs)
        path = self.path_of_module(m)
        outer = self._current_path
        site = RunningExpression(None)
        try:
            if self.is_leaf_module(m, path):
                self._caller_path = outer
                if self.naming != "fxlens":
                    # torchvision counts what is made for the call's arguments (`x.shape`) among the leaf's own.
                    self._current_path = path
                result = self.create_proxy("call_module", path, args, kwargs)
            else:
                self._current_path = path
                site = running_expression(_TRACE_CODE)
                result = forward(*args, **kwargs)
        except Exception:
            if self.failed_in is None:
                self.failed_in = (path, type(m))
            raise
        finally:
            self._current_path = outer
        last = self._last_node()
        self.module_calls.append(ModuleCall(path, nodes_of(result), last, outer, site))
        return result

    def create_proxy(
        self, kind: str, target: Any, args: tuple[Any, ...], kwargs: dict[str, Any], *others: Any, **options: Any
    ) -> fx.Proxy:
        if self.has_ended:
            raise CarriedError(nodes_in(nodes_of((args, kwargs))))
        proxy = super().create_proxy(kind, target, args, kwargs, *others, **options)
        if not self.is_probing:
            own = target if isinstance(target, str) else getattr(target, "__name__", "")
            self._register(proxy.node, kind, target, own)
        return proxy

    def _register(self, node: fx.Node, kind: str, target: Any, own: str) -> None:
        """Note the name, the origin and the surroundings of a new node; ``own`` is the name of what it calls."""
        if kind == "placeholder" and target in self.left_out:
            return
        scope = self._caller_path if kind == "call_module" else self._current_path
        if kind == "call_module":
            name = self.rule.of_module(target)
        else:
            name = self.rule.of_operation(Operation(scope, node.name, own))
        self.node_to_qualname[node] = name
        if self._watch.seen:
            self.node_to_contexts[node] = self._watch.active
        if kind == "placeholder":
            self.node_to_origin[node] = NodeOrigin(scope, self._entry_line)
        else:
            self.node_to_origin[node] = NodeOrigin(scope, *running_expression(_TRACE_CODE))
        if self._checkpoint is not None and kind != "get_attr":
            mark(node, self._checkpoint)

    def function_call(
        self, function: type[Function], run: Callable[[], Any], args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> Any:
        """What ``function.apply`` returns: one node that calls it, where its arguments allow it."""
        if self.is_probing:
            return run()
        if not self.traces_through and not kwargs:
            recorded = separated(args, self.create_arg)
            if recorded is not None:
                return self._one_node(function, run, *recorded)
        before, changes = self._last_node(), len(self.changes)
        result = run()
        del self.changes[changes:]  # the warning about this call covers those inside
        self.changes.append(
            lost_function(function.__qualname__, running_line(_TRACE_CODE), self._nodes_after(before), self.naming)
        )
        return result

    def _one_node(
        self, function: type[Function], run: Callable[[], Any], values: list[Any], positions: tuple[Any, ...]
    ) -> Any:
        result, is_known = self._probe(run)
        target = AppliedFunction(function, positions)
        name = node_name(function)
        node = self.create_node("call_function", target, tuple(values), {}, name)
        self._register(node, "call_function", target, name)
        self.functions.append(node)
        proxy: Any = self.proxy(node)
        if not is_known or isinstance(result, (fx.Proxy, torch.Tensor)):
            return proxy
        if isinstance(result, (tuple, list)):
            kinds = (fx.Proxy, torch.Tensor)
            return tuple(proxy[at] if isinstance(item, kinds) else item for at, item in enumerate(result))
        return result

    def _probe(self, run: Callable[[], Any]) -> tuple[Any, bool]:
        """What ``run`` returns, without a trace of it in the graph; and whether it could be traced."""
        before, calls, failed = self._last_node(), len(self.module_calls), self.failed_in
        self.is_probing = True
        try:
            return run(), True
        except Exception:  # code that cannot be traced, such as a kernel of the user's
            return None, False
        finally:
            self.is_probing = False
            self.failed_in = failed
            del self.module_calls[calls:]
            for node in reversed(self._nodes_after(before)):
                self.graph.erase_node(node)

    def _last_node(self) -> fx.Node | None:
        return next(iter(reversed(self.graph.nodes)), None)

    def _nodes_after(self, node: fx.Node | None) -> tuple[fx.Node, ...]:
        return tuple(reversed([*takewhile(lambda later: later is not node, reversed(self.graph.nodes))]))

    def checkpoint_call(self, options: dict[str, Any]) -> AbstractContextManager[None]:
        """While this is open, the nodes are inside a call of ``torch.utils.checkpoint``."""
        if self.is_probing:
            return nullcontext()
        return self._inside(Checkpoint(options, running_line(_TRACE_CODE), self._checkpoint))

    @contextmanager
    def _inside(self, checkpoint: Checkpoint) -> Iterator[None]:
        before, outer = self._last_node(), self._checkpoint
        self._checkpoint = checkpoint
        self.checkpoints.append(checkpoint)
        try:
            yield
        finally:
            self._checkpoint = outer
        if self.naming != "fxlens" and outer is None:
            self.changes.append(lost_checkpoint(checkpoint.source, self._nodes_after(before), self.naming))

    def proxy(self, node: fx.Node) -> fx.Proxy:
        return InPlaceProxy(node, self)

    def value_class(self, value: fx.Proxy) -> type | None:
        """The class of a traced value, if that is certain."""
        return known_class(value, self._modules_by_path())

    def class_of(self, value: fx.Proxy, frame: FrameType) -> type:
        """The class that a traced value has for the code at ``frame``."""
        class_ = self.value_class(value)
        return class_ if class_ is not None and self.answers(frame) else type(value)

    def lacks(self, value: fx.Proxy, frame: FrameType) -> bool:
        """Whether a traced value shall answer the question at ``frame`` as a tensor; if not, it is noted."""
        return is_tensor(value.node, self._modules_by_path()) and self.answers(frame)

    def answers(self, frame: FrameType) -> bool:
        """Whether the question at ``frame`` is answered as when the model runs; if not, it is noted."""
        if not self.answers_as_tensor and not self.is_probing:
            source = asking_line(frame)
            if source is not None:
                self.questions.append(Question(source, len(self.graph.nodes)))
        return self.answers_as_tensor

    def note_error(self) -> None:
        """An error is about to be raised that a tensor would not raise; ``forward`` may catch it."""
        if self.is_probing:
            return
        source = guarded_line(here(), _TRACE_CODE)
        nodes = len(self.graph.nodes)
        if source is not None:
            self.caught.append(Question(source, nodes))
        else:
            source = asking_line(here())
            self._raised = Question(source, nodes) if source is not None else None

    def error_suppressed(self) -> None:
        """An error has ended at a ``contextlib.suppress``: the one that tracing raised, if there is one."""
        if self._raised is not None and self._raised.nodes == len(self.graph.nodes):
            self.caught.append(self._raised)
        self._raised = None

    def hold(self, condition: fx.Node, decision: Decision) -> None:
        """Have the graph hold to the answer of a condition, under no name."""
        for constant in decision.others:
            same = self.create_node("call_function", operator.eq, (decision.value, constant), {})
            condition = self.create_node("call_function", operator.or_, (condition, same), {})
        node = self.create_node("call_function", hold_condition, (condition, *decision.answer_and_error), {})
        if self._checkpoint is not None:
            mark(node, self._checkpoint)

    def to_bool(self, obj: fx.Proxy) -> bool:
        if self.naming == "fxlens" and not self.is_probing:
            decision = decide(obj, self.known_values.facts, here(), _TRACE_CODE)
            if decision is not None:
                self.hold(obj.node, decision)
                return decision.answer
        self.note_error()
        return super().to_bool(obj)

    def iter(self, obj: fx.Proxy) -> Iterator[Any]:
        length = self.length(obj)
        values: Any = obj
        if length is None:
            self.note_error()
            return super().iter(obj)
        return (values[at] for at in range(length))

    def _modules_by_path(self) -> dict[str, nn.Module]:
        if self._modules is None:
            self._modules = dict(self.root.named_modules(remove_duplicate=False))
        return self._modules

    def length(self, value: fx.Proxy) -> int | None:
        """The number of items of a traced value, under our own rule and where it is known."""
        if self.naming != "fxlens" or self.is_probing or isinstance(value, Attribute):
            return None
        return known_length(value.node, self._modules_by_path())


_INSTEAD = "make the module a leaf module, or decide by something that is known before forward runs"
_TRACE_CODE = NodePathTracer.trace.__code__


def _rule(naming: Dialect, module_paths: Iterable[str]) -> NamingRule:
    return FxlensNaming(module_paths) if naming == "fxlens" else TorchvisionNaming()
