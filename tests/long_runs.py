"""How long the fuzzers run: shortly in ``npm test``, 30 times as long in ``npm run test:soak``."""

from __future__ import annotations

import os

FUZZ_EDITS = int(os.environ.get("FXLENS_FUZZ_EDITS", "3000"))


def seeds(few: int) -> range:
    """The seeds of a fuzzer that takes ``few`` of them in ``npm test``."""
    return range(few * FUZZ_EDITS // 3000)
