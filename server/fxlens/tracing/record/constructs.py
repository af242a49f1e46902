"""What in ``forward`` cannot be traced: the construct, in words, and what to write instead."""

from __future__ import annotations

import re
from collections.abc import Iterator
from types import TracebackType
from typing import NamedTuple

from torch import fx, nn
from torch.fx.proxy import Attribute, TraceError

from fxlens.graph import Dialect
from fxlens.tracing.record.bytecode import RunningLine

WRAP = "move it into a function and pass that in tracer_kwargs={'autowrap_functions': (…,)}"
_UNSTARRED = frozenset(
    {"view", "reshape", "expand", "permute", "repeat", "cat", "concat", "stack", "new_zeros", "new_ones"}
)
"""What takes its sizes or tensors in one sequence as well as one by one."""
_TYPE_TESTS = ("isinstance", "is_tensor", "hasattr", "issubclass", "type")


class Construct(NamedTuple):
    """What the running line does that cannot be traced, and what to write instead (may be empty)."""

    message: str
    remedy: str


def construct_of(error: Exception, entry: TracebackType | None, naming: Dialect = "fxlens") -> Construct:
    """What ``error`` stands for; ``entry`` is where model code was left."""
    text = str(error)
    line = RunningLine.of(entry) if entry is not None else None
    kind = line.kind if line else ""
    subject = _subject(error)
    if isinstance(error, TraceError) and "cannot be iterated" in text:
        return _iteration(line, subject)
    if isinstance(error, TraceError) and "control flow" in text:
        return _control_flow(kind, subject)
    if "'len' is not supported" in text and _is_shape(subject):
        return _length_of_shape(line, naming)
    if "'len' is not supported" in text and (many := _many_inputs(subject)):
        what = f"how many values `{many}` holds is not known while tracing"
        return Construct(what, "give each its own parameter: def forward(self, a, b)")
    if "'len' is not supported" in text and line is not None and "len" not in line.names and line.uses(*_MAKE_TENSORS):
        return Construct(_NUMBERS_WANTED, f"use a method of the input (x.new_tensor(…)), or {WRAP}")
    if "does not support item" in text and line is not None and line.subscripts_by_text:
        what = "an input that is a dictionary is changed (x['key'] = …, del x['key']), which cannot be traced"
        return Construct(what, "build a new dictionary of its items instead: {'key': x['key'], …}")
    for pattern, (message, remedy) in CONSTRUCTS:
        match = re.search(pattern, text)
        if match:
            name = (match.groups() or ("",))[0] or ""
            return Construct(message.replace("{0}", name), remedy.replace("{0}", name))
    if isinstance(error, RecursionError):
        return Construct("the modules are nested too deeply to be traced", "flatten the nesting")
    first = text.strip().splitlines()[0] if text.strip() else "no message"
    if "Proxy(" in text and isinstance(error, (LookupError, AttributeError, ValueError)):
        what = f"something is looked up by a value that is only known when the model runs ({type(error).__name__})"
        # A module is called by the graph, which a function that returns one hides.
        is_of_modules = _is_module_lookup(error)
        remedy = "decide by something that is known before forward runs"
        return Construct(what, remedy if is_of_modules else f"{remedy}, or {WRAP}")
    if line and kind == "raise" and line.uses(*_TYPE_TESTS):
        what = f"a test of a type (isinstance …) has another result for a traced value: {type(error).__name__}: {first}"
        return Construct(what, "remove the check from forward")
    remedy = "" if _is_of_the_program(error) else WRAP
    return Construct(f"forward raised {type(error).__name__} while it was traced: {first}", remedy)


def _is_module_lookup(error: Exception) -> bool:
    entries = list(_entries(error.__traceback__))
    file = entries[-1].tb_frame.f_code.co_filename if entries else ""
    return file.endswith(("container.py", "module.py")) or isinstance(getattr(error, "obj", None), nn.Module)


def _is_of_the_program(error: Exception) -> bool:
    """Whether ``error`` is raised without tracing, too: a name that does not exist."""
    of_module = isinstance(error, AttributeError) and isinstance(getattr(error, "obj", None), nn.Module)
    return of_module or isinstance(error, (NameError, ImportError))


