# A table of constructors, with names for each.
# models: 1
# queries: features.3
from torchvision import models
from torchvision.models.feature_extraction import create_feature_extractor

CONFIG = {
    "resnet": {"make": models.resnet18, "nodes": {"layer1": "a"}},
    "vgg": {"make": models.vgg11, "nodes": {"features.3": "a"}},
}
KIND = "vgg"
extractor = create_feature_extractor(CONFIG[KIND]["make"](), return_nodes=CONFIG[KIND]["nodes"])
