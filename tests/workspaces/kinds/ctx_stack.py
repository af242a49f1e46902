from torchvision.models import resnet18
from torchvision.models.feature_extraction import create_feature_extractor

from contextlib import ExitStack, nullcontext, contextmanager
@contextmanager
def model():
    yield resnet18()
with ExitStack() as stack:
    m = stack.enter_context(model())
    names = stack.enter_context(nullcontext(["layer1", "wrong"]))
    create_feature_extractor(m, names)
