from torchvision.models import resnet18
from torchvision.models.feature_extraction import create_feature_extractor

from contextlib import contextmanager
@contextmanager
def loaded(make):
    model = make()
    model.eval()
    try:
        yield model
    finally:
        model.train()
with loaded(resnet18) as m:
    create_feature_extractor(m, ["layer1", "wrong"])
