# Models that a comprehension, a lambda or a map goes through.
from torch import nn
from torchvision import models
from torchvision.models.feature_extraction import create_feature_extractor

several = [create_feature_extractor(net, ["layer1"]) for net in (models.resnet18(), models.resnet34())]
by_name = {name: create_feature_extractor(models.get_model(name), ["layer28"]) for name in ("resnet18", "resnet34")}
#                                                                   ^^^^^^^ unknown-node: layer2
make = lambda net, node="layer29": create_feature_extractor(net, [node])
#                        ^^^^^^^ unknown-node: layer2
make(models.resnet18())
mapped = list(map(lambda build: create_feature_extractor(build(), ["layer31"]), [models.resnet18, models.resnet34]))
#                                                                   ^^^^^^^ unknown-node: layer3
held = nn.ModuleDict({key: create_feature_extractor(net(), {"layer1": key}) for key, net in {"a": models.resnet18}.items()})
