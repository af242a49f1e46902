from torchvision.models import resnet18
from torchvision.models.feature_extraction import create_feature_extractor

from torchvision.models import ResNet
def nodes_for(model):
    if isinstance(model, ResNet):
        return ["layer1", "wrong"]
    return ["bogus"]
m = resnet18()
create_feature_extractor(m, nodes_for(m))
