# Model and call inside `with` and `try`.
# models: 1
# queries: layer2
import torch
from torchvision.models import resnet18
from torchvision.models.feature_extraction import create_feature_extractor

with torch.no_grad():
    try:
        model = resnet18()
        extractor = create_feature_extractor(model, return_nodes=["layer2"])
    except RuntimeError:
        raise
