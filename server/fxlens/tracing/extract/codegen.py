"""Writes a graph as Python code, in place of torch.fx's own generator.

torch.fx lets a graph have its own generator (``Graph.set_codegen``). This one differs in what an extractor needs:

* nodes that enter and leave contexts become ``with`` statements, so that an exception leaves them too;
* any module path can be written: torch.fx writes ``self.class(x)``, and does not escape what it puts into quotes;
* a parameter may have a tensor as default, and keyword-only parameters stay after a ``*``;
* ``y += 1`` is written as such, which ``torch.jit.script`` understands, too.

Wherever the graph goes (``GraphModule``, deepcopy, ``recompile`` after an edit), its generator goes along.
"""

from __future__ import annotations

import builtins
import enum
import importlib
import keyword
import math
import sys
from collections import OrderedDict
from collections.abc import Callable, Iterable, Sequence
from functools import reduce
from typing import Any

import torch
from torch import fx
from torch.fx.graph import CodeGen, PythonCode, magic_methods

from fxlens.tracing.record.context_nodes import ATTENTION, AUTOCAST, INFERENCE, enter_context, leave_context
from fxlens.tracing.record.inplace import apply_in_place
from fxlens.tracing.record.structures import copy_of, map_ends
from fxlens.tracing.torch_private import python_code


class ExtractorCodeGen(CodeGen):
    """The generator of an extractor's graphs.

    Args:
        scripted: write what ``torch.jit.script`` can compile: plain dictionaries, ``clone()`` for copies, and of the
            contexts those that TorchScript has. What it has not leaves the values alone: kernels, and gradients
            switched on again.
    """

    def __init__(self, scripted: bool = False) -> None:
        super().__init__()
        self._scripted = scripted

    def _gen_python_code(self, nodes: Any, root_module: str, namespace: Any, **options: Any) -> PythonCode:
        if options.get("verbose"):
            # For `print_readable`, whose shapes, colours and stack traces are torch's own affair.
            return super()._gen_python_code(nodes, root_module, namespace, **options)
        transform = getattr(self, "_body_transformer", None)  # of `Graph.on_generate_code`
        return _Writer(list(nodes), root_module, namespace, self._scripted).written(transform)


def parameters_of(nodes: Iterable[fx.Node]) -> list[fx.Node]:
    return [node for node in nodes if node.op == "placeholder"]


def arguments_of(parameters: Sequence[fx.Node]) -> str:
    """What a function with these parameters writes to call another one that has them, too."""
    names = [str(node.target) for node in parameters]
    first = _keyword_only_from(parameters)
    return ", ".join(f"{name}={name}" if at >= first and "*" not in name else name for at, name in enumerate(names))


def _keyword_only_from(parameters: Sequence[fx.Node]) -> int:
    """The first parameter without a default after one that has a default, which is possible after a ``*`` only."""
    optional = False
    for at, node in enumerate(parameters):
        if str(node.target).startswith("*"):
            break
        if optional and not node.args:
            return at
        optional = optional or bool(node.args)
    return len(parameters)


