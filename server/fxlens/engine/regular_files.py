"""Reading files that may be anything: regular files of a bearable size are read, all others are named and skipped.

A folder of code holds links of editors that lead nowhere, pipes of other programs, files of other users and data under
the name of a source. None of them may stop, or keep waiting, what is done for the files beside it.
"""

from __future__ import annotations

import codecs
import os
import re
import stat
from dataclasses import dataclass
from pathlib import Path

LARGEST_READ = 10_000_000
"""In bytes: what is larger was written by a program."""
_KINDS = {
    stat.S_IFDIR: "a folder",
    stat.S_IFIFO: "a named pipe",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
}


class SkippedError(OSError):
    """A file that is not read; the message says why, in words that follow its path."""


@dataclass(frozen=True)
class EncodedText:
    """The text of a file, without the byte order mark that the file may begin with, and the encoding that it has there.

    Example:
        >>> EncodedText.of(b"\\xef\\xbb\\xbfx = 1\\r\\n")
        EncodedText(text='x = 1\\r\\n', encoding='utf-8-sig')
    """

    text: str
    encoding: str = "utf-8"

    @classmethod
    def of(cls, data: bytes, *, declared: bool = True) -> EncodedText:
        """What ``data`` says, in the encoding that its first lines name, else in UTF-8. Line ends stay as they are.

        What is not in that encoding is taken byte for byte, which never fails.

        Raises:
            SkippedError: it is binary, or Python would not read it either.
        """
        if b"\0" in data:
            raise SkippedError("is a binary file")
        encoding = _encoding_of(data, declared)
        try:
            text = data.decode(encoding)
            if encoding in _UTF8 or text.encode(encoding) == data:
                return cls(text, encoding)
        except UnicodeError:
            pass
        return cls(data.decode("latin-1"), "latin-1")

    @property
    def data(self) -> bytes:
        """The content of the file.

        Raises:
            UnicodeEncodeError: the encoding lacks a character of the text.
        """
        return self.text.encode(self.encoding)

    def lines(self) -> list[bytes]:
        """The lines as ``diff`` and ``patch`` count them, with their ends: only a line feed ends one."""
        return [line for line in re.split(rb"(?<=\n)", self.data) if line]


_UTF8 = ("utf-8", "utf-8-sig")
_COMMENT = re.compile(rb"[ \t\f]*(#|$)")
_DECLARATION = re.compile(rb"[ \t\f]*#.*?coding[:=][ \t]*([-\w.]+)")
_ENDED = re.compile(r"(utf-8|latin-1|iso-8859-1|iso-latin-1)-.*")
"""As Emacs writes them, with the kind of line ends: ``utf-8-unix``."""


def _encoding_of(data: bytes, declared: bool) -> str:
    """By Python's rule: of a comment in the first line, or in the second if the first has no code.

    Raises:
        SkippedError: Python does not know the encoding, or it is not an encoding of source code.
    """
    marked = data.startswith(codecs.BOM_UTF8)
    if not declared:
        return "utf-8-sig" if marked else "utf-8"
    first, second = (*re.split(rb"\r\n?|\n", data[:LONGEST_DECLARATION], maxsplit=2), b"")[:2]
    first = first.removeprefix(codecs.BOM_UTF8)
    named = _DECLARATION.match(first) or (_DECLARATION.match(second) if _COMMENT.match(first) else None)
    name = named[1].decode() if named else "utf-8"
    plain = name.lower().replace("_", "-")
    short = _ENDED.sub(r"\1", plain)
    try:
        codec = codecs.lookup("latin-1" if short == "iso-latin-1" else short)
    except LookupError as error:
        raise SkippedError(f"declares the encoding `{name}`, which Python does not know") from error
    if codec.name == "utf-8":
        return "utf-8-sig" if marked else "utf-8"
    if marked or not _holds_ascii(codec):
        raise SkippedError(f"declares the encoding `{name}`, in which Python would not read it")
    return codec.name


def _holds_ascii(codec: codecs.CodecInfo) -> bool:
    """Whether text that is ASCII is the same in this encoding: the others would hide the declaration itself."""
    try:
        return codec.decode(b"# coding: x\n")[0] == "# coding: x\n"
    except (UnicodeError, ValueError, TypeError):
        return False


LONGEST_DECLARATION = 10_000


def regular_status(path: str | Path) -> os.stat_result:
    """The status of a regular file, links followed.

    Raises:
        SkippedError: it is something else.
        OSError: it is not there, or may not be looked at.
    """
    status = os.stat(path)  # noqa: PTH116  (pathlib is slow for what is done for every file of a workspace.)
    if not stat.S_ISREG(status.st_mode):
        raise SkippedError(f"is {_KINDS.get(stat.S_IFMT(status.st_mode), 'not a regular file')}")
    return status


def read_regular(path: str | Path, largest: int = LARGEST_READ) -> bytes:
    """The content of a regular file. Never waits for another program, as opening a named pipe would.

    Raises:
        SkippedError: it is something else, or larger than ``largest`` bytes.
        OSError: it cannot be read.
    """
    if regular_status(path).st_size > largest:
        raise SkippedError(f"is larger than {largest / 1e6:g} MB")
    # It may have been replaced meanwhile.
    descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    with open(descriptor, "rb") as file:  # noqa: PTH123
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise SkippedError("is not a regular file")
        data: bytes | None = file.read(largest + 1)
        if data is None:  # `/proc/kmsg` says that it is regular.
            raise SkippedError("has nothing to read yet")
        return data[:largest]


def read_source(path: Path, largest: int = LARGEST_READ) -> str:
    """The text of a Python file, whatever its encoding.

    Line ends stay as they are, so that positions are those an editor shows.

    Raises:
        SkippedError: it is not a regular file, too large, binary, or in an encoding that Python does not know.
        OSError: it cannot be read.
    """
    return read_encoded(path, largest).text


def read_text(path: Path, largest: int = LARGEST_READ) -> str:
    """The text of a file that is not a program: UTF-8, or taken byte for byte. Raises as :func:`read_source` does."""
    return EncodedText.of(read_regular(path, largest), declared=False).text


def read_encoded(path: Path, largest: int = LARGEST_READ) -> EncodedText:
    """The text of a file with its encoding, for whoever will write it again; raises as :func:`read_source` does."""
    return EncodedText.of(read_regular(path, largest))


def skip_reason(error: Exception) -> str:
    """Why a file was skipped, in words that follow its path.

    Example:
        >>> skip_reason(SkippedError("is a socket")), skip_reason(FileNotFoundError(2, "No such file or directory"))
        ('is a socket', 'cannot be read: No such file or directory')
    """
    if isinstance(error, SkippedError):
        return str(error)
    said = error.strerror if isinstance(error, OSError) else None
    return f"cannot be read: {said or f'{type(error).__name__}: {error}'}"
