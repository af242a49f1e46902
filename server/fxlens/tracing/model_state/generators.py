"""The states of random generators: the global ones that models draw from, and those in attributes of a model."""

from __future__ import annotations

import random
import sys
from typing import Any

import torch


class GlobalStates:
    """The states of torch's generator on the CPU, of ``random``, and of NumPy if it is loaded, as they are now.

    Example:
        >>> before = GlobalStates(); _ = random.random(); before.is_unchanged()
        False
        >>> before.restore(); before.is_unchanged()
        True
    """

    def __init__(self) -> None:
        self._torch = torch.get_rng_state()
        self._python = random.getstate()
        self._numpy = _of_numpy()

    def is_unchanged(self) -> bool:
        """Whether no number was drawn since. A NumPy that was loaded meanwhile may have been drawn from."""
        return (
            torch.equal(self._torch, torch.get_rng_state())
            and self._python == random.getstate()
            and _plain(self._numpy) == _plain(_of_numpy())
        )

    def restore(self) -> None:
        torch.set_rng_state(self._torch)
        random.setstate(self._python)
        if self._numpy is not None:
            sys.modules["numpy.random"].set_state(self._numpy)


def _of_numpy() -> Any:
    numpy: Any = sys.modules.get("numpy.random")
    return None if numpy is None else numpy.get_state()


def is_generator(kind: type) -> bool:
    """Whether objects of ``kind`` are random generators with a state that can be set."""
    if issubclass(kind, (random.Random, torch.Generator)):
        return not issubclass(kind, random.SystemRandom)
    numpy: Any = sys.modules.get("numpy.random")
    return numpy is not None and issubclass(kind, (numpy.Generator, numpy.RandomState, numpy.BitGenerator))


def read(generator: Any) -> Any:
    if isinstance(generator, random.Random):
        return random.Random.getstate(generator)
    if isinstance(generator, torch.Generator):
        return generator.get_state()
    numpy: Any = sys.modules["numpy.random"]
    if isinstance(generator, numpy.RandomState):
        return generator.get_state()
    return _bits(generator).state


def is_unchanged(generator: Any, state: Any) -> bool:
    return bool(_plain(read(generator)) == _plain(state))


def restore(generator: Any, state: Any) -> None:
    """Make ``state`` that of ``generator`` again.

    Example:
        >>> held = random.Random(0); before = read(held); first = held.random()
        >>> restore(held, before); held.random() == first
        True
    """
    if isinstance(generator, random.Random):
        random.Random.setstate(generator, state)
    elif isinstance(generator, torch.Generator) or hasattr(generator, "set_state"):
        generator.set_state(state)
    else:
        _bits(generator).state = state


def _bits(generator: Any) -> Any:
    return getattr(generator, "bit_generator", generator)


def _plain(state: Any) -> Any:
    """``state`` with a list for each array, so that states can be compared."""
    if isinstance(state, dict):
        return {key: _plain(value) for key, value in state.items()}
    if isinstance(state, (tuple, list)):
        return [_plain(value) for value in state]
    return state.tolist() if hasattr(state, "tolist") else state
