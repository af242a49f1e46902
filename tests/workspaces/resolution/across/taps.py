# Thin wrappers for other files: nothing here says which model is meant.
from torch import nn
from torchvision.models.feature_extraction import create_feature_extractor


class Tap(nn.Module):
    def __init__(self, model, layers):
        super().__init__()
        model.eval()
        self.m = create_feature_extractor(model, return_nodes={layer: layer for layer in layers})


def pooled(model):
    return create_feature_extractor(model.backbone, ["avgpool"])
