"""Parsers of the command line, and the objects that hold what they parsed."""

from __future__ import annotations

from dataclasses import replace

from fxlens.source.alternatives import are_certain, certain, of_kind, only, subject_of
from fxlens.source.analysis.callables import Given
from fxlens.source.analysis.definitions import made_by
from fxlens.source.analysis.events import Event
from fxlens.source.analysis.extractors import Extractors
from fxlens.source.library import command_line
from fxlens.source.library.called import Called
from fxlens.source.syntax import nodes as n
from fxlens.source.values import ALWAYS, Alternatives, Const, Item, Location, Subject, Unknown, Value


class CommandLine(Extractors):
    """Notes the options of parsers, and looks them up in what is parsed."""

    def parser_method(self, parser: Subject, name: str, arguments: list[Given], node: n.Expression) -> Alternatives:
        """A method of a parser, or of one of its groups."""
        call = Called(self, arguments, node)
        self._declare(self.run.options.setdefault(parser, {}), name, call)
        called = (parser, "called", name)
        if name not in command_line.PARSES | command_line.PARSES_KNOWN:
            return certain(Unknown(self.subject(called, node, parser)))
        result = self._parsed(parser, called, call)
        if name in command_line.PARSES:
            return result
        rest = self.made("list", (), Subject(self.frame.document, node))
        return self.made("tuple", (Item(result), Item(rest)))

    def _declare(self, options: dict[str, command_line.Option], name: str, call: Called) -> None:
        declares = command_line.DECLARED_BY.get(name)
        option = declares(call) if declares is not None else None
        if option is not None:
            options[option.name] = option
        for key, value in call.named.items() if name == command_line.SETS_DEFAULTS else ():
            before = options.get(key) or command_line.Option(key, (), value, call)
            options[key] = replace(before, default=value)

    def declared_by(self, maker: Value, node: n.FunctionDef | n.ClassDef, decorator: n.Expression) -> None:
        declares = made_by(maker) in command_line.OPTION_DECORATORS
        if not declares or not isinstance(decorator, n.Call) or not isinstance(node, n.FunctionDef):
            return
        option = command_line.decorated(Called(self, self.arguments(decorator.arguments), decorator, made_by(maker)))
        self.run.commands.add(node)
        if option is None or option.default is None:
            return
        for parameter in node.parameters:
            if parameter.name == option.name:
                self.bind_key((parameter, self.frame.scope), option.default)

    def _parsed(self, parser: Subject, key: object, call: Called) -> Alternatives:
        words = self._words(call)
        subject = self.subject(key if words is None else (key, call.node), call.node, parser)
        self.run.parsed[subject] = parser
        parsed = command_line.parsed(self.run.options[parser].values(), words) if words is not None else {}
        for name, value in parsed.items():
            self.bind_key((subject, name), value)
        return certain(Unknown(subject))

    def _words(self, call: Called) -> list[Const] | None:
        """The command line that the program gives the parser itself; nothing where a user gives it."""
        argument = call.argument(0, "args")
        if argument is None or not isinstance(only(argument), Location):
            return None
        items, why = self.items(argument, call.node)
        words = [only(item.value) for item in items]
        texts = [word for word in words if isinstance(word, Const) and isinstance(word.value, str)]
        are_told = why is None and are_certain(items) and len(texts) == len(words)
        return texts if are_told else None

    def part(self, subject: Subject, name: str, node: n.Expression) -> Alternatives:
        parts = super().part(subject, name, node)
        option = self._options_of(subject).get(name)
        if option is None:
            return parts
        for each in of_kind(Unknown, parts):
            if each.subject.part_of is subject:
                each.subject.default = option.default
                self.read(frozenset({self._read_option(each.subject)}))
        return parts

    def _options_of(self, subject: Subject | None) -> dict[str, command_line.Option]:
        """The options of what a parser returned."""
        parser = self.run.parsed.get(subject) if subject is not None else None
        return self.run.options.get(parser, {}) if parser is not None else {}

    def _read_option(self, subject: Subject) -> Event:
        option_event = self.run.option_events.get(subject)
        if option_event is None:
            option_event = self.run.option_events[subject] = self.new_event("option", subject.node, [])
            option_event.subject, option_event.condition = subject, ALWAYS
        return option_event

    def variables(self, arguments: list[Given], node: n.Expression) -> Alternatives:
        """``vars(args)``."""
        for value, _ in arguments[0].alternatives if arguments else ():
            if subject_of(value) in self.run.parsed:
                names = self._options_of(subject_of(value))
                items = (Item(self.attribute(value, name, node), ALWAYS, certain(Const(name))) for name in names)
                return self.made("dict", tuple(items))
        return super().variables(arguments, node)

    def namespace(self, made: Subject, arguments: list[Given]) -> None:
        """An object whose attributes are the keywords that it is made with."""
        for each in arguments:
            if each.keyword:
                self.bind_key((made, each.keyword), each.alternatives)
