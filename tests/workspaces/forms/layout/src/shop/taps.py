# The package lies in `src`, its caller outside of it.
from torchvision.models.feature_extraction import create_feature_extractor


class Tap:
    def __init__(self, model, layer):
        self.extractor = create_feature_extractor(model, {layer: "out"})
