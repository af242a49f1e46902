# Names made by `%`, `format`, formats in f-strings, `join` and `split`.
# queries: layer1 layer2 layer3 layer4 layer1.0 layer2.1 features.3 features.6 features.9
from torchvision.models import resnet18, vgg11
from torchvision.models.feature_extraction import create_feature_extractor

create_feature_extractor(resnet18(), ["layer%d" % i for i in range(1, 5)])
create_feature_extractor(resnet18(), ["layer%d.%s" % pair for pair in [(1, "0"), (2, "1")]])
create_feature_extractor(resnet18(), ["layer{}".format(i) for i in (1, 2)])
create_feature_extractor(resnet18(), {"layer{n}.{block}".format(n=i + 1, block=i): i for i in range(2)})
create_feature_extractor(vgg11(), [f"features.{3 * step:d}" for step in range(1, 4)])
create_feature_extractor(resnet18(), [".".join(["layer1", "0"])])
create_feature_extractor(resnet18(), "layer1 layer2".split())


def build(layers="layer3,layer4"):
    return create_feature_extractor(resnet18(), layers.split(","))


build()
