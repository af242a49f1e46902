# Dicts of models and of constructors, gone through by `items`, `values` and keys: each round has its own model.
# models: 2
# queries: layer1 features.4 conv1 features.0
from torchvision.models import resnet18, vgg11
from torchvision.models.feature_extraction import create_feature_extractor

MODELS = {"resnet": resnet18(), "vgg": vgg11()}
MAKERS = {"resnet": resnet18, "vgg": vgg11}
NODES = {"resnet": ["layer1"], "vgg": ["features.4"]}
FIRST = {"resnet": "conv1", "vgg": "features.0"}

for name, net in MODELS.items():
    create_feature_extractor(net, NODES[name])
for name, make in sorted(MAKERS.items()):
    create_feature_extractor(make(), return_nodes={FIRST[name]: "first"})
for name in MAKERS:
    create_feature_extractor(MAKERS[name](), [FIRST[name]])
for net, layer in zip(MODELS.values(), FIRST.values()):
    create_feature_extractor(net, [layer])
