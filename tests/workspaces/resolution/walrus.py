# A model bound by `:=`.
# models: 1
# queries: layer1
from torchvision.models import resnet18
from torchvision.models.feature_extraction import create_feature_extractor

if (model := resnet18()) is not None:
    extractor = create_feature_extractor(model, ["layer1"])
