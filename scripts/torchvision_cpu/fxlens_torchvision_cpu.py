"""Development only: lets ``import torchvision`` work beside a CPU-only torch.

torchvision's wheels for CUDA carry operators that do not load beside a CPU build of torch, and ``import torchvision``
then fails on ``torchvision::nms``. Where they did not load, this declares the operators' schemas (no kernels: tracing
never runs them). ``scripts/setup.mjs`` puts it into the development environment with a ``.pth`` file; the product
carries no such patch.
"""

from __future__ import annotations

import importlib.machinery
import sys
from types import ModuleType

_POOL = "float spatial_scale, int pooled_height, int pooled_width"
_POOL_BACK = f"{_POOL}, int batch_size, int channels, int height, int width"
_CONV = (
    "int stride_h, int stride_w, int pad_h, int pad_w, int dilation_h, int dilation_w, "
    "int groups, int offset_groups, bool use_mask"
)
SCHEMAS = (
    "nms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
    "qnms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
    f"roi_align(Tensor input, Tensor rois, {_POOL}, int sampling_ratio, bool aligned) -> Tensor",
    f"qroi_align(Tensor input, Tensor rois, {_POOL}, int sampling_ratio, bool aligned) -> Tensor",
    f"_roi_align_backward(Tensor grad, Tensor rois, {_POOL_BACK}, int sampling_ratio, bool aligned) -> Tensor",
    f"roi_pool(Tensor input, Tensor rois, {_POOL}) -> (Tensor, Tensor)",
    f"_roi_pool_backward(Tensor grad, Tensor rois, Tensor argmax, {_POOL_BACK}) -> Tensor",
    f"ps_roi_align(Tensor input, Tensor rois, {_POOL}, int sampling_ratio) -> (Tensor, Tensor)",
    (
        "_ps_roi_align_backward(Tensor grad, Tensor rois, Tensor channel_mapping, float spatial_scale, "
        "int pooled_height, int pooled_width, int sampling_ratio, int batch_size, int channels, int height, int width)"
        " -> Tensor"
    ),
    f"ps_roi_pool(Tensor input, Tensor rois, {_POOL}) -> (Tensor, Tensor)",
    f"_ps_roi_pool_backward(Tensor grad, Tensor rois, Tensor channel_mapping, {_POOL_BACK}) -> Tensor",
    f"deform_conv2d(Tensor input, Tensor weight, Tensor offset, Tensor mask, Tensor bias, {_CONV}) -> Tensor",
    (
        "_deform_conv2d_backward(Tensor grad, Tensor input, Tensor weight, Tensor offset, Tensor mask, Tensor bias, "
        f"{_CONV}) -> (Tensor, Tensor, Tensor, Tensor, Tensor)"
    ),
)


class _Loader(importlib.machinery.SourceFileLoader):
    def exec_module(self, module: ModuleType) -> None:
        super().exec_module(module)
        if not module._has_ops():  # noqa: SLF001  torchvision's own word for it
            import torch

            global _library
            _library = torch.library.Library("torchvision", "FRAGMENT")
            for schema in SCHEMAS:
                _library.define(schema)


class _Finder:
    @staticmethod
    def find_spec(
        name: str, path: list[str] | None = None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        if name != "torchvision.extension":
            return None
        spec = importlib.machinery.PathFinder.find_spec(name, path, target)
        if spec is not None and spec.origin is not None:
            spec.loader = _Loader(name, spec.origin)
        return spec


def install() -> None:
    """Declare the operators when ``torchvision.extension`` is first imported."""
    sys.meta_path.insert(0, _Finder)