class _Writer:
    """The lines of a ``forward``, the global names that they use, and which node each line is of."""

    def __init__(self, nodes: Sequence[fx.Node], root: str, namespace: Any, scripted: bool) -> None:
        self._nodes = nodes
        self._root = root
        self._namespace = namespace
        self._scripted = scripted
        self._nested = _are_nested(nodes)
        self._written_contexts: list[bool] = []
        self._last_uses = _last_uses(nodes)
        self._depth = 1
        self._lines: list[str] = []
        self._line_to_node: dict[int, int | None] = {}
        self._wrapped: dict[str, None] = {}
        # This name is torch.fx's for the module, whatever nodes are called.
        torch_name = str(namespace.create_name("torch", torch))
        self._names_of: dict[int, str] = {id(torch): torch_name}
        self.names: dict[str, Any] = {torch_name: torch}

    def written(self, transform: Callable[[list[str]], list[str]] | None) -> PythonCode:
        signature = self.signature(parameters_of(self._nodes))
        for at, node in enumerate(self._nodes):
            before = len(self._lines)
            self._write(node)
            # The line of `def` is the first.
            self._line_to_node.update(dict.fromkeys(range(before + 2, len(self._lines) + 2), at))
        if not self._lines:
            self._line("pass")
        head = [f"{self.of_object('wrap', fx.wrap)}({name!r})" for name in self._wrapped]
        body = "\n".join(self._lines)
        if transform is not None:
            changed = "".join(transform([f"{line[4:]}\n" for line in self._lines]))
            body = "\n".join(f"    {line}" for line in changed.splitlines())
        source = "\n".join([*head, "", f"def forward({signature}):", body, ""])
        return python_code(source, self.names, self._line_to_node, len(head) + 2)

    def signature(self, parameters: Sequence[fx.Node]) -> str:
        """The parameters, as ``def`` has them. torch.fx does not tell which of them are keyword-only."""
        written = ["self"]
        for at, node in enumerate(parameters):
            if at == _keyword_only_from(parameters):
                written.append("*")
            annotation = "" if node.type is None else f": {self.of_type(node.type)}"
            written.append(f"{node.target}{annotation}" + (f" = {self.of(node.args[0])}" if node.args else ""))
        return ", ".join(written)

    def _line(self, text: str) -> None:
        self._lines.append(f"{'    ' * self._depth}{text}")

    def _write(self, node: fx.Node) -> None:
        if node.op == "placeholder":
            name = str(node.target).lstrip("*")
            if name != repr(node):
                self._line(f"{node!r} = {name}")
            return
        if node.op == "output":
            self._line(f"return {self.of(node.args[0])}")
            return
        if self._nested and (node.target is enter_context or node.target is leave_context):
            self._write_context(node)
            return
        freed = [repr(used) for used in self._last_uses.get(node, ())]
        freed += [] if node.users else [repr(node)]
        after = "".join(f"{name} = " for name in freed)
        self._line(f"{self._statement(node)}" + (f";  {after}None" if freed else ""))

    def _write_context(self, node: fx.Node) -> None:
        """``with`` for a node that enters; what it encloses may have become empty by an edit."""
        if node.target is enter_context:
            written = self._context(node)
            self._written_contexts.append(written is not None)
            if written is not None:
                self._line(f"with {written}:")
                self._depth += 1
        elif self._written_contexts.pop():
            if self._lines[-1].lstrip().startswith("with ") and self._lines[-1].endswith(":"):
                self._line("pass")
            self._depth -= 1

    def _context(self, node: fx.Node) -> str | None:
        path, *arguments = node.args
        if self._scripted and path not in _SCRIPTED_CONTEXTS:
            return "torch.no_grad()" if path == INFERENCE and arguments[0] else None
        importlib.import_module(str(path).rpartition(".")[0])
        keywords = dict(node.kwargs)
        if path == ATTENTION:
            arguments, keywords = map_ends(arguments, _Kernel), map_ends(keywords, _Kernel)
        return f"{path}({self._arguments(arguments, keywords)})"

    def _statement(self, node: fx.Node) -> str:
        if node.op == "call_function" and node.target is apply_in_place:
            # Python's own `+=` on another name: it writes into a tensor, and leaves a number that others use alone.
            value, name, other = node.args
            sign = _IN_PLACE.get(str(name))
            if sign is not None:
                return f"{node!r} = {self.of(value)}; {node!r} {sign}= {self.of(other)}"
        return f"{node!r} = {self._expression(node)}"

    def _expression(self, node: fx.Node) -> str:
        if node.op == "get_attr":
            return _path(self._root, str(node.target))
        if node.op == "call_module":
            return f"{_path(self._root, str(node.target))}({self._arguments(node.args, node.kwargs)})"
        if node.op == "call_method":
            return f"{self.of(node.args[0])}.{node.target}({self._arguments(node.args[1:], node.kwargs)})"
        if node.op != "call_function":
            raise NotImplementedError(f"a node of kind {node.op!r} cannot be written as Python")
        return self._call(node)

    def _call(self, node: fx.Node) -> str:
        function: Any = node.target
        name = getattr(function, "__name__", "")
        if getattr(function, "__module__", None) == "_operator" and name in magic_methods and not node.kwargs:
            return str(magic_methods[name].format(*map(self.of, node.args)))
        if function is getattr and len(node.args) == 2 and str(node.args[1]).isidentifier():
            return f"{self.of(node.args[0])}.{node.args[1]}"
        if self._scripted and function is OrderedDict:
            pairs: Any = node.args[0] if node.args else ()
            return f"{{{', '.join(f'{self.of(key)}: {self.of(value)}' for key, value in pairs)}}}"
        if self._scripted and function is copy_of:
            return self.of(node.args[0], ".clone()")
        written = self.of_function(function)
        if node.meta.get("is_wrapped", False):
            self._wrapped.setdefault(written)
        return f"{written}({self._arguments(node.args, node.kwargs)})"

    def _arguments(self, args: Iterable[Any], kwargs: Any) -> str:
        return ", ".join([*map(self.of, args), *(f"{name}={self.of(value)}" for name, value in kwargs.items())])

    def of(self, value: Any, of_node: str = "") -> str:
        """``value`` as an expression; ``of_node`` follows each node in it."""
        if isinstance(value, fx.Node):
            return f"{value!r}{of_node}"
        if isinstance(value, _Kernel):
            return f"torch.nn.attention.SDPBackend.{value.name}" if isinstance(value.name, str) else repr(value.name)
        if isinstance(value, tuple) and not isinstance(value, torch.Size):
            items = "".join(f"{self.of(item, of_node)}, " for item in value)
            factory = self.of_object(type(value).__name__, type(value)) if hasattr(value, "_fields") else ""
            return f"{factory}({items.rstrip(' ') if len(value) == 1 else items.rstrip(', ')})"
        if isinstance(value, list):
            return f"[{', '.join(self.of(item, of_node) for item in value)}]"
        if isinstance(value, dict):
            return f"{{{', '.join(f'{self.of(key)}: {self.of(item, of_node)}' for key, item in value.items())}}}"
        if isinstance(value, slice):
            return f"slice({self.of(value.start)}, {self.of(value.stop)}, {self.of(value.step)})"
        return self.of_constant(value)

    def of_constant(self, value: Any) -> str:
        kind = type(value)
        if kind in (int, bool, str, bytes, type(None), type(...)) or (kind is float and math.isfinite(value)):
            return repr(value)
        if kind is float:
            return f"float({str(value)!r})"
        if kind in (torch.dtype, torch.layout, torch.memory_format):
            return repr(value)
        if kind is torch.device:
            return f"torch.device({str(value)!r})"
        if kind is torch.Size:
            return f"torch.Size({list(value)!r})"
        if isinstance(value, enum.Enum):
            return f"{self.of_object(kind.__name__, kind)}.{value.name}"
        if isinstance(value, type):
            return self.of_type(value)
        return self.of_function(value) if callable(value) else self.of_object(f"_{kind.__name__.lower()}", value)

    def of_type(self, annotation: Any) -> str:
        if isinstance(annotation, str):
            return repr(annotation)
        name = getattr(annotation, "__name__", "")
        if annotation is torch.Tensor:
            return "torch.Tensor"
        if getattr(builtins, name, None) is annotation:
            return str(name)
        return self.of_object(name or "_annotation", annotation)

    def of_function(self, function: Any) -> str:
        home = home_of(function)
        if home is not None and home.partition(".")[0] == "torch":
            return f"{home}.{function.__name__}"
        name = str(getattr(function, "__name__", type(function).__name__))
        if getattr(builtins, name, None) is function:
            return name
        return self.of_object(f"{getattr(function, '__module__', '')}_{name}", function)

    def of_object(self, hint: str, value: Any) -> str:
        """A global name for ``value``."""
        name = self._names_of.get(id(value))
        if name is None:
            name = self._names_of[id(value)] = str(self._namespace.create_name(hint, None))
            self.names[name] = value
        return name


