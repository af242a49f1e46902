# torchvision's models by `torch.hub`, as tutorials write it: the installed torchvision has them.
# not run: torch.hub would ask GitHub
# evaluates: no
# models: 1
# queries: features.2
import torch
from torchvision.models.feature_extraction import create_feature_extractor

device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
model = torch.hub.load("pytorch/vision:v0.10.0", "alexnet")
model.to(device)
model.eval()
model_layer = "features.2"  # @param ["features.2", "features.5", "classifier.2"] {allow-input: true}
feature_extractor = create_feature_extractor(model, return_nodes=[model_layer])
