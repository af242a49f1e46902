from torchvision.models import resnet18
from torchvision.models.feature_extraction import create_feature_extractor

try:
    value = int("3")
except ValueError:
    names = ["bogus"]
else:
    names = ["layer" + str(value)]
finally:
    print("done")
create_feature_extractor(resnet18(), names)
