from torchvision.models import resnet18
from torchvision.models.feature_extraction import create_feature_extractor

class Early: names = ["layer1"]
class Late(Early): names = ["layer4", "wrong"]
def run(spec):
    if isinstance(spec, Late):
        create_feature_extractor(resnet18(), spec.names)
    elif isinstance(spec, Early):
        create_feature_extractor(resnet18(), spec.names)
    else:
        create_feature_extractor(resnet18(), ["bogus"])
run(Early()); run(Late())
