from torchvision.models import resnet18
from torchvision.models.feature_extraction import create_feature_extractor

spec = " layer1 , layer2;wrong "
names = [p.strip() for chunk in spec.split(";") for p in chunk.split(",")]
create_feature_extractor(resnet18(), names)
create_feature_extractor(resnet18(), "layer3 layer4".split())
create_feature_extractor(resnet18(), ["{}.{}".format("layer1", i) for i in range(2)])
create_feature_extractor(resnet18(), ["%s.%d" % ("layer2", 5)])
create_feature_extractor(resnet18(), [".".join(["layer3", "0", "conv1"])])
create_feature_extractor(resnet18(), ["layer1_x".replace("_x", ".0").removeprefix("")])
create_feature_extractor(resnet18(), ["LAYER1".lower(), "layer%02d" % 1])
create_feature_extractor(resnet18(), ["%(stage)s.%(at)d.relu" % {"stage": "layer3", "at": 1}])
