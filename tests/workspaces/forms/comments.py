# A comment names the model by a full path; nothing imports it.
from torchvision.models.feature_extraction import create_feature_extractor


def above(model):
    # fxlens: model=torchvision.models.resnet18()
    return create_feature_extractor(model, {"layer1": "a"})


def beside(model, nodes=("layer38",)):
    #                     ^^^^^^^ unknown-node: layer3
    return create_feature_extractor(model, list(nodes))  # fxlens: model=torchvision.models.resnet18()


# run: import torchvision; above(torchvision.models.resnet18()); beside(torchvision.models.resnet18())
