# Which of the names a model has is tried out: the program goes on where one is missing.
# queries: layer1 features.1 stages.0 aux
# evaluates: no
# models: 1
from torchvision.models import resnet18
from torchvision.models.feature_extraction import create_feature_extractor

for name in ["layer1", "features.1", "stages.0"]:
    try:
        create_feature_extractor(resnet18(), [name])
    except ValueError:
        print("no", name)


def with_aux(net):
    try:
        found = create_feature_extractor(net, ["layer1", "aux"])
    except (KeyError, ValueError) as error:
        print(error)
        found = create_feature_extractor(net, ["layer1"])
    return found


with_aux(resnet18())
