"""Parsers of the command line, and the objects that hold what they parsed."""

from __future__ import annotations

from dataclasses import replace

from fxlens.source.alternatives import certain
from fxlens.source.analysis.callables import Given
from fxlens.source.analysis.definitions import made_by
from fxlens.source.analysis.events import Event
from fxlens.source.analysis.extractors import Extractors
from fxlens.source.analysis.state import Binding
from fxlens.source.library import command_line
from fxlens.source.library.called import Called
from fxlens.source.syntax import nodes as n
from fxlens.source.values import ALWAYS, Alternatives, Const, Item, Location, Subject, Unknown, Value


class CommandLine(Extractors):
    """Notes the options of parsers, and looks them up in what is parsed."""

    def parser_method(self, parser: Subject, name: str, arguments: list[Given], node: n.Expression) -> Alternatives:
        """A method of a parser, or of one of its groups."""
        options = self.run.options.setdefault(parser, {})
        call = Called(self, arguments, node)
        if name == command_line.DECLARES:
            option = command_line.declared(call)
            if option is not None:
                options[option.name] = option
        elif name == command_line.DECLARES_COMMANDS:
            option = command_line.command(call)
            if option is not None:
                options[option.name] = option
        elif name == command_line.SETS_DEFAULTS:
            for key, value in call.named.items():
                before = options.get(key) or command_line.Option(key, (), value, call)
                options[key] = replace(before, default=value)
        called = (parser, "called", name)
        if name not in command_line.PARSES | command_line.PARSES_KNOWN:
            return certain(Unknown(self.subject(called, node, parser)))
        result = self._parsed(parser, called, call)
        if name in command_line.PARSES:
            return result
        rest = self.made("list", (), Subject(self.frame.document, node))
        return self.made("tuple", (Item(result), Item(rest)))

    def declared_by(self, maker: Value, node: n.FunctionDef | n.ClassDef, decorator: n.Expression) -> None:
        declares = made_by(maker) in command_line.OPTION_DECORATORS
        if not declares or not isinstance(decorator, n.Call) or not isinstance(node, n.FunctionDef):
            return
        option = command_line.decorated(Called(self, self.arguments(decorator.arguments), decorator, made_by(maker)))
        self.run.commands.add(node)
        for parameter in node.parameters:
            if option is not None and parameter.name == option.name and option.default is not None:
                self.state.set((parameter, self.frame.scope), Binding(option.default, frozenset({self.event()})))

    def _parsed(self, parser: Subject, key: object, call: Called) -> Alternatives:
        words = self._words(call)
        subject = self.subject(key if words is None else (key, call.node), call.node, parser)
        self.run.parsed[subject] = parser
        parsed = command_line.parsed(self.run.options[parser].values(), words) if words is not None else {}
        for name, value in parsed.items():
            self.state.set((subject, name), Binding(value, frozenset({self.event()})))
        return certain(Unknown(subject))

    def _words(self, call: Called) -> list[Const] | None:
        """The command line that the program gives the parser itself; nothing where a user gives it."""
        argument = call.argument(0, "args") or ()
        if len(argument) != 1 or not isinstance(argument[0][0], Location):
            return None
        items, why = self.items(argument, call.node)
        words = [value for item in items for value, _ in item.value]
        constants = [each for each in words if isinstance(each, Const) and isinstance(each.value, str)]
        plain = why is None and not any(item.condition for item in items)
        return constants if plain and len(constants) == len(items) == len(words) else None

    def part(self, subject: Subject, name: str, node: n.Expression) -> Alternatives:
        parts = super().part(subject, name, node)
        parser = self.run.parsed.get(subject)
        option = self.run.options.get(parser, {}).get(name) if parser is not None else None
        for value, _ in parts if option is not None else ():
            if isinstance(value, Unknown) and value.subject.part_of is subject and option is not None:
                value.subject.default = option.default
                self.read(frozenset({self._read_option(value.subject)}))
        return parts

    def _read_option(self, subject: Subject) -> Event:
        option_event = self.run.option_events.get(subject)
        if option_event is None:
            option_event = self.run.option_events[subject] = self.new_event("option", subject.node, [])
            option_event.subject, option_event.condition = subject, ALWAYS
        return option_event

    def variables(self, arguments: list[Given], node: n.Expression) -> Alternatives:
        """``vars(args)``."""
        for value, _ in arguments[0].alternatives if arguments else ():
            parser = self.run.parsed.get(value.subject) if isinstance(value, Unknown) else None
            if parser is not None:
                names = self.run.options.get(parser, {})
                items = (Item(self.attribute(value, name, node), ALWAYS, certain(Const(name))) for name in names)
                return self.made("dict", tuple(items))
        return super().variables(arguments, node)

    def namespace(self, made: Alternatives, arguments: list[Given]) -> None:
        """An object whose attributes are the keywords that it is made with."""
        values: list[Value] = [value for value, _ in made]
        for value in values:
            for each in arguments:
                if isinstance(value, Unknown) and each.keyword:
                    event = frozenset({self.event()})
                    self.state.set((value.subject, each.keyword), Binding(each.alternatives, event))
