"""Names what a model computes while it runs, by the rule for node names, without tracing it.

A function mode sees each call of torch's functions in the thread that runs the model, and hooks tell in which module it
is made. The names are tied to the path that the input takes: a condition, or the length of a loop, decides what runs.
They are not those of torch.fx, which counts more than what yields tensors: both rules agree on the form only. An item
taken out of a tuple or a tensor (``getitem``) is never named: of tuples only torch.fx sees it.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable, Collection, Iterable
from contextlib import ExitStack
from types import CodeType, FrameType
from typing import Any, NamedTuple

import torch
from torch import nn
from torch.overrides import TorchFunctionMode

from fxlens.tracing.describe.module_queries import first_paths, takes_hooks
from fxlens.tracing.record.forward_lines import is_internal
from fxlens.tracing.record.naming import FxlensNaming, Operation
from fxlens.tracing.record.tracer import NodePathTracer
from fxlens.tracing.torch_private import innermost_function_mode

IsLeaf = Callable[[nn.Module, str], bool]


class Step(NamedTuple):
    """What was named in a module, and by which instruction of the model's code; its own call has the name ``""``."""

    name: str
    code: CodeType | None
    instruction: int

    @property
    def line(self) -> str:
        """The line as ``net.py:12``; nothing where no code of the model is known."""
        if self.code is None:
            return ""
        lines = (line for first, end, line in self.code.co_lines() if first <= self.instruction < end)
        return f"{self.code.co_filename.replace(chr(92), '/').rpartition('/')[2]}:{next(lines, None)}"


class _Open(NamedTuple):
    """A call of a module that has not returned: ``suspends`` says whether the mode is off until then."""

    path: str
    is_leaf: bool
    suspends: bool
    handled: BaseException | None


