from torchvision.models.feature_extraction import create_feature_extractor
from parts.models import Loud

def broken(:
    return 1 +

extractor = create_feature_extractor(Loud(), ["cnov"])
