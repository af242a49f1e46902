from torchvision.models import resnet18
from torchvision.models.feature_extraction import create_feature_extractor

from types import SimpleNamespace
cfg = SimpleNamespace(model=SimpleNamespace(make=resnet18), nodes=["layer1", "wrong"])
create_feature_extractor(cfg.model.make(), cfg.nodes)
cfg.nodes = ["layer2"]
create_feature_extractor(cfg.model.make(), cfg.nodes)
