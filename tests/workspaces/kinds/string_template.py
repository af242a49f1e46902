from torchvision.models import resnet18
from torchvision.models.feature_extraction import create_feature_extractor

from string import Template
stage = Template("layer${number}")
block = Template("$stage.$at.relu")
create_feature_extractor(resnet18(), [stage.substitute(number=number) for number in range(1, 3)])
create_feature_extractor(resnet18(), [block.substitute({"stage": "layer3", "at": 0}, at=1)])
create_feature_extractor(resnet18(), list(map(stage.safe_substitute, [{"number": 4}])))
create_feature_extractor(resnet18(), [Template("wro$end").substitute(end="ng")])
if "$" not in Template("$name").substitute(name="layer1"):
    create_feature_extractor(resnet18(), ["layer1"])
