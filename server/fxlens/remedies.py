"""What to do about a model that cannot be traced: remedies that were tried first, if they serve what is requested."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from fxlens.graph import Failure, Mode, Remedy

FEATURE_PARTS = (
    "backbone",
    "encoder",
    "features",
    "trunk",
    "body",
    "model",
    "net",
    "base_model",
    "module",
    "_orig_mod",
)
"""What people call the part of a model that computes its features, and the model inside a wrapper."""


def fitting(failure: Failure, queries: Mapping[Mode, Sequence[str]]) -> list[Remedy]:
    """The remedies of ``failure`` with which every one of ``queries`` selects something, best first.

    A leaf module that hides a requested node is not a remedy. If a submodule is passed instead of the model, a query
    that starts with its path counts without that prefix; of several parts that have a name, none is offered for it.
    Where nothing is requested, a part with the customary name of a feature extractor is offered, if it is the only one.
    """
    requested = any(queries.values())
    serving = [
        remedy
        for remedy in failure.remedies
        if all(serves(remedy, mode, queries[mode]) for mode in queries)
        and (requested or remedy.kind != "submodule" or remedy.values[0].rpartition(".")[2] in FEATURE_PARTS)
    ]
    parts = [remedy for remedy in serving if remedy.kind == "submodule"]
    told = [part for part in parts if any(_inside(part, query) != query for each in queries.values() for query in each)]
    candidates = told or parts
    return [remedy for remedy in serving if remedy.kind != "submodule" or [remedy] == candidates]


def serves(remedy: Remedy, mode: Mode, queries: Sequence[str]) -> bool:
    """Whether every one of ``queries`` selects something in ``mode`` once ``remedy`` is applied."""
    names = remedy.names(mode)
    selectable = {*names, *(name[:at] for name in names for at, letter in enumerate(name) if letter == ".")}
    selectable -= {remedy.values[0]} if is_told_apart(remedy) else set()
    return all(query in selectable or _inside(remedy, query) in selectable for query in queries)


def is_told_apart(remedy: Remedy) -> bool:
    """Whether a part is one of several alike: its names have its path in front."""
    names = {*remedy.train, *remedy.eval}
    return remedy.kind == "submodule" and all(name.startswith(f"{remedy.values[0]}.") for name in names)


def _inside(remedy: Remedy, query: str) -> str:
    return query.removeprefix(f"{remedy.values[0]}.") if remedy.kind == "submodule" else query


def advice(failure: Failure, queries: Mapping[Mode, Sequence[str]]) -> str:
    """The remedies that were tried and serve ``queries``, then what to change in the code, as sentences.

    Example:
        >>> tried = Remedy("leaf_modules", ("net.Gate",), ("x", "gate"), ("x", "gate"))
        >>> failure = Failure("trace", "TraceError", "…", change="Change the line.", remedies=(tried,))
        >>> advice(failure, {"eval": ["gate"]})
        'Tried and works: leaf_modules=[Gate]. Change the line.'
    """
    return " ".join(filter(None, (tried(failure, queries), failure.change)))


def tried(failure: Failure, queries: Mapping[Mode, Sequence[str]]) -> str:
    """The remedies that were tried and serve ``queries``, as a sentence; nothing where there is none."""
    phrases = [in_words(remedy) for remedy in fitting(failure, queries)]
    return f"Tried and works: {', or '.join(phrases)}." if phrases else ""


def in_words(remedy: Remedy) -> str:
    """A remedy as one would write it in the call.

    Example:
        >>> in_words(Remedy("submodule", ("backbone",)))
        'pass model.backbone'
        >>> in_words(Remedy("submodule", ("towers.0",)))
        'pass model.towers[0]'
    """
    if remedy.kind == "submodule":
        return f"pass model{''.join(map(_attribute, remedy.values[0].split('.')))}"
    if remedy.kind == "leaf_modules":
        return f"leaf_modules=[{', '.join(value.rpartition('.')[2] for value in remedy.values)}]"
    if remedy.kind == "concrete_args":
        return f"concrete_args={{{', '.join(map(_entry, remedy.values))}}}"
    names = ", ".join(remedy.values)
    return f"tracer_kwargs={{'{remedy.kind}': ({names},)}}"


def _attribute(name: str) -> str:
    return f"[{name}]" if name.isdecimal() else f".{name}"


def _entry(written: str) -> str:
    name, _, value = written.partition("=")
    return f"{name!r}: {value}"
