"""How long a keystroke costs in the source floor: parse, find, slice. Run: ``python tests/bench/bench_source.py``.

Budgets (DESIGN): p95 ≤ 10 ms for a file of 1 000 lines after one keystroke; 1 000 files without a call ≤ 1 s.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

from fxlens.source import find_calls

_HEAD = '''\
"""A training script with many models."""

import torch
from torch import nn
from torchvision import models
from torchvision.models.feature_extraction import create_feature_extractor


'''
_CLASS = '''\
class Block{n}(nn.Module):
    """Block number {n}, as scripts have them."""

    def __init__(self, channels: int = {n}, stride: int = 1) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(channels, channels, 3, stride=stride, padding=1)
        self.conv2 = nn.Conv2d(channels, channels, 3, padding=1, bias=False)
        self.norm = nn.BatchNorm2d(channels)
        self.relu = nn.ReLU(inplace=True)
        self.options = {{"stride": stride, "names": ["conv1", "conv2"], "scale": 0.{n}}}

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        out = self.relu(self.norm(self.conv1(x)))
        for step in range({n}):
            if step % 2 == 0 and self.options["stride"] == 1:
                out = out + self.conv2(out) * (step + 1)  # a comment
        return self.relu(out + x)


'''
_CALL = """\
def features(device, num_classes):
    model = models.resnet50(weights="DEFAULT").to(device)
    model.fc = nn.Sequential(Block3(), nn.Linear(2048, num_classes))
    nodes = {
        "layer1": "c2",
        "QUERY
        "layer3": "c4",
    }
    return create_feature_extractor(model, return_nodes=nodes)


"""
LINES = 1000


def sample() -> str:
    """A file of 1 000 lines with a marker where the user types."""
    blocks = [_CLASS.format(n=n) for n in range(2, 51)]
    half = len(blocks) // 2
    text = _HEAD + "".join(blocks[:half]) + _CALL + "".join(blocks[half:])
    return text + "# the end\n" * (LINES - text.count("\n"))


class Neighbours:
    """A workspace of files that the sample imports, one of them with a wrapper that calls it back."""

    def __init__(self) -> None:
        self.texts = {f"blocks{n}.py": sample().replace("create_feature_extractor", "nothing") for n in range(8)}
        self.texts["taps.py"] = (
            _HEAD + "def tap(model, return_nodes):\n    return create_feature_extractor(model, return_nodes)\n"
        )

    def text(self, path: str) -> str | None:
        return self.texts.get(path)

    def module(self, dotted: str, importer: str) -> str | None:
        return f"{dotted}.py" if f"{dotted}.py" in self.texts else None

    def mentioning(self, word: str) -> Iterable[str]:
        return [path for path, text in self.texts.items() if word in text]


IMPORTS = "".join(f"from blocks{n} import Block{n + 2}\n" for n in range(8)) + "from taps import tap\n"


def keystrokes(closed: bool) -> Iterator[str]:
    """The file after each keystroke of a query; with the closing quote and a value, or without."""
    text = sample()
    for round_ in range(12):
        typed = f"layer2.{round_}.conv1.weight"
        for end in range(len(typed)):
            yield text.replace("QUERY", typed[:end] + ('": "c3",' if closed else ""))


def measure(texts: Iterator[str], workspace: Neighbours | None = None) -> tuple[float, float, float]:
    """p50, p95 and the longest time, in milliseconds."""
    seconds: list[float] = []
    for text in texts:
        if workspace is not None:
            workspace.texts["bench.py"] = text
        start = time.process_time()  # Of this process only: the machine may be shared.
        found = find_calls(text, "bench.py", workspace)
        seconds.append(time.process_time() - start)
        if len(found.calls) != 1 or len(found.calls[0].slices) != 1:
            raise SystemExit("the benchmark's call was not resolved")
    ordered = sorted(seconds[3:])  # The first ones parse the whole file.
    return ordered[len(ordered) // 2] * 1e3, ordered[int(len(ordered) * 0.95)] * 1e3, ordered[-1] * 1e3


def check_folder() -> float:
    """The shortest of three runs of the command, in seconds."""
    text = sample().replace("create_feature_extractor", "something_else")
    with tempfile.TemporaryDirectory() as folder:
        for number in range(1000):
            path = Path(folder) / f"part{number % 20}" / f"file{number}.py"
            path.parent.mkdir(exist_ok=True)
            path.write_text(text)
        taken = []
        for _ in range(3):
            start = time.perf_counter()
            subprocess.run([sys.executable, "-m", "fxlens", "check", folder], check=True, capture_output=True)
            taken.append(time.perf_counter() - start)
    return min(taken)


def main() -> None:
    for closed in (True, False):
        p50, p95, longest = measure(keystrokes(closed))
        state = "text that parses" if closed else "an open string"
        print(f"keystroke in {LINES} lines, {state}: p50 {p50:.1f} ms, p95 {p95:.1f} ms, longest {longest:.1f} ms")
    importing = (IMPORTS + text.replace("create_feature_extractor(", "tap(") for text in keystrokes(True))
    p50, p95, longest = measure(importing, Neighbours())
    print(
        f"the same, a wrapper and 8 more files imported: p50 {p50:.1f} ms, p95 {p95:.1f} ms, longest {longest:.1f} ms"
    )
    print(f"fxlens check, 1 000 files of {LINES} lines without a call: {check_folder() * 1e3:.0f} ms with its start")


if __name__ == "__main__":
    main()
