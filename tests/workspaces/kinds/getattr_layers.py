from torchvision.models import resnet18
from torchvision.models.feature_extraction import create_feature_extractor

m = resnet18()
names = [f"layer{i}.{len(getattr(m, f'layer{i}')) - 1}" for i in range(1, 5)]
create_feature_extractor(m, names)
