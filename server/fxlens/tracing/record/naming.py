"""How the nodes of a traced graph are named: two rules behind one small interface.

A rule is asked once per named node, in execution order, and remembers what it gave. Both rules are O(1) per node.

* :class:`TorchvisionNaming` gives the names of ``torchvision.models.feature_extraction`` 0.28 (timm calls the same
  code), its quirks included, because they are what the user's program will run on. Where torchvision itself raises
  or gives a name twice, the rule says so: :class:`NamingError`, :attr:`TorchvisionNaming.duplicates`.
* :class:`FxlensNaming` is our own rule: a leaf module's node is its module path, always.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol

_COUNTED = re.compile(r"(.+)_([0-9]+)$", re.DOTALL)


def _stem(name: str) -> str | None:
    """``name`` without its trailing ``_N``, or ``None`` if it has none."""
    # Most names end in a letter, and this runs several times per node.
    counted = _COUNTED.match(name) if name[-1:].isdigit() else None
    return counted[1] if counted else None


_PATTERN_CHARACTERS = frozenset("\\*+?|{}[]()^$")
"""What makes a name another regular expression than itself; the dot, which every nested name has, is apart."""


class NamingError(ValueError):
    """torchvision's naming crashes on this model.

    Attributes:
        name: the name that was to be given, before counting.
        earlier: the name given before, which torchvision's unescaped pattern takes for a repeat of ``name``; ``None``
            if the name is not even a valid pattern.
    """

    def __init__(self, name: str, earlier: str | None, reason: str) -> None:
        super().__init__(reason)
        self.name = name
        self.earlier = earlier


@dataclass(frozen=True)
class Operation:
    """What a rule may know of a node that is not a call of a leaf module.

    ``scope`` is the path of the module whose ``forward`` made the node (``""`` for the root), ``fx_name`` the name
    that torch.fx gave it (unique in the whole graph, so often with a counter), ``own_name`` the name of its function,
    method, argument or parameter.
    """

    scope: str
    fx_name: str
    own_name: str


class NamingRule(Protocol):
    """Names nodes one after the other, in execution order."""

    def of_module(self, path: str) -> str:
        """The name of the next call of the leaf module at ``path``."""
        ...

    def of_operation(self, operation: Operation) -> str:
        """The name of the next node that is an input, a parameter, a function or a method."""
        ...


class TorchvisionNaming:
    """The rule of ``NodePathTracer._get_node_qualname`` (torchvision 0.28), in constant time per node.

    The base of a name is the module path, or the scope and torch.fx's name, without a trailing ``_N`` (so a leaf
    ``ln_1`` becomes ``ln``). torchvision then looks through all earlier names, newest first, for one that matches the
    *pattern* ``base(_N)?`` and counts on from it. Here a dictionary knows the newest literal match, and
    :class:`_DotMatches` the newest of those that match only because a dot in a pattern matches any character.

    Raises:
        NamingError: from :meth:`of_module` and :meth:`of_operation`, where torchvision raises ``ValueError`` or
            ``re.error``.

    Example:
        >>> rule = TorchvisionNaming()
        >>> [rule.of_module(path) for path in ("ln_1", "ln_2", "relu", "relu")]
        ['ln', 'ln_1', 'relu', 'relu_1']
    """

    def __init__(self) -> None:
        self.duplicates: list[str] = []
        self._order: dict[str, int] = {}
        self._newest: dict[str, str] = {}
        self._dot_matches = _DotMatches()

    def of_module(self, path: str) -> str:
        return self._give(path)

    def of_operation(self, operation: Operation) -> str:
        scope, name = operation.scope, operation.fx_name
        return self._give(f"{scope}.{name}" if scope else name)

    def _give(self, wanted: str) -> str:
        base = _stem(wanted) or wanted
        earlier = self._newest_match(base)
        name = base if earlier is None else f"{base}_{self._next_index(base, earlier)}"
        self._remember(name)
        return name

    def _newest_match(self, base: str) -> str | None:
        if not _PATTERN_CHARACTERS.isdisjoint(base):
            return self._scan(base)
        literal = self._newest.get(base)
        if "." not in base:
            return literal
        loose = self._dot_matches.newest(base)
        if loose is None or literal is None:
            return literal or loose
        return max(literal, loose, key=self._order.__getitem__)

    def _scan(self, base: str) -> str | None:
        """torchvision's own way, for the rare base that is a real pattern (``conv(3x3)``)."""
        if not self._order:
            return None
        try:
            pattern = re.compile(f"{base}(_[0-9]+)?$")
        except re.error as error:
            raise NamingError(base, None, f"the name {base!r} is not a valid pattern ({error})") from None
        by_age = sorted(self._order, key=self._order.__getitem__, reverse=True)
        return next((name for name in by_age if pattern.match(name)), None)

    @staticmethod
    def _next_index(base: str, earlier: str) -> int:
        # Not earlier[len(base):] on purpose: torchvision removes every occurrence, which is one of the ways it fails.
        rest = earlier.replace(base, "")
        if not rest:
            return 1
        try:
            return int(rest[1:]) + 1
        except ValueError:
            reason = (
                f"torchvision takes the earlier node {earlier!r} for a repeat of {base!r} and cannot count on from it"
            )
            raise NamingError(base, earlier, reason) from None

    def _remember(self, name: str) -> None:
        if name in self._order:
            self.duplicates.append(name)
        self._order[name] = len(self._order) + len(self.duplicates)
        self._newest[name] = name
        self._dot_matches.add(name, name)
        stem = _stem(name)
        if stem is not None:
            self._newest[stem] = name
            self._dot_matches.add(stem, name)


