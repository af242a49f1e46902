"""The text of a traced value, ``str(x.device)``: in torch.fx it reads ``Proxy(getattr_1)`` while the model is traced.

To show it is harmless, and what logs and messages do. Where ``forward`` goes by it, torch.fx's graph holds the branch
of a text that no run has, without a word. Under our own rule the text of a type or a device is the one that the model
has, and the graph holds to what ``forward`` asks of it. Of any other text it is noted that it is asked.
"""

from __future__ import annotations

from collections.abc import Callable
from types import FrameType
from typing import Any, NamedTuple, Protocol

from fxlens.tracing.record.asking import here


class TextStep(NamedTuple):
    """A method that was called on a text, or on what the steps before have made of it."""

    name: str
    args: tuple[Any, ...]
    kwargs: dict[str, Any]


class TextSource(Protocol):
    """Where a text is from."""

    @property
    def is_true(self) -> bool:
        """Whether it is the text that the value has; if not, nobody needs to be told where it is looked up."""
        ...

    @property
    def trace(self) -> object:
        """The same object for all texts of a trace."""
        ...

    @property
    def is_over(self) -> bool:
        """Whether the trace has ended."""
        ...

    def asked(self, frame: FrameType, steps: tuple[TextStep, ...], answer: Any) -> None:
        """The code at ``frame`` has asked something of it: the answer is what ``steps`` make of the text."""
        ...

    def argument(self, text: str, steps: tuple[TextStep, ...]) -> Any:
        """What stands for ``text``, which ``steps`` have made, as an argument of a node."""
        ...


class TracedText(str):
    """A text that tells who asks something of it, or of what is made of it: ``str(x.dtype).split(".")[1] == "half"``.

    Not of what f-strings and ``join`` put together from several: that is a plain ``str``.
    """

    __slots__ = ("_source", "_steps")
    _source: TextSource
    _steps: tuple[TextStep, ...]

    @classmethod
    def of(cls, text: str, source: TextSource, steps: tuple[TextStep, ...] = ()) -> TracedText:
        made = cls(text)
        made._source, made._steps = source, steps
        return made

    def argument(self) -> Any:
        """What stands for it among the arguments of a node."""
        return self._source.argument(str.__str__(self), self._steps)

    def __hash__(self) -> int:
        if self._source.is_true:  # A text that is unknown may be the key of a cache.
            self._source.asked(here(), self._steps, str.__str__(self))
        return str.__hash__(self)

    def _is_of_another_trace(self, other: object) -> bool:
        """Whether one is the key of a cache that an earlier trace has filled, with what belongs there."""
        if self._source.is_over:
            return self is not other
        return isinstance(other, TracedText) and other._source.trace is not self._source.trace  # noqa: SLF001

    def _made(self, value: Any, steps: tuple[TextStep, ...]) -> Any:
        if isinstance(value, str):
            return TracedText.of(value, self._source, steps)
        items = (self._made(item, (*steps, TextStep("__getitem__", (at,), {}))) for at, item in enumerate(value))
        return type(value)(items)


def _telling(name: str) -> Callable[..., Any]:
    plain = getattr(str, name)

    def method(self: TracedText, *args: Any, **kwargs: Any) -> Any:
        if name in ("__eq__", "__ne__") and self._is_of_another_trace(args[0]):
            return name == "__ne__"
        value = plain(self, *args, **kwargs)
        steps = (*self._steps, TextStep(name, args, kwargs))
        if isinstance(value, (str, list, tuple)):
            return self._made(value, steps)
        if value is not NotImplemented and not any(isinstance(each, TracedText) for each in args):
            self._source.asked(here(), steps, value)
        return value

    method.__name__ = name
    return method


_METHODS = """
    __eq__ __ne__ __contains__ __getitem__ __add__ __format__
    startswith endswith find rfind index rindex count isdigit isnumeric isalpha isalnum
    split rsplit partition rpartition splitlines removeprefix removesuffix replace
    lower upper casefold title capitalize strip lstrip rstrip
"""

for _name in _METHODS.split():
    setattr(TracedText, _name, _telling(_name))
