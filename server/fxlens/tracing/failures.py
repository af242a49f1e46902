"""Says why a model could not be traced: the user's line, what is wrong with it, and what to do.

torch.fx runs ``forward`` once with placeholders for tensors, so whatever needs a tensor's *value* fails. Which
construct needed it is read from the exception and from the instruction that was running, never from files.
"""

from __future__ import annotations

import dis
import inspect
import re
from types import TracebackType
from typing import NamedTuple

from torch.fx.proxy import TraceError

from fxlens.graph import Failure, Mode, SourceLine
from fxlens.tracing.naming import NamingError
from fxlens.tracing.sources import function_name, innermost_user_entry
from fxlens.tracing.tracer import NodePathTracer


class TracingError(TraceError):
    """A model cannot be traced.

    Attributes:
        failure: what is wrong, where, and what to do, as plain data.
    """

    def __init__(self, failure: Failure) -> None:
        self.failure = failure
        parts = [f"{failure.mode} mode: {failure.message}" if failure.mode else failure.message]
        if failure.source:
            parts.append(f"  at {failure.source.file}:{failure.source.line} in {failure.source.function}")
        if failure.remedy:
            parts.append(failure.remedy)
        super().__init__("\n".join(parts))


class _Construct(NamedTuple):
    """What the user's line does that cannot be traced, and what to write instead."""

    message: str
    remedy: str


_LEAF = "make the module a leaf module"
_WRAP = "move it into a function and pass that in tracer_kwargs={'autowrap_functions': (…,)}"


def explain(error: Exception, mode: Mode | None, tracer: NodePathTracer) -> Failure:
    """The failure that ``error``, raised while ``tracer`` traced in ``mode``, stands for."""
    entry = innermost_user_entry(error.__traceback__)
    source = None
    if entry is not None:
        code = entry.tb_frame.f_code
        source = SourceLine(code.co_filename, entry.tb_lineno, function_name(code))
    if isinstance(error, NamingError):
        return _naming(error, mode, tracer, source)
    message, remedy = (_wrapper(error, tracer) if tracer.failed_in is None else None) or _construct(error, entry)
    if tracer.failed_in is None:
        # The root is never a leaf.
        remedy = remedy.replace(f", or {_LEAF}", "").replace(f"{_LEAF}, or ", "").replace(_LEAF, "")
        if any(name == "backbone" for name, _ in tracer.root.named_children()):
            remedy = f"{remedy}{', or ' if remedy else ''}trace model.backbone, which computes the features"
    else:
        path, kind = tracer.failed_in
        remedy = remedy.replace(_LEAF, f"make {kind.__qualname__} (at {path!r}) a leaf module")
    return Failure("trace", type(error).__name__, message, _sentence(remedy), source, mode)


def _wrapper(error: Exception, tracer: NodePathTracer) -> _Construct | None:
    """What is wrong if the root only wraps the model: in ``nn.DataParallel``, or in a class that takes ``*args``."""
    root = tracer.root
    inner = next((name for name in _WRAPPED if name in root._modules), None)  # noqa: SLF001
    kind = type(root)
    if inner and kind.__module__.startswith("torch."):
        what = f"{kind.__qualname__} wraps the model in code of its own, which torch.fx cannot trace"
        if inner == "_fsdp_wrapped_module":
            # What is inside has a shard of the parameters, so it would be traced, and fail when it runs.
            return _Construct(what, "make the extractor before the model is wrapped, and wrap the extractor")
        return _Construct(what, f"pass the model inside, model.{inner}")
    parameters = inspect.signature(root.forward).parameters.values() if hasattr(kind, "forward") else ()
    open_ended = [str(each).partition(":")[0] for each in parameters if each.kind in _OPEN_ENDED]
    if not open_ended or "cannot be iterated" not in str(error):
        return None
    what = f"forward takes {' and '.join(open_ended)}, and torch.fx does not know what they will be"
    remedy = "name the arguments in forward"
    if len(root._modules) == 1:  # noqa: SLF001
        remedy += f", or pass the model inside, model.{next(iter(root._modules))}"  # noqa: SLF001
    return _Construct(what, remedy)


