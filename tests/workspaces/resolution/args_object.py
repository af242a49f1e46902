# A bag of settings of which only the number of classes is read.
# run: from types import SimpleNamespace as Bag; build(Bag(pretrained=False, num_classes=3, device='cpu'))
# models: 1
# queries: fc
from torch import nn
from torchvision import models
from torchvision.models.feature_extraction import create_feature_extractor


def build(args):
    model = models.resnet18(pretrained=args.pretrained)
    model.fc = nn.Linear(512, args.num_classes)
    model.to(args.device)
    return create_feature_extractor(model, ["fc"])
