"""Sends large bodies, and those that the caller produces, piece by piece; async."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..transport import TransportError
from .framing import LAST_CHUNK, chunk

if TYPE_CHECKING:
    from ..timeouts import Budget
    from ..transport import PreparedRequest
    from .async_connection import Connection

JOINED = 64 * 1024
"""Bodies up to this many bytes go out with the head in one piece; larger ones in pieces of this size."""


async def send_large(
    connection: Connection, request: PreparedRequest, head: bytes, budget: Budget
) -> None:
    """Send head and body; less of it where an answer says that the rest is not wanted.

    Raises TransportError, and what the caller's own body raises.
    """
    body = request.body
    assert body is not None
    if not await connection.send_piece(head, budget):
        return
    if body.content is not None:
        view = memoryview(body.content)
        for start in range(0, len(view), JOINED):
            if not await connection.send_piece(view[start : start + JOINED], budget):
                return
        await connection.make_room(0, budget)
        return
    fields = head.lower()
    is_chunked = b"\r\ntransfer-encoding: chunked\r\n" in fields
    left: int | None = None
    if not is_chunked:
        _, found, rest = fields.partition(b"\r\ncontent-length: ")
        left = int(rest.partition(b"\r\n")[0]) if found else 0
    blocks = request.ablocks()
    try:
        async for block in blocks:
            if not block:
                continue
            if left is not None:
                left -= len(block)
                if left < 0:
                    raise _wrong_length("the body has more bytes than its Content-Length says")
            data = chunk(block) if is_chunked else block
            view = memoryview(data)
            for start in range(0, len(view), JOINED):
                if not await connection.send_piece(view[start : start + JOINED], budget):
                    return
    finally:
        close = getattr(blocks, "aclose", None)
        if close is not None:
            await close()
    if is_chunked:
        await connection.send_piece(LAST_CHUNK, budget)
    elif left:
        raise _wrong_length(f"the body has {left} bytes less than its Content-Length says")
    await connection.make_room(0, budget)


def _wrong_length(message: str) -> TransportError:
    return TransportError(message, "sending", permanent=True)
