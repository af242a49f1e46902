"""Which files hold a word, looked for once and kept in step with the files that change."""

from __future__ import annotations

from collections.abc import Callable, Iterable

MOST_WORDS = 4096
"""Words that are kept; beyond, the one that was asked for least lately is looked for again."""


class Mentions:
    """The paths of the files that hold a word.

    A change costs nothing until a word is asked for: only the files that changed since are then looked at again. To
    keep all words in step at each change was rejected: every keystroke would be compared with every word.
    """

    def __init__(self) -> None:
        self._changes = 0
        self._changed: dict[str, int] = {}
        """The number of each file's last change, the newest last."""
        self._words: dict[str, tuple[int, tuple[str, ...]]] = {}
        """The paths, and the number of changes that they take into account; what was asked for last is last."""

    def copy(self) -> Mentions:
        other = Mentions()
        other._changes, other._changed, other._words = self._changes, dict(self._changed), dict(self._words)
        return other

    def clear(self) -> None:
        """All files may be others."""
        self._changed.clear()
        self._words.clear()

    def note_change(self, path: str) -> None:
        """The text of a file is another one, or a file has come or gone."""
        self._changes += 1
        self._changed.pop(path, None)
        self._changed[path] = self._changes

    def paths(
        self, word: str, all_paths: Callable[[], Iterable[str]], text: Callable[[str], str | None]
    ) -> tuple[str, ...]:
        """The files that hold ``word``, sorted: of ``all_paths``, whose contents ``text`` gives."""

        def holding(paths: Iterable[str]) -> Iterable[str]:
            return (path for path in paths if word in (text(path) or ""))

        number, paths = self._words.pop(word, (-1, ()))
        if number < 0:
            paths = tuple(sorted(holding(all_paths())))
            while len(self._words) >= MOST_WORDS:
                del self._words[next(iter(self._words))]
        elif changed := self._changed_since(number):
            paths = tuple(sorted({*paths} - changed | {*holding(changed)}))
        self._words[word] = self._changes, paths
        return paths

    def _changed_since(self, number: int) -> set[str]:
        changed = set()
        for path, change in reversed(self._changed.items()):
            if change <= number:
                break
            changed.add(path)
        return changed
