from torchvision.models.feature_extraction import create_feature_extractor
from parts.models import Endless

extractor = create_feature_extractor(Endless(), ["conv"])