class Recorder(TorchFunctionMode):
    """Tells ``take`` of every named value while the model runs: of modules what they return, of operations tensors.

    Inside leaf modules operations have no names, and the mode is off: layers that are faster where nobody looks on stay
    as fast.

    Args:
        model: the model.
        is_leaf: whether a module, at its path, is one node.
        take: called with each name and value.
        trails: the paths of modules in which all steps are kept, in ``trails``.
        outermost: the code of the function that runs the model.

    Attributes:
        names: all names so far, in the order in which their values were there.
        calls: how often each module was called so far, by path.
        trails: what was named so far directly in a module.
        is_paused: whether somebody else runs the model meanwhile.
        operation: the word for the operation whose value ``take`` is told of; ``None`` for a module's.
    """

    def __init__(
        self,
        model: nn.Module,
        is_leaf: IsLeaf,
        take: Callable[[str, Any], None],
        trails: Collection[str] = (),
        outermost: CodeType | None = None,
    ) -> None:
        super().__init__()
        self.names: list[str] = []
        self.calls: Counter[str] = Counter()
        self.trails: dict[str, list[Step]] = {path: [] for path in trails}
        self.is_paused: Callable[[], bool] = bool
        self.operation: str | None = None
        self._model = model
        self._is_leaf = is_leaf
        self._take = take
        self._outermost = outermost
        self._rule = FxlensNaming(path for path, _ in model.named_modules(remove_duplicate=False))
        self._open: list[_Open] = []
        self._leaves = 0
        self._is_on = False
        self._is_taking = False

    def watch(self, stack: ExitStack) -> None:
        """Begin; ``stack`` ends it."""
        first = first_paths(self._model)
        for path, module in self._model.named_modules(remove_duplicate=False):
            if path and first[id(module)] == path and takes_hooks(module):
                stack.callback(module.register_forward_pre_hook(self._enter(path, module), prepend=True).remove)
                # Where the module raises, too: the model may catch it, and is then in the caller again.
                stack.callback(module.register_forward_hook(self._leave(path, module), always_call=True).remove)
        self._switch(on=True)
        stack.callback(self._switch, on=False)

    def _switch(self, *, on: bool) -> None:
        mode: Any = self
        if on and not self._is_on:
            mode.__enter__()
        elif self._is_on and not on:
            mode.__exit__(None, None, None)
        self._is_on = on

    def _enter(self, path: str, module: nn.Module) -> Callable[..., None]:
        def enter(called: nn.Module, _args: Any) -> None:
            if called is not module or self.is_paused():
                return
            is_leaf = not self._leaves and self._is_leaf(module, path)
            suspends = is_leaf and innermost_function_mode() is self
            if path in self.trails:
                self.trails[path].append(Step("", None, 0))
            self._open.append(_Open(path, is_leaf, suspends, sys.exc_info()[1]))
            self._leaves += is_leaf
            if suspends:
                self._switch(on=False)

        return enter

    def _leave(self, path: str, module: nn.Module) -> Callable[..., None]:
        def leave(called: nn.Module, _args: Any, output: Any) -> None:
            if called is not module or self.is_paused():
                return
            # A call inside may have raised what nobody but the model caught.
            while self._open:
                opened = self._open.pop()
                self._leaves -= opened.is_leaf
                if opened.suspends:
                    self._switch(on=True)
                if opened.path == path:
                    break
            else:
                return
            if sys.exc_info()[1] is opened.handled:  # else it raised
                self.calls[path] += 1
                self._note(self._rule.of_module(path), output)

        return leave

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        value = func(*args, **(kwargs or {}))
        if not self._leaves and not self._is_taking and _holds_tensors(value) and not self.is_paused():
            label = operation_name(func)
            if label is not None:
                self.operation = label
                self._note(self._rule.of_operation(Operation(self.scope, label, label)), value)
                self.operation = None
        return value

    @property
    def scope(self) -> str:
        """The path of the module whose ``forward`` is running."""
        return self._open[-1].path if self._open else ""

    def _note(self, name: str, value: Any) -> None:
        self.names.append(name)
        trail = self.trails.get(self.scope)
        if trail is not None:
            trail.append(Step(name, *self._instruction()))
        # Copies of a module's output are not operations of the model.
        self._is_taking = True
        try:
            self._take(name, value)
        finally:
            self._is_taking = False

    def _instruction(self) -> tuple[CodeType | None, int]:
        """Which instruction of the model's code is running."""
        frame: FrameType | None = sys._getframe(1)  # noqa: SLF001 - as for lines: no stack is built
        while frame is not None and frame.f_code is not self._outermost:
            if not is_internal(frame.f_code):
                return frame.f_code, frame.f_lasti
            frame = frame.f_back
        return None, 0


def operation_name(function: Any) -> str | None:
    """The name of a function of torch as nodes have it; ``None`` for what gets none.

    Operators have the name that torch.fx gives, as far as torch tells them from methods: ``2 - x`` is ``sub``, while
    ``x / 2`` is ``div``.

    Example:
        >>> [operation_name(each) for each in (torch.relu, torch.Tensor.__rsub__, torch.Tensor.__getitem__)]
        ['relu', 'sub', None]
    """
    name = str(getattr(function, "__name__", "")).partition(".")[0]  # of an overload `add.Tensor`
    if name.startswith("__"):
        name = name.strip("_")
        if name in _ITEMS:
            return None
        if name[:1] in ("r", "i") and name[1:] in _OPERATORS:
            name = name[1:]
        if name in ("and", "or"):
            name += "_"
    return name if name.isidentifier() else None


_ITEMS = frozenset({"getitem", "get", "iter"})
"""What takes out of a value what is there: items, and attributes such as ``x.T``."""
_OPERATORS = frozenset(
    {"add", "sub", "mul", "matmul", "div", "truediv", "floordiv", "mod", "pow", "and", "or", "xor", "lshift", "rshift"}
)


def _holds_tensors(value: Any) -> bool:
    if isinstance(value, (tuple, list)):
        return any(isinstance(item, torch.Tensor) for item in value)
    return isinstance(value, torch.Tensor)


def leaf_test(leaf_modules: Iterable[type[nn.Module]]) -> IsLeaf:
    """Whether a module is one node, as where it is traced."""
    return NodePathTracer(leaf_modules).is_leaf_module
