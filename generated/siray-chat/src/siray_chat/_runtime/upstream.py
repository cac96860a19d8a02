"""Requests handed on to another server, as the fake server does while it records."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from .bodies import Body
from .recording_transports import AsyncRecordingTransport
from .timeouts import Budget, Timeout
from .transport import PreparedRequest

if TYPE_CHECKING:
    from .recording_transports import AsyncRecordedExchange, Recorder

_OWN = frozenset(
    (
        "connection",
        "content-length",
        "expect",
        "host",
        "keep-alive",
        "proxy-authorization",
        "proxy-connection",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    )
)
"""Fields that are between two neighbours (RFC 9110, section 7.6.1), and those that are written anew."""


class Upstream:
    """The server behind ``url``, a base URL as clients take it; what it answers is recorded."""

    __slots__ = ("_base", "_transport", "_url")

    def __init__(self, url: str, recorder: Recorder, inner: object | None = None) -> None:
        self._url = url.rstrip("/")
        self._base = urlsplit(self._url).path
        self._transport = AsyncRecordingTransport(recorder, inner)

    async def __call__(
        self, method: str, target: str, headers: list[tuple[str, str]], body: bytes
    ) -> AsyncRecordedExchange:
        """Send a request for ``target``, path and query, and wait for the head of the answer.

        Raises TransportError.
        """
        if self._base and target.startswith(f"{self._base}/"):
            # The client has it in its own base URL.
            target = target[len(self._base) :]
        fields = [(name, value) for name, value in headers if name.lower() not in _OWN]
        content: Body | None = None
        if body or method in ("POST", "PUT", "PATCH"):
            content = Body(body, None)
            fields.append(("content-length", str(len(body))))
        request = PreparedRequest(method, f"{self._url}{target}", fields, content)
        return await self._transport.send(request, Budget(Timeout(), stream=True))
