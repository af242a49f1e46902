# One extractor for each name, all with the same key: no two results meet.
# queries: layer1 layer2
from torchvision import models
from torchvision.models.feature_extraction import create_feature_extractor

model = models.resnet18()
extractors = {}
for layer in ("layer1", "layer2"):
    extractors[layer] = create_feature_extractor(model, return_nodes={layer: "feat"})
