from torch import nn
from torchvision.models.feature_extraction import create_feature_extractor


class Same(nn.Module):
    def forward(self, x):
        return x


features = create_feature_extractor(nn.Sequential(nn.ReLU(), Same()), ['0', '1'])
