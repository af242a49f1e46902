"""Turning what went wrong into words for the user: phase, cause, remedy, and the innermost line of their code."""

from __future__ import annotations

import os
import re
import signal
import sys
import traceback
from collections.abc import Iterator

from fxlens.graph import Failure, Phase, SourceLine
from fxlens.hint_comment import HINT
from fxlens.worker.file_origins import OURS, is_users
from fxlens.worker.messages import Limits

DOING: dict[Phase, str] = {
    "start": "starting",
    "import": "importing",
    "build": "building the model",
    "trace": "tracing the model",
    "shapes": "computing shapes",
}
LONGEST_MESSAGE = 600
DISTRIBUTIONS = {
    "attr": "attrs",
    "bs4": "beautifulsoup4",
    "cv2": "opencv-python",
    "dateutil": "python-dateutil",
    "dotenv": "python-dotenv",
    "faiss": "faiss-cpu",
    "fitz": "PyMuPDF",
    "git": "GitPython",
    "hydra": "hydra-core",
    "medpy": "MedPy",
    "open_clip": "open_clip_torch",
    "OpenGL": "PyOpenGL",
    "PIL": "Pillow",
    "pl_bolts": "lightning-bolts",
    "serial": "pyserial",
    "skimage": "scikit-image",
    "sklearn": "scikit-learn",
    "skvideo": "scikit-video",
    "umap": "umap-learn",
    "yaml": "PyYAML",
    "zmq": "pyzmq",
}
"""What is installed under another name than it is imported by."""


class RefusedError(PermissionError):
    """Raised into user code that wants a connection, a process or a file while only its model is evaluated.

    An ``OSError`` on purpose: code that can live without it then goes on without it.

    Attributes:
        remedy: what to do about it.
    """

    remedy = HINT


NOT_CACHED = "fxlens_not_cached"
"""Attribute of an exception of the Hugging Face Hub's client: the repository of the file that is not in its cache."""


def not_cached(what: str) -> str:
    """The sentence for what would have to be downloaded; ``what`` is its subject."""
    return (
        f"{what} is neither in a folder here nor in the cache of Hugging Face, and FX Lens downloads nothing. It is "
        "there once your program has loaded it."
    )


class UnknownValueError(Exception):
    """Raised into user code that would build one model or another by a value that only a run of the program has."""


def blocked(wanted: str) -> str:
    """The sentence for a refusal, whoever refused.

    Example:
        >>> blocked("start a process")
        'Blocked: the code tried to start a process. FX Lens evaluates only what builds the model.'
    """
    return f"Blocked: the code tried to {wanted}. FX Lens evaluates only what builds the model."


class NotAModelError(Exception):
    """The model expression gave something other than a module; carries what to tell the user."""

    def __init__(self, message: str, remedy: str) -> None:
        super().__init__(message)
        self.remedy = remedy


def from_exception(error: BaseException, phase: Phase, *, confined: bool = False) -> Failure:
    """What to tell the user about ``error``, raised in ``phase`` by their code or by the evaluation of it.

    ``confined``: the kernel refuses things in this process, of which native code says so in words of its own.
    """
    try:
        return _from_exception(error, phase, confined)
    except BaseException:  # Their class says what its text and its attributes are, and may raise anything instead.
        kind = str(_NAME.__get__(type(error)))
        return Failure(phase, kind, f"{DOING[phase].capitalize()} failed: {kind}", HINT)


_NAME = vars(type)["__name__"]
"""A class's name, past its metaclass."""


def _from_exception(error: BaseException, phase: Phase, confined: bool) -> Failure:
    where = blame(error)
    refused = next((error_ for error_ in chain(error) if isinstance(error_, RefusedError)), None)
    if refused is not None:
        return Failure(phase, "refused", str(refused), refused.remedy, where)
    repository = next((vars(error_)[NOT_CACHED] for error_ in chain(error) if NOT_CACHED in vars(error_)), None)
    if repository is not None:
        return Failure(phase, "refused", not_cached(f"A file of `{repository}`"), HINT, where)
    sentence = next((match[0] for match in map(_SENTENCE.search, map(_describe, chain(error))) if match), None)
    if sentence is not None:  # A library has put our error's text into its own error.
        return Failure(phase, "refused", sentence, HINT, where)
    wanted = next((each for each in map(refused_by_kernel, chain(error)) if each), None) if confined else None
    if wanted is not None:
        return Failure(phase, "refused", blocked(wanted), HINT, where)
    unknown = next((error_ for error_ in chain(error) if isinstance(error_, UnknownValueError)), None)
    if unknown is not None:
        return Failure(phase, "unknown-value", f"{unknown}.", HINT, where)
    if isinstance(error, NotAModelError):
        return Failure(phase, "NotAModel", str(error), error.remedy, where)
    if isinstance(error, SystemExit):
        text = f"The code called sys.exit({error.code!r}) while {DOING[phase]}."
        return Failure(phase, "exit", text, _exit_remedy(error), where)
    if isinstance(error, MemoryError):
        return Failure(phase, "memory", f"Out of memory while {DOING[phase]}.", HINT, where)
    kind = type(error).__name__
    said = _shorten(_describe(error))
    text = f"{DOING[phase].capitalize()} failed: {kind}" + (f": {said}" if said else "")
    return Failure(phase, kind, text, _remedy(error, phase), where)


