"""Rows of one class as columns of JSON, and back: ten thousand nodes have few different lines and values."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeAlias, TypeVar

Json: TypeAlias = Any
"""JSON-ready data; its shape is private to the ``to_json``/``from_json`` pair of each class."""

Row = TypeVar("Row")


@dataclass(frozen=True)
class Table(Generic[Row]):
    """How rows are written.

    ``plain`` fields are written as they are. ``shared`` fields have few values among many rows: each value is written,
    and made again, once; they come with the functions that do it.
    """

    make: Callable[..., Row]
    plain: dict[str, Callable[[Any], Any]]
    shared: dict[str, tuple[Callable[[Any], Json], Callable[[Json], Any]]]

    def to_json(self, rows: Sequence[Row]) -> Json:
        columns: Json = {name: [getattr(row, name) for row in rows] for name in self.plain}
        for name, (encode, _) in self.shared.items():
            values = [getattr(row, name) for row in rows]
            positions = {value: position for position, value in enumerate(dict.fromkeys(values))}
            columns[name] = [[encode(value) for value in positions], [positions[value] for value in values]]
        return columns

    def from_json(self, columns: Json) -> Iterator[Row]:
        fields: list[Iterable[Any]] = [map(decode, columns[name]) for name, decode in self.plain.items()]
        for name, (_, decode) in self.shared.items():
            written, positions = columns[name]
            fields.append(map([decode(value) for value in written].__getitem__, positions))
        names = (*self.plain, *self.shared)
        return (self.make(**dict(zip(names, row, strict=True))) for row in zip(*fields, strict=True))
