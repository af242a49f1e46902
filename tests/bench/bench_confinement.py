"""What confining a trace process by the kernel costs, with and without in turns.

    python tests/bench/bench_confinement.py [--rounds 200]

A fork of a process with torch confines itself (or does not) and ends. Printed are the medians of its processor time, and
their difference.
Budget: 1 ms per trace.
"""

from __future__ import annotations

import argparse
import os
import statistics
import tempfile
from pathlib import Path

import torch

from fxlens.worker import confinement


def confine_one(scratch: str) -> None:
    assert confinement.confine(scratch)


def seconds(scratch: str, *, confined: bool) -> float:
    """The processor time of a fork, to its end."""
    pid = os.fork()
    if not pid:
        code = 1
        try:
            if confined:
                confine_one(scratch)
            else:
                Path(scratch).mkdir(mode=0o700, parents=True, exist_ok=True)
            code = 0
        finally:
            os._exit(code)
    _, status, usage = os.wait4(pid, 0)
    if status:
        raise SystemExit("the process could not be confined")
    return usage.ru_utime + usage.ru_stime


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=200)
    rounds = parser.parse_args().rounds
    torch.set_num_threads(1)
    if not confinement.possible():
        raise SystemExit("the kernel confines nothing here")
    confinement.prepare()
    found: dict[bool, list[float]] = {True: [], False: []}
    with tempfile.TemporaryDirectory() as folder:
        for at in range(rounds):
            for confined in (True, False) if at % 2 else (False, True):
                found[confined].append(seconds(f"{folder}/{at}-{confined}", confined=confined))
    confined_ms, free_ms = (1000 * statistics.median(found[confined]) for confined in (True, False))
    print(f"confined {confined_ms:.2f} ms, not confined {free_ms:.2f} ms")
    print(f"confinement costs {confined_ms - free_ms:+.2f} ms per trace (budget 1 ms)")


if __name__ == "__main__":
    main()
