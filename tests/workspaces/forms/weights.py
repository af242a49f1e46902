# The keys of saved weights are looked at before they are loaded.
import torch
from torchvision import models
from torchvision.models.feature_extraction import create_feature_extractor

SAVED = {"state_dict": {f"module.{key}": value for key, value in models.resnet18(num_classes=7).state_dict().items()}}


def load(path):
    saved = torch.load(path, map_location="cpu")
    state = saved.get("state_dict", saved)
    if next(iter(state)).startswith("module."):
        state = {key.replace("module.", "", 1): value for key, value in state.items()}
    first, _ = next(iter(state.items()))
    net = models.resnet18(num_classes=state["fc.weight"].shape[0])
    net.load_state_dict(state)
    return net.eval()


# run: torch.load = lambda *_, **__: SAVED; create_feature_extractor(load("saved.pt"), ["layer1", "layer34"])
if __name__ != "__main__":
    create_feature_extractor(load("saved.pt"), ["layer1", "layer34"])
    #                                                      ^^^^^^^ unknown-node: layer4
