"""Frames on a pipe, and what is checked of an answer, whatever bytes arrive in whatever pieces."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from typing import Any

import pytest
from long_runs import seeds

from fxlens.graph import Failure, GraphNode, ModeGraph, ModelGraph, SourceLine, Value
from fxlens.worker.answers import BadAnswerError, check_answer
from fxlens.worker.messages import ImportedFile, TraceReply
from fxlens.worker.pipe import (
    LARGEST_FRAME,
    LONGEST_LINE,
    FrameBuffer,
    LineBuffer,
    encode,
    frame,
    to_text,
    write_all,
)


def pieces(data: bytes, chance: random.Random) -> Iterator[bytes]:
    while data:
        size = chance.choice((1, 2, 7, 1000))
        yield data[:size]
        data = data[size:]


@pytest.mark.parametrize("seed", seeds(30))
def test_frames_arrive_whole_among_stray_bytes(seed: int) -> None:
    chance = random.Random(seed)
    sent: list[bytes] = []
    stream = b""
    for _ in range(20):
        if chance.random() < 0.5:
            stream += chance.choice([b"50%", b"line\n", b"\n\n", b"{}\n", b'R {"graph":null}\n', b"\x1e12", b"\x1ex\n"])
        payload = bytes(chance.choices(b"\x1e\n0129{}\x00", k=chance.randrange(40)))
        sent.append(payload)
        stream += frame(payload)
    strays: list[bytes] = []
    buffer = FrameBuffer(strays.append)
    assert [payload for piece in pieces(stream, chance) for payload in buffer.feed(piece)] == sent


def test_a_header_that_claims_too_much_is_a_stray_line() -> None:
    strays: list[bytes] = []
    buffer = FrameBuffer(strays.append)
    assert buffer.feed(b"\x1e999999999999\n\x1e-1\n\x1e\n" + frame(b"x")) == [b"x"]
    assert strays == [b"\x1e999999999999", b"\x1e-1", b"\x1e"]


def test_the_largest_frame_is_one_and_a_byte_more_is_a_stray_line() -> None:
    strays: list[bytes] = []
    buffer = FrameBuffer(strays.append)
    header = b"\x1e%d\n" % LARGEST_FRAME
    assert buffer.feed(b"\x1e%d\n" % (LARGEST_FRAME + 1) + b"\x1e0000000001\n") == []
    assert strays == [b"\x1e%d" % (LARGEST_FRAME + 1), b"\x1e0000000001"]
    assert not buffer.incomplete
    assert buffer.feed(header) == []
    assert buffer.incomplete
    assert FrameBuffer().feed(b"\x1e000000001\nx") == [b"x"]


def test_what_was_printed_before_a_frame_without_a_newline_is_passed_on() -> None:
    strays: list[bytes] = []
    assert FrameBuffer(strays.append).feed(b"50%" + frame(b"x") + b"line\n" + frame(b"")) == [b"x", b""]
    assert strays == [b"50%", b"line"]


def test_a_message_is_written_whole_although_the_pipe_takes_it_in_pieces() -> None:
    taken: list[tuple[int, bytes]] = []

    def write(descriptor: int, view: memoryview) -> int:
        taken.append((descriptor, bytes(view[:7])))
        return len(taken[-1][1])

    data = encode({"id": 1, "result": "ü"})
    write_all(5, data, write)
    assert {descriptor for descriptor, _ in taken} == {5}
    assert b"".join(piece for _, piece in taken) == data
    (payload,) = FrameBuffer().feed(data)
    assert payload == b'{"jsonrpc":"2.0","id":1,"result":"\\u00fc"}'


def test_lines_are_cut_where_they_end_and_of_a_long_one_the_end_is_kept() -> None:
    buffer = LineBuffer()
    assert buffer.feed(b"one two\nthr") == [b"one two"]
    assert buffer.feed(b"ee\n\nfour") == [b"three", b""]
    assert buffer.feed(b"x" * LONGEST_LINE + b"y") == []
    assert buffer.feed(b"\n") == [b"x" * (LONGEST_LINE - 1) + b"y"]


@pytest.mark.parametrize("buffer", [FrameBuffer(), LineBuffer()])
def test_an_endless_line_takes_no_memory(buffer: FrameBuffer | LineBuffer) -> None:
    for _ in range(50):
        buffer.feed(b"x" * LONGEST_LINE)
    kept = [value for value in vars(buffer).values() if isinstance(value, bytes)]
    assert max(map(len, kept)) <= LONGEST_LINE


def test_user_code_cannot_change_the_encoder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(json, "dumps", lambda *_: "{\n}")
    monkeypatch.setattr(json.JSONEncoder, "encode", lambda *_: "{\n}")
    monkeypatch.setattr(json.JSONEncoder, "iterencode", lambda *_: ["{\n}"])
    monkeypatch.setattr(json.encoder, "c_make_encoder", None)
    monkeypatch.setattr(json.encoder, "encode_basestring_ascii", repr)
    assert to_text({"a": [1, "ü\n"]}) == '{"a":[1,"\\u00fc\\n"]}'


def graph() -> ModelGraph:
    line = SourceLine("net.py", 3, "Net.forward")
    value = Value("tuple", items=(Value("tensor", (1, 2), "float32"),))
    nodes = (GraphNode("x", "placeholder", "x"), GraphNode("add", "call_function", "add", "", None, line, value, (0,)))
    return ModelGraph("Net", "fxlens", ModeGraph("train", nodes, {"": ("add", None)}, (("", 1),)), None, ())


def answer() -> dict[str, Any]:
    reply = TraceReply(graph(), None, (ImportedFile("/net.py", "0" * 64),), "", {"build": 0.5, "trace": 1})
    data: dict[str, Any] = json.loads(json.dumps(reply.to_json()))
    del data["output"]
    return data


def test_an_answer_passes() -> None:
    check_answer(json.dumps(answer()).encode())
    failure = Failure("build", "ValueError", "Building the model failed: ValueError").to_json()
    check_answer(json.dumps({**answer(), "graph": None, "failure": failure}).encode())
    with pytest.raises(BadAnswerError, match="neither a graph nor a failure"):
        check_answer(json.dumps({**answer(), "graph": None}).encode())


def paths(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    if path:
        yield path
    for key, item in value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ():
        yield from paths(item, (*path, key))


def test_whatever_value_is_replaced_the_answer_can_be_read_or_is_refused() -> None:
    """What passes must be of the declared types: the engine may compare, sort and join it."""
    refused = passed = 0
    for path in paths(answer()):
        for odd in (None, 7, -1, "odd", [], {}, [3], {"a": 1}, 1.5, True, [[]]):
            data: Any = answer()
            holder = data
            for key in path[:-1]:
                holder = holder[key]
            if holder[path[-1]] == odd:
                continue
            holder[path[-1]] = odd
            try:
                check_answer(json.dumps(data).encode())
            except BadAnswerError:
                refused += 1
            else:
                passed += 1
                read = TraceReply.from_json({**data, "output": ""})
                assert all(isinstance(file.path + file.digest, str) for file in read.files)
                for mode in read.graph.traced() if read.graph else ():
                    assert all(isinstance(name, str) for name in mode.names)
                    assert all(mode.nodes[place] in mode.nodes for node in mode.nodes for place in node.inputs)
    assert refused > 300
    assert passed > 20


@pytest.mark.parametrize(
    "payload", [b"", b"{", b"[]", b"null", b"3", b'"x"', b"\xff\xfe", b"[" * 100_000, b'{"graph":null}', b"{}" * 2]
)
def test_what_is_not_an_answer_is_refused(payload: bytes) -> None:
    with pytest.raises(BadAnswerError):
        check_answer(payload)
