# Every way to import the function.
# calls: 6
# models: 1
import torchvision
import torchvision.models.feature_extraction
import torchvision.models.feature_extraction as tf
from torchvision import models
from torchvision.models import feature_extraction, resnet18
from torchvision.models.feature_extraction import create_feature_extractor as cfe

model = resnet18()
one = torchvision.models.feature_extraction.create_feature_extractor(model, ["layer1"])
two = tf.create_feature_extractor(model, ["layer1"])
three = models.feature_extraction.create_feature_extractor(model, ["layer1"])
four = feature_extraction.create_feature_extractor(model, ["layer1"])
five = cfe(model, ["layer1"])


def local():
    from torchvision.models.feature_extraction import create_feature_extractor

    return create_feature_extractor(model, ["layer1"])
