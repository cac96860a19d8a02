"""The async transport into an ASGI application of this process: no socket and no server between.

The application runs as a task beside the caller. Its answer is handed over message by message as it
sends them, and it waits while the caller is behind. When the caller leaves, the application gets
``http.disconnect`` and its next ``send`` raises an OSError, as ASGI says (HTTP spec version 2.4).
There is no lifespan: what the application does at startup is the caller's to do.

An exception of the application is a TransportError with that exception as its cause, and is not
tried again. Only an AssertionError is raised as it is, for it is about the test that runs here. An application that returns before its answer is complete is a connection that was lost.
"""

from __future__ import annotations

import asyncio
from collections import deque
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from .direct.failures import overdue
from .transport import TransportError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, MutableMapping
    from typing import TypeAlias

    from .timeouts import Budget
    from .transport import Phase, PreparedRequest

    Message: TypeAlias = MutableMapping[str, Any]
    Receive: TypeAlias = Callable[[], Awaitable[Message]]
    Send: TypeAlias = Callable[[Message], Awaitable[None]]
    Application: TypeAlias = Callable[
        [MutableMapping[str, Any], Receive, Send], Coroutine[Any, Any, None]
    ]

_AHEAD = 64 * 1024
"""How many bytes the application may be ahead of the caller before its ``send`` waits."""

_FAREWELL = 0.1
"""Seconds that closing an unfinished answer waits for the application to end."""


class AsyncAppTransport:
    """Implements AsyncTransport; give it to a client as ``http_client``.

    ``app`` is an ASGI 3 application. Closing the client closes the transport.
    """

    __slots__ = ("_app", "_closed", "_live")

    def __init__(self, app: Application) -> None:
        self._app = app
        self._closed = False
        self._live: set[asyncio.Task[None]] = set()

    async def send(
        self,
        request: PreparedRequest,
        budget: Budget,
        blocks: AsyncIterator[bytes] | None = None,
    ) -> AppExchange:
        """Call the application, and wait for its head. Raises TransportError.

        ``blocks`` is the body of the request where it is not to be read from the request.
        """
        if self._closed:
            raise TransportError("the client has been closed", "connecting", permanent=True)
        if budget.expired():
            raise overdue(budget, "connecting")
        exchange = AppExchange(request, budget, blocks)
        task = exchange.start(self._app)
        # The loop itself keeps only weak references.
        self._live.add(task)
        task.add_done_callback(self._live.discard)
        try:
            await exchange.head()
        except BaseException:
            await exchange.close()
            raise
        return exchange

    async def close(self) -> None:
        """End the applications that still run in this event loop, and refuse further use."""
        self._closed = True
        loop = asyncio.get_running_loop()
        running = [task for task in self._live if task.get_loop() is loop]
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)


