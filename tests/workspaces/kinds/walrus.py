from torchvision.models import resnet18, vgg11
from torchvision.models.feature_extraction import create_feature_extractor

if (m := resnet18()) is not None and (names := ["layer1", "wrong"]):
    create_feature_extractor(m, names)
create_feature_extractor(v := vgg11(), n := ["features.2"])
create_feature_extractor(v, n + ["bad"])
