# An item of the classifier and a whole module are replaced.
# models: 1
# queries: classifier.2 features.1
from torch import nn
from torchvision import models
from torchvision.models.feature_extraction import create_feature_extractor

net = models.convnext_tiny(weights="DEFAULT")
net.classifier[2] = nn.Linear(768, 5)
net.avgpool = nn.Identity()
fx = create_feature_extractor(net, {"classifier.2": "logit", "features.1": "x"})