def refused_by_kernel(error: BaseException) -> str | None:
    """What the code tried when the kernel refused it, or nothing if that is not what ``error`` says."""
    said = _describe(error)
    if not isinstance(error, PermissionError) and not _REFUSALS.search(said):
        return None
    named = error.filename if isinstance(error, OSError) and isinstance(error.filename, (str, bytes)) else None
    match = _PATH.search(said) if named is None else None
    path = os.fsdecode(named) if named is not None else match[0] if match else None
    if path is not None:
        # A file that may not be read has an owner, not a policy of ours.
        unreadable = os.path.exists(path) and not os.access(path, os.R_OK)  # noqa: PTH110
        return None if unreadable else f"write to {path}"
    if _NETWORK.search(said) or isinstance(error, (ConnectionError, socket_errors())):
        return "open a network connection"
    return "write a file, start a process or open a connection"


_SENTENCE = re.compile(re.escape(blocked("\0")).replace("\0", r"[^\n]{1,300}?"))
_REFUSALS = re.compile(
    r"Permission denied|Operation not permitted|errno 13\b|error code: 13\b|\[Errno 13\]|authorization denied", re.I
)
_PATH = re.compile(r"(?<![\w/])/[^\s'\":;,()]+")
_NETWORK = re.compile(r"socket|connect|listen|address|TCPStore", re.I)


def socket_errors() -> tuple[type[BaseException], ...]:
    """Errors of name look-ups, if the code has imported ``socket``."""
    module = sys.modules.get("socket")
    return (module.gaierror, module.herror) if module is not None else ()


def _describe(error: BaseException) -> str:
    if isinstance(error, SyntaxError):
        return error.msg or ""
    if isinstance(error, RecursionError):
        return "infinite recursion"
    try:
        return str(error).partition("\nException raised from ")[0]  # What follows are frames of torch's C++.
    except Exception as second:  # A user's exception may fail to print itself.
        return f"(its message cannot be shown: {type(second).__name__})"


def _shorten(text: str) -> str:
    text = text.strip()
    return text if len(text) <= LONGEST_MESSAGE else text[:LONGEST_MESSAGE] + " …"


def _exit_remedy(error: SystemExit) -> str:
    if error.code == 2:
        return f"FX Lens runs without command-line arguments. {HINT}"
    return HINT


def _remedy(error: BaseException, phase: Phase) -> str:
    if isinstance(error, ModuleNotFoundError):
        name, _, inner = (error.name or "").partition(".")
        if inner:
            return f"The package {name!r} has no such module: fix the import or move the file."
        distribution = DISTRIBUTIONS.get(name, name)
        return f"Install {distribution} in this environment, or add the folder of `{name}` to `fxlens.extraPaths`."
    if isinstance(error, SyntaxError):
        return "Fix the syntax error in that file."
    if isinstance(error, FileNotFoundError):
        return f"Relative paths are resolved against the workspace folder. {HINT}"
    if isinstance(error, NameError):
        return HINT
    if phase == "build":
        return f"If it works in your program, it depends on code FX Lens does not run. {HINT}"
    return ""


def chain(error: BaseException) -> Iterator[BaseException]:
    """``error`` and what it was raised from or while handling."""
    seen: set[int] = set()
    waiting: list[object] = [error]
    while waiting:
        current = waiting.pop()
        if not isinstance(current, BaseException) or id(current) in seen:
            continue
        seen.add(id(current))
        yield current
        waiting += [current.__context__, current.__cause__, getattr(current, "reason", None)]


