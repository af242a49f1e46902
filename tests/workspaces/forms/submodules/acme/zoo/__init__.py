from ..names import RESNET as DEFAULT
from . import deep

__all__ = ["DEFAULT", "deep"]
