"""Names of Python that mean something of their own: enumerations, bases of classes, functions that bind names."""

from __future__ import annotations

ENUMERATIONS = frozenset(f"enum.{name}" for name in ("Enum", "IntEnum", "StrEnum", "Flag", "IntFlag")) | {
    "strenum.StrEnum",
    "backports.strenum.StrEnum",
}
BUILTIN_BASES = {"dict": "dict", "collections.OrderedDict": "dict", "collections.UserDict": "dict"} | {
    "list": "list",
    "collections.UserList": "list",
    "str": "instance",
}
"""What objects of a class are, if it is made of one of these."""
BIND_BY_TEXT = frozenset({"exec", "globals", "locals"})
"""What can bind a variable that no statement names. ``eval`` cannot, but by ``:=``."""
IMPORT_FUNCTIONS = frozenset({"importlib.import_module", "__import__"})
NAMED_TUPLES = frozenset({"typing.NamedTuple"})
TYPED_DICT = "typing.TypedDict"
TEXT_ENUMERATIONS = frozenset({"enum.StrEnum", "strenum.StrEnum", "backports.strenum.StrEnum"})
CONSTANT_ENUMERATIONS = TEXT_ENUMERATIONS | {"str", "int", "enum.IntEnum", "enum.IntFlag"}
"""Bases of enumerations whose members are texts or numbers."""
