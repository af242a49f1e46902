from torchvision.models.feature_extraction import create_feature_extractor
from parts.models import Branching

extractor = create_feature_extractor(Branching(), ["conv"])
