"""Streams that a document shows as one text: where one item ends and the next begins."""

from __future__ import annotations

import pytest

from sdkpress.runtime.testing.stream_shapes import StreamShape
from sdkpress.runtime.testing.streaming import frame_text


@pytest.mark.parametrize(
    ("kind", "text", "items"),
    [
        ("sse", "data: 1\n\ndata: 2\n\n", [b"data: 1\n\n", b"data: 2\n\n"]),
        ("sse", "data: 1\r\n\r\nevent: x\r\ndata: 2", [b"data: 1\r\n\r\n", b"event: x\r\ndata: 2"]),
        ("sse", "data: 1\n\n\ndata: 2\n", [b"data: 1\n\n\n", b"data: 2\n"]),
        ("ndjson", '{"a": 1}\n{"a": 2}', [b'{"a": 1}\n', b'{"a": 2}']),
        ("json-seq", "\x1e{}\n\x1e[\n]\n", [b"\x1e{}\n", b"\x1e[\n]\n"]),
        ("sse", "", []),
    ],
)
def test_one_block_for_each_item(kind: str, text: str, items: list[bytes]) -> None:
    shape = StreamShape("text/event-stream", {}, kind, {})  # type: ignore[arg-type]
    assert list(frame_text(text, shape)) == items
