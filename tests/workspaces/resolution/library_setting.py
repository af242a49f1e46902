# A setting of the library that builds the model, called on the way to it: attention in single steps.
# run: attention_maps()
# models: 1
# queries: blocks.0.attn.softmax blocks.1.attn.softmax
import timm
from timm.layers import set_fused_attn
from torchvision.models.feature_extraction import create_feature_extractor


def attention_maps(name="vit_tiny_patch16_224"):
    set_fused_attn(False)
    model = timm.create_model(name)
    return create_feature_extractor(model, [f"blocks.{i}.attn.softmax" for i in range(2)])
