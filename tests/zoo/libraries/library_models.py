"""Small models of the libraries that people take features from, with random weights and an input; nothing is downloaded.

Each function below builds one model and what to call it with; a family with several sizes or tasks has one function.
"""

from __future__ import annotations

import importlib
import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

os.environ.update(HF_HUB_OFFLINE="1", TRANSFORMERS_OFFLINE="1", YOLO_OFFLINE="true", TRANSFORMERS_VERBOSITY="error")

import timm
import torch
import torchvision
from torch import nn

_CPU = torch.library.Library("torchvision", "IMPL")
"""Keeps the operators below: torchvision's own are not there beside a torch for the CPU only."""


def _non_maximum_suppression(boxes: torch.Tensor, scores: torch.Tensor, threshold: float) -> torch.Tensor:
    order, kept = scores.argsort(descending=True).tolist(), []
    while order:
        best, *order = order
        kept.append(best)
        overlaps = torchvision.ops.box_iou(boxes[best : best + 1], boxes[order])[0].tolist() if order else []
        order = [box for box, overlap in zip(order, overlaps, strict=True) if overlap <= threshold]
    return torch.tensor(kept, dtype=torch.int64)


def _roi_align(images: Any, boxes: Any, scale: Any, height: int, width: int, ratio: int, aligned: bool) -> torch.Tensor:
    align = importlib.import_module("torchvision.ops.roi_align")._roi_align
    return align(images, boxes, scale, height, width, ratio, aligned)


if not torchvision.extension._has_ops():
    _CPU.impl("nms", _non_maximum_suppression, "CPU")
    _CPU.impl("roi_align", _roi_align, "CPU")
    torchvision.extension._has_ops = lambda: True

TRANSFORMER = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 4, "intermediate_size": 64}
TEXT = {"vocab_size": 100, **TRANSFORMER}
VISION = {"image_size": 32, "patch_size": 8, **TRANSFORMER}
STAGES = {"hidden_sizes": [8, 16, 24, 32], "depths": [1, 1, 1, 1]}


@dataclass(frozen=True)
class Sample:
    """A model and an input for it."""

    model: nn.Module
    args: tuple[Any, ...] = ()
    kwargs: Mapping[str, Any] = field(default_factory=dict)


def image(side: int, channels: int = 3, batch: int = 1) -> torch.Tensor:
    return torch.rand(batch, channels, side, side)


def tokens(length: int = 8) -> torch.Tensor:
    return torch.randint(3, 99, (1, length))


def hugging_face(model: str, config: str, inputs: Mapping[str, Any], **sizes: Any) -> Sample:
    transformers = importlib.import_module("transformers")
    return Sample(getattr(transformers, model)(getattr(transformers, config)(**sizes)), (), inputs)


def of_transformers() -> Iterator[tuple[str, Callable[[], Sample]]]:
    small = {"pixel_values": image(32)}
    middle = {"pixel_values": image(64)}
    text = {"input_ids": tokens()}
    swin = {"image_size": 64, "patch_size": 4, "embed_dim": 16, "depths": [1, 1], "num_heads": [2, 2], "window_size": 4}
    gpt = {"vocab_size": 100, "n_embd": 32, "n_layer": 2, "n_head": 4, "n_positions": 32}
    t5 = {"vocab_size": 100, "d_model": 32, "d_kv": 8, "d_ff": 64, "num_layers": 2, "num_heads": 4}
    distil = {"vocab_size": 100, "dim": 32, "n_layers": 2, "n_heads": 4, "hidden_dim": 64}
    sam = {"image_size": 64, "patch_size": 16, "output_channels": 16, "global_attn_indexes": [1], "window_size": 2}
    clip = {"text_config": {"max_position_embeddings": 16, **TEXT}, "vision_config": VISION, "projection_dim": 16}
    rows: list[tuple[str, str, Mapping[str, Any], dict[str, Any]]] = [
        ("ViTModel", "ViTConfig", small, VISION),
        ("ViTForImageClassification", "ViTConfig", small, VISION),
        ("DeiTModel", "DeiTConfig", small, VISION),
        ("BeitModel", "BeitConfig", small, VISION),
        ("Dinov2Model", "Dinov2Config", small, VISION),
        ("SwinModel", "SwinConfig", middle, swin),
        ("ConvNextModel", "ConvNextConfig", middle, STAGES),
        ("ResNetModel", "ResNetConfig", middle, {"embedding_size": 8, **STAGES}),
        ("BertModel", "BertConfig", text, TEXT),
        ("BertForMaskedLM", "BertConfig", text, TEXT),
        ("RobertaForSequenceClassification", "RobertaConfig", text, TEXT),
        ("ElectraModel", "ElectraConfig", text, {"embedding_size": 16, **TEXT}),
        ("DistilBertModel", "DistilBertConfig", text, distil),
        ("GPT2LMHeadModel", "GPT2Config", text, gpt),
        ("LlamaForCausalLM", "LlamaConfig", text, {"num_key_value_heads": 2, **TEXT}),
        ("Qwen2ForCausalLM", "Qwen2Config", text, {"num_key_value_heads": 2, **TEXT}),
        ("MixtralForCausalLM", "MixtralConfig", text, {"num_key_value_heads": 2, "num_local_experts": 4, **TEXT}),
        ("T5ForConditionalGeneration", "T5Config", {**text, "decoder_input_ids": tokens(4)}, t5),
        ("CLIPModel", "CLIPConfig", {**text, **small}, clip),
        ("CLIPVisionModel", "CLIPVisionConfig", small, VISION),
        ("SiglipVisionModel", "SiglipVisionConfig", small, VISION),
        (
            "SamVisionModel",
            "SamVisionConfig",
            middle,
            {"hidden_size": 32, "num_hidden_layers": 2, "mlp_dim": 64, "num_attention_heads": 4, **sam},
        ),
    ]
    for model, config, inputs, sizes in rows:
        yield model, lambda row=(model, config, inputs, sizes): hugging_face(*row[:3], **row[3])


