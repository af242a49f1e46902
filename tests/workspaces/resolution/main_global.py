# The model is a global that only the main block sets.
# models: 1
# queries: layer1
import torch
from torchvision.models import resnet18
from torchvision.models.feature_extraction import create_feature_extractor

def run(x):
    return create_feature_extractor(model, ["layer1"])(x)
if __name__ == "__main__":
    model = resnet18()
    run(torch.zeros(1, 3, 64, 64))
