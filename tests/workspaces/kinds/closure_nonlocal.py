from torchvision.models import resnet18
from torchvision.models.feature_extraction import create_feature_extractor

def make_counter():
    n = 0
    def next_name():
        nonlocal n
        n += 1
        return f"layer{n}"
    return next_name
nx = make_counter()
create_feature_extractor(resnet18(), [nx(), nx()])
create_feature_extractor(resnet18(), {nx(): "a", nx(): "b", nx(): "c"})
