"""What torch's modules and the functions around them do to the structure of a model.

Graphs depend on modules and their settings, never on weights, devices or data.
"""

from __future__ import annotations

import re

_NO_STRUCTURE_ATTRIBUTES = frozenset({"requires_grad", "training", "grad", "data", "__doc__"})
NEUTRAL_METHODS = frozenset(
    {"to", "cuda", "cpu", "xpu", "half", "float", "double", "bfloat16", "type", "to_empty"}
    | {"share_memory", "requires_grad_", "zero_grad", "eval", "train"}
)
"""Methods of a module that return the module itself, its structure unchanged."""
_CHANGES = frozenset(
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
_VALUES = frozenset({"weight", "bias", "data", "grad", "requires_grad_"})
PARTS_WITHOUT_STRUCTURE = frozenset({"parameters", "named_parameters", "buffers", "named_buffers", "state_dict"})

SETTINGS_OF = frozenset({"timm", "torchvision"})
"""Libraries whose functions are called as settings. Other packages' functions of one's own, ``setup_logging(…)`` among
them, do what no slice should; to leave their settings out is the lesser evil."""
ENVIRONMENT = "os.environ"
SETS_ENVIRONMENT = frozenset({"os.putenv", "os.environ.setdefault", "os.environ.update"})
TENSOR_MAKERS = frozenset(f"torch.{name}" for name in ("rand", "randn", "zeros", "ones", "empty"))
MOST_SIZES = 6


_CHANGES_OUTPUT = frozenset({"register_forward_hook", "recompile", "__setattr__"})
LEAVES_RESULTS = frozenset(
    {"torch.no_grad", "torch.enable_grad", "torch.inference_mode", "torch.set_grad_enabled", "torch.compile"}
    | {"torch.autocast", "torch.amp.autocast", "torch.cuda.amp.autocast", "functools.wraps", "staticmethod"}
)
"""The decorators whose function returns, each time, what the decorated one returns."""
LOOKS_ONLY = frozenset(
    {"print", "len", "isinstance", "type", "str", "repr", "id", "hash", "hasattr", "any", "all", "sum", "min", "max"}
    | {"next", "pprint.pprint", "pprint.pp"}
)
"""The functions that put nothing into a dict they are given."""


def changes_what_is_returned(name: str) -> bool:
    """Whether a module may return something else behind a call of its method of that name."""
    return name in _CHANGES_OUTPUT


def structural_attribute(name: str) -> bool:
    """Whether setting an attribute of that name may change a graph."""
    return name not in _NO_STRUCTURE_ATTRIBUTES


def changing_method(name: str, only_constants: bool, path: tuple[str, ...]) -> bool:
    """Whether a method of something unknown, called for its effect, may change the graph of a model.

    ``path`` are the attributes between the object and the method. An own method of the model's class, such as
    ``model.switch_to_deploy()``, counts only where it takes no data.
    """
    if name in _CHANGES:
        return True
    if _VALUES & set(path) or _NO_STRUCTURE.match(name):
        return False
    return only_constants
