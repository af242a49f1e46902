"""What `torch.hub` finds in `pytorch/vision`: the models of the torchvision that is installed.

The repository's own `hubconf.py` imports them from `torchvision` too, and a program that extracts features has imported
the installed one by then.
"""

from torchvision.models import *  # type: ignore[import-untyped]  # noqa: F403
from torchvision.models.optical_flow import *  # type: ignore[import-untyped]  # noqa: F403
from torchvision.models.segmentation import *  # type: ignore[import-untyped]  # noqa: F403

dependencies = ["torch", "torchvision"]
