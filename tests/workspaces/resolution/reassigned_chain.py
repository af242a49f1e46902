# The extracted model is bound to the name of the model: the earlier definition is meant.
# models: 1
# queries: layer2
from torchvision.models import resnet18
from torchvision.models.feature_extraction import create_feature_extractor

model = resnet18()
model = model.eval()
model = create_feature_extractor(model, return_nodes=["layer2"])
model(None) if False else None