class AppExchange:
    """Implements AsyncExchange, and is the application's side of the conversation."""

    __slots__ = (
        "__weakref__",
        "_blocks",
        "_budget",
        "_buffered",
        "_changed",
        "_complete",
        "_failure",
        "_gone",
        "_length",
        "_loop",
        "_request",
        "_room",
        "_size",
        "_task",
        "_upload",
        "_uploaded",
        "headers",
        "status",
    )

    def __init__(
        self, request: PreparedRequest, budget: Budget, body: AsyncIterator[bytes] | None
    ) -> None:
        self.status: int = 0
        self.headers: list[tuple[bytes, bytes]] = []
        self._request = request
        self._budget = budget
        self._loop = asyncio.get_running_loop()
        self._upload = body
        self._uploaded = False
        self._blocks: deque[bytes] = deque()
        self._buffered = 0
        self._size = 0
        self._length: int | None = None
        """What the application says is the length of its body; None where that does not matter."""
        self._complete = False
        self._task: asyncio.Task[None] | None = None
        self._failure: BaseException | None = None
        """What ended the application, or the caller's own body."""
        self._changed = asyncio.Event()
        self._room = asyncio.Event()
        self._gone = asyncio.Event()
        """Nobody reads any more, or everything has been sent."""

    # -- the application's side

    def start(self, app: Application) -> asyncio.Task[None]:
        """Run the application, beside the caller."""
        self._task = self._loop.create_task(self._run(app))
        return self._task

    async def _run(self, app: Application) -> None:
        try:
            await app(_scope(self._request), self._receive, self._send)
        except BaseException as error:
            if not self._gone.is_set():
                self._failure = error
            if not isinstance(error, Exception):
                raise
        finally:
            if not self._complete and self._failure is None:
                self._failure = EOFError()
            self._gone.set()
            self._changed.set()

    async def _receive(self) -> Message:
        body = self._request.body
        if not self._uploaded and not self._gone.is_set():
            if body is None or body.content is not None:
                self._uploaded = True
                content = b"" if body is None else body.content
                return {"type": "http.request", "body": content, "more_body": False}
            if self._upload is None:
                self._upload = self._request.ablocks()
            try:
                block = await anext(self._upload, None)
            except Exception as error:
                self._failure = error
                self.leave()
            else:
                self._uploaded = block is None
                return {"type": "http.request", "body": block or b"", "more_body": bool(block)}
        await self._gone.wait()
        return {"type": "http.disconnect"}

    async def _send(self, message: Message) -> None:
        if self._gone.is_set():
            raise OSError("the client has left")
        kind = message["type"]
        if kind == "http.response.start":
            if self.status:
                raise RuntimeError("http.response.start was sent twice")
            self.status = int(message["status"])
            self.headers = [(bytes(name), bytes(value)) for name, value in message["headers"]]
            self._length = self._promised()
            self._changed.set()
        elif kind == "http.response.body":
            if not self.status:
                raise RuntimeError("http.response.body was sent before http.response.start")
            self._add(bytes(message.get("body", b"")))
            if not message.get("more_body", False):
                if self._length is not None and self._size != self._length:
                    raise RuntimeError(
                        f"the body has {self._size} bytes, its Content-Length says {self._length}"
                    )
                self._complete = True
                self._gone.set()
            self._changed.set()
            while self._buffered > _AHEAD and not self._gone.is_set():
                self._room.clear()
                await self._room.wait()

    def _promised(self) -> int | None:
        if not self._has_body():
            return None
        for name, value in self.headers:
            if name.lower() == b"content-length" and value.isdigit():
                return int(value)
        return None

    def _has_body(self) -> bool:
        return self._request.method != "HEAD" and self.status not in (204, 304)

    def _add(self, block: bytes) -> None:
        if block and self._has_body():
            self._blocks.append(block)
            self._buffered += len(block)
            self._size += len(block)

    # -- the caller's side

    async def head(self) -> None:
        """Wait for the status and the headers."""
        while not self.status:
            self._raise_failure("waiting")
            await self._wait("waiting")

    def whole(self) -> bytes | None:
        """The body, where all of it has come."""
        if not self._complete:
            return None
        content = b"".join(self._blocks)
        self._blocks.clear()
        return content

    async def read(self) -> bytes:
        """The next block, or ``b""`` at the end."""
        if self._budget.deadline is not None and self._budget.expired():
            raise overdue(self._budget, "reading")
        while not self._blocks:
            if self._complete:
                return b""
            self._raise_failure("reading")
            await self._wait("reading")
        block = self._blocks.popleft()
        self._buffered -= len(block)
        if self._buffered <= _AHEAD:
            self._room.set()
        return block

    async def read_available(self) -> bytes:
        """All the blocks that have come, as one, or ``b""`` at the end."""
        block = await self.read()
        if not self._blocks:
            return block
        joined = b"".join((block, *self._blocks))
        self._blocks.clear()
        self._buffered = 0
        self._room.set()
        return joined

    async def _wait(self, phase: Phase) -> None:
        self._changed.clear()
        limits = (self._budget.timeout.read, self._budget.remaining())
        try:
            async with asyncio.timeout(min((n for n in limits if n is not None), default=None)):
                await self._changed.wait()
        except TimeoutError:
            limit, seconds = self._budget.blame("read")
            raise TransportError(
                "the application took too long", phase, limit=limit, seconds=seconds
            ) from None

    def _raise_failure(self, phase: Phase) -> None:
        error = self._failure
        if error is None:
            return
        if isinstance(error, AssertionError):
            raise error
        body = self._request.body
        if body is not None and body.failure is error:
            raise error
        if isinstance(error, EOFError) and not error.args:
            raise TransportError("the application ended before its answer did", phase)
        if isinstance(error, asyncio.CancelledError):
            raise TransportError("the application was cancelled", phase)
        text = f"the application raised {type(error).__name__}: {error}"
        raise TransportError(text, phase, permanent=True) from error

    def leave(self) -> None:
        """Tell the application that nobody reads any more."""
        self._gone.set()
        self._room.set()
        self._changed.set()

    async def close(self) -> None:
        """Leave, and give the application a moment to notice."""
        task = self._task
        if task is not None and not self._gone.is_set():
            self.leave()
            await asyncio.wait([task], timeout=_FAREWELL)

    def abandon(self) -> None:
        """As close, from a garbage collector."""
        if not self._loop.is_closed():
            try:
                self._loop.call_soon_threadsafe(self.leave)
            except RuntimeError:
                pass


def _scope(request: PreparedRequest) -> MutableMapping[str, Any]:
    """The connection scope of ASGI for a request."""
    scheme, _, authority = request.origin.partition("://")
    host, port = authority, 443 if scheme == "https" else 80
    name, colon, number = authority.rpartition(":")
    if colon and number.isdigit() and (not authority.startswith("[") or name.endswith("]")):
        host, port = name, int(number)
    path, _, query = request.target.partition("?")
    headers = [(key.lower().encode("ascii"), _field(value)) for key, value in request.headers]
    if not any(key == b"host" for key, _ in headers):
        headers.insert(0, (b"host", authority.encode("ascii")))
    return {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.4"},
        "http_version": "1.1",
        "method": request.method,
        "scheme": scheme,
        "path": unquote(path),
        "raw_path": path.encode("ascii"),
        "query_string": query.encode("ascii"),
        "root_path": "",
        "headers": headers,
        "client": ("127.0.0.1", 0),
        "server": (host.strip("[]"), port),
        "extensions": {"sdkpress.raise": {}},
    }


def _field(value: str) -> bytes:
    try:
        return value.encode("latin-1")
    except UnicodeEncodeError:
        return value.encode()