_WRAPPED = ("module", "_orig_mod", "_fsdp_wrapped_module")
_OPEN_ENDED = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)


def _naming(error: NamingError, mode: Mode | None, tracer: NodePathTracer, source: SourceLine | None) -> Failure:
    """torchvision's naming crashed: which two nodes it cannot tell apart."""
    named = {name: node for node, name in tracer.node_to_qualname.items()}
    earlier = str(named[error.earlier].target) if error.earlier in named else error.earlier
    if error.earlier is None:
        what = f"at {error.name!r}: {error}"
    elif earlier == error.name:
        what = (
            f"at {error.name!r}: the module is called so often that its own counted name {error.earlier!r} misleads it"
        )
    else:
        what = f"at {error.name!r}, which it takes for a repeat of {error.earlier!r} ({earlier!r})"
    remedy = naming_remedy(error.name, earlier)
    return Failure("trace", "naming", f"torchvision's naming fails on this model {what}", remedy, source, mode)


def naming_remedy(name: str, earlier: str | None) -> str:
    """What to do where torchvision's naming cannot tell ``name`` from ``earlier``."""
    ours = "use fxlens.create_feature_extractor, which has no such limit"
    if earlier is None:
        return f"Rename the module {name!r}, or {ours}."
    if earlier == name:
        return f"Use separate modules instead of one shared module at {name!r}, or {ours}."
    return f"Rename one of {earlier!r} and {name!r}, or {ours}."


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:] + "." if text else ""


def _construct(error: Exception, entry: TracebackType | None) -> _Construct:
    text = str(error)
    instruction = _Instruction.running(entry)
    if isinstance(error, TraceError) and "cannot be iterated" in text:
        return _iteration(instruction)
    if isinstance(error, TraceError) and "control flow" in text:
        return _control_flow(instruction)
    for pattern, construct in _CONSTRUCTS:
        found = re.search(pattern, text)
        if found:
            name = found.groups()[0] if found.groups() else ""
            return _Construct(*(part.replace("{0}", name or "") for part in construct))
    if isinstance(error, RecursionError):
        return _Construct("the modules are nested too deeply to be traced", "flatten the nesting")
    first = text.strip().splitlines()[0] if text.strip() else "no message"
    return _Construct(f"forward raised {type(error).__name__} while it was traced: {first}", f"{_LEAF}, or {_WRAP}")


def _control_flow(instruction: _Instruction) -> _Construct:
    remedy = f"decide by something that is known before forward runs (pass concrete_args for a flag), or {_LEAF}"
    what = {
        "assert": "this assert checks",
        "while": "this while loop depends on",
        "and": "this and/or decides by",
        "not": "this not needs",
        "call": "a call on this line (bool(), any(), max() …) decides by",
        "if": "this if depends on",
    }.get(instruction.kind, "this line decides by")
    if instruction.kind == "assert":
        remedy = f"use torch._assert(condition, message), which can be traced, or {_LEAF}"
    return _Construct(f"control flow on a tensor: {what} a value that is only known when the model runs", remedy)


def _iteration(instruction: _Instruction) -> _Construct:
    if instruction.kind == "star":
        return _Construct("unpacking a tensor or tuple with * needs its length", f"index it (x[0], x[1]), or {_LEAF}")
    if instruction.kind == "in":
        return _Construct("`in` on a tensor needs its values", _LEAF)
    message = "iterating over a tensor or input needs its length, which is only known when the model runs"
    return _Construct(message, f"loop over a known number of items (range(4), a ModuleList), or {_LEAF}")


