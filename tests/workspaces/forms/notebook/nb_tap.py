from torchvision.models.feature_extraction import create_feature_extractor


def tap(model, nodes):
    return create_feature_extractor(model, nodes)
