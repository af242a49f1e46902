"""What a program is given on the command line: of options that are not passed, the defaults."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass

from fxlens.source.alternatives import certain, joined, mapped, only, text_of, under
from fxlens.source.library.called import Called
from fxlens.source.values import NONE, Alternatives, Const, Item

PARSERS = "argparse."
"""Begins the names of what makes parsers and groups of options."""
SETS_DEFAULTS = "set_defaults"
PARSES = frozenset({"parse_args", "parse_intermixed_args"})
PARSES_KNOWN = frozenset({"parse_known_args", "parse_known_intermixed_args"})
NAMESPACES = frozenset({"argparse.Namespace", "types.SimpleNamespace"})
"""Objects whose attributes are the keywords that they are made with."""
OPTION_DECORATORS = frozenset({"click.option", "click.argument", "rich_click.option", "rich_click.argument"})
"""Decorators that declare an option, and give it to the parameter of its name."""
_SWITCHES = {"store_true": (False, True), "store_false": (True, False)}


@dataclass(frozen=True)
class Option:
    """An option of a parser; ``default`` is nothing if it has to be given."""

    name: str
    flags: tuple[str, ...]
    default: Alternatives | None
    declared: Called
    many: bool = False
    switched: bool | None = None
    """What an option without a value is if it is given."""
    repeated: bool = False
    """Whether it is a list of the values that it is given with, one after another."""

    @property
    def is_positional(self) -> bool:
        return bool(self.flags) and not self.flags[0].startswith("-")


def declared(call: Called) -> Option | None:
    """The option that ``add_argument(…)`` declares; nothing if its name is not known."""
    flags = tuple(filter(None, map(_text, call.positional)))
    if not flags or len(flags) < len(call.positional):
        return None
    name = _text(call.named.get("dest")) or _name_of(flags)
    action = _text(call.named.get("action"))
    if action in _SWITCHES:
        absent, present = _SWITCHES[action]
        return Option(name, flags, call.named.get("default", certain(Const(absent))), call, switched=present)
    many = bool(call.named.get("nargs")) and _text(call.named.get("nargs")) != "?"
    if _has_to_be_given(call, flags):
        return Option(name, flags, None, call, many)
    return Option(name, flags, joined(*_defaults(call)), call, many, repeated=action == "append")


def _name_of(flags: Sequence[str]) -> str:
    long = next((each for each in flags if each.startswith("--")), flags[0])
    return long.lstrip("-").replace("-", "_")


def _has_to_be_given(call: Called, flags: Sequence[str]) -> bool:
    may_be_missing = flags[0].startswith("-") or _text(call.named.get("nargs")) in ("?", "*")
    return not may_be_missing or call.says("required")


def command(call: Called) -> Option | None:
    """The option that ``add_subparsers(dest=…)`` declares: the command that is given."""
    name = _text(call.named.get("dest"))
    return Option(name, (name,), None, call) if name else None


def decorated(call: Called) -> Option | None:
    """The option that ``click.option(…)`` declares; nothing if its name is not known, or it has to be given."""
    flags = [_text(each) for each in call.positional]
    if not flags or not all(flags) or call.unpacks:
        return None
    names = [each for each in flags if not each.startswith("-")] or sorted(flags, key=lambda flag: flag[:2] != "--")
    default = call.named.get("default", _default_of(call, names[0]))
    name = names[0].partition("/")[0].lstrip("-").replace("-", "_").lower()
    return Option(name, tuple(flags), default, call) if default is not None else None


def _default_of(call: Called, name: str) -> Alternatives | None:
    """What an option of click is without a default; nothing if it has to be given."""
    if call.says("required") or call.dotted.endswith(".argument"):
        return None
    if call.says("multiple"):
        return call.machine.made("tuple", ())
    return certain(Const(False)) if call.named.get("is_flag") or "/" in name else NONE


def _defaults(call: Called) -> Iterable[Alternatives]:
    """The default; of a text what the option's type makes of it, as the parser does."""
    for value, condition in call.named.get("default", NONE):
        is_text = text_of(value) is not None
        yield under(converted(call, certain(value)) if is_text else certain(value), condition)


def converted(call: Called, value: Alternatives) -> Alternatives:
    """What ``type=`` of a declaration makes of a text."""
    kinds = call.named.get("type", ())
    return mapped(lambda kind: call.machine.call_each(kind, [[value]], call.node)[0], kinds) if kinds else value


def parsed(options: Collection[Option], words: Sequence[Const]) -> dict[str, Alternatives]:
    """What the words of a command line that the program gives itself say of the options."""
    written = _Words(options)
    for word in words:
        written.add(word)
    values = {option.name: _values(option, each) for option, each in written.values.items()}
    # The others are certainly at their defaults.
    defaults = {option.name: option.default for option in options if option.default is not None}
    return {**defaults, **values}


class _Words:
    """The words of a command line, each with the option that it is a value of."""

    def __init__(self, options: Collection[Option]) -> None:
        self.values: dict[Option, list[Const]] = {}
        self._by_flag = {flag: option for option in options for flag in option.flags if flag.startswith("-")}
        self._positional = [option for option in options if option.is_positional]
        self._current: Option | None = None
        self._is_given = False
        """Whether the current option has a value."""

    def add(self, word: Const) -> None:
        flag, _, rest = str(word.value).partition("=")
        if flag in self._by_flag:
            self._begin(self._by_flag[flag], [Const(rest, word.origin)] if rest else [])
            return
        if self._is_complete():
            self._current = self._positional.pop(0) if self._positional else None
        if self._current is not None:
            self.values.setdefault(self._current, []).append(word)
        self._is_given = True

    def _begin(self, option: Option, values: list[Const]) -> None:
        before = self.values.get(option, []) if option.repeated else []
        self.values[option] = [*before, *values]
        self._current, self._is_given = option, bool(values)

    def _is_complete(self) -> bool:
        """Whether the next value is one of the next positional option."""
        return self._current is None or (self._is_given and not self._current.many)


def _values(option: Option, words: list[Const]) -> Alternatives:
    if option.switched is not None:
        return certain(Const(option.switched))
    each = [converted(option.declared, certain(word)) for word in words]
    if option.many or option.repeated:
        return option.declared.machine.made("list", tuple(map(Item, each)))
    return each[0] if each else NONE


def _text(alternatives: Alternatives | None) -> str:
    return text_of(only(alternatives)) or ""


DECLARED_BY: dict[str, Callable[[Called], Option | None]] = {"add_argument": declared, "add_subparsers": command}
"""The methods of parsers that declare an option, by name."""