class _Kernel:
    """An argument of ``sdpa_kernel``, which the graph names by a string."""

    def __init__(self, name: Any) -> None:
        self.name = name


def home_of(function: Any) -> str | None:
    """The module in which ``function`` is found under its own name: some of torch's say another one, or none."""
    name = getattr(function, "__name__", "")
    for home in (getattr(function, "__module__", None), "torch", "torch.nn.functional", "operator"):
        if home in sys.modules and getattr(sys.modules[home], name, None) is function:
            return str(home)
    return None


def _path(root: str, path: str) -> str:
    return reduce(_member, path.split("."), root)


def _member(home: str, name: str) -> str:
    # Python takes some letters outside ASCII for others where they stand in code, but not where they stand in quotes.
    plain = name.isidentifier() and name.isascii() and not keyword.iskeyword(name)
    return f"{home}.{name}" if plain else f"getattr({home}, {name!r})"


def _are_nested(nodes: Sequence[fx.Node]) -> bool:
    """Whether every context that is entered is left, the last one first, as it must be for ``with``."""
    entered: list[fx.Node] = []
    for node in nodes:
        if node.target is enter_context:
            entered.append(node)
        elif node.target is leave_context and (not entered or node.args[0] is not entered.pop()):
            return False
        elif node.op == "output":
            return not entered
    return True


def _last_uses(nodes: Sequence[fx.Node]) -> dict[fx.Node, list[fx.Node]]:
    """Which values each node is the last to use: they are freed after it, so that memory is as in the model."""
    seen: set[fx.Node] = set()
    uses: dict[fx.Node, list[fx.Node]] = {}
    for node in reversed(nodes):
        if node.target is leave_context:
            continue
        for used in node.all_input_nodes:
            if used not in seen:
                seen.add(used)
                if node.op != "output" and used.target is not enter_context:
                    uses.setdefault(node, []).append(used)
    return uses


_SCRIPTED_CONTEXTS = frozenset({"torch.no_grad", AUTOCAST})
"""What TorchScript has, too."""
_IN_PLACE = {
    "iadd": "+",
    "isub": "-",
    "imul": "*",
    "itruediv": "/",
    "ifloordiv": "//",
    "imod": "%",
    "ipow": "**",
    "imatmul": "@",
    "iand": "&",
    "ior": "|",
    "ixor": "^",
    "ilshift": "<<",
    "irshift": ">>",
}
"""The signs of the in-place operators, by the names that :func:`apply_in_place` takes."""
