"""What a test runner calls before the tests: of a class once, of an object each time."""

import unittest

import torchvision
from torchvision.models.feature_extraction import create_feature_extractor


class TestOfUnittest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.model = torchvision.models.resnet18()
        cls.names = ["layer1", "layer51"]
        #                       ^^^^^^^ unknown-node

    def setUp(self):
        self.more = {"layer3.0.bn1": "a"}

    def test_names(self):
        create_feature_extractor(self.model, self.names)

    def test_more(self):
        create_feature_extractor(self.model, self.more)


class Base:
    arch = "resnet18"

    @classmethod
    def setup_class(cls):
        cls.model = cls.build()
        cls.nodes = {f"layer{number}": f"c{number}" for number in cls.levels}
        #              ^^^^^^^^^^^^^ unknown-node: no node `layer6`

    @classmethod
    def build(cls):
        return getattr(torchvision.models, cls.arch)()

    def setup_method(self, method):
        self.extractor = create_feature_extractor(self.model, self.nodes)


class TestDeep(Base):
    levels = (3, 6)

    def test_more(self):
        create_feature_extractor(self.model, ["layer1.9"])
        #                                      ^^^^^^^^ unknown-node: layer1.1
