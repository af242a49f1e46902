from torchvision.models import resnet18
from torchvision.models.feature_extraction import create_feature_extractor

def safe(names):
    try:
        return create_feature_extractor(resnet18(), names)
    except ValueError as e:
        print(e)
        return None
    finally:
        print("x")
safe(["wrong"])
if safe(["layer1"]) is None:
    create_feature_extractor(resnet18(), ["bogus"])
