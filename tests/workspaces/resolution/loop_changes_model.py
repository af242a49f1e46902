# Loops that change the model through its parts: the names are those of the changed model.
# run: attention_maps(), without_inplace()
# calls: 2
# queries: blocks.0.attn.softmax blocks.11.attn.softmax features.0 features.1 features.3 features.4
import timm
from torch import nn
from torchvision.models import vgg11
from torchvision.models.feature_extraction import create_feature_extractor


def attention_maps():
    model = timm.create_model("vit_tiny_patch16_224", pretrained=False)
    for parameter in model.parameters():
        parameter.requires_grad_(False)
    for block in model.blocks:
        block.attn.fused_attn = False  # Else the softmax is inside one fused operation.
    return create_feature_extractor(model, ["blocks.0.attn.softmax", "blocks.11.attn.softmax"])


def without_inplace():
    model = vgg11(weights=None)
    for index, layer in enumerate(model.features):
        if isinstance(layer, nn.ReLU):
            layer.inplace = False
        if isinstance(layer, nn.Conv2d):
            layer.weight.data.fill_(0.1)
    return create_feature_extractor(model, [f"features.{index}" for index in (0, 1, 3, 4)])
