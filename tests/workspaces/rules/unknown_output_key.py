"""Keys that are read of what extractors return."""

import torch
from torchvision.models import resnet18
from torchvision.models.feature_extraction import create_feature_extractor

images = torch.rand(1, 3, 64, 64)
extractor = create_feature_extractor(resnet18(), {"layer2": "mid", "flatten": "vec", "layer4": 5}).eval()
out = extractor(images)
out["mid"]
out["vce"]
#    ^^^ unknown-output-key: Did you mean `vec`? The extractor returns `mid`, `vec`, `5`
out["layer2"]
#    ^^^^^^ unknown-output-key: Did you mean `mid`? The value of `layer2` is returned under that key
out[5]
#   ^ unknown-output-key: Did you mean `5`? Keys of an extractor's output are strings
out["5"]
out.pop("last")
#        ^^^^ unknown-output-key: The extractor returns
out.pop("last", None)
out.get("last")
with torch.no_grad():
    again = extractor.forward(images)
[again[key] for key in ("mid", "vek")]
#                               ^^^ unknown-output-key: The extractor returns `mid`, `vec`, `5`
[again[key] for key in again]
listed = create_feature_extractor(resnet18(), return_nodes=["layer1", "layer2"])
listed(images)["layer2"]
listed(images)["layer3"]
#               ^^^^^^ unknown-output-key: Did you mean `layer2`? The extractor returns `layer1`, `layer2`


class Net(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.body = create_feature_extractor(resnet18(), {"layer3": "c4", "layer4": "c5"})

    def forward(self, x):
        return self.body(x)["c5"]

    def lateral(self, x):
        return self.body(x)["c3"]
#                            ^^ unknown-output-key: Did you mean `c4`? The extractor returns `c4`, `c5`


def added(x):
    features = extractor(x)
    features["sum"] = features["mid"].sum()
    return features["sum"]


def looked_up(features):
    return features["sum"]


Net()(images)
Net().lateral(images)  # raises
added(images)
looked_up(added_to := {**extractor(images), "sum": 1})
try:
    extractor(images)["none"]
except KeyError:
    pass
if "none" in out:
    out["none"]
