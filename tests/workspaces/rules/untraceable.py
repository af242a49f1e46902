import torch
from torch import nn
from torchvision.models.feature_extraction import create_feature_extractor


class If(nn.Module):
    def forward(self, x):
        if x.mean() > 0:
            x = x + 1
        return x


class Len(nn.Module):
    def forward(self, x):
        return x * len(x)


class Number(nn.Module):
    def forward(self, x):
        return x * int(x.max())


class Loop(nn.Module):
    def forward(self, x):
        return torch.stack([row * 2 for row in x])


class Unpack(nn.Module):
    def forward(self, *args):
        first, second = self.pair(*args)
        return first + second

    def pair(self, x):
        return tuple(x)


class SetItem(nn.Module):
    def forward(self, x):
        x[:, 0] = 0
        return x


def with_if():
    return create_feature_extractor(nn.Sequential(nn.ReLU(), If()), ["0"])
    #                               ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ untraceable-model: this if


def with_len():
    return create_feature_extractor(nn.Sequential(nn.ReLU(), Len()), ["0"])
    #                               ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ untraceable-model: len()


def with_int():
    return create_feature_extractor(nn.Sequential(nn.ReLU(), Number()), ["0"])
    #                               ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ untraceable-model: int()


def with_loop():
    return create_feature_extractor(nn.Sequential(nn.ReLU(), Loop()), ["0"])
    #                               ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ untraceable-model: iterating


def with_tuple():
    return create_feature_extractor(nn.Sequential(nn.ReLU(), Unpack()), ["0"])
    #                               ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ untraceable-model


def with_set_item():
    return create_feature_extractor(nn.Sequential(nn.ReLU(), SetItem()), ["0"])
    #                               ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ untraceable-model: item assignment
