"""What a parameter is bound to in a slice: its caller's argument, its default value, or a stand-in."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from fxlens.source import constants
from fxlens.source.branches import NO_ARM, conditions
from fxlens.source.flow import Flow
from fxlens.source.names import Parameter
from fxlens.source.tree import (
    Node,
    ancestors,
    children,
    is_operator,
    leaves,
    opens_with,
    parent,
    scope_of,
    value,
)
from fxlens.source.worlds import Undecided

_DEVICE = re.compile(r"(?:.*_)?(?:device|devices|gpus?|gpu_ids?|map_location|rank|local_rank|cuda)\Z", re.I)
_NO_WEIGHTS = re.compile(
    r"(?:.*_)?(?:weights?|weights?_path|ckpt|checkpoint|ckpt_path|checkpoint_path|state_dict|weights_backbone)(?:_.*)?\Z",
    re.I,
)
_SWITCH = re.compile(
    r"(?:.*_)?(?:(?:is_|use_)?pre_?trained|progress|freeze|frozen|train_backbone|requires_grad|verbose|debug)\Z", re.I
)
_COUNT = re.compile(
    r"(?:n|num|nb|number_of|no_of|n_of)_?(?:class(?:es)?|labels?|outputs?|categories|targets|cls)\Z"
    r"|(?:out|output|embedding|embed|feature|hidden|latent|emb)_?(?:dim|dims|size|features|channels)\Z"
    r"|(?:class(?:es)?_?(?:num|count)|nclass(?:es)?|nc|ncls|classes|num_class(?:es)?)\Z",
    re.I,
)
_SIZED_LAYERS = re.compile(r"(?:Lazy)?(?:Linear|Conv\dd|BatchNorm\dd|LayerNorm|GroupNorm|Embedding)\Z")
_DEVICE_METHODS = frozenset({"to", "cuda", "type"})
_LOADERS = frozenset({"load", "load_state_dict", "load_state_dict_from_url", "load_file"})
_COUNT_TEXT = "10"
_NAMESPACE = '__import__("types").SimpleNamespace'


@dataclass(frozen=True)
class Binding:
    """The text bound to a parameter, where it stands, and what it has to be looked up for.

    ``place`` is the statement at which ``expression`` is evaluated, in ``flow``; stand-ins have none of them.
    """

    text: str
    line: int
    expression: Node | None = None
    place: Node | None = None
    flow: Flow | None = None


def bind(flow: Flow, scope: Node, parameter: Parameter, user: Node, place: Node | None) -> Binding | None:
    """What ``parameter`` of the function ``scope`` is, as ``user`` needs it at ``place``; nothing if nobody knows.

    Raises:
        Undecided: it differs between worlds, or this world does not say.
    """
    document, line = flow.document, parameter.leaf.start_pos[0] - 1
    assumed = flow.world.values.get(parameter.leaf.start_pos) if flow.world is not None else None
    if assumed is not None:
        return Binding(assumed, line)
    given = flow.argument(scope, parameter)
    if given is not None:
        expression, at, there = given
        return Binding(there.document.code(expression), expression.start_pos[0] - 1, expression, at, there)
    tested = _tested_value(flow, parameter, scope, place)
    if tested is not None:
        return Binding(tested, line)
    stand_in = _by_name(parameter.name) if not parameter.stars else {"*": "()", "**": "{}"}[parameter.stars]
    default = parameter.default
    if default is not None and not (value(default) == "None" and stand_in is not None):
        return Binding(document.code(default), line, default, scope)
    stand_in = stand_in or _by_use(parameter.name, user)
    if stand_in is not None:
        return Binding(stand_in, line)
    if default is None and flow.world is not None and _is_condition(parameter.name, user):
        values = flow.world.values
        raise Undecided(
            [replace(flow.world, values={**values, parameter.leaf.start_pos: text}) for text in ("True", "False")]
        )
    return _namespace(parameter, user, line)


def _tested_value(flow: Flow, parameter: Parameter, scope: Node, place: Node | None) -> str | None:
    """What a condition of the form ``name == "resnet18"`` says that a parameter is, where that arm is taken."""
    for if_statement, arm in _arms_taken(flow, scope, place):
        subject = flow.match_subject(if_statement)
        for condition, own_arm in conditions(if_statement):
            if own_arm == arm and condition is not None:
                text = _equal_to(flow, parameter.name, condition, subject)
                if text is not None:
                    return text
    return None


def _arms_taken(flow: Flow, scope: Node, place: Node | None) -> list[tuple[Node, int]]:
    taken = []
    if place is not None and scope_of(place) is scope:
        taken = [(compound, arm) for compound, arm in flow.chain(place, scope) if compound.type == "if_stmt"]
    if flow.world is not None:
        for position, arm in flow.world.arms.items():
            if arm == NO_ARM or not scope.start_pos <= position < scope.end_pos:
                continue
            leaf = flow.document.leaf_at(flow.document.offset(position))
            if leaf is not None and parent(leaf).type == "if_stmt":
                taken.append((parent(leaf), arm))
    return taken


def _equal_to(flow: Flow, name: str, condition: Node, subject: Node | None) -> str | None:
    parts = children(condition)
    if subject is not None:
        first = parts[0] if condition.type == "expr" else condition
        return flow.document.code(first) if value(subject) == name and first.type == "string" else None
    if condition.type != "comparison" or len(parts) != 3:
        return None
    operator = value(parts[1])
    if operator == "==":
        for one, other in ((parts[0], parts[2]), (parts[2], parts[0])):
            if value(one) == name and not isinstance(constants.evaluate(flow, other), constants.Unknown):
                return repr(constants.evaluate(flow, other))
    if operator == "in" and value(parts[0]) == name:
        among = constants.evaluate(flow, parts[2])
        return repr(among[0]) if isinstance(among, tuple) and among else None
    return None


def _by_name(name: str) -> str | None:
    """A stand-in for what no graph depends on, told by its name: devices, weights, numbers of classes."""
    if _DEVICE.match(name):
        return '"cpu"'
    if _SWITCH.match(name):
        return "False"
    if _NO_WEIGHTS.match(name):
        return "None"
    return _COUNT_TEXT if _COUNT.match(name) else None


def _by_use(name: str, user: Node) -> str | None:
    """A stand-in for what only goes where it changes no graph: ``num_classes=n``, ``nn.Linear(512, n)``, ``.to(d)``."""
    texts: set[str | None] = set()
    for leaf in leaves(user):
        if leaf.type == "name" and value(leaf) == name and not _is_attribute(leaf):
            texts.add(_stand_in_at(leaf))
    return texts.pop() if len(texts) == 1 else None


def _stand_in_at(leaf: Node) -> str | None:
    above = parent(leaf)
    if above.type == "test":
        # `weights = W.DEFAULT if use_weights else None`: what is optional is no model.
        one, _, condition, _, other = children(above)
        if condition is not leaf or "None" not in (value(one), value(other)):
            return None
        return "False" if value(other) == "None" else "True"
    if above.type == "argument" and is_operator(children(above)[1], "="):
        return _by_name(value(children(above)[0]))
    trailer = above if above.type == "trailer" else parent(above)
    if trailer.type != "trailer" or not opens_with(trailer, "(") or parent(trailer).type != "atom_expr":
        return None
    chain = children(parent(trailer))
    at = next(index for index, part in enumerate(chain) if part is trailer)
    called = chain[at - 1] if at else trailer
    name = value(called) or value(children(called)[-1])
    if name in _DEVICE_METHODS:
        return '"cpu"'
    if name in _LOADERS:
        return '""'
    return _COUNT_TEXT if _SIZED_LAYERS.match(name) else None


def _is_attribute(leaf: Node) -> bool:
    return parent(leaf).type == "trailer" and opens_with(parent(leaf), ".")


def _is_condition(name: str, user: Node) -> bool:
    """Whether all that is asked of a name is whether it is true."""
    found = False
    for leaf in leaves(user):
        if value(leaf) != name or leaf.type != "name" or _is_attribute(leaf):
            continue
        above = parent(leaf)
        inner = leaf
        if above.type == "not_test":
            inner, above = above, parent(above)
        if above.type != "test" or children(above)[2] is not inner:
            return False
        found = True
    return found


def _namespace(parameter: Parameter, user: Node, line: int) -> Binding | None:
    """A stand-in for ``args`` or ``cfg``, if ``user`` reads only attributes of it that may be stood in for."""
    wanted = _attributes_read(parameter.name, user)
    function = next((above for above in ancestors(parameter.leaf) if above.type == "funcdef"), None)
    if not wanted or not all(name and _by_name(name) for name in wanted) or function is None:
        return None
    # All of them that the function reads: one binding serves every statement.
    known = {name: _by_name(name) for name in _attributes_read(parameter.name, children(function)[-1]) if name}
    inner = ", ".join(f"{name}={text}" for name, text in sorted(known.items()) if text is not None)
    return Binding(f"{_NAMESPACE}({inner})", line)


def is_namespace(text: str) -> bool:
    """Whether a binding is a stand-in that has only those attributes for which one is known."""
    return text.startswith(_NAMESPACE)


def _attributes_read(name: str, user: Node) -> set[str]:
    """The attributes that ``user`` reads of ``name``; ``""`` among them where it uses the object itself."""
    found: set[str] = set()
    for leaf in leaves(user):
        if leaf.type == "name" and value(leaf) == name and not _is_attribute(leaf):
            parts = children(parent(leaf))
            has_attribute = parent(leaf).type == "atom_expr" and len(parts) > 1 and opens_with(parts[1], ".")
            found.add(value(children(parts[1])[1]) if has_attribute else "")
    return found
