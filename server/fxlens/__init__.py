"""FX Lens: the node names of PyTorch feature extraction, exact and explained."""

from __future__ import annotations

__version__ = "0.1.0"
