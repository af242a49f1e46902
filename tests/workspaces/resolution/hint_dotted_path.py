# A hint names what it needs by its full path, which the file does not import.
# run: from torchvision.models import resnet18; tap(resnet18())
# models: 1
# queries: layer1
from torchvision.models.feature_extraction import create_feature_extractor


def tap(model):
    # fxlens: model=torchvision.models.get_model("resnet18", num_classes=torch.Size([7])[0])
    return create_feature_extractor(model, ["layer1"])
