"""A reply on its way out over ASGI: block by block, with its pauses, until somebody leaves.

Each block is a message of its own, so a reader that keeps up gets each event by itself; what a
reader is behind with piles up in the server's buffer, which is bounded, and arrives together.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from typing import Any, TypeAlias

from .exchanges import Cut, Reply, Stall, Step

__all__ = ["DROP", "Message", "Receive", "Scope", "Send", "Writer"]

Scope: TypeAlias = MutableMapping[str, Any]
Message: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[Message]]
Send: TypeAlias = Callable[[Message], Awaitable[None]]

DROP = "sdkpress.drop"
"""The ASGI extension of a server that can close a connection before the head of an answer: a
mapping with `close`, a function without arguments."""

_BLOCKS_IN_A_ROW = 64


class Writer:
    """Sends one reply. `blocks` counts those of its body that were sent."""

    __slots__ = ("_receive", "_send", "_watch", "blocks", "is_complete")

    def __init__(self, receive: Receive, send: Send) -> None:
        self.blocks: int = 0
        self.is_complete: bool = False
        self._receive: Receive = receive
        self._send: Send = send
        self._watch: asyncio.Task[None] | None = None

    async def write(self, reply: Reply, scope: Scope) -> None:
        """Send it all, or as much as the reply wants or the client stays for.

        What the steps of the reply raise is raised.
        """
        try:
            if reply.delay and await self._is_gone_within(reply.delay):
                return
            if reply.status == 0:
                _drop(scope)
                return
            headers = [
                (name.encode("latin-1"), value.encode("latin-1")) for name, value in reply.headers
            ]
            head = {"type": "http.response.start", "status": reply.status, "headers": headers}
            steps = () if scope["method"] == "HEAD" else reply.steps
            if await self._is_sent(head):
                await self._write_body(steps)
        finally:
            if self._watch is not None:
                self._watch.cancel()
            if (close := getattr(reply.steps, "close", None)) is not None:
                close()

    async def _write_body(self, steps: Iterable[Step]) -> None:
        if isinstance(steps, tuple) and len(steps) == 1 and isinstance(steps[0], bytes):
            self.is_complete = await self._is_sent(_block(steps[0], more=False))
            self.blocks += self.is_complete
            return
        for step in steps:
            if isinstance(step, Cut):
                # ASGI has no word for it: servers close a connection whose answer is unfinished.
                return
            if isinstance(step, Stall):
                if await self._is_gone_within(step.seconds):
                    return
                continue
            if not await self._is_sent(_block(step, more=True)):
                return
            self.blocks += 1
            if self.blocks % _BLOCKS_IN_A_ROW == 0 and await self._is_gone_within(0):
                # A long stream that nobody hinders would keep everybody else waiting, and one
                # without an end would go on after its reader has left.
                return
        self.is_complete = await self._is_sent(_block(b"", more=False))

    async def _is_sent(self, message: Message) -> bool:
        """Send; false where the client has left (an OSError since version 2.4 of the HTTP spec)."""
        try:
            await self._send(message)
        except OSError:
            return False
        return True

    async def _is_gone_within(self, seconds: float) -> bool:
        """Wait; true as soon as the client has left."""
        if self._watch is None:
            self._watch = asyncio.get_running_loop().create_task(self._until_gone())
        if seconds > 0:
            await asyncio.wait((self._watch,), timeout=None if seconds == math.inf else seconds)
        else:
            await asyncio.sleep(0)
        return self._watch.done()

    async def _until_gone(self) -> None:
        while (await self._receive())["type"] != "http.disconnect":
            pass


def _block(content: bytes, *, more: bool) -> Message:
    return {"type": "http.response.body", "body": content, "more_body": more}


def _drop(scope: Scope) -> None:
    # Elsewhere the application just returns, which most servers take for an error of its own.
    extensions: dict[str, Any] = scope.get("extensions") or {}
    if DROP in extensions:
        extensions[DROP]["close"]()
