"""Answers that another server gives: handed on block by block as they come."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Protocol, TypeAlias

from .writing import Receive, Send

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

__all__ = ["Forward", "Forwarded", "relay"]

_OWN = frozenset(
    "connection keep-alive proxy-authenticate proxy-connection te trailer transfer-encoding upgrade".split()
)
"""Fields that are between two neighbours (RFC 9110, section 7.6.1)."""


class Forwarded(Protocol):
    """An answer that is being read; `read` returns b"" at its end, and raises where it breaks off."""

    status: int

    @property
    def headers(self) -> list[tuple[str, str]] | list[tuple[bytes, bytes]]: ...
    async def read(self) -> bytes: ...
    async def close(self) -> None: ...


Forward: TypeAlias = "Callable[[str, str, list[tuple[str, str]], bytes], Awaitable[Forwarded]]"
"""Sends method, path with query, header fields and body; raises where there is no answer."""


async def relay(answer: Forwarded, receive: Receive, send: Send) -> tuple[int, bool]:
    """Hand an answer on; returns how many blocks went out, and whether that was all of it.

    One that breaks off breaks off here as well. When the client leaves, so do we.
    """
    blocks = 0
    gone = asyncio.ensure_future(_until_gone(receive))
    try:
        await send(
            {"type": "http.response.start", "status": answer.status, "headers": _fields(answer)}
        )
        while True:
            reading = asyncio.ensure_future(answer.read())
            await asyncio.wait((reading, gone), return_when=asyncio.FIRST_COMPLETED)
            if not reading.done():
                reading.cancel()
                await asyncio.wait((reading,))
                return blocks, False
            try:
                block = reading.result()
            except Exception:
                return blocks, False
            await send({"type": "http.response.body", "body": block, "more_body": bool(block)})
            if not block:
                return blocks, True
            blocks += 1
    except OSError:  # the client has left
        return blocks, False
    finally:
        gone.cancel()
        await answer.close()


def _fields(answer: Forwarded) -> list[tuple[bytes, bytes]]:
    found: list[tuple[bytes, bytes]] = []
    for name, value in answer.headers:
        field = _bytes(name).lower()
        if field.decode("latin-1") not in _OWN:
            found.append((field, _bytes(value)))
    return found


def _bytes(text: str | bytes) -> bytes:
    return text if isinstance(text, bytes) else text.encode("latin-1", "replace")


async def _until_gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
