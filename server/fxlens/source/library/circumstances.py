"""What the machine answers, and what is installed on it: neither the program nor its user has a say in it.

Whether any run takes a path behind such a question, the text cannot tell: what is requested there is not judged.
"""

from __future__ import annotations

import sys
from collections.abc import Hashable, Iterable

from fxlens.source.library.interpreter_interface import Machine
from fxlens.source.values import Literal, ModuleValue, Reference, Subject, Unknown, Value

_ANSWERED_BY_THE_MACHINE = (
    *("importlib.util.find_spec", "importlib.find_loader", "importlib.metadata", "importlib_metadata", "pkgutil"),
    *("pkg_resources", "packaging.version", "platform", "sys.version_info", "sys.version", "sys.platform"),
    *("sys.hexversion", "sys.implementation", "sys.modules", "os.name", "os.uname", "os.cpu_count", "shutil.which"),
    *("torch.cuda", "torch.backends", "torch.version", "torch.mps", "torch.xpu", "torch.distributed"),
    *("os.environ", "os.getenv", "os.path.exists", "os.path.isfile", "os.path.isdir"),
)
_OF_THE_FILE_SYSTEM = frozenset({"exists", "is_file", "is_dir"})
_VERSION = "__version__"
MAY_BE_NONE = frozenset({"importlib.util.find_spec", "importlib.find_loader", "pkgutil.find_loader", "shutil.which"})
"""Functions of libraries that tell by None that there is nothing of the kind."""
OLDEST_PYTHON = (3, 10)
_SURE = frozenset({"torch", "torchvision", *sys.stdlib_module_names})
"""Packages that are there wherever an extraction can be."""
ATTRIBUTES = frozenset({"AttributeError", "NameError"})
PROBED_BY = ATTRIBUTES | {"ImportError", "ModuleNotFoundError"}
"""What a ``try`` catches that asks whether something is there."""


def may_be_absent(dotted: str) -> bool:
    """Whether an import of a module that is not the workspace's may fail.

    Example:
        >>> may_be_absent("torch.nn"), may_be_absent("timm.models")
        (False, True)
    """
    return dotted.partition(".")[0] not in _SURE


def of_machine(machine: Machine, values: Iterable[Value]) -> bool:
    """Whether one of the values is answered by the machine, or made of such an answer."""
    return any(_is_of_machine(machine, value) for value in values)


def _is_of_machine(machine: Machine, value: Value) -> bool:
    if isinstance(value, Reference):
        return is_named_by_machine(value.dotted)
    if isinstance(value, Unknown):
        return is_circumstance(value.subject)
    container = machine.container(value)
    return container is not None and any(
        _is_of_machine(machine, inner) for item in container.items for inner, _ in item.value
    )


def asks_machine(method: str) -> bool:
    """Whether a method of that name asks for what is there, as those of ``pathlib.Path`` do."""
    return method in _OF_THE_FILE_SYSTEM


def is_circumstance(subject: Subject) -> bool:
    """Whether the machine answers for a subject: by what made it, or what it is a part of or made of."""
    queue, seen = [subject], {subject}
    for each in queue:
        if each.circumstance or (each.made_by and is_named_by_machine(each.made_by)):
            return True
        around = [*each.parts, *([each.part_of] if each.part_of is not None else [])]
        around += [each.among[0]] if each.among is not None else []
        queue += [other for other in around if other not in seen]
        seen.update(around)
    return False


def is_named_by_machine(dotted: str) -> bool:
    """Whether a library's attribute or function of that name tells of the machine."""
    if _VERSION in dotted or dotted.rpartition(".")[2] in _OF_THE_FILE_SYSTEM:
        return True
    return any(dotted == each or dotted.startswith(f"{each}.") for each in _ANSWERED_BY_THE_MACHINE)


def python_is(operator: str, version: list[Hashable]) -> bool | None:
    """Whether ``sys.version_info`` compares so with ``version`` wherever this program can be run.

    Example:
        >>> python_is(">=", [3, 8]), python_is("<", [3]), python_is(">=", [3, 99])
        (True, False, None)
    """
    wanted = tuple(each for each in version if isinstance(each, int))
    if (
        len(wanted) < len(version)
        or wanted > OLDEST_PYTHON
        or (wanted == OLDEST_PYTHON and operator not in (">=", "<"))
    ):
        return None
    return {">=": True, ">": True, "<": False, "<=": False}.get(operator)


def of_circumstances(literals: Iterable[Literal]) -> bool:
    return any(is_circumstance(subject) for subject, _, _ in literals)


def is_of_library(value: Value) -> bool:
    """Whether a value is a module or a part of one: what it has depends on which release is installed."""
    return isinstance(value, (Reference, ModuleValue))
