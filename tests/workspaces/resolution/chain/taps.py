# The extraction call, two files away from the model and the names.
from torchvision.models.feature_extraction import create_feature_extractor


def tap(model, layers):
    return create_feature_extractor(model, return_nodes=layers)
