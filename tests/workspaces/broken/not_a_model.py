from torchvision.models.feature_extraction import create_feature_extractor
from parts.models import Picky

extractor = create_feature_extractor(Picky, ["conv"])
