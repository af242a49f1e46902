from torchvision.models import resnet18
from torchvision.models.feature_extraction import create_feature_extractor

try:
    import absent_library_zz as lib
except ImportError:
    lib = None
if lib is not None:
    create_feature_extractor(resnet18(), ["bogus"])
else:
    create_feature_extractor(resnet18(), ["layer3"])