def blame(error: BaseException) -> SourceLine | None:
    """The innermost line of the user's code in the traceback; else of a library's, never one of ours."""
    if isinstance(error, SyntaxError) and error.filename and error.lineno and not error.filename.startswith("<"):
        return SourceLine(error.filename, error.lineno)
    frames = traceback.extract_tb(error.__traceback__)
    lines = [SourceLine(frame.filename, frame.lineno or 0, frame.name) for frame in frames]
    return innermost(reversed(lines))


def innermost(lines: Iterator[SourceLine] | list[SourceLine]) -> SourceLine | None:
    """The first of ``lines`` (innermost first) that is the user's own, else the first that is a library's."""
    library: SourceLine | None = None
    for line in lines:
        if is_users(line.file):
            return line
        if library is None and not line.file.startswith((OURS, "<")):
            library = line
    return library


DUMPED = re.compile(r'^  File "(?P<file>.+)", line (?P<line>\d+) in (?P<function>.+)$')


def from_dump(lines: list[str]) -> SourceLine | None:
    """The user's innermost line in what ``faulthandler`` wrote when the process crashed or was ended."""
    matches = [DUMPED.match(line) for line in lines]
    return innermost([SourceLine(m["file"], int(m["line"]), m["function"]) for m in matches if m])


ANSWERED, BROKEN = 66, 70
"""Exit codes of our own: after the answer, and where what answers did not work any more."""


def of_death(exit_code: int, phase: Phase, dump: list[str]) -> Failure:
    """Why a trace process ended without an answer: it left with ``os._exit``, or a signal ended it."""
    where = from_dump(dump)
    if exit_code == ANSWERED:
        return of_silence(phase)
    if exit_code == BROKEN:
        text = f"The code replaced functions that Python itself needs while {DOING[phase]}, so its answer is lost."
        return Failure(phase, "exit", text, HINT, where)
    if exit_code >= 0:
        text = f"The code ended its process with exit code {exit_code} while {DOING[phase]}."
        return Failure(phase, "exit", text, HINT, where)
    try:
        name = signal.Signals(-exit_code).name
    except ValueError:
        name = f"signal {-exit_code}"
    text = f"The process crashed while {DOING[phase]} ({name})."
    remedy = "The crash is in native code that runs at this line." if where else HINT
    if name == "SIGKILL":
        remedy = "Something outside ended it: often the system, when memory runs out."
    return Failure(phase, "crash", text, remedy, where)


def of_silence(phase: Phase) -> Failure:
    """For a process that can no longer answer."""
    text = f"The code closed file descriptors that are not its own while {DOING[phase]}, so its answer is lost."
    return Failure(phase, "exit", text, HINT)


def of_files(phase: Phase, limits: Limits, dump: list[str]) -> Failure:
    text = f"{DOING[phase].capitalize()} needed more than {limits.memory_mb} MB of temporary files and was ended."
    return Failure(phase, "memory", text, "Raise `fxlens.limits.memoryMb` to allow more.", from_dump(dump))


def of_bad_answer(phase: Phase, problem: str) -> Failure:
    """For a process whose answer cannot be read: user code wrote on its pipe, or changed what writes the answer."""
    text = f"The code damaged the answer of its own trace process while {DOING[phase]} ({problem:.200})."
    return Failure(phase, "answer", text, HINT)


LIMIT_SETTINGS: dict[Phase, str] = {
    "import": "fxlens.limits.importSeconds",
    "build": "fxlens.limits.buildSeconds",
    "trace": "fxlens.limits.traceSeconds",
    "shapes": "fxlens.limits.shapesSeconds",
}


def seconds_of(limits: Limits, phase: Phase) -> float:
    """How long ``phase`` may take. Starting a process counts as importing."""
    if phase == "build":
        return limits.build_seconds
    if phase == "trace":
        return limits.trace_seconds
    return limits.shapes_seconds if phase == "shapes" else limits.import_seconds


def of_time(phase: Phase, limits: Limits, dump: list[str]) -> Failure:
    setting = LIMIT_SETTINGS.get(phase, LIMIT_SETTINGS["import"])
    text = f"{DOING[phase].capitalize()} took longer than {seconds_of(limits, phase):g} s and was ended."
    return Failure(phase, "timeout", text, f"Raise `{setting}` to allow more time.", from_dump(dump))


def of_memory(phase: Phase, limits: Limits, dump: list[str]) -> Failure:
    text = f"{DOING[phase].capitalize()} needed more than {limits.memory_mb} MB and was ended."
    return Failure(phase, "memory", text, "Raise `fxlens.limits.memoryMb` to allow more memory.", from_dump(dump))
