"""A small package of one's own, as a project would have it."""

from .model import AuxNet

__all__ = ["AuxNet"]
