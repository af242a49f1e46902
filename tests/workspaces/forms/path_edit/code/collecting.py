from torchvision.models.feature_extraction import create_feature_extractor


class Collector:
    def __init__(self, model, nodes):
        self.model = create_feature_extractor(model, nodes)
