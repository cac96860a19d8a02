"""The fake server: one application for any OpenAPI document."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import logging
import time
from collections import deque
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from dataclasses import replace
from typing import Any, TypeAlias

from .answering import Answers
from .exchanges import Cut, Exchange, ReceivedRequest, Reply, Stall
from .references import References
from .routing import Found, Operation, Router
from .scripting import Script
from .security import Credentials, SecurityGate
from .validating import Problem, RequestValidator

__all__ = ["FakeApp"]

Scope: TypeAlias = MutableMapping[str, Any]
Message: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[Message]]
Send: TypeAlias = Callable[[Message], Awaitable[None]]

_LARGEST_BODY = 64 * 1024 * 1024
_KEPT_REQUESTS = 1_000
_BLOCKS_IN_A_ROW = 64
_logger = logging.getLogger(__name__)


class FakeApp:
    """An ASGI 3 application that speaks the API of `document`.

    It validates requests against the document (404, 405, 401, 400, 415 and 422, with a located
    explanation in the document's error shape), answers with the document's examples or with
    values made from its schemas, and streams where the document says the API streams. The same
    request gets the same answer; `seed` varies the made values.

    `document` is a plain OpenAPI 3.x tree with local references only; it must not change
    afterwards. `credentials` maps names of security schemes to the keys that are right; without
    it every key is. `on_exchange` is told of every answer that went out over ASGI.

    Threads may share it.
    """

    def __init__(
        self,
        document: Mapping[str, Any],
        *,
        seed: int = 0,
        credentials: Credentials | None = None,
        on_exchange: Callable[[Exchange], None] | None = None,
    ) -> None:
        references = References(document)
        self.document = document
        self.on_exchange = on_exchange
        self._router = Router(references)
        self._gate = SecurityGate(references, credentials)
        self._validator = RequestValidator(references)
        self._answers = Answers(references, self._router, seed)
        self._scripts: dict[str, Script] = {}
        self._requests: deque[ReceivedRequest] = deque(maxlen=_KEPT_REQUESTS)
        self._numbers = itertools.count(1)

    @property
    def requests(self) -> tuple[ReceivedRequest, ...]:
        """The last thousand requests, oldest first."""
        return tuple(self._requests)

    @property
    def operations(self) -> tuple[str, ...]:
        """The keys of all operations, such as `"GET /pets/{id}"`, in the order of the document."""
        return tuple(self._router.operations)

    def script(self, operation: str) -> Script:
        """The script of an operation, by its key or its `operationId`. Raises LookupError."""
        found = self._router.operation(operation)
        if found is None:
            raise LookupError(f"the document has no operation {operation!r}")
        return self._scripts.setdefault(found.key, Script(found, self._answers))

    def reset(self) -> None:
        """Forget all requests and scripts."""
        self._requests.clear()
        self._scripts.clear()

    def respond(self, request: ReceivedRequest) -> Reply:
        """The answer to a request, without I/O. Records the request; never raises."""
        number = next(self._numbers)
        try:
            reply = self._respond(request)
        except Exception:
            _logger.exception("The fake server failed at %s %s", request.method, request.path)
            reply = self._answers.error(None, 500, "The fake server failed; see its log.")
        if any(name == "x-request-id" for name, _ in reply.headers):
            return reply
        return replace(reply, headers=(*reply.headers, ("x-request-id", f"fake-{number}")))

    def _respond(self, request: ReceivedRequest) -> Reply:
        found = self._nearest(request)
        operation = found.operation
        if operation is not None:
            request = replace(
                request, operation=operation.key, path_parameters=dict(found.parameters)
            )
        self._requests.append(request)
        if operation is None:
            return self._unknown(request, found.allowed)
        refusal = self._gate.refusal(request, operation.security)
        if refusal:
            challenge = self._gate.challenge(operation.security)
            return self._answers.error(
                operation, 401, f"{refusal}.", headers=[("www-authenticate", challenge)]
            )
        checked = self._validator.check(request, operation)
        if checked.problems:
            return self._invalid(operation, checked.problems)

        def usual() -> Reply:
            return self._answers.answer(request, operation, checked.body)

        script = self._scripts.get(operation.key)
        scripted = script.next(request, usual) if script is not None else None
        return scripted if scripted is not None else usual()

    def _nearest(self, request: ReceivedRequest) -> Found:
        """The operation meant: of paths that differ in names only, one that takes the parameters."""
        matching = list(self._router.matches(request.method, request.path, request))
        for found in matching if len(matching) > 1 else ():
            if found.operation is not None:
                given = replace(request, path_parameters=dict(found.parameters))
                if self._validator.takes_path(given, found.operation):
                    return found
        return matching[0]

    def _unknown(self, request: ReceivedRequest, allowed: tuple[str, ...]) -> Reply:
        if allowed:
            listed = ", ".join(allowed)
            message = f"{request.method} is not a method of {request.path}; these are: {listed}."
            return self._answers.error(None, 405, message, headers=[("allow", listed)])
        message = f"The document has no path for {request.method} {request.path}."
        return self._answers.error(None, 404, message)

    def _invalid(self, operation: Operation, problems: tuple[Problem, ...]) -> Reply:
        first = problems[0]
        status = first.status
        if status != 415:
            # Servers differ in which of the two they use; the document knows.
            order = (422, 400) if all(p.status == 422 for p in problems) else (400, 422)
            status = next((s for s in order if str(s) in operation.responses), 400)
        message = "; ".join(map(str, problems[:5]))
        more = f"; and {len(problems) - 5} more" if len(problems) > 5 else ""
        field = first.place.removeprefix("body").strip("/").split("/")[0]
        return self._answers.error(operation, status, f"{message}{more}.", field=field)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """The ASGI entry."""
        if scope["type"] == "lifespan":
            await _live(receive, send)
            return
        if scope["type"] != "http":
            await send({"type": "websocket.close", "code": 1000})
            return
        body = await _read(receive)
        if body is None:
            return
        request = _received(scope, body)
        started = time.perf_counter()
        if len(body) > _LARGEST_BODY:
            reply = self._answers.error(None, 413, "The body is larger than 64 MiB.")
        else:
            reply = self.respond(request)
        blocks, is_complete = 0, False
        try:
            blocks, is_complete = await _write(
                reply, receive, send, has_body=request.method != "HEAD"
            )
        finally:
            if self.on_exchange is not None:
                seconds = time.perf_counter() - started
                self.on_exchange(Exchange(request, reply, seconds, blocks, is_complete))


def _received(scope: Scope, body: bytes) -> ReceivedRequest:
    raw: Any = scope.get("raw_path")
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


async def _read(receive: Receive) -> bytes | None:
    blocks: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] != "http.request":
            return None
        block: bytes = message.get("body", b"")
        size += len(block)
        if size <= _LARGEST_BODY + 1:
            blocks.append(block)
        elif blocks:
            # What is too large is read to its end but not kept.
            blocks = [b"\0" * (_LARGEST_BODY + 1)]
        if not message.get("more_body", False):
            return b"".join(blocks)


async def _write(reply: Reply, receive: Receive, send: Send, *, has_body: bool) -> tuple[int, bool]:
    """Send a reply; returns how many blocks went out and whether that was all of it."""
    if reply.delay and await _is_gone_within(reply.delay, receive):
        return 0, False
    headers = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in reply.headers]
    await send({"type": "http.response.start", "status": reply.status, "headers": headers})
    blocks = 0
    for step in reply.steps if has_body else ():
        if isinstance(step, Cut):
            # ASGI has no word for it: servers close a connection whose answer is left unfinished.
            return blocks, False
        if isinstance(step, Stall):
            if await _is_gone_within(step.seconds, receive):
                return blocks, False
            continue
        blocks += 1
        await send({"type": "http.response.body", "body": step, "more_body": True})
        if blocks % _BLOCKS_IN_A_ROW == 0:
            # A long stream that nobody hinders would keep everybody else waiting.
            await asyncio.sleep(0)
    await send({"type": "http.response.body", "body": b"", "more_body": False})
    return blocks, True


async def _is_gone_within(seconds: float, receive: Receive) -> bool:
    """Wait; True as soon as the client has left."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            while True:
                message = await receive()
                if message["type"] == "http.disconnect":
                    return True
    return False


async def _live(receive: Receive, send: Send) -> None:
    while True:
        message = await receive()
        await send({"type": f"{message['type']}.complete"})
        if message["type"] == "lifespan.shutdown":
            return
