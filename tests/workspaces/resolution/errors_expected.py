# Tests of the errors: what is wanted to fail is not called wrong.
# queries: layer1 layer9
# run: test_errors()
# evaluates: no
# models: 1
import pytest
from torchvision.models import resnet18
from torchvision.models.feature_extraction import create_feature_extractor


def test_errors():
    net = resnet18()
    with pytest.raises(ValueError, match="layer9"):
        create_feature_extractor(net, ["layer9"])
    with pytest.raises(ValueError):
        create_feature_extractor(net)
    assert create_feature_extractor(net, ["layer1"])
