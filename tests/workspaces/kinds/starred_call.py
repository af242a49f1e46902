from torchvision.models import resnet18, vgg11
from torchvision.models.feature_extraction import create_feature_extractor

def tap(model, *names, **options):
    return create_feature_extractor(model, [*names], **options)
tap(resnet18(), "layer1", "layer2", suppress_diff_warning=True)
args = (vgg11(), "features.1", "wrong")
tap(*args)
