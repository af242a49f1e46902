# Loops that the text decides: while, and what ends an iteration or a search.
from torchvision import models
from torchvision.models.feature_extraction import create_feature_extractor

for name in ("resnet18", "alexnet"):
    net = models.get_model(name)
    if name.startswith("res"):
        break
create_feature_extractor(net, ["layer1", "layer17"])
#                                         ^^^^^^^ unknown-node

position = 0
while True:
    position += 1
    if position == 2:
        continue
    net = models.get_model(["alexnet", "vgg11", "resnet34"][position - 1])
    if position >= 3:
        break
create_feature_extractor(net, ["layer3.5", "layer3.6"])
#                                           ^^^^^^^^ unknown-node

todo = [("a", ["layer1"]), ("b", ["layer2", "layer27"])]
#                                            ^^^^^^^ unknown-node
names = []
while todo:
    key, more = todo.pop()
    names += more
create_feature_extractor(models.resnet18(), names)

number = 1
while number <= 3:
    create_feature_extractor(models.resnet18(), [f"layer{number}.{number}"])
#                                                  ^^^^^^^^^^^^^^^^^^^^^^ unknown-node: no node `layer2.2`
#                                                  ^^^^^^^^^^^^^^^^^^^^^^ unknown-node: no node `layer3.3`
    number += 1


def find(arch):
    for key, build in (("r", models.resnet18), ("a", models.alexnet)):
        if key == arch[0]:
            model = build()
            break
    else:
        raise KeyError(arch)
    return model


def create(kind):
    while True:
        if kind == "a":
            model = models.resnet18()
            break
        if kind == "b":
            return models.alexnet()
        kind = "a"
    return create_feature_extractor(model, ["layer1", "layer18"])
#                                                      ^^^^^^^ unknown-node


def collect(model, skip=()):
    levels = {}
    for number in range(1, 6):
        name = f"layer{number}"
        if name in skip:
            continue
        levels[name] = number
        if number == 3:
            break
    return create_feature_extractor(model, levels)


create_feature_extractor(find("resnet"), ["layer1", "layer1.9"])
#                                                    ^^^^^^^^ unknown-node
create_feature_extractor(find("alex"), ["features.2", "features.92"])
#                                                      ^^^^^^^^^^^ unknown-node
create("a"), create("b"), create("c")
collect(models.resnet18(), skip=["layer2"])
