from torchvision.models import resnet18
from torchvision.models.feature_extraction import create_feature_extractor

features = create_feature_extractor(resnet18(), {'layer1': 'a', 'layer2': 'a'})
