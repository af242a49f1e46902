"""The cases of naming, one small model each: what torchvision gives, what we predict, what our own rule gives.

The expected lists were read off torchvision 0.28; each test also runs the installed torchvision.
"""

from __future__ import annotations

import math
import operator
import re
import warnings
from collections.abc import Callable
from typing import Any, NamedTuple

import pytest
import torch
import torch.nn.functional as F
import torchvision.models.feature_extraction as theirs
from torch import nn
from torch.utils.checkpoint import checkpoint
from tracing_models import Block, conv, named, net, with_buffer

from fxlens import NamingError, get_graph_node_names_by_mode


class Case(NamedTuple):
    build: Callable[[], nn.Module]
    expected: str
    """The names in train mode, or ``""`` if torchvision's naming fails."""
    ours: str = ""
    """What our own rule gives, where it is something else."""


def forward_of_input(s: Any, input: torch.Tensor, mask: Any = None) -> torch.Tensor:  # noqa: A002 - that is the case
    return F.relu(input)


def unpacked(x: torch.Tensor) -> torch.Tensor:
    b, c, h, w = x.shape
    return x.view(b, c, h * w)


def increment(x: torch.Tensor) -> torch.Tensor:
    x += 1
    x *= 2
    x -= 1
    return x


def scaled(module: nn.Module, x: torch.Tensor) -> torch.Tensor:
    if module.training:
        return x + 1
    return x * 2


def sequential_with_shared(activation_at: int, uses: int) -> nn.Module:
    shared = nn.ReLU()
    layers: list[nn.Module] = (
        [shared] if activation_at == 0 else [nn.Linear(2, 2) for _ in range(activation_at)] + [shared]
    )
    for _ in range(uses - 1):
        layers += [nn.Linear(2, 2), shared]
    return nn.Sequential(*layers)


class NestedParameter(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(1))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x * self.weight


class MyConv(nn.Conv2d):
    pass


class LayerNorm2d(nn.LayerNorm):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return super().forward(x.permute(0, 2, 3, 1)).permute(0, 3, 1, 2)


class ConvBNReLU(nn.Sequential):
    def __init__(self) -> None:
        super().__init__(conv(), nn.BatchNorm2d(3), nn.ReLU())


