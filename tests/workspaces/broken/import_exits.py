from torchvision.models.feature_extraction import create_feature_extractor
from parts.exits import Net

extractor = create_feature_extractor(Net(), ["conv"])
