"""Sends large bodies, and those that the caller produces, piece by piece; async."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .framing import BodyWriter

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
    writer = BodyWriter(head)
    blocks = request.ablocks()
    try:
        async for block in blocks:
            if not block:
                continue
            view = memoryview(writer.write(block))
            for start in range(0, len(view), JOINED):
                if not await connection.send_piece(view[start : start + JOINED], budget):
                    return
    finally:
        close = getattr(blocks, "aclose", None)
        if close is not None:
            await close()
    end = writer.end()
    if end:
        await connection.send_piece(end, budget)
    await connection.make_room(0, budget)
