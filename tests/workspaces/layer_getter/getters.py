"""Calls of torchvision's IntermediateLayerGetter, with what is wrong with them."""

import torch
from torch import nn
from torchvision.models import mobilenet_v3_small, resnet18, vgg11
from torchvision.models._utils import IntermediateLayerGetter


class Between(nn.Module):
    """An operation between the children: `first` is right, what is behind it is not."""

    def __init__(self):
        super().__init__()
        self.first = nn.Conv2d(3, 3, 1)
        self.second = nn.Conv2d(3, 3, 1)
        self.third = nn.Conv2d(3, 3, 1)

    def forward(self, x):
        return self.third(self.second(torch.relu(self.first(x) - 1)))


class Reordered(nn.Module):
    """The children are called in another order than they are defined in."""

    def __init__(self):
        super().__init__()
        self.stem = nn.Conv2d(3, 3, 1)
        self.last = nn.Conv2d(3, 3, 1)
        self.middle = nn.Conv2d(3, 3, 1)

    def forward(self, x):
        return self.last(self.middle(self.stem(x)))


class Twice(nn.Module):
    """One activation for two places."""

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 3, 1)
        self.act = nn.Tanh()
        self.head = nn.Conv2d(3, 3, 1)

    def forward(self, x):
        return self.act(self.head(self.act(self.conv(x))))


class TwiceAtOnce(Twice):
    """The same, but both places come before the next child."""

    def forward(self, x):
        return self.head(self.act(self.act(self.conv(x))))


class Unused(nn.Module):
    """A child that `forward` never calls."""

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 3, 1)
        self.extra = nn.Conv2d(3, 3, 1)
        self.head = nn.Conv2d(3, 3, 1)

    def forward(self, x):
        return self.head(self.conv(x))


class Plain(nn.Module):
    """What happens between these children changes no value."""

    def __init__(self):
        super().__init__()
        self.block = nn.Sequential(nn.Conv2d(3, 3, 1), nn.ReLU())
        self.same = nn.Identity()
        self.head = nn.Conv2d(3, 3, 1)

    def forward(self, x):
        x = self.same(self.block(x).contiguous())
        return self.head(nn.functional.dropout(x.clone().view(x.shape), training=self.training))


class Local:
    """A class of one's own with the name that torchvision's has."""

    class IntermediateLayerGetter:
        def __init__(self, model, return_layers):
            self.return_layers = return_layers


IntermediateLayerGetter(resnet18(), return_layers={"layer1": "low", "layer4": "high", "avgpool": "pooled"})
IntermediateLayerGetter(resnet18(), return_layers={"layer1": "low", "layer5": "high"})
#                                                                    ^^^^^^ unknown-node: Did you mean `layer4`?
IntermediateLayerGetter(resnet18(), return_layers={"layer4.1": "high"})
#                                                   ^^^^^^^^ unknown-node: Use `create_feature_extractor` for `layer4.1`
IntermediateLayerGetter(resnet18(), {"avgpool": "pooled", "fc": "scores"})
#                                                          ^^ changed-behaviour: `forward` runs `flatten` before `fc`
IntermediateLayerGetter(mobilenet_v3_small().features, {"0": 0, "12": "last"})
IntermediateLayerGetter(mobilenet_v3_small().features, {"0": "first", "13": "last"})
#                                                                      ^^ unknown-node: Did you mean `12`?
IntermediateLayerGetter(vgg11(), {"features": "maps", "avgpool": "pooled"})
IntermediateLayerGetter(vgg11(), {"classifier": "scores"})
#                                  ^^^^^^^^^^ changed-behaviour: `forward` runs `flatten` before `classifier`
IntermediateLayerGetter(Between(), {"first": "a"})
IntermediateLayerGetter(Between(), {"second": "b", "third": "c"})
#                                    ^^^^^^ changed-behaviour: `forward` runs
#                                                   ^^^^^ changed-behaviour: `forward` runs
IntermediateLayerGetter(Reordered(), {"stem": "a"})
IntermediateLayerGetter(Reordered(), {"last": "b"})
#                                      ^^^^ changed-behaviour: gives `last` the output of `middle`, and this class that of `stem`
IntermediateLayerGetter(Twice(), {"conv": "a"})
IntermediateLayerGetter(Twice(), {"head": "b"})
IntermediateLayerGetter(TwiceAtOnce(), {"head": "b"})
#                                        ^^^^ changed-behaviour: gives `head` the output of `act_1`
IntermediateLayerGetter(Unused(), {"conv": "a"})
IntermediateLayerGetter(Unused(), {"head": "b"})
#                                   ^^^^ changed-behaviour: `forward` does not call `extra`
IntermediateLayerGetter(Plain(), {"block": "a", "same": "b", "head": "c"})
IntermediateLayerGetter(resnet18(), ["layer1"])
#                                   ^^^^^^^^^^ invalid-arguments: `return_layers` is a list
Local.IntermediateLayerGetter(resnet18(), {"layer9": "x"})
IntermediateLayerGetter(mobilenet_v3_small().features, {4: "a", "12": "last"})
#                                                       ^ unknown-node: Write `"4"`: the children's names are strings
IntermediateLayerGetter(mobilenet_v3_small().features, {40: "a"})
#                                                       ^^ unknown-node: Did you mean
IntermediateLayerGetter(mobilenet_v3_small().features, {2 * 2: "a"})
#                                                       ^^^^^ unknown-node: Write `"4"`
IntermediateLayerGetter(mobilenet_v3_small().features, {at: str(at) for at in (1, 3)})
#                                                                              ^ unknown-node: Write `"1"`
#                                                                                 ^ unknown-node: Write `"3"`
