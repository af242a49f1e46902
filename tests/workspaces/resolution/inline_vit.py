# The constructor inline in the call.
# run: Tokens()
# models: 1
# queries: getitem_5
from torchvision import models
from torchvision.models.feature_extraction import create_feature_extractor


class Tokens:
    def __init__(self):
        self.vit = create_feature_extractor(models.vit_b_16(weights="DEFAULT"), return_nodes=["getitem_5"])
