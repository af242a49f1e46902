# Imported by `write.py`: writes a log beside itself.
import logging
from pathlib import Path

from torchvision import models

try:
    logging.basicConfig(filename="helper.log", level=logging.INFO)
    logging.info("imported")
except OSError:
    pass


def build():
    try:
        Path(__file__).with_name("built.txt").write_text("built")
    except OSError:
        pass
    return models.resnet18()
