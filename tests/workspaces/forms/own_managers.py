# A context manager of one's own does not expect errors because it has a parameter of that name.
import contextlib

from torchvision.models import resnet18
from torchvision.models.feature_extraction import create_feature_extractor


@contextlib.contextmanager
def span(raises):
    yield


with span(raises=False):
    create_feature_extractor(resnet18(), ["layer39"])
    #                                      ^^^^^^^ unknown-node: layer3