relu = nn.ReLU
CASES: dict[str, Case] = {
    "a leaf called foo_1 loses its number": Case(
        lambda: net(lambda s, x: s.conv_1(x), conv_1=conv()), "x, conv", "x, conv_1"
    ),
    "conv_1 and conv_2": Case(
        lambda: net(lambda s, x: s.conv_2(s.conv_1(x)), conv_1=conv(), conv_2=conv()),
        "x, conv, conv_1",
        "x, conv_1, conv_2",
    ),
    "conv_2 before conv_1": Case(
        lambda: net(lambda s, x: s.conv_1(s.conv_2(x)), conv_1=conv(), conv_2=conv()),
        "x, conv, conv_1",
        "x, conv_2, conv_1",
    ),
    "conv, conv_1, conv_2 in order": Case(
        lambda: net(lambda s, x: s.conv_2(s.conv_1(s.conv(x))), conv=conv(), conv_1=conv(), conv_2=conv()),
        "x, conv, conv_1, conv_2",
    ),
    "conv twice, then conv_1": Case(
        lambda: net(lambda s, x: s.conv_1(s.conv(s.conv(x))), conv=conv(), conv_1=conv()),
        "x, conv, conv_1, conv_2",
        "x, conv, conv_2, conv_1",
    ),
    "conv_10 and conv_20": Case(
        lambda: net(lambda s, x: s.conv_20(s.conv_10(x)), conv_10=conv(), conv_20=conv()),
        "x, conv, conv_1",
        "x, conv_10, conv_20",
    ),
    "a_b_1": Case(lambda: net(lambda s, x: s.a_b_1(x), a_b_1=conv()), "x, a_b", "x, a_b_1"),
    "a_1_1, a_1, a": Case(
        lambda: net(lambda s, x: s.a(s.a_1(s.a_1_1(x))), a_1_1=conv(), a_1=conv(), a=conv()),
        "x, a_1, a_2, a_3",
        "x, a_1_1, a_1, a",
    ),
    "containers keep their numbers": Case(
        lambda: net(lambda s, x: s.block_1(s.block_0(x)), block_0=Block(), block_1=Block()),
        "x, block_0.conv, block_0.relu, block_0.add, block_0.relu_1, "
        "block_1.conv, block_1.relu, block_1.add, block_1.relu_1",
    ),
    "one leaf three times": Case(
        lambda: net(lambda s, x: s.relu(s.relu(s.relu(x))), relu=relu()), "x, relu, relu_1, relu_2"
    ),
    "one container twice": Case(
        lambda: net(lambda s, x: s.block(s.block(x)), block=Block()),
        "x, block.conv, block.relu, block.add, block.relu_1, block.conv_1, block.relu_2, block.add_1, block.relu_3",
    ),
    "one module, two names": Case(
        lambda: (lambda shared: net(lambda s, x: s.act2(s.act1(x)), act1=shared, act2=shared))(relu()),
        "x, act1, act1_1",
    ),
    "shared activation twice": Case(lambda: sequential_with_shared(1, 2), "input, 0, 1, 2, 1_1"),
    "shared activation three times": Case(lambda: sequential_with_shared(1, 3), "", "input, 0, 1, 2, 1_1, 4, 1_2"),
    "shared activation at index 2, four times": Case(
        lambda: sequential_with_shared(2, 4), "", "input, 0, 1, 2, 3, 2_1, 5, 2_2, 7, 2_3"
    ),
    "shared activation at index 0": Case(lambda: sequential_with_shared(0, 3), "input, 0, 1, 0_1, 3, 0_2"),
    "the same one level down": Case(
        lambda: net(lambda s, x: s.net(x), net=sequential_with_shared(1, 3)),
        "x, net.0, net.1, net.2, net.1_1, net.4, net.1_2",
    ),
    "module and function share a counter": Case(
        lambda: net(lambda s, x: F.relu(s.relu(F.relu(x))), relu=relu()),
        "x, relu, relu_1, relu_2",
        "x, relu_1, relu, relu_2",
    ),
    "prefixes of each other": Case(
        lambda: net(lambda s, x: s.layer1x(s.layer10(s.layer1(x))), layer1=conv(), layer10=conv(), layer1x=conv()),
        "x, layer1, layer10, layer1x",
    ),
    "enc_norm before enc.norm": Case(
        lambda: net(lambda s, x: s.enc["norm"](s.enc_norm(x)), enc_norm=relu(), enc=nn.ModuleDict({"norm": relu()})),
        "",
        "x, enc_norm, enc.norm",
    ),
    "enc.norm before enc_norm": Case(
        lambda: net(lambda s, x: s.enc_norm(s.enc["norm"](x)), enc_norm=relu(), enc=nn.ModuleDict({"norm": relu()})),
        "x, enc.norm, enc_norm",
    ),
    "a plus in a name, twice": Case(
        lambda: net(lambda s, x: s.d["a+b"](s.d["a+b"](x)), d=nn.ModuleDict({"a+b": relu()})),
        "",
        "x, d.a+b, d.a+b_1",
    ),
    "an open bracket in a name": Case(
        lambda: net(lambda s, x: s.d["conv(3x3"](x), d=nn.ModuleDict({"conv(3x3": conv()})), "", "x, d.conv(3x3"
    ),
    "operators": Case(
        lambda: net(lambda s, x: abs(((-((1 + (x + 1) - 1) * 2 / 2 // 2)) ** 2 @ x) % 2)[0]),
        "x, add, add_1, sub, mul, truediv, floordiv, neg, pow, matmul, mod, abs, getitem",
    ),
    "attributes of a tensor": Case(
        lambda: net(lambda s, x: x.reshape(x.shape[0], x.ndim, -1)), "x, getattr, getitem, getattr_1, reshape"
    ),
    "unpacking a shape": Case(
        lambda: net(lambda s, x: unpacked(x)), "x, getattr, getitem, getitem_1, getitem_2, getitem_3, mul, view"
    ),
    "methods": Case(lambda: net(lambda s, x: x.view(-1).relu().relu_().sum()), "x, view, relu, relu_, sum"),
    "functions that are also built-ins": Case(
        lambda: net(lambda s, x: torch.sum(x.sum()) + torch.max(x) + torch.abs(x)),
        "x, sum, sum_1, max, add, abs, add_1",
    ),
    "math functions": Case(lambda: net(lambda s, x: x / math.sqrt(x.shape[-1])), "x, getattr, getitem, sqrt, truediv"),
    "tensor constants": Case(lambda: net(lambda s, x: x + torch.ones(3) + torch.tensor(2.0)), "x, add, add_1"),
    "a buffer": Case(lambda: with_buffer(lambda s, x: x * s.buf + s.buf, "buf", torch.ones(1)), "x, mul, add"),
    "a tensor attribute": Case(lambda: net(lambda s, x: x * s.scale, scale=torch.ones(1)), "x, mul"),
    "a parameter, used twice": Case(
        lambda: net(lambda s, x: x * s.w + s.w, w=nn.Parameter(torch.ones(1))), "x, w, mul, add"
    ),
    "parameters w_1 and w_2": Case(
        lambda: net(lambda s, x: x * s.w_1 + s.w_2, w_1=nn.Parameter(torch.ones(1)), w_2=nn.Parameter(torch.ones(1))),
        "x, w, mul, w_1, add",
        "x, w_1, mul, w_2, add",
    ),
    "a nested parameter": Case(
        lambda: net(
            lambda s, x: s.layers(s.block(x)), block=NestedParameter(), layers=nn.Sequential(NestedParameter())
        ),
        "x, block.block_weight, block.mul, layers.0.layers_0_weight, layers.0.mul",
    ),
    "parameters of a leaf": Case(
        lambda: net(lambda s, x: F.linear(x, s.fc.weight, s.fc.bias), fc=nn.Linear(2, 2)),
        "x, fc_weight, fc_bias, linear",
    ),
    "a parameter list": Case(
        lambda: net(lambda s, x: x * s.ps[0] * s.ps[1], ps=nn.ParameterList([torch.ones(1), torch.ones(1)])),
        "x, ps, mul, ps_1, mul_1",
        "x, ps_0, mul, ps_1, mul_1",
    ),
    "inputs x_1 and x_2": Case(lambda: net(lambda s, x_1, x_2: x_1 + x_2), "x, x_1, add", "x_1, x_2, add"),
    "an input called input": Case(lambda: net(forward_of_input), "input, mask, relu"),
    "any number of inputs": Case(lambda: net(lambda s, *xs: xs[0] + xs[1]), "_xs, getitem, getitem_1, add"),
    "keyword arguments": Case(lambda: net(lambda s, x, **kw: x + 1), "x, _kw, add"),
    "a module named output": Case(lambda: net(lambda s, x: s.output(x), output=relu()), "x, output"),
    "a module named like the input": Case(lambda: net(lambda s, x: s.x(x), x=relu()), "x, x_1", "x_1, x"),
    "a module named add": Case(lambda: net(lambda s, x: s.add(x) + 1 + 1, add=relu()), "x, add, add_1, add_2"),
    "add, module add_1, add": Case(lambda: net(lambda s, x: s.add_1(x + 1) + 1, add_1=relu()), "x, add, add_1, add_2"),
    "forward called directly": Case(
        lambda: net(lambda s, x: F.relu(s.sub.forward(x)), sub=Block()), "x, sub.conv, sub.relu, add, relu, relu_1"
    ),
    "attention returns a tuple": Case(
        lambda: net(lambda s, x: s.attn(x, x, x)[0] + 1, attn=nn.MultiheadAttention(4, 2)), "x, attn, getitem, add"
    ),
    "chunks": Case(
        lambda: net(lambda s, x: operator.add(*(x.chunk(2)[i] for i in (0, 1)))),
        "x, chunk, getitem, chunk_1, getitem_1, add",
    ),
    "a subclass of a layer is traced through": Case(
        lambda: net(lambda s, x: s.conv(x), conv=MyConv(3, 3, 1)), "x, conv.conv_weight, conv.conv_bias, conv.conv2d"
    ),
    "a subclass of LayerNorm": Case(
        lambda: net(lambda s, x: s.norm(x), norm=LayerNorm2d(3)),
        "x, norm.permute, norm.norm_weight, norm.norm_bias, norm.layer_norm, norm.permute_1",
    ),
    "a subclass of Sequential": Case(
        lambda: net(lambda s, x: s.stem(x), stem=ConvBNReLU()), "x, stem.0, stem.1, stem.2"
    ),
    "identity and dropout": Case(
        lambda: net(lambda s, x: F.dropout(s.id(s.drop(x))), drop=nn.Dropout(), id=nn.Identity()),
        "x, drop, id, dropout",
    ),
    "an attribute made for a leaf's argument": Case(
        lambda: net(lambda s, x: s.id(x.shape), id=nn.Identity()), "x, id.getattr, id", "x, getattr, id"
    ),
    "in-place operators": Case(lambda: net(lambda s, x: increment(x) + 1), "x, add, mul, sub, add_1"),
    "an empty Sequential": Case(
        lambda: net(lambda s, x: s.relu(s.down(x)), down=nn.Sequential(), relu=relu()), "x, relu"
    ),
    "an unused operation": Case(lambda: net(lambda s, x: (x + 1, s.a(x))[1] * 2, a=relu()), "x, add, a, mul"),
    "an assertion": Case(
        lambda: net(lambda s, x: (torch._assert(x.dim() == 4, "4D"), x + 1)[1]), "x, dim, eq, _assert, add"
    ),
    "another branch in train mode": Case(
        lambda: net(lambda s, x: s.fc(scaled(s, x)), fc=nn.Linear(2, 2)), "x, add, fc"
    ),
    "activation checkpointing": Case(
        lambda: net(lambda s, x: checkpoint(s.blk, x, use_reentrant=False), blk=Block()),
        "x, blk.conv, blk.relu, blk.add, blk.relu_1",
    ),
    "an LSTM": Case(lambda: net(lambda s, x: s.lstm(x)[0], lstm=nn.LSTM(2, 2)), "x, lstm, getitem"),
    "letters of other alphabets": Case(
        lambda: named(lambda s, x: s.größe_1(s.café(x)), {"café": relu(), "größe_1": relu()}),
        "x, café, größe",
        "x, café, größe_1",
    ),
    "hyphens": Case(
        lambda: named(lambda s, x: getattr(s, "conv-2")(getattr(s, "conv-1")(x)), {"conv-1": conv(), "conv-2": conv()}),
        "x, conv-1, conv-2",
    ),
    "the root is a leaf class": Case(lambda: nn.Linear(2, 2), "input, weight, bias, linear"),
    "modules from a list, used again": Case(
        lambda: net(
            lambda s, x: torch.cat([m(x) for m in s.ms]) + sum(m(x) for m in s.ms), ms=nn.ModuleList([relu(), relu()])
        ),
        "x, ms.0, ms.1, cat, ms.0_1, add, ms.1_1, add_1, add_2",
    ),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_names_as_torchvision_gives_them(case: Case) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        if case.expected:
            ours = get_graph_node_names_by_mode(case.build(), naming="torchvision")
            assert tuple(ours) == theirs.get_graph_node_names(case.build())
            assert ", ".join(ours.train) == case.expected
        else:
            with pytest.raises((ValueError, re.error)):
                theirs.create_feature_extractor(case.build(), ["x" if "x" in case.ours.split(", ") else "input"])
            with pytest.raises(NamingError):
                get_graph_node_names_by_mode(case.build(), naming="torchvision")


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_names_by_our_own_rule(case: Case) -> None:
    names = get_graph_node_names_by_mode(case.build(), suppress_diff_warning=True)
    assert ", ".join(names.train) == (case.ours or case.expected)
    paths = dict(case.build().named_modules())
    assert len(set(names.train)) == len(names.train)
    assert all(name in paths or "." not in name or name.rpartition(".")[0] in paths for name in names.train)


@pytest.mark.parametrize("leaf_modules", [[Block], (Block,), {Block}, iter([Block])])
def test_leaf_modules_from_any_iterable(leaf_modules: Any) -> None:
    model = net(lambda s, x: s.b(s.a(x)), a=Block(), b=nn.Sequential(Block()))
    assert get_graph_node_names_by_mode(model, leaf_modules=leaf_modules).eval == ["x", "a", "b.0"]


def test_names_of_deeply_nested_modules() -> None:
    model: nn.Module = nn.ReLU()
    for _ in range(200):
        model = nn.Sequential(model)
    with pytest.raises(RecursionError):
        theirs.get_graph_node_names(model)
    assert get_graph_node_names_by_mode(model).eval == ["input", ".".join(["0"] * 200)]
