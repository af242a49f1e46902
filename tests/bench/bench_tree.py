"""The side bar's requests on a model of 50 000 nodes: what one waits for who opens it, unfolds a row, types a filter.

    python tests/bench/bench_tree.py [--rounds 10] [--nodes 50000]

In the server, with no pipe between, wall clock. The first answer after a trace also indexes the names; the others are
what a cursor move, a row and a letter of the filter cost. Budget: 100 ms, but for the first.
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from bench_completion import LIMITS, document
from lsprotocol import types

from fxlens.engine.engine import Engine
from fxlens.lsp.configuration import read_configuration
from fxlens.lsp.documents import DocumentWorkspace
from fxlens.lsp.outline import ViewOptions
from fxlens.lsp.session import Session
from fxlens.lsp.tree import tree, tree_children, tree_path


async def measure(folder: Path, nodes: int, rounds: int) -> None:
    # Shapes are no matter here, and finding them takes longer than everything else.
    settings = {"limits": {**LIMITS, "shapesSeconds": 1}}
    configuration = read_configuration({"settings": settings}, [str(folder)])
    engine = Engine(lambda _analysis: None, lambda _state: None, lambda _line: None)
    workspace = DocumentWorkspace(folder.as_uri())
    session = Session(engine, workspace, configuration, print)
    engine.configure(configuration.engine)
    path, text = folder / "bench.py", document(nodes)
    uri = path.as_uri()
    workspace.put_text_document(types.TextDocumentItem(uri, "python", 1, text))
    engine.open(uri, str(path), text, 1)
    await engine.settled(uri)
    cursor = types.Position(1, 0)

    def took(call: Callable[[], object]) -> float:
        begin = time.perf_counter()
        assert call()
        return (time.perf_counter() - begin) * 1000

    first = took(lambda: tree(session, uri, cursor, ViewOptions()))
    print(f"{'first answer':28} {first:7.1f}")
    last = f"layers.{nodes - 1}"
    for what, asked in (("", ViewOptions()), (", filtered", ViewOptions(text="77"))):
        for name, call in {
            "the tree": lambda asked: tree(session, uri, cursor, asked),
            "a level of all nodes": lambda asked: tree_children(session, uri, cursor, "layers", asked),
            "500 rows": lambda asked: tree_children(session, uri, cursor, "layers\0000", asked),
            "the way to a node": lambda asked: tree_path(
                session, uri, cursor, "layers.77" if asked.text else last, asked
            ),
        }.items():
            samples = [took(lambda call=call, asked=asked: call(asked)) for _ in range(rounds)]
            p95 = statistics.quantiles(samples, n=20)[-1]
            print(f"{name + what:28} {statistics.median(samples):7.1f} {p95:7.1f}")
    # A letter more is another filter each time.
    letters = [took(lambda text=str(at): tree(session, uri, cursor, ViewOptions(text=text))) for at in range(rounds)]
    print(
        f"{'a letter of the filter':28} {statistics.median(letters):7.1f} {statistics.quantiles(letters, n=20)[-1]:7.1f}"
    )
    await engine.shutdown()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--nodes", type=int, default=50_000)
    arguments = parser.parse_args()
    print(f"a model of {arguments.nodes:,} nodes in one level, {arguments.rounds} rounds")
    print(f"{'':28} {'p50 ms':>7} {'p95 ms':>7}")
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(measure(Path(folder), arguments.nodes, arguments.rounds))


if __name__ == "__main__":
    main()
