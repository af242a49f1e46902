from torchvision.models import resnet18
from torchvision.models.feature_extraction import create_feature_extractor

try:
    from absent_library_zz import make_model
except ImportError:
    make_model = resnet18
create_feature_extractor(make_model(), ["layer1", "wrong"])
