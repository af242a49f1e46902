"""``string.Template``: texts whose fields are filled later."""

from __future__ import annotations

from string import Template

from fxlens.source.alternatives import certain, joined, only, text_of, under
from fxlens.source.conditions import conjunction
from fxlens.source.library.called import MOST_ITEMS, Called, models
from fxlens.source.library.operators import MOST_LENGTH
from fxlens.source.values import ALWAYS, Alternatives, Condition, Const, Container, Item

TEMPLATE = "template"
"""The kind of container of the text of a template."""


@models("string.Template", least=1, most=1)
def _template(call: Called) -> Alternatives:
    return call.machine.made(TEMPLATE, (Item(call.positional[0]),))


def filled(call: Called, template: Container, *, safe: bool) -> Alternatives:
    """What ``substitute``, or ``safe_substitute``, makes of the text, for all alternatives of what it is given."""
    text = text_of(only(template.items[0].value))
    fields = _fields(call)
    rows = _rows(call, fields) if fields is not None else None
    if text is None or rows is None:
        return call.unknown()
    return joined(*(under(_filled(call, text, values, safe), condition) for values, condition in rows))


def _fields(call: Called) -> dict[str, Alternatives] | None:
    """The fields by name: those of a dict, and before these the keywords; nothing where only a run can tell them."""
    fields: dict[str, Alternatives] = {}
    for mapping in call.positional:
        entries, why = call.machine.entries(mapping, call.node)
        for item in entries:
            name = text_of(only(item.key))
            if name is None or item.condition:
                return None
            fields[name] = item.value
        if why is not None:
            return None
    return {**fields, **call.named} if not call.unpacks else None


def _rows(call: Called, fields: dict[str, Alternatives]) -> list[tuple[dict[str, object], Condition]] | None:
    """Each combination of the values of the fields that is possible; nothing where not all are constants."""
    rows: list[tuple[dict[str, object], Condition]] = [({}, ALWAYS)]
    for name, alternatives in fields.items():
        column = call.machine.settled(alternatives)
        constants = [(value.value, own) for value, own in column if isinstance(value, Const)]
        if len(constants) < len(column) or len(rows) * len(column) > MOST_ITEMS:
            return None
        both = ((values, value, conjunction(first, own)) for values, first in rows for value, own in constants)
        rows = [({**values, name: value}, condition) for values, value, condition in both if condition is not None]
    return rows


def _filled(call: Called, text: str, values: dict[str, object], safe: bool) -> Alternatives:
    template = Template(text)
    try:
        made = template.safe_substitute(values) if safe else template.substitute(values)
    except (KeyError, ValueError):  # A field that is not given, or a `$` that begins none.
        return call.unknown()
    return certain(Const(made, call.origin)) if len(made) <= MOST_LENGTH else call.unknown()
