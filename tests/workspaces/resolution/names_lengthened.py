# More put behind a text makes another name of it; more put behind a list makes one name more.
# queries: layer1 layer2 fc
# names unresolved: only a run
from torchvision.models import resnet18
from torchvision.models.feature_extraction import create_feature_extractor

block = "layer1"
block += ".0"
create_feature_extractor(resnet18(), {block: "a", block + ".conv1": "b"})
names = ["layer1"]
names += ["layer2"]
names += ("fc",)
create_feature_extractor(resnet18(), names)
for number in (1, 2):
    path = "layer"
    path += str(number)
    create_feature_extractor(resnet18(), [path])
