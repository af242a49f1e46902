"""Which statements change the structure of a model, by what they call and assign.

Graphs depend on modules and their settings, never on weights, devices or data, so most of what scripts do to a model
may be left out of its slice. What is left out here is never evaluated.
"""

from __future__ import annotations

import re

from fxlens.source.flow import Flow
from fxlens.source.names import Key, Occurrence
from fxlens.source.tree import (
    Node,
    arguments,
    children,
    definition_core,
    is_call,
    is_operator,
    leaves,
    opens_with,
    value,
)

NEUTRAL_METHODS = frozenset(
    {"to", "cuda", "cpu", "xpu", "half", "float", "double", "bfloat16", "type", "to_empty"}
    | {"share_memory", "requires_grad_", "zero_grad", "eval", "train"}
)

_CONTAINER_CHANGES = frozenset(
    {"append", "extend", "insert", "pop", "remove", "clear", "update", "setdefault", "add", "reverse", "sort"}
    | {"add_module", "register_module", "register_buffer", "register_parameter", "reset_classifier"}
    | {"add_argument", "set_defaults", "add_argument_group", "add_mutually_exclusive_group"}
    | {"__setattr__", "__delattr__", "__setitem__", "__delitem__"}
)
_NO_STRUCTURE = re.compile(
    r"(?:load|save|fit|train|test|valid|eval|forward|step|backward|predict|summary|print|show|log|plot|run|"
    r"init|reset_param|zero_|to_|share|compile|register_.*hook|apply|watch|push|download|register_full|set_grad)"
    r"|(?:to|cuda|cpu|half|float|double|type|parameters|modules|state_dict|children|named_.*)\Z"
)
_NO_STRUCTURE_ATTRIBUTES = frozenset({"requires_grad", "training", "grad", "data", "__doc__"})
_TENSORS = frozenset({"parameters", "named_parameters", "buffers", "named_buffers", "state_dict"})
_VALUES = frozenset({"weight", "bias", "data", "grad", "requires_grad_"})
_WEIGHT_FUNCTIONS = re.compile(
    r"(?:.*_)?(?:load|restore|resume|train|fit|fine_?tune|pre_?train|to_device|prepare|init(?:ialize|ialise)?|watch|"
    r"freeze|unfreeze)(?:_.*)?\Z|.*_(?:weights|checkpoint|state_dict|ckpt|device)\Z",
    re.I,
)
_CHANGING_FUNCTIONS = frozenset({"setattr", "delattr"})
_PATH_CHANGES = frozenset({"append", "insert", "extend"})


def keeps_structure(occurrence: Occurrence, key: Key) -> bool:
    """Whether an assignment gives ``key`` its own former value, as ``model = load_weights(model.to(device), path)``."""
    bound = occurrence.value
    if bound is None or bound.type != "atom_expr" or len(children(occurrence.statement)) != 3:
        return False
    parts = children(bound)
    consumed = 2 if "." in key else 1
    if _root_is(parts, key) and len(parts) > consumed:
        methods = parts[consumed:]
        return (
            all(
                opens_with(part, ".") and value(children(part)[1]) in NEUTRAL_METHODS if at % 2 == 0 else is_call(part)
                for at, part in enumerate(methods)
            )
            and len(methods) % 2 == 0
        )
    return False


def _root_is(parts: list[Node], key: Key) -> bool:
    root, _, attribute = key.partition(".")
    if value(parts[0]) != root:
        return False
    if not attribute:
        return True
    second = children(parts[1]) if len(parts) > 1 else []
    return len(second) == 2 and is_operator(second[0], ".") and value(second[1]) == attribute


def aliases(statement: Node) -> list[str]:
    """The names that an assignment or a loop gives to parts of a model; parameters are no parts that have structure."""
    core = definition_core(statement)
    parts = children(core)
    if core.type == "for_stmt":
        tensors = any(value(leaf) in _TENSORS for leaf in leaves(parts[3]))
        return [] if tensors else [value(leaf) for leaf in leaves(parts[1]) if leaf.type == "name"]
    return [value(parts[0])] if len(parts) == 3 and parts[0].type == "name" else []


def changes_structure(flow: Flow, change: Occurrence) -> bool:
    """Whether the statement of ``change`` may change the graph of what it changes."""
    if change.action == "mutate":
        return _last_attribute(change.node) not in _NO_STRUCTURE_ATTRIBUTES
    if change.action == "effect":
        return _method_changes(change)
    if change.action == "pass":
        return _function_changes(flow, change)
    return False


def _last_attribute(node: Node) -> str:
    for part in reversed(children(node)):
        inner = children(part)
        if part.type == "trailer" and is_operator(inner[0], "."):
            return value(inner[1])
    return ""


def _method_changes(change: Occurrence) -> bool:
    parts = children(change.node)
    if not is_call(parts[-1]) or len(parts) < 3:
        return False
    name = _last_attribute(change.node)
    if name in _CONTAINER_CHANGES:
        return True
    if any(value(leaf) in _VALUES for part in parts[1:-1] for leaf in children(part)):
        return False
    if _NO_STRUCTURE.match(name):
        return False
    # An own method of the model's class, such as `model.switch_to_deploy()`: only where it takes no data.
    given = arguments(parts[-1])
    return all(expression.type in ("keyword", "number", "string") for _, expression in given)


def _function_changes(flow: Flow, change: Occurrence) -> bool:
    parts = children(change.statement)
    if len(parts) != 2 or parts[0].type != "name":
        return False
    name = value(parts[0])
    if name in _CHANGING_FUNCTIONS:
        return True
    for occurrence in flow.reaching(name, change.statement).bindings:
        core = definition_core(occurrence.statement)
        if core.type == "funcdef":
            return not _WEIGHT_FUNCTIONS.match(name) and _assigns_attributes(core)
    return False


def _assigns_attributes(function: Node) -> bool:
    """Whether a function sets or deletes attributes other than those that leave graphs alone."""
    stack = [children(function)[-1]]
    while stack:
        top = stack.pop()
        parts = children(top)
        if top.type == "expr_stmt" and parts[0].type == "atom_expr":
            last = children(parts[0])[-1]
            if _last_attribute(parts[0]) not in _NO_STRUCTURE_ATTRIBUTES and not is_call(last):
                return True
        if top.type == "atom_expr" and value(parts[0]) in _CHANGING_FUNCTIONS:
            return True
        if top.type == "trailer" and len(parts) == 2 and value(parts[1]) in ("add_module", "register_module"):
            return True
        if top.type == "del_stmt" and any(is_operator(leaf, ".") for leaf in leaves(top)):
            return True
        stack += parts
    return False
