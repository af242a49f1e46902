from torch import nn
from torchvision.models.feature_extraction import create_feature_extractor


class Gate(nn.Module):
    def forward(self, x):
        return x if x.sum() > 0 else -x


features = create_feature_extractor(nn.Sequential(nn.ReLU(), Gate()), ['0'])
