from torchvision.models import resnet18
from torchvision.models.feature_extraction import create_feature_extractor

def nodes(kind):
    match kind:
        case "early" | "low":
            return ["layer1"]
        case {"names": [*names]}:
            return names
        case ("custom", name):
            return [name]
        case _:
            return ["bogus"]
create_feature_extractor(resnet18(), nodes("low"))
create_feature_extractor(resnet18(), nodes({"names": ["layer2", "wrong"]}))
create_feature_extractor(resnet18(), nodes(("custom", "layer3")))
