"""Server-sent events for the clients that are written by hand: the plain case and no other."""

from __future__ import annotations

from peers.shapes import Chunk, decode_chunk


class Events:
    """Takes the body of a stream in pieces and gives its chunks; `done` after `[DONE]`."""

    __slots__ = ("_rest", "done")

    def __init__(self) -> None:
        self._rest = b""
        self.done = False

    def feed(self, data: bytes) -> list[Chunk]:
        blocks = (self._rest + data if self._rest else data).split(b"\n\n")
        self._rest = blocks.pop()
        if blocks and blocks[-1] == b"data: [DONE]":
            self.done = True
            blocks.pop()
        return [decode_chunk(block[6:]) for block in blocks]


class Chunked:
    """Takes bytes of a chunked body (RFC 9112 section 7.1) and gives its data; `done` at its end."""

    __slots__ = ("_rest", "done")

    def __init__(self) -> None:
        self._rest = b""
        self.done = False

    def feed(self, data: bytes) -> bytes:
        data = self._rest + data if self._rest else data
        position, size, pieces = 0, len(data), []
        while True:
            end = data.find(b"\r\n", position)
            if end < 0:
                break
            length = int(data[position:end], 16)
            if length == 0:
                self.done = data.endswith(b"\r\n\r\n")
                break
            if end + length + 4 > size:
                break
            pieces.append(data[end + 2 : end + 2 + length])
            position = end + length + 4
        self._rest = data[position:]
        return b"".join(pieces)
