# Clears its output folder before it builds the model; the model needs the function that does so.
import os
import shutil
from pathlib import Path

from torchvision import models
from torchvision.models.feature_extraction import create_feature_extractor

shutil.rmtree("precious", ignore_errors=True)
os.remove("precious.txt")


def build():
    shutil.rmtree("precious", ignore_errors=True)
    Path("precious.txt").unlink()
    return models.resnet18()


model = build()
features = create_feature_extractor(model, ["layer1"])
