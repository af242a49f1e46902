# A LightningModule-like class: hyperparameters, setup in another method.
# run: Probe().setup()
# models: 1
# queries: layer3 avgpool
from torch import nn
from torchvision import models
from torchvision.models.feature_extraction import create_feature_extractor


class Base(nn.Module):
    def save_hyperparameters(self):
        pass


class Probe(Base):
    def __init__(self, lr=1e-3, num_classes=10, pretrained=True):
        super().__init__()
        self.save_hyperparameters()
        self.lr = lr
        self.encoder = models.resnet18(weights="DEFAULT" if pretrained else None)
        self.encoder.fc = nn.Identity()
        self.head = nn.Linear(512, num_classes)

    def setup(self, stage=None):
        nodes = ["layer3", "avgpool"]
        self.taps = create_feature_extractor(self.encoder, return_nodes=nodes)

    def training_step(self, batch, batch_idx):
        x, y = batch
        return self.head(self.taps(x)["avgpool"].flatten(1))
