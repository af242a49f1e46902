# A user's own function of the same name is none of ours; neither is one in a comment or a string.
# not run: it calls none of our functions
# calls: 0
from torchvision.models import resnet18

# from torchvision.models.feature_extraction import create_feature_extractor
TEXT = "create_feature_extractor(model, ['layer1'])"


def create_feature_extractor(model, names):
    return model, names


create_feature_extractor(resnet18(), ["nonsense"])
