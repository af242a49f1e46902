from torchvision.models import resnet18
from torchvision.models.feature_extraction import create_feature_extractor

todo = ["layer1", "layer2", "wrong"]
while todo:
    create_feature_extractor(resnet18(), [todo.pop()])
