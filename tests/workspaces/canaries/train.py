# Trains, saves and reports at its top level, before and after the call, and in the block of the call.
import argparse

import torch
from torch import nn
from torchvision import models
from torchvision.models.feature_extraction import create_feature_extractor

parser = argparse.ArgumentParser()
parser.add_argument("--arch", default="resnet18")
parser.add_argument("--epochs", type=int, default=3)
args = parser.parse_args()
model = getattr(models, args.arch)()
model.fc = nn.Linear(512, 10)
for block in model.layer1:
    block.relu = nn.ReLU(inplace=False)
    open("trained.txt", "a").write("block\n")
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
for epoch in range(args.epochs):
    loss = model(torch.rand(2, 3, 32, 32)).sum()
    loss.backward()
    optimizer.step()
    open("trained.txt", "a").write(f"{epoch}\n")
torch.save(model.state_dict(), "trained.pt")
features = create_feature_extractor(model, ["layer1"])
open("finished.txt", "w").write("finished")
