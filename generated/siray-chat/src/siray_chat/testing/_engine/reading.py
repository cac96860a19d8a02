"""Requests as they come in over ASGI."""

from __future__ import annotations

from .exchanges import ReceivedRequest
from .writing import Receive, Scope, Send

__all__ = ["LARGEST_BODY", "live", "read_whole", "received"]

LARGEST_BODY = 64 * 1024 * 1024
"""Bytes of a body that are kept."""


def received(scope: Scope, body: bytes) -> ReceivedRequest:
    """The request of a connection scope."""
    raw = scope.get("raw_path")
    path = raw.decode("latin-1") if isinstance(raw, bytes) else str(scope["path"])
    root = str(scope.get("root_path", ""))
    if root and path.startswith(f"{root}/"):
        path = path[len(root) :]
    return ReceivedRequest(
        method=str(scope["method"]),
        path=path.partition("?")[0],
        query_string=scope.get("query_string", b"").decode("latin-1"),
        headers=tuple(
            (name.decode("latin-1").lower(), value.decode("latin-1"))
            for name, value in scope["headers"]
        ),
        body=body,
    )


async def read_whole(receive: Receive) -> bytes | None:
    """The body; None where the client left before its end.

    One of more than LARGEST_BODY is read to its end and not kept: in its place there are zeros,
    too many of them as well.
    """
    blocks: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] != "http.request":
            return None
        block: bytes = message.get("body", b"")
        size += len(block)
        if size <= LARGEST_BODY:
            blocks.append(block)
        else:
            blocks.clear()
        if not message.get("more_body", False):
            return b"".join(blocks) if size <= LARGEST_BODY else bytes(LARGEST_BODY + 1)


async def live(receive: Receive, send: Send) -> None:
    """Follow the lifespan protocol: there is nothing to start or to end."""
    while True:
        message = await receive()
        await send({"type": f"{message['type']}.complete"})
        if message["type"] == "lifespan.shutdown":
            return
