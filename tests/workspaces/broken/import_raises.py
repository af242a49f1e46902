from torchvision.models.feature_extraction import create_feature_extractor
from parts.raises import Net

extractor = create_feature_extractor(Net(), ["conv"])
