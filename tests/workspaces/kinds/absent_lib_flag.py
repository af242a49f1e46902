from torchvision.models import resnet18
from torchvision.models.feature_extraction import create_feature_extractor

try:
    import absent_library_zz
    HAS = True
except ImportError:
    HAS = False
nodes = ["bogus"] if HAS else ["layer2"]
create_feature_extractor(resnet18(), nodes)