class _DotMatches:
    """Finds the newest name that a base matches as a pattern though not literally: ``enc.norm`` matches ``enc_norm``.

    A name can match a base loosely only if both are equally long and the name has dots at some, not all, of the
    places where the base has them. So names are kept by length and places of their dots; for each such shape that a
    base has ever had, one dictionary maps the names of compatible shapes, with those places blanked, to the newest.
    Models have few shapes per length, so this costs a few dictionary operations per node.
    """

    def __init__(self) -> None:
        self._stems: dict[int, dict[str, str]] = {}
        self._views: dict[int, dict[tuple[int, ...], dict[str, str]]] = {}

    def add(self, stem: str, name: str) -> None:
        """Note that ``name``, whose part before the counter is ``stem``, is now the newest of that stem."""
        length = len(stem)
        stems = self._stems.get(length)
        if stems is None:
            stems = self._stems[length] = {}
        stems.pop(stem, None)  # so that the newest comes last
        stems[stem] = name
        views = self._views.get(length)
        if views:
            own = stem.count(".") + 1
            for shape, view in views.items():
                if own < len(shape):
                    view[_blank(stem, shape)] = name

    def newest(self, base: str) -> str | None:
        shape = tuple(map(len, base.split(".")))
        views = self._views.get(len(base))
        if views is None:
            views = self._views[len(base)] = {}
        view = views.get(shape)
        if view is None:
            stems = self._stems.get(len(base), {})
            view = views[shape] = {}
            for stem, name in stems.items():
                if stem.count(".") + 1 < len(shape):
                    view[_blank(stem, shape)] = name
        return view.get(base)


def _blank(stem: str, shape: tuple[int, ...]) -> str:
    """``stem`` cut into parts as long as those of a base, joined by dots.

    It equals that base exactly if the base, as a pattern, matches ``stem``.
    """
    start, parts = 0, []
    for length in shape:
        parts.append(stem[start : start + length])
        start += length + 1
    return ".".join(parts)


class FxlensNaming:
    """Our own rule: names that can be trusted to be what they say.

    The first call of a leaf module is named by its module path, always. Repeats, and operations, get ``_1``, ``_2`` …
    where needed, and never a name that is the path of some module. torch.fx's own counters are undone, numbers that
    belong to a name (an argument ``x_1``, a function ``scale_2``) stay.

    Args:
        module_paths: the paths of all modules of the model, aliases included.

    Example:
        >>> rule = FxlensNaming(["ln_1", "ln_2", "relu", "relu_1"])
        >>> [rule.of_module(path) for path in ("ln_1", "ln_2", "relu", "relu")]
        ['ln_1', 'ln_2', 'relu', 'relu_2']
    """

    def __init__(self, module_paths: Iterable[str] = ()) -> None:
        self._owned = frozenset(module_paths)
        self._taken: set[str] = set()
        self._counts: dict[str, int] = {}

    def of_module(self, path: str) -> str:
        if path not in self._taken:
            self._taken.add(path)
            return path
        return self._next_free(path)

    def of_operation(self, operation: Operation) -> str:
        label = _without_fx_counter(operation.fx_name, operation.own_name)
        base = f"{operation.scope}.{label}" if operation.scope else label
        if base not in self._taken and base not in self._owned:
            self._taken.add(base)
            return base
        return self._next_free(base)

    def _next_free(self, base: str) -> str:
        count = self._counts.get(base, 0)
        while True:
            count += 1
            name = f"{base}_{count}"
            if name not in self._taken and name not in self._owned:
                break
        self._counts[base] = count
        self._taken.add(name)
        return name


def _without_fx_counter(fx_name: str, own_name: str) -> str:
    stem = _stem(fx_name)
    if stem is None:
        return fx_name
    own = re.sub(r"[^0-9a-zA-Z_]", "_", own_name)
    return own if _stem(own) is not None else stem
