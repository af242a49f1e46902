"""Evaluating a slice: its statements, then the model expression, then the call's arguments.

Every statement keeps its line number and its file, so that tracebacks, source lines of nodes and ``inspect`` speak of
the user's file as the editor shows it.
"""

from __future__ import annotations

import ast
import importlib
import importlib.machinery
import importlib.util
import linecache
import re
import sys
from collections.abc import Callable
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any

import torch
from torch import nn

from fxlens.graph import Phase
from fxlens.hint_comment import HINT
from fxlens.worker.failures import NotAModelError, RefusedError
from fxlens.worker.likely_modules import LikelyFinder
from fxlens.worker.messages import INPUT_ORIGINS, Expression, Statement, TraceRequest
from fxlens.worker.module_names import ModuleName, module_name, namespace_package
from fxlens.worker.stand_ins import UnknownArgument, Unloaded

FEATURES = importlib.import_module("__future__")


def arrange_path(request: TraceRequest) -> None:
    """Let the user's own imports be found where the engine says.

    A file of a package is imported from the folder above its top package. Its own folder comes last, where the names
    of its siblings cannot hide those of the standard library and of installed packages.
    """
    own = str(Path(request.path).parent)
    module = module_of(request)
    folders = dict.fromkeys([*request.import_paths, module.top]) if module.package else request.import_paths or (own,)
    environment = list(sys.path)
    sys.path[:0] = [each for each in folders if each not in environment and (each != own or not module.package)]
    sys.path += [own] if module.package and own not in environment else []
    sys.meta_path.insert(0, LikelyFinder([each for each in request.likely_paths if each not in sys.path], environment))


def module_of(request: TraceRequest) -> ModuleName:
    """Name and package of the file that a request is about.

    A relative import in a folder without ``__init__.py`` says that the file is imported through namespace packages.
    """
    module = module_name(request.path)
    if module.package or not any(_imports_relatively(statement.text) for statement in request.statements):
        return module
    package, top = namespace_package(request.path, (*request.import_paths, *request.likely_paths))
    return ModuleName(f"{package}.{module.name}", package, top)


def _imports_relatively(text: str) -> bool:
    return re.match(r"\s*from[ \t]*\.", text) is not None


class Evaluation:
    """One slice being evaluated; ``enter`` is told of every change of phase.

    Raises what the user's code raises: turning that into a :class:`Failure` is the caller's business.
    """

    def __init__(self, request: TraceRequest, enter: Callable[[Phase], None]) -> None:
        self._request = request
        self._enter = enter
        self._flags = 0
        self._module = self._make_module()

    @property
    def namespace(self) -> dict[str, Any]:
        return self._module.__dict__

    def run_statements(self) -> None:
        self._show_source()
        for statement in self._request.statements:
            for node in parse_statement(statement):
                self._enter("import" if isinstance(node, (ast.Import, ast.ImportFrom)) else "build")
                self._note_future(node)
                exec(self._compile(ast.Module([node], []), "exec"), self.namespace)
        for dotted in self._request.imports:
            self._enter("import")
            self._import(dotted)

    def _import(self, dotted: str) -> None:
        """Make a dotted path of an expression, such as ``torchvision.models.resnet18``, mean what it says."""
        root, *parts = dotted.split(".")
        module: object = self.namespace.get(root)
        if module is None:
            module = self.namespace[root] = importlib.import_module(root)
        for part in parts:
            if isinstance(module, ModuleType) and not hasattr(module, part):
                name = f"{module.__name__}.{part}"
                if importlib.util.find_spec(name) is None:
                    return  # Evaluating the expression says what is missing.
                importlib.import_module(name)
            module = getattr(module, part, None)

    def model(self) -> nn.Module:
        self._enter("build")
        return as_model(self._evaluate(self._request.model), self._request.model.text)

    def arguments(self) -> dict[str, Any]:
        arguments = self._request.arguments.items()
        return {name: self._evaluate(expression) for name, expression in arguments if name not in INPUT_ORIGINS}

    def inputs(self) -> list[tuple[str, Any]]:
        """Who states an input for the shapes, and which; those that count most come first.

        An expression that raises stands for itself: it is not an input, and whoever finds shapes says so.
        """
        inputs = []
        for name, origin in INPUT_ORIGINS.items():
            expression = self._request.arguments.get(name)
            if expression is None:
                continue
            self.namespace.setdefault("torch", torch)  # whoever states an input has need of it, imported or not
            try:
                inputs.append((origin, self._evaluate(expression)))
            except RefusedError:
                raise
            except Exception:
                inputs.append((origin, expression.text))
        return inputs

    def _evaluate(self, expression: Expression) -> Any:
        return eval(self._compile(parse_expression(expression), "eval"), self.namespace)

    def _compile(self, tree: ast.Module | ast.Expression, mode: str) -> CodeType:
        code = compile(tree, self._request.path, mode, flags=self._flags, dont_inherit=True)
        if not isinstance(code, CodeType):
            raise TypeError("the statement did not compile to code")
        return code

    def _note_future(self, node: ast.stmt) -> None:
        """``from __future__ import …`` holds for the statements after it, which are compiled one by one."""
        if isinstance(node, ast.ImportFrom) and node.module == "__future__":
            for alias in node.names:
                feature = getattr(FEATURES, alias.name, None)
                self._flags |= getattr(feature, "compiler_flag", 0)

    def _make_module(self) -> ModuleType:
        path = Path(self._request.path)
        names = module_of(self._request)
        name, package = names.name, names.package
        module = ModuleType(name)
        module.__file__ = str(path)
        module.__package__ = package
        module.__spec__ = importlib.machinery.ModuleSpec(name, None, origin=str(path))
        module.__dict__["__builtins__"] = __builtins__
        # Dataclasses and pickling look their module up. One that is imported already keeps its place: a user's file
        # may be called like a module of the standard library.
        sys.modules.setdefault(name, module)
        sys.modules["__main__"] = ModuleType("__main__")
        return module

    def _show_source(self) -> None:
        """Let ``inspect`` and tracebacks see the text of the editor, which may not be saved yet."""
        lines: list[str] = []
        for statement in self._request.statements:
            text = [line + "\n" for line in statement.text.replace("\r\n", "\n").split("\n")]
            lines += ["\n"] * (statement.line - len(lines))
            lines[statement.line : statement.line + len(text)] = text
        linecache.cache[self._request.path] = (sum(map(len, lines)), None, lines, self._request.path)


