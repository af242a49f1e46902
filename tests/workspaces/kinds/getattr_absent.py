from torchvision.models import resnet18
from torchvision.models.feature_extraction import create_feature_extractor

class Options:
    arch = resnet18
options = Options()
create_feature_extractor(Options.arch(), getattr(Options, "names", ["layer1", "wrong"]))
if not hasattr(options, "names"):
    options.names = getattr(options, "names", ["layer2"])
else:
    options.names = ["bogus"]
create_feature_extractor(resnet18(), vars(options)["names"])
options.__dict__.update(more=["layer3"])
create_feature_extractor(resnet18(), options.more + options.__dict__["names"])
