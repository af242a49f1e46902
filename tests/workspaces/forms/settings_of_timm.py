# A comment about fused_attn sets nothing.
import timm
from timm.models import create_feature_extractor

create_feature_extractor(timm.create_model("vit_tiny_patch16_224"), ["blocks.0.attn.softmax"])
#                                                                     ^^^^^^^^^^^^^^^^^^^^^ unknown-node: set_fused_attn
