from torchvision.models import resnet18
from torchvision.models.feature_extraction import create_feature_extractor

try:
    import absent_library_zz
    NODES = ["bogus"]
except ImportError:
    NODES = ["layer1"]
create_feature_extractor(resnet18(), NODES)
