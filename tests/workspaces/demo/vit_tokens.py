"""A function: the class token and two inner tensors of a vision transformer."""

import torch
from torchvision.models import vit_b_16
from torchvision.models.feature_extraction import create_feature_extractor


def token_extractor() -> torch.nn.Module:
    vit = vit_b_16(weights="DEFAULT").eval()
    # A deliberate mistake: torchvision counts layer norms anew; this one is not called `ln_2`.
    names = {
        "getitem_5": "class_token",
        "encoder.layers.encoder_layer_3.ln_2": "normed",
        "encoder.layers.encoder_layer_11.mlp": "last_mlp",
    }
    return create_feature_extractor(vit, return_nodes=names)


if __name__ == "__main__":
    print(token_extractor()(torch.rand(1, 3, 224, 224))["class_token"].shape)
