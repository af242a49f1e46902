import torch
from torchvision.models import resnet18
from torchvision.models.feature_extraction import create_feature_extractor

import torch.multiprocessing as mp
def worker(rank, model, names):
    create_feature_extractor(model, names)
def fake_spawn(fn, args=(), nprocs=1):
    fn(0, *args)
if __name__ == "__main__":
    mp.spawn = fake_spawn
    mp.spawn(worker, args=(resnet18(), ["layer1", "wrong"]), nprocs=1)
