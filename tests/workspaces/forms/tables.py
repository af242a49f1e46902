# Tables with a key that nobody tells: what stands beside it belongs to it.
# run: pair("a"); pair("b"); entry("a"); entry("b"); guarded("a"); guarded("b"); default(); got("a"); got("z")
from torchvision import models
from torchvision.models.feature_extraction import create_feature_extractor

PAIRS = {"a": (models.resnet18, ["layer4"], 512), "b": (models.alexnet, ["features.9"], 256)}
ENTRIES = {
    "a": dict(build=models.resnet18, nodes=["layer1", "layer21"]),
    #                                                  ^^^^^^^ unknown-node: layer2
    "b": {"build": models.alexnet, "nodes": ["features.2"]},
}
LAYERS = {"a": "layer2", "b": "features.7"}


def pair(name):
    build, nodes, _ = PAIRS[name]
    return create_feature_extractor(build(), nodes)


def entry(name):
    chosen = ENTRIES[name]
    return create_feature_extractor(chosen["build"](), chosen["nodes"])


def guarded(name):
    if name not in ENTRIES:
        raise KeyError(name)
    chosen = ENTRIES.get(name)
    return create_feature_extractor(chosen["build"](), return_nodes=chosen["nodes"])


def default(name="a"):
    return create_feature_extractor(PAIRS[name][0](), [LAYERS.get(name, "layer3")])


def got(name):
    net = {"a": models.resnet18, "b": models.resnet34}.get(name, models.resnet50)()
    return create_feature_extractor(net, ["layer1", "layer22"])
    #                                                ^^^^^^^ unknown-node: layer2


for build, nodes, _ in PAIRS.values():
    create_feature_extractor(build(), nodes)
