"""Says why a model could not be traced: the user's line, what is wrong with it, and what to do.

torch.fx runs ``forward`` once with placeholders for tensors, so whatever needs a tensor's *value* fails. Which
construct needed it is read from the exception and from the instruction that was running, never from files.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from types import TracebackType

from torch import fx, nn
from torch.fx.proxy import TraceError

from fxlens.graph import Failure, Mode, SourceLine
from fxlens.remedies import advice
from fxlens.tracing.record.bytecode import RunningLine
from fxlens.tracing.record.constructs import WRAP, Construct, construct_of
from fxlens.tracing.record.forward_lines import definition_line, function_name, library_of, user_entries
from fxlens.tracing.record.naming import NamingError
from fxlens.tracing.record.tracer import NodePathTracer


class TracingError(TraceError):
    """A model cannot be traced.

    Args:
        failure: what is wrong, as plain data.
        queries: what was requested in each mode: only remedies that serve it are named.

    Attributes:
        failure: what is wrong, where, and what to do, as plain data.
    """

    def __init__(self, failure: Failure, queries: Mapping[Mode, Sequence[str]] | None = None) -> None:
        self.failure = failure = replace(failure, remedy=advice(failure, queries or {}))
        parts = [f"{failure.mode} mode: {failure.message}" if failure.mode else failure.message]
        if failure.source:
            parts.append(f"  at {failure.source.file}:{failure.source.line} in {failure.source.function}")
        if failure.remedy:
            parts.append(failure.remedy)
        super().__init__("\n".join(parts))


def explain(error: Exception, mode: Mode | None, tracer: NodePathTracer, model: nn.Module) -> Failure:
    """The failure that ``error``, raised while ``tracer`` traced ``model`` in ``mode``, stands for."""
    entries = user_entries(error.__traceback__)
    innermost = entries[-1] if entries else None
    own = [entry for entry in entries if not library_of(entry.tb_frame.f_code.co_filename)]
    shown = own[-1] if own else innermost
    source = _line(shown) if shown else definition_line(getattr(type(model), "forward", type(model)))
    if isinstance(error, NamingError):
        return _naming(error, mode, tracer, source)
    at_root = _root(error, model, innermost) if tracer.failed_in is None else None
    construct = at_root or construct_of(error, innermost, tracer.naming)
    message, change = _in_their_words(construct.message), construct.remedy
    library = library_of(innermost.tb_frame.f_code.co_filename) if innermost else ""
    if library and at_root is None:
        # Nobody can change what is installed, but the call of it.
        message, change = f"in code of {library}, {message}", WRAP if own else _BY_HOOKS
    failure = Failure("trace", type(error).__name__, message, "", source, mode, change=_sentence(change))
    return replace(failure, remedy=advice(failure, {}))


_BY_HOOKS = "request modules, which fxlens.create_feature_extractor reads by hooks"


def explain_switch(error: Exception, mode: Mode, model: nn.Module) -> Failure:
    """The failure of a ``train()`` that raises, which torchvision's and timm's functions call."""
    entries = user_entries(error.__traceback__)
    source = _line(entries[-1]) if entries else None
    call = "model.train()" if mode == "train" else "model.eval()"
    first = (str(error).strip().splitlines() or [""])[0]
    message = f"the function calls {call}, and {type(model).__qualname__}.train raises {type(error).__name__}: {first}"
    change = "Use fxlens.create_feature_extractor, which switches modes without it."
    return Failure("trace", type(error).__name__, message, change, source, mode, change=change)


def _line(entry: TracebackType) -> SourceLine:
    code = entry.tb_frame.f_code
    return SourceLine(code.co_filename, entry.tb_lineno, function_name(code))


def _in_their_words(text: str) -> str:
    """``text`` with the name of torch.fx's class for ours, which users do not know."""
    return re.sub(r"\bNodePathTracer\b", "Tracer", text)


# --- the root ---------------------------------------------------------------------------------------------------------


