"""A script: the four stages of a ResNet-50, for a feature pyramid."""

import torch
from torchvision.models import ResNet50_Weights, resnet50
from torchvision.models.feature_extraction import create_feature_extractor

model = resnet50(weights=ResNet50_Weights.DEFAULT)
model.fc = torch.nn.Linear(2048, 10)

# A deliberate mistake: the second name has a typo. Ctrl+. fixes it.
extractor = create_feature_extractor(
    model,
    return_nodes={
        "layer1": "c2",
        "layer2.3.rleu_2": "c3",
        "layer3": "c4",
        "layer4": "c5",
    },
)

if __name__ == "__main__":
    features = extractor.eval()(torch.rand(1, 3, 224, 224))
    print({name: tuple(feature.shape) for name, feature in features.items()})
