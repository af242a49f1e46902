from torchvision.models import resnet18
from torchvision.models.feature_extraction import create_feature_extractor


def features(net):
    return create_feature_extractor(net, ['layer1'])
