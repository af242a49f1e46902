# A part of a constructed model: numeric names.
# models: 1
# queries: 3 8
from torchvision import models
from torchvision.models.feature_extraction import create_feature_extractor

vgg = models.vgg16(weights="DEFAULT").features.eval()
loss_net = create_feature_extractor(vgg, {"3": "r1", "8": "r2"})
