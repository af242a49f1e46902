"""Whole residual blocks as single nodes."""

from torchvision.models import resnet18
from torchvision.models.feature_extraction import create_feature_extractor
from torchvision.models.resnet import BasicBlock

blocks = create_feature_extractor(
    resnet18(),
    # A deliberate mistake: a block is a leaf here, with no nodes inside.
    return_nodes=["layer1.1", "layer2.0.conv1", "layer4.1"],
    tracer_kwargs={"leaf_modules": [BasicBlock]},
)
