"""Values for parameters that nobody gives and that no graph depends on: devices, weights, numbers of classes."""

from __future__ import annotations

import re

from fxlens.source.document import Document
from fxlens.source.names import Parameter

_DEVICE = re.compile(r"(?:.*_)?(?:device|gpu|gpu_id|map_location|rank|local_rank)\Z", re.I)
_NO_WEIGHTS = re.compile(
    r"(?:.*_)?(?:weights?|weights?_path|ckpt|checkpoint|ckpt_path|checkpoint_path|state_dict|weights_backbone)(?:_.*)?\Z",
    re.I,
)
_SWITCH = re.compile(
    r"(?:.*_)?(?:pre_?trained|progress|freeze|frozen|train_backbone|requires_grad|verbose|debug)\Z", re.I
)
_COUNT = re.compile(
    r"(?:n|num|nb|number_of|no_of|n_of)_?(?:class(?:es)?|labels?|outputs?|categories|targets)\Z"
    r"|(?:out|output|embedding|embed|feature|hidden|latent|emb)_?(?:dim|dims|size|features|channels)\Z"
    r"|(?:class(?:es)?_?(?:num|count)|nclass(?:es)?|nc|ncls|classes|num_class(?:es)?)\Z",
    re.I,
)
PLACEHOLDER_COUNT = 10


def placeholder(document: Document, parameter: Parameter) -> str | None:
    """The text of a stand-in for ``parameter``; nothing if a graph may depend on it."""
    if parameter.stars:
        return "{}" if parameter.stars == "**" else "()"
    name = parameter.name
    if _DEVICE.match(name):
        return '"cpu"'
    if _SWITCH.match(name):
        return "False"
    if _NO_WEIGHTS.match(name):
        return "None"
    if _COUNT.match(name):
        return str(PLACEHOLDER_COUNT)
    if parameter.annotation is not None and document.code(parameter.annotation) == "torch.device":
        return '"cpu"'
    return None
