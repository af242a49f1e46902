"""The models of timm whose stages are compared with timm's own table, and why a few differ."""

from __future__ import annotations

from pathlib import Path

MODELS = tuple(Path(__file__).with_suffix(".txt").read_text(encoding="utf-8").split())

DIFFERENT_STAGES = {
    "coat_tiny": "scales run in parallel",
    "crossvit_tiny_240": "two branches with an input size of their own",
    "edgenext_xx_small": "28 positions become 9 and 5: one input size reads that as 1/24 and 1/48",
    "ghostnet_100": "timm takes the first block of a stage, and leaves out the last convolution of the same container",
    "ghostnetv2_100": "as ghostnet_100",
    "hiera_tiny_224": "traced with its optional mask as an input, its shapes are unknown",
    "inception_v4": "two modules at 1/4: timm takes the first",
    "repghostnet_050": "as ghostnet_100",
    "rexnet_100": "the last convolution stands in the same container",
    "samvit_base_patch16": "the neck has other channels than the blocks",
    "tnt_s_patch16_224": "pixels inside patches hold the batch axis",
    "xception41": "timm takes the tensor before the strided operation inside the next block",
    "xception65p": "as xception41",
}
"""Reductions or channels that differ from timm's, each with its reason."""

DIFFERENT_NODES = {
    "dm_nfnet_f0": "timm takes the convolution before the activation",
    "hrnet_w18": "timm takes other modules than its own features_only class",
    "hrnet_w18_small": "as hrnet_w18",
    "legacy_xception": "timm takes the first activation of the next block",
    "mvitv2_tiny": "the names in timm's table are not modules",
    "nf_regnet_b1": "as dm_nfnet_f0",
    "nfnet_l0": "as dm_nfnet_f0",
    "pit_ti_224": "the classifier reads the tokens; the map that the last module makes of them leads nowhere",
    "twins_pcpvt_small": "the names in timm's table are not modules",
    "twins_svt_small": "the names in timm's table are not modules",
    "xception": "as legacy_xception",
}
"""The same reductions and channels, at another node than that of timm's table."""
