from torchvision.models import resnet18
from torchvision.models.feature_extraction import create_feature_extractor

CFG = {"model": {"name": "resnet18", "kwargs": {"num_classes": 3}}, "nodes": {"layer1": "a", "wrong": "b"}}
import torchvision
fn = getattr(torchvision.models, CFG["model"]["name"])
model = fn(**CFG["model"]["kwargs"])
create_feature_extractor(model, CFG["nodes"])
create_feature_extractor(model, return_nodes=CFG.get("extra", {"layer2": "c"}))
class Dot(dict):
    __getattr__ = dict.get
c = Dot(CFG)
create_feature_extractor(model, c.nodes)
