from torchvision.models import resnet18, vgg11
from torchvision.models.feature_extraction import create_feature_extractor

def jobs():
    for make, names in ((resnet18, ["layer1", "wrong"]), (vgg11, ["features.1"])):
        model = make()
        model.eval()
        yield model, names
for i, (m, names) in enumerate(jobs()):
    create_feature_extractor(m, names)
