# timm by literal name, names by an f-string over a range, leaf modules.
# models: 1
# queries: blocks.0.attn.proj blocks.1.attn.proj blocks.2.attn.proj
import timm
from timm.layers import PatchEmbed
from torchvision.models.feature_extraction import create_feature_extractor

m = timm.create_model("vit_tiny_patch16_224", pretrained=False)
ext = create_feature_extractor(
    m, [f"blocks.{i}.attn.proj" for i in range(3)], tracer_kwargs={"leaf_modules": [PatchEmbed]}
)