def of_torchvision() -> Iterator[tuple[str, Callable[[], Sample]]]:
    for name in ("resnet18", "vgg11", "mobilenet_v3_small", "densenet121", "convnext_tiny", "swin_t", "vit_b_16"):
        yield name, lambda name=name: Sample(torchvision.models.get_model(name), (image(224),))
    for name in ("fasterrcnn_mobilenet_v3_large_320_fpn", "retinanet_resnet50_fpn", "ssdlite320_mobilenet_v3_large"):
        yield name, lambda name=name: Sample(_untrained(name), ([torch.rand(3, 320, 320)],))
    yield "deeplabv3_mobilenet_v3_large", lambda: Sample(_untrained("deeplabv3_mobilenet_v3_large"), (image(64),))
    yield "r3d_18", lambda: Sample(torchvision.models.get_model("r3d_18"), (torch.rand(1, 3, 8, 32, 32),))
    pair = (image(128), image(128))
    yield "raft_small", lambda: Sample(torchvision.models.get_model("raft_small"), pair)


def _untrained(name: str) -> nn.Module:
    return torchvision.models.get_model(name, weights=None, weights_backbone=None)


def of_timm() -> Iterator[tuple[str, Callable[[], Sample]]]:
    for name in (
        "resnet18",
        "vit_tiny_patch16_224",
        "convnext_atto",
        "swin_tiny_patch4_window7_224",
        "maxvit_nano_rw_256",
    ):
        side = 256 if name.endswith("256") else 224
        yield name, lambda name=name, side=side: Sample(timm.create_model(name), (image(side),))
    yield "features_only", lambda: Sample(timm.create_model("resnet18", features_only=True), (image(64),))
    dynamic = {"dynamic_img_size": True}
    yield "dynamic_img_size", lambda: Sample(timm.create_model("vit_tiny_patch16_224", **dynamic), (image(224),))


