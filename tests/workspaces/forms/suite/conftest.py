import pytest
from torchvision.models import mobilenet_v2, resnet18


@pytest.fixture
def pretrained():
    return False


@pytest.fixture(scope="module")
def backbone():
    return resnet18(weights=None)


@pytest.fixture
def trunk(pretrained):
    net = mobilenet_v2(weights=None)
    yield net.features
