"""Refuses a torch that is too old, before anything that it does not have is imported from it."""

from __future__ import annotations

import torch

from fxlens.requirements import refusal

_refusal = refusal(str(torch.__version__))
if _refusal is not None:
    raise ImportError(_refusal)
