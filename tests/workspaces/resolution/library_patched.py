# A method of the installed library that the file replaces before the model is built.
# models: 1
# queries: features.3.tanh
from torchvision.models import squeezenet, squeezenet1_1
from torchvision.models.feature_extraction import create_feature_extractor


def forward(self, x):
    return self.expand1x1(self.squeeze(x)).repeat(1, 2, 1, 1).tanh()


squeezenet.Fire.forward = forward
create_feature_extractor(squeezenet1_1(), ["features.3.tanh"])
