"""The classes of torchvision's models, by the names of the functions that make them."""

from __future__ import annotations

import re

_MODELS = re.compile(r"torchvision\.models\.(?:\w+\.)?(\w+)\Z")
_CLASSES = {
    "AlexNet": r"alexnet",
    "ConvNeXt": r"convnext_\w+",
    "DenseNet": r"densenet\d+",
    "EfficientNet": r"efficientnet_\w+",
    "GoogLeNet": r"googlenet",
    "Inception3": r"inception_v3",
    "MNASNet": r"mnasnet\d_\d+",
    "MaxVit": r"maxvit_t",
    "MobileNetV2": r"mobilenet_v2",
    "MobileNetV3": r"mobilenet_v3_\w+",
    "RegNet": r"regnet_[xy]_\w+",
    "ResNet": r"resnet\d+|resnext\d+_\w+|wide_resnet\d+_\d",
    "ShuffleNetV2": r"shufflenet_v2_\w+",
    "SqueezeNet": r"squeezenet\d_\d",
    "SwinTransformer": r"swin_(?:v2_)?[tsb]",
    "VGG": r"vgg\d+(?:_bn)?",
    "VisionTransformer": r"vit_[blh]_\d+",
}
_MAKERS = {name: re.compile(f"(?:{pattern})\\Z") for name, pattern in _CLASSES.items()}
_MODULE = frozenset({"torch.nn.Module", "torch.nn.modules.Module", "torch.nn.modules.module.Module", "object"})
_OTHERS = re.compile(r"torch\.nn\.(?:[\w.]+\.)?(?:DataParallel|DistributedDataParallel|Sequential|ModuleList)\Z")


def class_made_by(dotted: str) -> str:
    """The class of what a function of torchvision makes, by its name in ``torchvision.models``; else nothing.

    Example:
        >>> class_made_by("torchvision.models.resnet18"), class_made_by("torchvision.models.get_model")
        ('ResNet', '')
    """
    made = _MODELS.match(dotted)
    if made is None:
        return ""
    if made[1] in _CLASSES:
        return made[1]
    return next((name for name, pattern in _MAKERS.items() if pattern.match(made[1])), "")


def is_class(name: str, kind: str) -> bool | None:
    """Whether objects of torchvision's class ``name`` are instances of the class ``kind``, by its dotted name.

    Example:
        >>> is_class("ResNet", "torchvision.models.ResNet"), is_class("ResNet", "torch.nn.DataParallel")
        (True, False)
        >>> is_class("ResNet", "nets.Residual")
    """
    if kind in _MODULE:
        return True
    model = _MODELS.match(kind)
    if model is not None and model[1] in _CLASSES:
        return model[1] == name
    return False if _OTHERS.match(kind) else None
