from torchvision.models import resnet18
from torchvision.models.feature_extraction import create_feature_extractor

TABLE = {"first": ["layer1"], "last": ["wrong"]}
names = []
for kind in ("first", "second"):
    try:
        names += TABLE[kind]
    except (KeyError, IndexError):
        names.append("layer3")
create_feature_extractor(resnet18(), names)
try:
    found = TABLE["third"]
    create_feature_extractor(resnet18(), ["bogus"])
except LookupError:
    create_feature_extractor(resnet18(), TABLE["last"])

def pick(kind):
    try:
        return TABLE[kind]
    except KeyError:
        return ["layer2"]
    return ["bogus"]
create_feature_extractor(resnet18(), pick("first"))
create_feature_extractor(resnet18(), pick("third"))