_CONSTRUCTS: tuple[tuple[str, tuple[str, str]], ...] = (
    (
        r"'len' is not supported in symbolic tracing",
        (
            "len() of a tensor is not known while tracing",
            f"use x.shape[0], or call torch.fx.wrap('len') at the top of this very file, or {_LEAF}",
        ),
    ),
    (
        r"Expected `device_type` of type `str`.*Proxy|Expected `device_type` of type `str`.*Attribute",
        (
            "torch.autocast needs the type of a device, and that of a traced tensor is not known yet",
            f"name it (torch.autocast('cuda', …)) or keep it in an attribute of the module, or {_LEAF}",
        ),
    ),
    (
        r"^(int|float|complex)\(\) argument must be|cannot be interpreted as an integer",
        (
            "a plain number is needed here (int(), float() or range()), and a traced value has none yet",
            f"keep it a tensor, or {_WRAP}, or {_LEAF}",
        ),
    ),
    (
        r"'\w*Proxy' object does not support item (assignment|deletion)",
        (
            "item {0} on a tensor (x[…] = …) cannot be traced",
            f"use torch.where, masked_fill, index_put or torch.cat, or {_LEAF}",
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
            f"trace the model before its parts are compiled, or {_LEAF}",
        ),
    ),
    (
        r"doesn't exist in (\w*Script\w*)",
        ("a scripted module ({0}) cannot be traced", "pass the module before torch.jit.script"),
    ),
    (
        r"Expected FunctionType",
        ("the model's forward is not a plain function", "pass a model whose class defines forward"),
    ),
    (
        r"__array_struct__|numpy|NumPy",
        ("a NumPy function is given a tensor while tracing", f"use the torch function, or {_WRAP}"),
    ),
    (
        r"but instead found type '\w*Proxy'",
        ("a torch.jit.script function cannot take traced values", f"remove the decorator, or {_WRAP}"),
    ),
    (r"vmap\(", ("torch.vmap cannot be traced", f"{_LEAF}, or {_WRAP}")),
    (
        r"(\w+)\(\).*(?:takes|got|received|must be).*(?:Proxy|positional argument|combination of arguments)",
        (
            "{0}() is given a traced value where it needs a plain number or tensor",
            f"use a constant or a method of the input (x.new_zeros(…)), or {_WRAP}, or {_LEAF}",
        ),
    ),
)


class _Instruction(NamedTuple):
    """What the running bytecode does.

    ``kind`` is ``assert``, ``while``, ``and``, ``not``, ``if``, ``star``, ``in``, ``call``, or ``""``.
    """

    kind: str

    @staticmethod
    def running(entry: TracebackType | None) -> _Instruction:
        if entry is None:
            return _Instruction("")
        instructions = list(dis.get_instructions(entry.tb_frame.f_code))
        at = next((i for i, found in enumerate(instructions) if found.offset == entry.tb_lasti), None)
        if at is None:
            return _Instruction("")
        name = instructions[at].opname
        if name in _STAR:
            return _Instruction("star")
        if name == "CONTAINS_OP":
            return _Instruction("in")
        if name.startswith(("CALL", "PRECALL")):
            return _Instruction("call")
        # From Python 3.13 a truth test is two instructions: TO_BOOL raises, the jump after it decides.
        jump = next((i for i in instructions[at : at + 3] if "JUMP" in i.opname), None)
        if name == "UNARY_NOT":
            return _Instruction("not")
        if jump is None:
            return _Instruction("")
        following = instructions[at + 1 : at + 4]
        if any("ASSERTION" in str(i.opname) or i.argval is AssertionError for i in following):
            return _Instruction("assert")
        if "OR_POP" in jump.opname:
            return _Instruction("and")
        return _Instruction("while" if _loops_back(instructions, jump) else "if")


def _loops_back(instructions: list[dis.Instruction], jump: dis.Instruction) -> bool:
    """Whether a later instruction jumps back to the condition that ``jump`` tests, or to right behind it."""
    starts = [found.offset for found in instructions if found.starts_line and found.offset <= jump.offset]
    jumps = {*dis.hasjrel, *dis.hasjabs}
    return any(
        found.offset > jump.offset and found.opcode in jumps and starts[-1] <= found.argval <= jump.offset + 2
        for found in instructions
    )


_STAR = frozenset({"CALL_FUNCTION_EX", "LIST_EXTEND", "SET_UPDATE", "UNPACK_EX"})
