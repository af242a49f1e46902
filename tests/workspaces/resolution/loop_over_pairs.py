# A loop over pairs of model and layer: only the second of each pair is a node name.
# models: 2
# queries: layer4 features.28
from torchvision import models
from torchvision.models.feature_extraction import create_feature_extractor

for name, layer in [("resnet18", "layer4"), ("vgg16", "features.28")]:
    model = getattr(models, name)()
    extractor = create_feature_extractor(model, [layer])
