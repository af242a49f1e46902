"""The stages of real models: which query gives the output at 1/4, 1/8, 1/16 and 1/32."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
import timm
import torch
import torchvision
from torch import nn
from torchvision.models.segmentation import deeplabv3_resnet50

from fxlens.graph import Dialect, ModelGraph
from fxlens.queries import select_all
from fxlens.stages import Stages, find_stages
from fxlens.tracing.describe.description import trace_model


def traced(model: nn.Module, dialect: Dialect = "torchvision", example_input: Any = None) -> ModelGraph:
    return trace_model(model.to("meta"), dialect=dialect, example_input=example_input)


def stages(model: nn.Module, **arguments: Any) -> list[tuple[str, int, int]]:
    return rows(find_stages(traced(model, **arguments)))


def rows(found: Stages) -> list[tuple[str, int, int]]:
    return [(stage.query, stage.reduction, stage.channels) for stage in found.stages]


RESNET18 = [("relu", 2, 64), ("layer1", 4, 64), ("layer2", 8, 128), ("layer3", 16, 256), ("layer4", 32, 512)]


def conv(inputs: int, outputs: int, stride: int = 2) -> nn.Module:
    return nn.Sequential(nn.Conv2d(inputs, outputs, 3, stride, 1), nn.ReLU())


class TestWhatPeopleCallTheStages:
    def test_of_a_resnet(self):
        assert stages(torchvision.models.resnet18()) == RESNET18

    def test_the_output_of_a_block_and_not_the_expansion_inside_the_next(self):
        found = stages(torchvision.models.mobilenet_v2())
        assert ("features.13", 16, 96) in found
        assert 576 not in [channels for _, _, channels in found]

    def test_the_dense_block_and_not_the_transition_behind_it(self):
        found = stages(torchvision.models.densenet121())
        assert ("features.denseblock1", 4, 256) in found

    def test_channels_last(self):
        expected = [("features.1", 4, 96), ("features.3", 8, 192), ("features.5", 16, 384), ("features.7", 32, 768)]
        assert stages(torchvision.models.swin_t()) == expected

    def test_of_a_video(self):
        found = find_stages(traced(torchvision.models.video.r3d_18()))
        assert [stage.query for stage in found.stages] == ["layer1", "layer2", "layer3", "layer4"]
        assert found.stages[-1].grid.layout == "NCTHW"

    def test_parallel_branches_hold_a_grid_that_no_cut_node_has(self):
        found = stages(timm.create_model("hrnet_w18_small"), dialect="timm")
        assert [reduction for _, reduction, _ in found][-4:] == [4, 8, 16, 32]

    def test_dilated_layers_are_no_stages_of_their_own(self):
        model = deeplabv3_resnet50(weights=None, weights_backbone=None)
        assert [query for query, _, _ in stages(model)] == ["backbone.relu", "backbone.layer1", "backbone.layer4"]

    def test_the_last_convolution_of_a_classifier_is_a_head(self):
        found = find_stages(traced(timm.create_model("efficientnet_b0"), "timm"))
        assert found.stages[-1].query == "blocks.6"
        assert found.head is not None
        assert found.head.channels == 1280

    def test_grids_inside_a_stem_are_marked(self):
        found = find_stages(traced(timm.create_model("levit_128s"), "timm"))
        assert [stage.reduction for stage in found.stages if stage.stem] == [2, 4, 8]
        assert [stage.reduction for stage in found.stages if not stage.stem] == [16, 32, 64]


class TestPlainVisionTransformer:
    def test_has_one_scale_and_blocks_to_choose_from(self):
        found = find_stages(traced(torchvision.models.vit_b_16()))
        assert found.sentence == "One scale: 1/16."
        assert len(found.blocks) == 12
        blocks = [block.query.rpartition("_")[2] for block in found.suggested_blocks]
        assert blocks == ["3", "7", "11"]

    def test_tokens_before_those_of_the_grid_are_counted(self):
        (stage,) = find_stages(traced(torchvision.models.vit_b_16())).stages
        assert (stage.grid.layout, stage.grid.prefix, stage.channels) == ("BNC", 1, 768)


class TestOwnModels:
    def test_the_encoder_of_a_u_net(self):
        class UNet(nn.Module):
            def __init__(self) -> None:
                super().__init__()
                self.d1, self.d2, self.d3, self.mid = conv(3, 8, 1), conv(8, 16), conv(16, 32), conv(32, 64)
                self.up = nn.Upsample(scale_factor=2)
                self.u3, self.u2, self.u1 = conv(96, 32, 1), conv(48, 16, 1), conv(24, 8, 1)

            def forward(self, x):
                d1 = self.d1(x)
                d2 = self.d2(d1)
                d3 = self.d3(d2)
                y = self.u3(torch.cat([self.up(self.mid(d3)), d3], 1))
                y = self.u2(torch.cat([self.up(y), d2], 1))
                return self.u1(torch.cat([self.up(y), d1], 1))

        assert stages(UNet()) == [("d1", 1, 8), ("d2", 2, 16), ("d3", 4, 32), ("mid", 8, 64)]

    def test_a_pyramid_around_a_backbone(self):
        class Pyramid(nn.Module):
            def __init__(self) -> None:
                super().__init__()
                self.body = torchvision.models.resnet18()
                self.lat = nn.ModuleList(nn.Conv2d(n, 64, 1) for n in (64, 128, 256, 512))

            def forward(self, x):
                x = self.body.maxpool(self.body.relu(self.body.bn1(self.body.conv1(x))))
                c2 = self.body.layer1(x)
                c3 = self.body.layer2(c2)
                c4 = self.body.layer3(c3)
                p5 = self.lat[3](self.body.layer4(c4))
                p4 = self.lat[2](c4) + nn.functional.interpolate(p5, scale_factor=2)
                p3 = self.lat[1](c3) + nn.functional.interpolate(p4, scale_factor=2)
                return {"p3": p3, "p4": p4, "p5": p5}

        found = find_stages(traced(Pyramid()))
        assert rows(found)[1:4] == [("body.layer1", 4, 64), ("body.layer2", 8, 128), ("body.layer3", 16, 256)]
        last = [found.stages[-1].query, found.head.query if found.head else None]
        assert "lat.3" in last

    def test_a_wrapped_backbone(self):
        class Wrapped(nn.Module):
            def __init__(self) -> None:
                super().__init__()
                self.backbone = torchvision.models.resnet18()

            def forward(self, x):
                return self.backbone(x)

        assert stages(Wrapped()) == [(f"backbone.{query}", *rest) for query, *rest in RESNET18]

    def test_two_inputs_are_said_where_they_join_late(self):
        class Two(nn.Module):
            def __init__(self) -> None:
                super().__init__()
                self.a, self.b, self.f = conv(3, 8), conv(3, 8), conv(16, 32)

            def forward(self, x, y):
                return self.f(torch.cat([self.a(x), self.b(y)], 1))

        found = find_stages(traced(Two(), example_input=[(1, 3, 64, 64), (1, 3, 64, 64)]))
        assert [(stage.reduction, stage.channels) for stage in found.stages] == [(2, 16), (4, 32)]

    @pytest.mark.parametrize(
        "together",
        [tuple, lambda heads: torch.cat(heads, 1), lambda heads: torch.stack(heads).sum(0), lambda heads: heads[-1]],
        ids=["outputs", "an embedding", "a mean of classifiers", "the last alone"],
    )
    def test_heads_at_several_scales(self, together: Any):
        class Supervised(nn.Module):
            def __init__(self) -> None:
                super().__init__()
                self.blocks = nn.ModuleList([conv(3, 8), conv(8, 16), conv(16, 32)])
                self.heads = nn.ModuleList(nn.Linear(width, 5) for width in (8, 16, 32))

            def forward(self, x):
                heads = []
                for block, head in zip(self.blocks, self.heads, strict=True):
                    x = block(x)
                    heads.append(head(x.mean((2, 3))))
                return together(heads)

        assert stages(Supervised()) == [("blocks.0", 2, 8), ("blocks.1", 4, 16), ("blocks.2", 8, 32)]

    def test_names_of_functions(self):
        class Flat(nn.Module):
            def __init__(self) -> None:
                super().__init__()
                self.a, self.b, self.c = nn.Conv2d(3, 8, 2, 2), nn.Conv2d(8, 16, 2, 2), nn.Conv2d(16, 32, 2, 2)

            def forward(self, x):
                x = torch.relu(self.a(x))
                x = torch.relu(self.b(x))
                return torch.relu(self.c(x)).mean((2, 3))

        assert stages(Flat()) == [("relu", 2, 8), ("relu_1", 4, 16), ("relu_2", 8, 32)]

    def test_an_input_that_is_not_square(self):
        found = stages(torchvision.models.resnet18(), example_input=(1, 3, 800, 1333))
        assert found == RESNET18

    def test_a_small_input(self):
        found = stages(torchvision.models.resnet18(), example_input=(1, 3, 64, 64))
        assert found == RESNET18


class TestNoStages:
    def test_a_signal_has_no_height(self):
        model = nn.Sequential(nn.Conv1d(1, 8, 3, 2, 1), nn.ReLU(), nn.Conv1d(8, 16, 3, 2, 1))
        found = find_stages(traced(model, example_input=(1, 1, 1024)))
        assert (found.stages, found.sentence) == ((), "No stages: no input of the model is an image or a video.")

    def test_unknown_shapes(self):
        graph = trace_model(torchvision.models.resnet18(), dialect="torchvision", shapes=False)
        assert find_stages(graph).sentence == "The shapes of the model are unknown, so its stages are, too."

    def test_a_model_that_flattens_at_once(self):
        model = nn.Sequential(nn.Flatten(), nn.Linear(3 * 32 * 32, 10))
        found = find_stages(traced(model, example_input=(1, 3, 32, 32)))
        assert not found.stages
        assert found.sentence.startswith("No stages: ")


MODELS = ("resnet18", "densenet121", "swin_t", "mobilenet_v3_small")


@pytest.mark.parametrize("dialect", ["torchvision", "timm", "fxlens"])
@pytest.mark.parametrize("name", MODELS)
def test_every_query_selects_its_own_node(name: str, dialect: Dialect):
    graph = traced(torchvision.models.get_model(name), dialect)
    found = find_stages(graph).stages
    assert len(found) >= 4
    assert graph.eval is not None
    selected = select_all(graph.eval, [stage.query for stage in found], dialect)
    assert [selected[stage.query] for stage in found] == [stage.node for stage in found]


def test_train_mode_alone_gives_the_same():
    graph = traced(torchvision.models.resnet18())
    assert rows(find_stages(replace(graph, eval=None))) == RESNET18
