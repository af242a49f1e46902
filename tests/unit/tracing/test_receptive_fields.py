"""Receptive fields against what a gradient says: which pixels change one position of a map."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
import torchvision
from torch import nn
from torch.nn import functional as F
from torchvision.models.feature_extraction import create_feature_extractor
from torchvision.ops import SqueezeExcitation

from fxlens.receptive_fields import receptive_fields
from fxlens.tracing.describe.description import trace_model

SIDE = 224
HOMES = ("torch.nn.modules.activation", "torch.nn.modules.batchnorm")


def phrases(model: nn.Module, side: int = SIDE) -> dict[str, str]:
    graph = trace_model(model, naming="torchvision", example_input=torch.zeros(1, 3, side, side)).eval
    assert graph is not None
    fields = receptive_fields(graph)
    return {node.name: field.phrase for node, field in zip(graph.nodes, fields, strict=True) if field}


def positive(model: nn.Module) -> nn.Module:
    """``model``, every weight of which lets something through: gates are open, pools average, the rest hands on."""
    for module in list(model.modules()):
        for name, child in module.named_children():
            if isinstance(child, nn.MaxPool2d):
                pool = nn.AvgPool2d(child.kernel_size, child.stride, child.padding, child.ceil_mode)
                setattr(module, name, pool)
            elif type(child).__module__ in HOMES or isinstance(child, SqueezeExcitation):
                setattr(module, name, nn.Identity())
    for parameter in model.parameters():
        nn.init.constant_(
            parameter,
            1.0 / max(parameter[0].numel(), 1) if parameter.dim() > 1 else 0.0,
        )
    return model.double().eval()


def by_gradient(model: nn.Module, name: str, side: int = SIDE) -> str:
    """How many rows and columns of the input the middle position of the map ``name`` depends on."""
    extractor = create_feature_extractor(positive(model), [name]).eval()
    picture = torch.ones(1, 3, side, side, dtype=torch.double, requires_grad=True)
    output = extractor(picture)[name]
    output[0, :, output.shape[2] // 2, output.shape[3] // 2].sum().backward()
    assert picture.grad is not None
    seen = picture.grad[0].abs().sum(0) > 0
    rows, columns = seen.any(1).nonzero().flatten(), seen.any(0).nonzero().flatten()
    assert rows[0] > 0, "the border of the picture cuts it off"
    assert rows[-1] < side - 1, "the border of the picture cuts it off"
    height, width = (int(places[-1] - places[0]) + 1 for places in (rows, columns))
    return f"{height}" if height == width else f"{height}×{width}"


@pytest.mark.parametrize(
    ("build", "names", "side"),
    [
        (torchvision.models.resnet18, ["maxpool", "layer1", "layer2", "layer3"], 320),
        (
            lambda **_: torchvision.models.vgg11(init_weights=False).features,
            ["9", "14", "20"],
            256,
        ),
        (
            torchvision.models.mobilenet_v2,
            ["features.1", "features.3", "features.6"],
            160,
        ),
        (torchvision.models.shufflenet_v2_x0_5, ["maxpool", "stage2"], 160),
        (
            torchvision.models.squeezenet1_1,
            ["features.4", "features.7", "features.12"],
            320,
        ),
        (torchvision.models.efficientnet_b0, ["features.2", "features.3"], 160),
        (
            torchvision.models.densenet121,
            ["features.denseblock1", "features.transition1"],
            160,
        ),
    ],
)
def test_numbers_are_those_of_a_gradient(build: Callable[..., nn.Module], names: list[str], side: int) -> None:
    model = build(weights=None)
    said = phrases(model)
    graph = trace_model(model, naming="torchvision").eval
    assert graph is not None
    for name in names:
        node = [each for each in graph.names if each == name or each.startswith(f"{name}.")][-1]
        assert said[node].partition(",")[0] == by_gradient(build(weights=None), name, side), name


class Net(nn.Module):
    def __init__(self, work: Callable[[nn.Module, torch.Tensor], Any], **layers: nn.Module) -> None:
        super().__init__()
        self.stem = nn.Conv2d(3, 8, 3, 2, 1)
        for name, layer in layers.items():
            setattr(self, name, layer)
        self.last = nn.Conv2d(8, 8, 3, padding=1)
        self.work = work

    def forward(self, x):
        return self.last(self.work(self, self.stem(x)))


def attends(net: Any, x: torch.Tensor) -> torch.Tensor:
    tokens = x.flatten(2).transpose(1, 2)
    attended, _ = net.attention(tokens, tokens, tokens)
    return attended.transpose(1, 2).view(1, 8, 16, 16)


def in_windows(net: Any, x: torch.Tensor) -> torch.Tensor:
    windows = x.view(1, 8, 4, 4, 4, 4).permute(0, 2, 4, 3, 5, 1).reshape(16, 16, 8)
    windows = F.scaled_dot_product_attention(windows, windows, windows)
    return windows.view(1, 4, 4, 4, 4, 8).permute(0, 5, 1, 3, 2, 4).reshape(1, 8, 16, 16)


def shuffled(net: Any, x: torch.Tensor) -> torch.Tensor:
    return x.view(1, 2, 4, 16, 16).transpose(1, 2).reshape(1, 8, 16, 16)


def turned(net: Any, x: torch.Tensor) -> torch.Tensor:
    return x + x.transpose(2, 3)


def scrambled(net: Any, x: torch.Tensor) -> torch.Tensor:
    return x.reshape(1, 16, 16, 8).permute(0, 3, 1, 2)


def focus(net: Any, x: torch.Tensor) -> torch.Tensor:
    return F.interpolate(x[:, :, ::2, ::2], scale_factor=2.0)


def channel_attention(net: Any, x: torch.Tensor) -> torch.Tensor:
    return x * torch.sigmoid(torch.cat([x.mean(1, keepdim=True), x.max(1, keepdim=True)[0]], 1).mean(1, keepdim=True))


class Strange(nn.Conv2d):
    def forward(self, x):
        return super().forward(x.flip(-1))


CONV5 = {"conv": nn.Conv2d(8, 8, 5, padding=2)}


@pytest.mark.parametrize(
    ("net", "phrase"),
    [
        (Net(lambda net, x: x.relu() * 2 + 1), "7"),
        (Net(lambda net, x: net.conv(x), **CONV5), "15"),
        (Net(lambda net, x: F.relu(net.conv(x)) + x, **CONV5), "15"),
        (
            Net(lambda net, x: net.conv(x), conv=nn.Conv2d(8, 8, (1, 7), padding="same")),
            "7×19",
        ),
        (
            Net(
                lambda net, x: net.conv(x),
                conv=nn.Conv2d(8, 8, 3, padding=4, dilation=4),
            ),
            "23",
        ),
        (Net(lambda net, x: F.max_pool2d(x, 3, stride=1, padding=1)), "11"),
        (
            Net(
                lambda net, x: F.conv2d(F.pad(x, (2, 0, 2, 0)), net.conv.weight),
                conv=nn.Conv2d(8, 8, 3),
            ),
            "11",
        ),
        (Net(shuffled), "7"),
        (Net(channel_attention), "7"),
        (
            Net(lambda net, x: net.norm(x), norm=nn.GroupNorm(2, 8)),
            "7, and global by `norm`",
        ),
        (
            Net(
                lambda net, x: net.norm(x.permute(0, 2, 3, 1)).permute(0, 3, 1, 2),
                norm=nn.LayerNorm(8),
            ),
            "7",
        ),
        (
            Net(
                lambda net, x: net.fc(x.permute(0, 2, 3, 1)).permute(0, 3, 1, 2),
                fc=nn.Linear(8, 8),
            ),
            "7",
        ),
        (
            Net(
                lambda net, x: x * net.fc(x.mean((2, 3)))[:, :, None, None],
                fc=nn.Linear(8, 8),
            ),
            "7, and global by `mean`",
        ),
        (
            Net(lambda net, x: net.se(x), se=SqueezeExcitation(8, 4)),
            "7, and global by `se`",
        ),
        (
            Net(lambda net, x: torch.cat([x, x.mean((2, 3), keepdim=True).expand(-1, -1, 16, 16)], 1)[:, :8]),
            "global by `mean`",
        ),
        (
            Net(
                lambda net, x: net.fc(x.flatten(2)).view(1, 8, 16, 16),
                fc=nn.Linear(256, 256),
            ),
            "global by `fc`",
        ),
        (
            Net(attends, attention=nn.MultiheadAttention(8, 2, batch_first=True)),
            "global by `attention`",
        ),
        # Not described, or not certain: never a number, and never global.
        (Net(in_windows), "unknown behind"),
        (Net(turned), "unknown behind"),
        (Net(scrambled), "unknown behind"),
        (Net(focus), "unknown behind"),
        (Net(lambda net, x: x.roll(3, -1)), "unknown behind `roll`"),
        (Net(lambda net, x: net.fc(x), fc=nn.Linear(16, 16)), "unknown behind `fc`"),
        (
            Net(lambda net, x: net.norm(x), norm=nn.LayerNorm(16)),
            "unknown behind `norm`",
        ),
        (
            Net(lambda net, x: net.conv(x), conv=Strange(8, 8, 3, padding=1)),
            "unknown behind",
        ),
        (
            Net(
                lambda net, x: net.conv(x),
                conv=nn.Conv2d(8, 8, 3, padding=1, padding_mode="circular"),
            ),
            "unknown behind `conv`",
        ),
        (Net(lambda net, x: x.cumsum(-1)), "unknown behind `cumsum`"),
        (Net(lambda net, x: x.softmax(-1)), "unknown behind `softmax`"),
    ],
)
def test_each_kind_of_operation(net: nn.Module, phrase: str) -> None:
    said = phrases(net, side=32)["last"]
    assert said == phrase if phrase[0] != "u" or phrase.endswith("`") else said.startswith(phrase), said


def test_what_is_written_in_place_is_seen_by_later_readers() -> None:
    def writes(net: Any, x: torch.Tensor) -> torch.Tensor:
        y = x.relu()
        y.add_(net.conv(x))
        return y

    assert phrases(Net(writes, **CONV5), side=32)["last"] == "15"
