"""How long `import fxlens` takes beside `import torch`, in fresh processes that take turns.

    python tests/bench/bench_import.py [--rounds 7]

Printed are the medians of the wall time of whole processes, with warnings as errors, and what each adds to torch.
Budget: ``import fxlens`` takes no longer than ``import torch`` plus 50 ms.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import time

PROGRAMS = {
    "import torch": "import torch",
    "import fxlens": "import fxlens",
    "import fxlens and its functions": "from fxlens import create_feature_extractor, trace_model",
}


def seconds(program: str) -> float:
    start = time.perf_counter()
    subprocess.run([sys.executable, "-W", "error", "-c", program], check=True)
    return time.perf_counter() - start


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=7)
    rounds = parser.parse_args().rounds
    found: dict[str, list[float]] = {name: [] for name in PROGRAMS}
    for _ in range(rounds + 1):
        for name, program in PROGRAMS.items():
            found[name].append(seconds(program))
    # The first round reads the files from the disk.
    medians = {name: statistics.median(times[1:]) for name, times in found.items()}
    for name, median in medians.items():
        print(f"{name:34}{median:8.3f} s {1000 * (median - medians['import torch']):+8.0f} ms")


if __name__ == "__main__":
    main()