def parse_statement(statement: Statement) -> list[ast.stmt]:
    """The statement's tree with the line numbers of the file it stands in.

    An indented one is parsed inside an ``if``: dedenting the text would break strings that span lines.
    """
    if statement.text[:1] in (" ", "\t", "\f"):
        tree = ast.parse("if 1:\n" + statement.text)
        ast.increment_lineno(tree, statement.line - 1)
        block = tree.body[0]
        return block.body if isinstance(block, ast.If) else []
    tree = ast.parse(statement.text)
    ast.increment_lineno(tree, statement.line)
    return tree.body


def parse_expression(expression: Expression) -> ast.Expression:
    """The expression's tree; it may span lines, as it did inside the call's parentheses."""
    tree = ast.parse("(" + expression.text + "\n)", mode="eval")
    ast.increment_lineno(tree, expression.line)
    return tree


def as_model(value: object, text: str) -> nn.Module:
    """``value`` if it is a module; raises :class:`NotAModelError` with an explanation if it is something else."""
    if isinstance(value, nn.Module):
        return value
    shown = f"`{text}`" if len(text) <= 60 and "\n" not in text else "The model argument"
    if isinstance(value, Unloaded):
        origin = value.__dict__.get("origin") or "a file of weights"
        raise NotAModelError(f"{shown} comes from {origin}, which FX Lens does not run.", HINT)
    if isinstance(value, UnknownArgument):
        raise NotAModelError(f"{shown} comes from the command line: `{value}`.", HINT)
    if isinstance(value, type):
        remedy = "Call it to make a model." if issubclass(value, nn.Module) else HINT
        raise NotAModelError(f"{shown} is the class `{value.__name__}`, not a model.", remedy)
    if isinstance(value, torch.Tensor):
        raise NotAModelError(f"{shown} is a tensor, not a model.", HINT)
    if isinstance(value, dict):
        raise NotAModelError(f"{shown} is a dictionary, not a model (a state dict?).", HINT)
    if isinstance(value, (tuple, list)):
        raise NotAModelError(
            f"{shown} is a {type(value).__name__} of {len(value)}, not a model.", "Take the model out of it."
        )
    if callable(value):
        name = getattr(value, "__name__", type(value).__name__)
        raise NotAModelError(f"{shown} is the function `{name}`, not a model.", "Call it if it makes one.")
    raise NotAModelError(f"{shown} is {value!r:.80}, not a model.", HINT)
