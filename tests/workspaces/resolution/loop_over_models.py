# A call in a loop over architectures.
# models: 2
# queries: layer1
from torchvision import models
from torchvision.models.feature_extraction import create_feature_extractor

for name in ["resnet18", "resnet34"]:
    model = getattr(models, name)()
    extractor = create_feature_extractor(model, ["layer1"])
