from torch import nn
from torchvision.models import resnet18
from torchvision.models.feature_extraction import create_feature_extractor

def unwrap(model):
    while isinstance(model, (nn.DataParallel, nn.parallel.DistributedDataParallel)):
        model = model.module
    return model
create_feature_extractor(unwrap(nn.DataParallel(resnet18())), ["layer1", "wrong"])
