from torchvision.models import resnet18
from torchvision.models.feature_extraction import create_feature_extractor

import unittest
class T(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.model = resnet18()
        cls.names = ["layer1", "wrong"]
    def setUp(self):
        self.more = ["layer2"]
    def test_a(self):
        create_feature_extractor(self.model, self.names)
    def test_b(self):
        create_feature_extractor(self.model, self.more)
if __name__ == "__main__":
    unittest.main(exit=False)
