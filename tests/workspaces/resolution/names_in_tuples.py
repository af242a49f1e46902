# Tables of tuples: pairs made into a dict, columns, single entries and parts of them.
# queries: layer1 layer2 layer3 layer4
from torchvision.models import resnet18
from torchvision.models.feature_extraction import create_feature_extractor

STAGES = (("layer1", "c2"), ("layer2", "c3"))
WIDTHS = [("layer3", 256), ("layer4", 512)]
LAYERS = ("stem", "layer1", "layer2", "layer3", "other")

create_feature_extractor(resnet18(), dict(STAGES))
create_feature_extractor(resnet18(), {name: key for name, key in STAGES})
create_feature_extractor(resnet18(), [name for name, width in WIDTHS if width > 100])
create_feature_extractor(resnet18(), [LAYERS[1], LAYERS[-2]])
create_feature_extractor(resnet18(), list(LAYERS[1:4]))
create_feature_extractor(resnet18(), [LAYERS[at] for at in (1, 2)])
create_feature_extractor(resnet18(), [STAGES[0][0]])
