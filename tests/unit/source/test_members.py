"""Where methods use an attribute through ``self``."""

from __future__ import annotations

from fxlens.source.members import member_at, member_uses
from fxlens.source.model import Position

TEXT = """\
from base import Net as Base

class More(Base, mixins.Other):
    def __init__(me, x):
        me.body = x
        x.body = me.tail
    def forward(me, x):
        return me.body(x) + x.body

def body(self):
    return self.body
"""


def test_uses_are_those_through_the_first_parameter_of_a_method() -> None:
    (found,) = member_uses(TEXT, "body")
    assert (found.class_name, found.bases, found.sets) == ("More", ("Base", "Other"), True)
    assert sorted((span.start.line, span.start.column) for span in found.spans) == [(4, 11), (7, 18)]
    assert found.names == {"body"}
    assert ("Base", "base") in found.imported


def test_the_attribute_at_a_position_is_set_or_used() -> None:
    assert [member_at(TEXT, Position(4, 12)), member_at(TEXT, Position(7, 20))] != [None, None]
    assert (member_at(TEXT, Position(7, 20)) or ("", ""))[:2] == ("More", "body")
    for line, column in ((5, 11), (7, 31), (10, 17), (0, 3), (4, 8)):
        assert member_at(TEXT, Position(line, column)) is None