def _root(error: Exception, model: nn.Module, entry: TracebackType | None) -> Construct | None:
    """What is wrong if the model itself, and not something inside it, cannot be traced."""
    kind = type(model)
    wrapper = next((name for name in WRAPPED if name in model._modules), None)  # noqa: SLF001
    if wrapper and kind.__module__.startswith("torch."):
        what = f"{kind.__qualname__} wraps the model in its own code, which torch.fx cannot trace"
        # What is inside FSDP has a shard of the parameters, so it would be traced, and fail when it runs.
        sharded = wrapper == "_fsdp_wrapped_module"
        return Construct(
            what, "make the extractor before the model is wrapped, and wrap the extractor" if sharded else ""
        )
    if _is_layer(model):
        return _layer(model)
    if _hides_parameters(error) or _is_in_decorator(model, entry):
        wraps = hasattr(type(model).forward, "__wrapped__")
        return _wrapped_forward(model) or _decorated("" if wraps else "use functools.wraps in the decorator, or ")
    return _open_ended(error, model, entry)


def _decorated(first: str) -> Construct:
    what = "a decorator of forward takes *args and **kwargs, so that its parameters are hidden"
    return Construct(what, f"{first}trace nn.Sequential(model)")


WRAPPED = ("module", "_orig_mod", "_fsdp_wrapped_module")
_OPEN_ENDED = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)


def _is_layer(model: nn.Module) -> bool:
    """Whether the model is a layer that torch.fx would take for a leaf if something called it."""
    return fx.Tracer().is_leaf_module(model, "model") and type(model).forward is not nn.Module.forward


def _layer(model: nn.Module) -> Construct:
    name = type(model).__qualname__
    needed = [
        each
        for each in inspect.signature(model.forward).parameters.values()
        if each.default is each.empty and each.kind not in _OPEN_ENDED
    ]
    remedy = "trace nn.Sequential(model)"
    if len(needed) > 1:  # A Sequential passes one.
        remedy = f"trace a module that calls it with its {len(needed)} inputs (nn.Sequential passes one)"
    return Construct(f"{name} is a layer of torch.nn, which is a leaf unless it is the model itself", remedy)


def _hides_parameters(error: Exception) -> bool:
    return any(text in str(error) for text in ("co_varnames is too small", "cannot be part of *args expansion"))


def _is_in_decorator(model: nn.Module, entry: TracebackType | None) -> bool:
    """Whether what raised is not ``forward`` but a function that a decorator put around it."""
    forward = getattr(type(model), "forward", None)
    if entry is None or not hasattr(forward, "__wrapped__"):
        return False
    # By its name: torch.fx runs a copy of the code.
    return bool(entry.tb_frame.f_code.co_name == getattr(getattr(forward, "__code__", None), "co_name", None))


def _wrapped_forward(model: nn.Module) -> Construct | None:
    """A ``forward`` of a library that its own decorators wrap: nothing that the user could change."""
    forward = getattr(type(model), "forward", None)
    library = library_of(getattr(getattr(forward, "__code__", None), "co_filename", "")) or _library_of_class(model)
    if not library:
        return None
    what = f"models of {library} cannot be traced: their forward is wrapped in code for keyword arguments"
    return Construct(what, "")


def _library_of_class(model: nn.Module) -> str:
    forward = getattr(type(model), "forward", None)
    code = getattr(inspect.unwrap(forward), "__code__", None) if forward else None
    return library_of(code.co_filename) if code else ""


def _open_ended(error: Exception, model: nn.Module, entry: TracebackType | None) -> Construct | None:
    """A ``forward`` that takes ``*args`` or ``**kwargs``: each is one traced value."""
    if not hasattr(type(model), "forward"):
        return None
    parameters = inspect.signature(model.forward).parameters.values()
    stars = [str(each).partition(":")[0] for each in parameters if each.kind in _OPEN_ENDED]
    text = str(error)
    on_item = "does not support item" in text and entry is not None and _is_star(RunningLine.of(entry))
    if not stars or not (on_item or "cannot be iterated" in text or "must be a mapping" in text):
        return None
    wrapped = _wrapped_forward(model)
    if wrapped is not None:
        return wrapped
    code = getattr(type(model).forward, "__code__", None)
    if code is not None and code.co_name != "forward" and code.co_freevars:
        return _decorated("use functools.wraps in the decorator, or ")
    what = f"forward takes {' and '.join(stars)}, and torch.fx does not know what they will be"
    return Construct(what, "name the arguments in forward")


def _is_star(line: RunningLine) -> bool:
    """Whether the item that is set is one of ``*args`` or ``**kwargs``, which are traced values."""
    value = line.frame.f_locals.get(line.subscripted)
    return isinstance(value, fx.Proxy) and value.node.op == "placeholder" and str(value.node.target).startswith("*")


# --- naming -----------------------------------------------------------------------------------------------------------


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
