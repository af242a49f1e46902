# `self.backbone` is set by a base class from another file, which is given a local variable.
# calls: 1
# queries: features.3
import bases
from torchvision.models.feature_extraction import create_feature_extractor


class Net(bases.Headed):
    def __init__(self, depth=11, **options):
        arch = f"vgg{depth}"
        super().__init__(arch=arch)

    def tapped(self):
        return create_feature_extractor(self.backbone, {"features.3": "x"})