def _length_of_shape(line: RunningLine | None, naming: Dialect) -> Construct:
    branch = line.branch if line is not None else None
    if branch is None or (naming == "fxlens" and branch.raising_answer is not None):
        return Construct("len() of a shape is not known while tracing", "use x.dim()")
    message = (
        "control flow on a tensor: this line decides by its number of dimensions, which is not known while tracing"
    )
    if branch.raising_answer is not None:
        return Construct(message, "use torch._assert(x.dim() == …, message), which can be traced")
    return Construct(message, "decide by something that is known before forward runs")


def _subject(error: Exception) -> fx.Proxy | None:
    """The traced value whose value was needed: what torch.fx's own frames, the innermost, were called with."""
    subject: fx.Proxy | None = None
    for entry in _entries(error.__traceback__):
        values = entry.tb_frame.f_locals
        for name in ("self", "obj"):
            if isinstance(values.get(name), fx.Proxy):
                subject = values[name]
    return subject


def _entries(entry: TracebackType | None) -> Iterator[TracebackType]:
    while entry is not None:
        yield entry
        entry = entry.tb_next


def _is_shape(value: fx.Proxy | None) -> bool:
    """Whether a traced value is ``x.shape`` or ``x.size()``."""
    if isinstance(value, Attribute) and value.attr == "shape":
        return True
    if value is None:
        return False
    node = value.node
    if node.op == "call_method":
        return node.target == "size" and len(node.args) == 1
    return node.target is getattr and node.args[1:] == ("shape",)


def _many_inputs(value: fx.Proxy | None) -> str:
    """``*args`` or ``**kwargs``, if that is the traced value."""
    node = value.node if value is not None else None
    target = str(node.target) if node is not None and node.op == "placeholder" else ""
    return target if target.startswith("*") else ""


def _input_name(value: fx.Proxy | None) -> str:
    """The name of the argument of ``forward`` that a traced value is, if it is one."""
    if value is None or isinstance(value, Attribute) or value.node.op != "placeholder":
        return ""
    return str(value.node.target)


def _is_first(value: fx.Proxy) -> bool:
    return value.node is next(iter(value.node.graph.nodes))


def _control_flow(kind: str, subject: fx.Proxy | None) -> Construct:
    what = {
        "assert": "this assert checks",
        "while": "this while loop depends on",
        "and": "this and/or decides by",
        "not": "this not needs",
        "call": "a call on this line (bool(), any(), max() …) decides by",
        "if": "this if depends on",
    }.get(kind, "this line decides by")
    remedy = "decide by something that is known before forward runs"
    name = _input_name(subject)
    if kind == "assert":
        remedy = "use torch._assert(condition, message), which can be traced"
    elif name and subject is not None and not _is_first(subject):
        remedy = f"fix the argument, if it is a flag: concrete_args={{{name!r}: …}}"
    return Construct(f"control flow on a tensor: {what} a value that is only known when the model runs", remedy)


def _iteration(line: RunningLine | None, subject: fx.Proxy | None) -> Construct:
    kind = line.kind if line else ""
    if line and kind == "star":
        return Construct("unpacking a tensor or tuple with * needs its length", _without_star(line))
    if line and kind == "in":
        what = "a shape" if _is_shape(subject) else "a tensor"
        remedy = "compare with torch.eq(…).any()"
        if _is_shape(subject) or line.branch is not None:
            remedy = "decide by something that is known before forward runs"
        return Construct(f"`in` on {what} needs its values", remedy)
    if line and line.unpacks_into_names:
        return Construct("unpacking with * needs the number of values", "write a name for each of them: a, b = …")
    message = "iterating over a tensor or input needs its length, which is only known when the model runs"
    return Construct(message, "loop over a known number of items (range(4), a ModuleList)")


