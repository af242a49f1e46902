from torchvision.models import resnet18
from torchvision.models.feature_extraction import create_feature_extractor

MODEL = None
NAMES = ["bogus"]
def init():
    global MODEL, NAMES
    MODEL = resnet18()
    NAMES = ["layer1", "wrong"]
init()
create_feature_extractor(MODEL, NAMES)
