# A function in the function builds the model from a parameter of the outer one: each caller has its own.
# run: make("resnet"), make("mobile")
# models: 2
# queries:
# names unresolved: only a run
from torchvision.models import mobilenet_v2, resnet18
from torchvision.models.feature_extraction import create_feature_extractor


def make(kind):
    def build():
        if kind == "resnet":
            return resnet18(), {"layer4": "out"}
        return mobilenet_v2(), {"features.18": "out"}

    net, nodes = build()
    return create_feature_extractor(net, nodes)


make("resnet")
make("mobile")
