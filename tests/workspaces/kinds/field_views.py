from torchvision.models import resnet18
from torchvision.models.feature_extraction import create_feature_extractor

from collections import namedtuple
from dataclasses import asdict, astuple, dataclass, field, fields, replace
from typing import ClassVar
Pair = namedtuple("Pair", "low high")
pair = Pair("layer1", "bogus")._replace(high="wrong")
create_feature_extractor(resnet18(), list(pair))
create_feature_extractor(resnet18(), list(pair._asdict().values()))
@dataclass
class Names:
    shared: ClassVar[str] = "bogus"
    made: str = field(init=False, default="layer4")
    low: str = "layer2"
    high: str = "layer3"
names = replace(Names("layer1.0"), high="layer2.1")
create_feature_extractor(resnet18(), list(astuple(names)))
create_feature_extractor(resnet18(), list(asdict(names).values()))
create_feature_extractor(resnet18(), [getattr(names, each.name) for each in fields(names)])
