# timm's own function has timm's dialect.
# models: 1
# queries: layer1 layer2
from timm import create_model
from timm.models import create_feature_extractor

ext = create_feature_extractor(create_model("resnet18"), {"layer1": "a", "layer2": "b"})
