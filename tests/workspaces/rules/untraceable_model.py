"""What torch.fx cannot trace, construct by construct."""

import torch
from torch import nn
from torchvision.models.feature_extraction import create_feature_extractor


class If(nn.Module):
    def forward(self, x):
        if x.sum() > 0:
            return x
        return -x


class While(nn.Module):
    def forward(self, x):
        while x.abs().max() > 1:
            x = x / 2
        return x


class Assert(nn.Module):
    def forward(self, x):
        assert x.dim() == 4
        return x


class And(nn.Module):
    def forward(self, x):
        return x.relu() if (x.dim() == 4 and x.size(1) == 8) else x


class Len(nn.Module):
    def forward(self, x):
        return x / len(x)


class Int(nn.Module):
    def forward(self, x):
        return x / int(x.shape[0])


class Float(nn.Module):
    def forward(self, x):
        return x / float(x.shape[0])


class Bool(nn.Module):
    def forward(self, x):
        return x * bool(x.shape[0])


class Iterate(nn.Module):
    def forward(self, x):
        return torch.stack([item * 2 for item in x])


class Range(nn.Module):
    def forward(self, x):
        return sum(x[at] for at in range(x.shape[0]))


class Unpack(nn.Module):
    def forward(self, x):
        return torch.stack([*x])


class SetItem(nn.Module):
    def forward(self, x):
        x = x.clone()
        x[:, 0] = 0
        return x


class Passed(nn.Module):
    def forward(self, *args):
        first, second = self.pair(*args)
        return first + second

    def pair(self, x):
        return tuple(x)


class Many(nn.Module):
    def forward(self, *inputs, **options):
        return sum(inputs) if options.get("add") else inputs[0]


class Inputs(nn.Module):
    def forward(self, *inputs):
        return torch.stack([item * 2 for item in inputs])


def net(part):
    return nn.Sequential(nn.Conv2d(3, 8, 3), part)


create_feature_extractor(net(If()), ["0"])
#                        ^^^^^^^^^ untraceable-model: this if depends on a value
create_feature_extractor(net(While()), ['0'])
#                        ^^^^^^^^^^^^ untraceable-model: this while loop depends on a value
create_feature_extractor(net(Assert()), ["0"])
#                        ^^^^^^^^^^^^^ untraceable-model: this assert checks a value
create_feature_extractor(net(And()), ["0"])
#                        ^^^^^^^^^^ untraceable-model: control flow on a tensor
create_feature_extractor(net(Len()), ["0"])
#                        ^^^^^^^^^^ untraceable-model: len() of a tensor
create_feature_extractor(net(Int()), ["0"])
#                        ^^^^^^^^^^ untraceable-model: a plain number is needed here
create_feature_extractor(net(Float()), ["0"])
#                        ^^^^^^^^^^^^ untraceable-model: a plain number is needed here
create_feature_extractor(net(Bool()), ["0"])
#                        ^^^^^^^^^^^ untraceable-model: a call on this line (bool()
create_feature_extractor(net(Iterate()), ["0"])
#                        ^^^^^^^^^^^^^^ untraceable-model: iterating over a tensor
create_feature_extractor(net(Range()), ["0"])
#                        ^^^^^^^^^^^^ untraceable-model: a plain number is needed here
create_feature_extractor(net(Unpack()), ["0"])
#                        ^^^^^^^^^^^^^ untraceable-model: unpacking a tensor or tuple with *
create_feature_extractor(net(SetItem()), ["0"])
#                        ^^^^^^^^^^^^^^ untraceable-model: item assignment on a tensor
create_feature_extractor(net(Passed()), ["0"])
#                        ^^^^^^^^^^^^^ untraceable-model: iterating over a tensor
create_feature_extractor(net(Many()), ["0"])
create_feature_extractor(Many(), ["getitem"])
#                        ^^^^^^ untraceable-model: this if depends on a value
create_feature_extractor(Inputs(), ["stack"])
#                        ^^^^^^^^ untraceable-model: forward takes *inputs
