# pytest: what fixtures and parameters give.
import unittest

import pytest
import torchvision
from torchvision import models
from torchvision.models.feature_extraction import create_feature_extractor


@pytest.fixture
def nodes():
    return ["layer1", "layer12"]
    #                  ^^^^^^^ unknown-node: layer1


@pytest.fixture(params=["resnet18", "resnet34"])
def either(request):
    return models.get_model(request.param)


@pytest.fixture
def named(request):
    return getattr(torchvision.models, request.param)()


def test_fixture(backbone, nodes):
    create_feature_extractor(backbone, nodes)


def test_fixture_that_yields(trunk):
    create_feature_extractor(trunk, {"18": "a", "19": "b"})
    #                                            ^^ unknown-node: 18


def test_parameters_of_a_fixture(either):
    create_feature_extractor(either, ["layer2", "layer13"])
    #                                            ^^^^^^^ unknown-node: layer1


@pytest.mark.parametrize("named", ["resnet18", "resnet50"], indirect=True)
def test_parameters_through_a_fixture(named):
    create_feature_extractor(named, ["layer2", "layer14"])
    #                                           ^^^^^^^ unknown-node: layer1


@pytest.mark.parametrize(
    ("build", "node"),
    [
        (models.resnet18, "layer4"),
        (models.vgg11, "features.3"),
        pytest.param(models.alexnet, "features.30", id="small"),
        #                             ^^^^^^^^^^^ unknown-node: features
    ],
)
def test_pairs(build, node):
    create_feature_extractor(build(), [node])


@pytest.mark.parametrize("arch", ["resnet18", "resnet34"])
class TestOfAClass:
    @pytest.fixture(autouse=True)
    def prepare(self):
        self.net = models.resnet18()

    def test_parameter(self, arch):
        create_feature_extractor(models.get_model(arch), ["layer15"])
        #                                                  ^^^^^^^ unknown-node: layer1

    def test_attribute(self, arch):
        create_feature_extractor(self.net, ["layer1", "layer16"])
        #                                              ^^^^^^^ unknown-node: layer1


class WithSetUp(unittest.TestCase):
    def setUp(self):
        self.net = self.make()
        self.nodes = ["layer1", "layer17"]
        #                        ^^^^^^^ unknown-node: layer1

    def make(self):
        return models.resnet18(weights=None)

    def test_it(self):
        create_feature_extractor(self.net, self.nodes)
