"""Guesses by name: parameters that no graph depends on, or that are a number of outputs."""

from __future__ import annotations

import re

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
SIZED_LAYERS = re.compile(r"(?:Lazy)?(?:Linear|Conv\dd|BatchNorm\dd|LayerNorm|GroupNorm|Embedding)\Z")
DEVICE_METHODS = frozenset({"to", "cuda", "type"})
LOADERS = frozenset({"load", "load_state_dict", "load_state_dict_from_url", "load_file"})
COUNT_TEXT = "10"
NAMESPACE = '__import__("types").SimpleNamespace'
"""Makes an object of its attributes, in a slice."""


def by_name(name: str) -> str | None:
    """A stand-in for what no graph depends on, told by its name: devices, weights, numbers of classes."""
    if _DEVICE.match(name):
        return '"cpu"'
    if _SWITCH.match(name):
        return "False"
    if _NO_WEIGHTS.match(name):
        return "None"
    return COUNT_TEXT if _COUNT.match(name) else None
