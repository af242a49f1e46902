"""Parts of a model that ``torch.compile`` has compiled, while somebody watches the model run."""

from __future__ import annotations

import sys
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import torch


def uncompiled() -> AbstractContextManager[Any]:
    """Compiled parts of the model run uncompiled: their code was made without the hooks. Since torch 2.6."""
    stance = getattr(torch.compiler, "set_stance", None)
    return nullcontext() if stance is None or "torch._dynamo" not in sys.modules else stance("force_eager")