def of_others() -> Iterator[tuple[str, Callable[[], Sample]]]:
    yield (
        "yolov8n",
        lambda: Sample(_of("ultralytics.nn.tasks").DetectionModel("yolov8n.yaml", verbose=False), (image(64),)),
    )
    yield (
        "yolov8n-seg",
        lambda: Sample(_of("ultralytics.nn.tasks").SegmentationModel("yolov8n-seg.yaml", verbose=False), (image(64),)),
    )
    for name in ("Unet", "FPN", "DeepLabV3Plus", "MAnet"):
        yield (
            f"smp.{name}",
            lambda name=name: Sample(
                getattr(_of("segmentation_models_pytorch"), name)("resnet18", encoder_weights=None),
                (image(64, batch=2),),
            ),
        )
    yield (
        "open_clip.ViT-B-32",
        lambda: Sample(
            _of("open_clip").create_model("ViT-B-32", pretrained=None), (image(224), torch.randint(1, 999, (1, 77)))
        ),
    )
    yield (
        "open_clip.RN50.visual",
        lambda: Sample(_of("open_clip").create_model("RN50", pretrained=None).visual, (image(224),)),
    )
    volume = torch.rand(1, 1, 32, 32, 32)
    nets = "monai.networks.nets"
    yield "monai.UNet", lambda: Sample(_of(nets).UNet(3, 1, 2, channels=(4, 8, 16), strides=(2, 2)), (volume,))
    yield (
        "monai.UNETR",
        lambda: Sample(
            _of(nets).UNETR(1, 2, img_size=32, feature_size=4, hidden_size=48, mlp_dim=64, num_heads=4), (volume,)
        ),
    )
    yield "monai.DenseNet121", lambda: Sample(_of(nets).DenseNet121(2, 1, 2), (image(64, channels=1),))
    blocks = {"sample_size": 16, "block_out_channels": (32, 64), "layers_per_block": 1, "norm_num_groups": 8}
    plain = {"down_block_types": ("DownBlock2D", "AttnDownBlock2D"), "up_block_types": ("AttnUpBlock2D", "UpBlock2D")}
    cross = {
        "down_block_types": ("DownBlock2D", "CrossAttnDownBlock2D"),
        "up_block_types": ("CrossAttnUpBlock2D", "UpBlock2D"),
        "cross_attention_dim": 16,
        "attention_head_dim": 8,
    }
    yield "diffusers.UNet2DModel", lambda: Sample(_of("diffusers").UNet2DModel(**blocks, **plain), (image(16), 3))
    yield (
        "diffusers.UNet2DConditionModel",
        lambda: Sample(
            _of("diffusers").UNet2DConditionModel(**blocks, **cross), (image(16, 4), 3, torch.rand(1, 5, 16))
        ),
    )
    yield (
        "vit_pytorch.SimpleViT",
        lambda: Sample(
            _of("vit_pytorch").SimpleViT(
                image_size=32, patch_size=8, num_classes=4, dim=32, depth=2, heads=4, mlp_dim=64
            ),
            (image(32),),
        ),
    )
    edges = torch.tensor([[0, 1, 2, 3], [1, 2, 3, 4]])
    yield (
        "torch_geometric.GCN",
        lambda: Sample(_of("torch_geometric.nn.models").GCN(8, 16, 2, 4), (torch.rand(5, 8), edges)),
    )
    yield "peft.LoRA", _lora
    yield "lightning", _lightning


def _of(module: str) -> Any:
    return importlib.import_module(module)


def _lora() -> Sample:
    peft = _of("peft")
    base = hugging_face("ViTModel", "ViTConfig", {"pixel_values": image(32)}, **VISION)
    names = [path for path, _ in base.model.named_modules()]
    target = "q_proj" if any(path.endswith("q_proj") for path in names) else "query"
    return Sample(peft.get_peft_model(base.model, peft.LoraConfig(target_modules=[target])), (), base.kwargs)


def _lightning() -> Sample:
    class Module(_of("lightning.pytorch").LightningModule):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self.net = torchvision.models.resnet18()

        def forward(self, x: torch.Tensor) -> Any:
            return self.net(x)

    return Sample(Module(), (image(64),))


def of_torch() -> Iterator[tuple[str, Callable[[], Sample]]]:
    sequence = torch.rand(2, 6, 32)
    yield "nn.Transformer", lambda: Sample(nn.Transformer(32, 4, 2, 2, 64, batch_first=True), (sequence, sequence))
    layer = nn.TransformerEncoderLayer(32, 4, 64, batch_first=True)
    yield "nn.TransformerEncoder", lambda: Sample(nn.TransformerEncoder(layer, 2), (sequence,))
    yield "nn.DataParallel", lambda: Sample(nn.DataParallel(torchvision.models.resnet18()), (image(64),))
    yield (
        "torch.compile",
        lambda: Sample(
            torch.compile(torchvision.models.resnet18(), backend="eager"),  # type: ignore[arg-type]
            (image(64),),
        ),
    )


FAMILIES: dict[str, Callable[[], Iterator[tuple[str, Callable[[], Sample]]]]] = {
    "transformers": of_transformers,
    "torchvision": of_torchvision,
    "timm": of_timm,
    "others": of_others,
    "torch": of_torch,
}
BUILDERS = {f"{family}:{name}": build for family, samples in FAMILIES.items() for name, build in samples()}
