"""What a program is given on the command line: of options that nobody gives, the defaults."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from fxlens.source.alternatives import certain, joined, under
from fxlens.source.library.called import Called
from fxlens.source.values import NONE, Alternatives, Const, Item

PARSERS = "argparse."
"""Begins the names of what makes parsers and groups of options."""
DECLARES = "add_argument"
DECLARES_COMMANDS = "add_subparsers"
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


def declared(call: Called) -> Option | None:
    """The option that ``add_argument(…)`` declares; nothing if its name is not known."""
    flags = tuple(filter(None, map(_text, call.positional)))
    if not flags or len(flags) < len(call.positional):
        return None
    long = next((each for each in flags if each.startswith("--")), flags[0])
    name = _text(call.named.get("dest", ())) or long.lstrip("-").replace("-", "_")
    count = call.named.get("nargs", ())
    action = _text(call.named.get("action", ()))
    if action in _SWITCHES:
        absent, present = _SWITCHES[action]
        return Option(name, flags, call.named.get("default", certain(Const(absent))), call, switched=present)
    many = bool(count) and _text(count) != "?"
    positional = not flags[0].startswith("-") and _text(count) not in ("?", "*")
    if positional or _only(call.named.get("required", ())) == Const(True):
        return Option(name, flags, None, call, many)
    return Option(name, flags, joined(*_defaults(call)), call, many, repeated=action == "append")


def command(call: Called) -> Option | None:
    """The option that ``add_subparsers(dest=…)`` declares: the command that is given."""
    name = _text(call.named.get("dest", ()))
    return Option(name, (name,), None, call) if name else None


def decorated(call: Called) -> Option | None:
    """The option that ``click.option(…)`` declares; nothing if its name is not known, or it has to be given."""
    flags = [_text(each) for each in call.positional]
    names = [each for each in flags if not each.startswith("-")] or sorted(flags, key=lambda flag: flag[:2] != "--")
    if not names or not all(flags) or call.unpacks:
        return None
    switched = call.named.get("is_flag", ()) or "/" in names[0]
    absent: Alternatives = certain(Const(False)) if switched else NONE
    if _only(call.named.get("multiple", ())) == Const(True):
        absent = call.machine.made("tuple", ())
    name = names[0].partition("/")[0].lstrip("-").replace("-", "_").lower()
    required = _only(call.named.get("required", ())) == Const(True) or call.dotted.endswith(".argument")
    default = call.named.get("default", None if required else absent)
    return Option(name, tuple(flags), default, call) if default is not None else None


def _defaults(call: Called) -> Iterable[Alternatives]:
    """The default; of a text what the option's type makes of it, as the parser does."""
    for value, condition in call.named.get("default", NONE):
        is_text = isinstance(value, Const) and isinstance(value.value, str)
        yield under(converted(call, certain(value)) if is_text else certain(value), condition)


def converted(call: Called, value: Alternatives) -> Alternatives:
    """What ``type=`` of a declaration makes of a text."""
    kinds = call.named.get("type", ())
    if not kinds:
        return value
    return joined(*(under(call.machine.call_each(kind, [[value]], call.node)[0], own) for kind, own in kinds))


def parsed(options: Collection[Option], words: Sequence[Const]) -> dict[str, Alternatives]:
    """What the words of a command line that the program gives itself say of the options."""
    by_flag = {flag: option for option in options for flag in option.flags if flag.startswith("-")}
    positional = [option for option in options if option.flags and not option.flags[0].startswith("-")]
    parsed_values: dict[str, Alternatives] = {}
    current: Option | None = None
    values: dict[Option, list[Const]] = {}
    is_given = False
    """Whether the current option has a value."""
    for word in words:
        flag, _, rest = str(word.value).partition("=")
        if flag in by_flag:
            current = by_flag[flag]
            before = values.get(current, []) if current.repeated else []
            values[current] = [*before, *([Const(rest, word.origin)] if rest else [])]
            is_given = bool(rest)
            continue
        if current is None or (is_given and not current.many):
            current = positional.pop(0) if positional else None
        if current is not None:
            values.setdefault(current, []).append(word)
        is_given = True
    for option, written in values.items():
        parsed_values[option.name] = _values(option, written)
    for option in options:  # The others are certainly at their defaults.
        if option.default is not None:
            parsed_values.setdefault(option.name, option.default)
    return parsed_values


def _values(option: Option, words: list[Const]) -> Alternatives:
    if option.switched is not None:
        return certain(Const(option.switched))
    each = [converted(option.declared, certain(word)) for word in words]
    if option.many or option.repeated:
        return option.declared.machine.made("list", tuple(map(Item, each)))
    return each[0] if each else NONE


def _only(alternatives: Alternatives) -> object:
    return alternatives[0][0] if len(alternatives) == 1 else None


def _text(alternatives: Alternatives) -> str:
    only = _only(alternatives)
    return only.value if isinstance(only, Const) and isinstance(only.value, str) else ""
