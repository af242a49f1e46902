# A device parameter and a one-string variable.
# run: feats('cpu')
# models: 1
# queries: avgpool
from torchvision import models
from torchvision.models.feature_extraction import create_feature_extractor


def feats(device):
    net = models.vgg11(weights=None).to(device)
    layer = "avgpool"
    return create_feature_extractor(net, return_nodes=[layer])
