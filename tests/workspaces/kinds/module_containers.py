from torchvision.models import resnet18
from torchvision.models.feature_extraction import create_feature_extractor

from torch import nn
class Heads(nn.Module):
    def __init__(self, heads, steps):
        super().__init__()
        self.heads = heads
        self.steps = steps
    def forward(self, x):
        for step in self.steps:
            x = step(x)
        return [head(x) for head in self.heads.values()]
heads = nn.ModuleDict({"low": nn.Linear(2, 2), "high": nn.Linear(2, 3)})
model = Heads(heads, nn.Sequential(nn.ReLU(), nn.Linear(2, 2)))
names = [f"heads.{key}" for key in heads] + [f"steps.{at}" for at in range(len(model.steps))]
create_feature_extractor(model, names)
create_feature_extractor(model, [f"heads.{key}" for key, _ in model.heads.items()] + ["wrong"])
model.steps.append(nn.ReLU())
create_feature_extractor(model, [f"steps.{at}" for at in range(2)])
