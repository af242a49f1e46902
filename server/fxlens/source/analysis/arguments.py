"""The arguments of calls: evaluated one by one, and unpacked where the text tells what ``*`` and ``**`` unpack."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from fxlens.source.alternatives import are_certain, certain, integer_of, joined, only, under
from fxlens.source.analysis.callables import Given
from fxlens.source.analysis.command_line import CommandLine
from fxlens.source.analysis.functions import replace_given
from fxlens.source.library.interpreter_interface import Given as Argument
from fxlens.source.library.torch import MOST_SIZES
from fxlens.source.syntax import nodes as n
from fxlens.source.values import Alternatives, Const


class Arguments(CommandLine):
    """Evaluates arguments."""

    def arguments(self, written: Iterable[n.Argument]) -> list[Given]:
        evaluated: list[Given] = []
        for each in written:
            mark = len(self.activity.reads)
            alternatives = self.evaluate(each.value)
            code = self.frame.document.code(each.value)
            reads = self.activity.reads[mark:]
            key = Const(each.keyword, (self.frame.document, each)) if each.keyword else None
            line = each.value.start_pos[0] - 1
            evaluated.append(Given(each.keyword, each.star, alternatives, each.value, reads, code, line, key))
        return self._spread(evaluated)

    def spread(self, argument: Argument, star: str) -> list[Given]:
        assert isinstance(argument, Given)
        return self._spread([replace(argument, keyword="", star=star, key=None)])

    def item_of(self, argument: Argument, at: int, value: Alternatives) -> Given:
        assert isinstance(argument, Given)
        return replace_given(argument, "", value, f"list({argument.text})[{at}]")

    def _spread(self, arguments: list[Given]) -> list[Given]:
        """The arguments with those that ``*`` and ``**`` unpack, where they are known, one by one."""
        spread_out: list[Given] = []
        for each in arguments:
            if not each.star or each.node is None:
                spread_out.append(each)
            elif each.star == "*":
                spread_out += self._spread_positions(each, each.node)
            else:
                self._spread_keywords(each, each.node, spread_out)
        return spread_out

    def _spread_positions(self, argument: Given, node: n.Expression) -> list[Given]:
        values = self._positions(argument.alternatives, node)
        return [argument] if values is None else [self.item_of(argument, at, each) for at, each in enumerate(values)]

    def _positions(self, unpacked: Alternatives, node: n.Expression) -> list[Alternatives] | None:
        """What ``*`` makes of alternatives, position by position; nothing unless all are as long, and known."""
        rows: list[list[Alternatives]] = []
        for value, condition in unpacked:
            items, why = self.items(certain(value), node)
            if why is not None or not are_certain(items):
                return None
            rows.append([under(item.value, condition) for item in items])
        are_as_long = len(set(map(len, rows))) == 1
        return [joined(*column) for column in zip(*rows, strict=True)] if are_as_long else None

    def _spread_keywords(self, argument: Given, node: n.Expression, spread_out: list[Given]) -> None:
        items, why = self.entries(argument.alternatives, node)
        for item in items:
            key = only(item.key)
            if isinstance(key, Const) and isinstance(key.value, str):
                value = under(item.value, item.condition)
                before = next((other for other in spread_out if other.keyword == key.value), None)
                if before is not None:  # Under a condition only, the later entry is the one.
                    spread_out.remove(before)
                    value = joined(value, before.alternatives)
                spread_out.append(replace_given(argument, key.value, value, f"({argument.text})[{key.value!r}]", key))
        if why is not None:
            spread_out.append(argument)

    def shape_of(self, arguments: list[Given]) -> tuple[int, ...]:
        """The sizes that a function is given that makes a tensor; none where they are not all known."""
        sizes = self._sizes([each.alternatives for each in arguments if each.is_in_order])
        numbers = [size for size in map(integer_of, map(only, sizes)) if size is not None and size > 0]
        are_told = len(numbers) == len(sizes) and len(numbers) <= MOST_SIZES
        return tuple(numbers) if are_told else ()

    def _sizes(self, sizes: list[Alternatives]) -> list[Alternatives]:
        """The sizes one by one, also of a single list or tuple of them."""
        whole = only(sizes[0]) if len(sizes) == 1 else None
        if whole is None or self.container(whole) is None:
            return sizes
        items, why = self.items(sizes[0], n.Expression((1, 0), (1, 0)))
        return [item.value for item in items] if why is None else []
