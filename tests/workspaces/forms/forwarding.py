# Arguments that are passed on as they come, and options in a dict.
from torchvision import models
from torchvision.models.feature_extraction import create_feature_extractor


def inner(model, nodes):
    return create_feature_extractor(model, return_nodes=nodes)


def outer(*args, **kwargs):
    return inner(*args, **kwargs)


def third(arch="resnet18", **kwargs):
    return outer(models.get_model(arch), **kwargs)


outer(models.resnet18(), nodes=["layer1", "layer23"])
#                                          ^^^^^^^ unknown-node: layer2
third(nodes=["layer2", "layer24"])
#                       ^^^^^^^ unknown-node: layer2
third("alexnet", nodes=["features.2"])

options = {"return_nodes": {"layer1": "x", "layer25": "y"}}
#                                           ^^^^^^^ unknown-node: layer2
create_feature_extractor(models.resnet18(), **options)
whole = dict(model=models.resnet18(), return_nodes=["layer26"])
#                                                    ^^^^^^^ unknown-node: layer2
create_feature_extractor(**whole)
grown = {}
grown["return_nodes"] = ["layer27"]
#                         ^^^^^^^ unknown-node: layer2
grown.update(model=models.resnet18())
create_feature_extractor(**grown)
