from torchvision.models import resnet18
from torchvision.models.feature_extraction import create_feature_extractor

try:
    from torchvision.models.feature_extraction import create_feature_extractor as extract
except ImportError:
    extract = None
if extract is None:
    raise RuntimeError("torchvision is too old")
def load(make):
    try:
        model = make()
    except AttributeError as error:
        raise ValueError("no such model") from error
    else:
        names = ["layer1"]
    finally:
        print("loaded")
    return model, names
extract(*load(resnet18))
try:
    import no_such_module
    names = ["bogus"]
except ImportError:
    names = ["layer2"]
finally:
    more = "wrong"
extract(resnet18(), names + [more])
