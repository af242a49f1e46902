# A model of `torch.hub`: evaluated from the local cache only.
# not run: the model is in no cache here
# models: 1
# evaluates: no
# queries: layer1
import torch
from torchvision.models.feature_extraction import create_feature_extractor

model = torch.hub.load("facebookresearch/dino:main", "dino_resnet50")
extractor = create_feature_extractor(model, return_nodes={"layer1": "x"})
