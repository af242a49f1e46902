# A script with side effects around the call: none of them is in the slice.
# not run: it needs a folder of images and would train
# models: 1
# queries: flatten
import argparse

import torch
from torch import nn
from torch.utils.data import DataLoader
from torchvision import models
from torchvision.datasets import ImageFolder
from torchvision.models.feature_extraction import create_feature_extractor

parser = argparse.ArgumentParser()
parser.add_argument("--root", required=True)
parser.add_argument("--ckpt", default="x.pt")
args = parser.parse_args()
loader = DataLoader(ImageFolder(args.root))
model = models.resnet18()
model.fc = nn.Linear(512, 10)
model.load_state_dict(torch.load(args.ckpt))
model = model.cuda()
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
for epoch in range(10):
    for images, labels in loader:
        loss = nn.functional.cross_entropy(model(images), labels)
        loss.backward()
        optimizer.step()
open("canary.txt", "w").write("trained")
ext = create_feature_extractor(model.eval(), {"flatten": "f"})
