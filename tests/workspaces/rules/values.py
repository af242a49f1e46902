from torch import nn
from torchvision.models import resnet18, vit_b_16
from torchvision.models.feature_extraction import create_feature_extractor


class Recurrent(nn.Module):
    def __init__(self):
        super().__init__()
        self.lstm = nn.LSTM(8, 4, batch_first=True)

    def forward(self, x):
        batch = x.size(0)
        return self.lstm(x)[0].reshape(batch, -1)


def a_tuple():
    return create_feature_extractor(Recurrent(), ["lstm"])
    #                                              ^^^^ non-tensor-node: a `tuple` of 2


def a_number():
    return create_feature_extractor(Recurrent(), ["size"])
    #                                              ^^^^ non-tensor-node: an `int`


def overwritten():
    return create_feature_extractor(resnet18(), ["bn1", "layer1.0.bn1"])
    #                                             ^^^ overwritten-node: `relu` (ReLU)


def another_modules():
    return create_feature_extractor(vit_b_16(), ["encoder.layers.encoder_layer_0.ln_1"])
    #                                             ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ misleading-node


def same_key():
    return create_feature_extractor(resnet18(), {"layer1": "a", "layer2": "a"})
    #                                                            ^^^^^^ duplicate-output


def pattern():
    return create_feature_extractor(resnet18(), {"layer1.*": "a"})
    #                                             ^^^^^^^^ pattern-query


def shadowed():
    return create_feature_extractor(resnet18(), ["layer3.1.bn2", "avgpool", "layer4", "layer4.1.relu_1"])
    #                                                                                  ^^^^^^^^^^^^^^^ shadowed-query
