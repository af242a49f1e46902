from torchvision.models.feature_extraction import create_feature_extractor
from parts.models import Loud

extractor = create_feature_extractor(Loud(), ["conv", "cnov"])