def _without_star(line: RunningLine) -> str:
    """What to write instead of ``f(*shape)``."""
    # torch's functions that make tensors take no traced sizes, however they are written.
    made = next((name for name in line.names if name in _MADE_LIKE), None)
    if made:
        method = "" if made.startswith("rand") else f", or a method of the input (x.new_{made}(…))"
        return f"use torch.{made}_like(x){method}"
    called = next((name for name in line.names if name in _UNSTARRED), None)
    return f"pass it without the star: {called}(shape)" if called and line.stars_alone else "index it (x[0], x[1])"


_MADE_LIKE = frozenset({"ones", "zeros", "empty", "full", "rand", "randn"})
_MAKE_TENSORS = ("tensor", "as_tensor", "Tensor", "FloatTensor", "LongTensor")
_NUMBERS_WANTED = "torch.tensor() is given a traced value where it needs a plain number"

CONSTRUCTS: tuple[tuple[str, tuple[str, str]], ...] = (
    (
        r"'len' is not supported in symbolic tracing",
        (
            "len() of a tensor is not known while tracing",
            "use x.shape[0], or call torch.fx.wrap('len') at the top of this very file",
        ),
    ),
    (
        r"Expected `device_type` of type `str`.*Proxy|Expected `device_type` of type `str`.*Attribute",
        (
            "torch.autocast needs the type of a device, and that of a traced tensor is not known yet",
            "name it (torch.autocast('cuda', …)) or keep it in an attribute of the module",
        ),
    ),
    (
        r"%\w format: .* is required",
        ("a traced value has no number yet to be shown by a format such as %d", "show it by %s or an f-string"),
    ),
    (
        r"^(int|float|complex)\(\) argument must be|cannot be interpreted as an integer|^slice indices|define __\w+__",
        (
            "a plain number is needed here (int(), float(), range(), a slice …), and a traced value has none yet",
            f"keep it a tensor, or {WRAP}",
        ),
    ),
    (
        r"argument of type: <class '\w*(?:function|method)\w*'>",
        (
            "a function is passed to an operation on a traced value (register_hook …), which a graph cannot hold",
            "call it outside forward",
        ),
    ),
    (
        r"'\w*Proxy' object does not support item (assignment|deletion)",
        (
            "item {0} on a tensor (x[…] = …) cannot be traced",
            "use torch.where, masked_fill, index_put or torch.cat",
        ),
    ),
    (
        r"module is not installed as a submodule",
        (
            "a module is called that is not registered in the model",
            "create it in __init__ as an attribute, or in an nn.ModuleList instead of a plain list",
        ),
    ),
    (
        r"parameter is not a member of this module",
        ("a parameter is used that is not registered in the model", "register it in __init__"),
    ),
    (
        r'missing the required "forward" function',
        ("this module has no forward function to trace", "pass a module whose class defines forward"),
    ),
    (
        r"symbolically trace a dynamo-optimized function",
        (
            "a module or function that torch.compile has made cannot be traced",
            "trace the model before its parts are compiled",
        ),
    ),
    (
        r"doesn't exist in (\w*(?:Script|Traced)\w*)",
        ("a scripted module ({0}) cannot be traced", "pass the module before torch.jit.script or trace"),
    ),
    (
        r"Expected FunctionType",
        ("the model's forward is not a plain function", "pass a model whose class defines forward"),
    ),
    (
        r"__cuda_array_interface__",
        (
            _NUMBERS_WANTED,
            f"use a method of the input (x.new_tensor(…)), or {WRAP}",
        ),
    ),
    (
        r"__array_struct__|numpy|NumPy|np\.ndarray",
        ("a NumPy function is given a tensor while tracing", f"use the torch function, or {WRAP}"),
    ),
    (
        r"but instead found type '\w*Proxy'",
        ("a torch.jit.script function cannot take traced values", f"remove the decorator, or {WRAP}"),
    ),
    (r"vmap\(", ("torch.vmap cannot be traced", WRAP)),
    (
        r"(\w+)\(\).*(?:takes|got|received|must be).*(?:Proxy|positional argument|combination of arguments)",
        (
            "{0}() is given a traced value where it needs a plain number or tensor",
            f"use a constant or a method of the input (x.new_zeros(…)), or {WRAP}",
        ),
    ),
)
