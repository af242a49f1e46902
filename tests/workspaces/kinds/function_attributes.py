from torchvision.models import resnet18
from torchvision.models.feature_extraction import create_feature_extractor

BUILDERS = {}
def builder(function):
    BUILDERS[function.__name__] = function
    function.names = ["layer1", "wrong"]
    return function
@builder
def small(**options):
    return resnet18(**options)
make = BUILDERS["small"]
create_feature_extractor(make(num_classes=4), make.names)
