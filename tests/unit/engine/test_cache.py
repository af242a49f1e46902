"""Results in memory: bounded by their size, and dropped when a file they came from has changed."""

from __future__ import annotations

from pathlib import Path

from fxlens.engine.cache import Digests, MemoryCache, Traced, TraceKey
from fxlens.graph import GraphNode, ModeGraph, ModelGraph
from fxlens.source.model import Slice
from fxlens.worker.messages import ImportedFile, TraceReply


def key(name: str) -> TraceKey:
    return TraceKey("/python", name)


def traced(nodes: int, files: tuple[ImportedFile, ...] = ()) -> Traced:
    mode = ModeGraph("eval", tuple(GraphNode(str(at), "call_module", "x") for at in range(nodes)), {})
    return Traced(Slice("/a.py", (), "x", 0), TraceReply(ModelGraph("X", "timm", None, mode, ()), files=files))


def test_the_least_used_go_when_the_nodes_are_too_many() -> None:
    cache = MemoryCache(Digests(), largest_nodes=1000)
    for name in "abc":
        cache.put(key(name), traced(200))
    assert cache.get(key("a"))
    cache.put(key("d"), traced(200))
    assert [name for name in "abcd" if cache.get(key(name))] == ["a", "c", "d"]
    cache.put(key("a"), traced(100))
    cache.put(key("a"), traced(100))  # Counted once.
    assert [name for name in "acd" if cache.get(key(name))] == ["a", "c", "d"]


def test_the_last_result_is_kept_however_large() -> None:
    cache = MemoryCache(Digests(), largest_nodes=1000)
    cache.put(key("small"), traced(10))
    cache.put(key("large"), traced(5000))
    assert cache.get(key("large"))
    assert cache.get(key("small")) is None
    cache.put(key("small"), traced(10))
    assert cache.get(key("large")) is None


def test_a_result_of_a_changed_file_is_dropped(tmp_path: Path) -> None:
    path = tmp_path / "parts.py"
    path.write_text("x = 1\n")
    digests = Digests()
    digest = digests.of(str(path))
    assert digest
    cache = MemoryCache(digests)
    cache.put(key("a"), traced(3, (ImportedFile(str(path), digest),)))
    assert cache.get(key("a"))
    path.write_text("x = 22\n")
    assert cache.get(key("a")) is None
    cache.put(key("a"), traced(3))
    assert cache.get(key("a"))
