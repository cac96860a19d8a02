"""The fake server: one application for any OpenAPI document."""

from __future__ import annotations

import itertools
import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeVar

from .answering import Answers
from .deletions import Deletions
from .exchanges import Exchange, ReceivedRequest, Reply
from .paging import PageFacts
from .preferences import preferences_of
from .reading import LARGEST_BODY, live, read_whole, received
from .redirecting import landing
from .references import References
from .routing import Found, Operation, Router
from .scripting import ScriptError, StreamScript, Unused
from .security import Credentials, SecurityGate
from .taping import Tape
from .typed_requests import Received, RequestLog, RequestReader
from .validating import Problem, RequestValidator
from .writing import Receive, Scope, Send, Writer

if TYPE_CHECKING:
    from types import TracebackType
    from typing import Self

    from .forwarding import Forward
    from .recording import Recorder, Recording
    from .replaying import Replay
    from .serving import Serving

__all__ = ["FakeApp"]

T = TypeVar("T")
_RAISES = "sdkpress.raise"
"""The ASGI extension of a caller that passes an AssertionError on to the test as it is."""
_logger = logging.getLogger(__name__)


class FakeApp:
    """An ASGI 3 application that speaks the API of `document`.

    It validates requests against the document (404, 405, 401, 400, 415 and 422, with a located
    explanation in the document's error shape), answers with the document's examples or with
    values made from its schemas, and streams where the document says the API streams. The same
    request gets the same answer; `seed` varies the made values.

    `document` is a plain OpenAPI 3.x tree with local references only; it must not change
    afterwards. `credentials` maps names of security schemes to the keys that are right; without
    it every key is that does not call itself wrong. With `remembers_deletions`, what was deleted is
    not found until it is made again. `pages` tells how operations are asked for their pages where
    the document does not. `on_exchange` is told of every answer over ASGI, sent or raised.

    With `replay` the answers come from a cassette; a request that is not in it fails the test. With
    `record` and `forward` they come from another server, and a cassette is made of them. In either
    case requests are not checked against the document: what happened is what happened.

    Threads may share it.
    """

    def __init__(
        self,
        document: Mapping[str, Any],
        *,
        seed: int = 0,
        credentials: Credentials | None = None,
        remembers_deletions: bool = False,
        pages: PageFacts | None = None,
        on_exchange: Callable[[Exchange], None] | None = None,
        replay: Replay | None = None,
        record: Recording | None = None,
        forward: Callable[[Recorder], Forward] | None = None,
    ) -> None:
        references = References(document)
        self.document: Mapping[str, Any] = document
        self.on_exchange: Callable[[Exchange], None] | None = on_exchange
        self._router = Router(references)
        self._gate = SecurityGate(references, credentials)
        self._deletions = Deletions() if remembers_deletions else None
        self._validator = RequestValidator(references)
        self._answers = Answers(references, self._router, seed, pages)
        self._references = references
        self._scripts: dict[str, StreamScript[Any, Any, Any]] = {}
        self._log = RequestLog()
        self._failures: list[AssertionError] = []
        self._kinds: dict[str, tuple[type[Received], RequestReader]] = {}
        self._numbers = itertools.count(1)
        self._tape = Tape(references, self._router, replay, record, forward)

    @property
    def requests(self) -> tuple[Received, ...]:
        """The last thousand requests, oldest first, whatever they were answered."""
        return self._log.all()

    @property
    def operations(self) -> tuple[str, ...]:
        """The keys of all operations, such as `"GET /pets/{id}"`, in the order of the document."""
        return tuple(self._router.operations)

    @property
    def operation_nodes(self) -> dict[str, dict[str, Any]]:
        """What the document says of each operation, by its key."""
        return {key: found.node for key, found in self._router.operations.items()}

    def operation_of(self, request: ReceivedRequest) -> str:
        """The key of the operation that a request is for, "" where there is none."""
        operation = self._nearest(request).operation
        return operation.key if operation is not None else ""

    def script(self, operation: str) -> StreamScript[Any, Any, Any]:
        """The script of an operation, by its key or its `operationId`. Raises LookupError."""
        found = self._router.operation(operation)
        if found is None:
            raise LookupError(f"the document has no operation {operation!r}")
        script = self._scripts.get(found.key)
        if script is None:
            # Of two threads, one makes the script for both.
            made = StreamScript[Any, Any, Any](
                self._name(found.key), found, self._answers, self._log
            )
            script = self._scripts.setdefault(found.key, made)
        return script

    @property
    def is_recording(self) -> bool:
        """Whether another server answers, and its answers are written down."""
        return self._tape.forwards

    @property
    def failures(self) -> tuple[AssertionError, ...]:
        """What went wrong in the test itself while requests were answered; see `check`."""
        return tuple(self._failures)

    @property
    def unused(self) -> tuple[Unused | str, ...]:
        """The scripted answers, and then the recorded ones, that nobody has asked for."""
        scripts = [*self._scripts.values()]
        return (*(one for script in scripts for one in script.unused), *self._tape.unused)

    def check(self) -> None:
        """Raise what went wrong in the test itself while requests were answered, the first of it.

        That is a ScriptError for a condition that raised an exception, and an
        UnmatchedRequestError for a request that is not in the cassette.
        """
        for failure in self.failures:
            raise failure

    def assert_all_used(self) -> None:
        """As `check`; then raise AssertionError if a scripted answer was not asked for."""
        self.check()
        unused = self.unused
        if unused:
            listed = "; ".join(map(str, unused))
            raise AssertionError(f"nobody asked for {listed}")

    def reset(self) -> None:
        """Forget all requests, scripts, failures and deletions."""
        self._log.forget()
        if self._deletions is not None:
            self._deletions.forget()
        self._failures.clear()
        self._tape.reset()
        for script in [*self._scripts.values()]:
            script.reset()

    def serve(self, *, host: str = "127.0.0.1", port: int = 0) -> Serving:
        """Serve on loopback, in a thread, while the `with` block runs; port 0 picks a free one.

        Needs uvicorn (the extra `testing`). Raises OSError where the port is taken. The block ends
        with `check()`, unless with an exception of its own.
        """
        from .serving import serve

        return serve(self, host=host, port=port)

    def own_credential(
        self, key: T | None, sample: object, scheme: str, part: int | None = None
    ) -> T | str | None:
        """The credential for a client of this server, where the test gives none but the `sample`.

        It is the one that is right for the scheme (a `part` of it: user, password), and the
        client's own while another server is recorded.
        """
        if key != sample:
            return key
        if self.is_recording:
            return None
        right = self._gate.right(scheme)
        if right is None:
            return key
        return right if part is None else right.partition(":")[2 * part]

    def _name(self, key: str) -> str:
        """What the client calls an operation: `chat.completions.create`; its key by default."""
        return key

    def _request_class(self, key: str) -> type[Received]:
        """The class of the requests of an operation."""
        return Received

    def _convert(self, value: Any, annotation: Any) -> Any:
        """A JSON value as the type that a request class has for it."""
        return value

    def _received(self, request: ReceivedRequest) -> Received:
        """The request as tests see it, and in the list of those that came."""
        key = request.operation
        found = self._kinds.get(key)
        if found is None:
            reader = RequestReader(
                self._router.operations.get(key), self._references, self._convert
            )
            kind = self._request_class(key) if key else Received
            found = self._kinds[key] = (kind, reader)
        received = found[0](request, self._name(key) if key else "", found[1])
        self._log.add(received)
        return received

    def respond(self, request: ReceivedRequest) -> Reply:
        """The answer to a request, without I/O. Records the request; never raises."""
        number = next(self._numbers)
        try:
            reply = self._respond(request)
        except Exception:
            _logger.exception("The fake server failed at %s %s", request.method, request.path)
            reply = self._answers.error(None, 500, "The fake server failed; see its log.")
        if reply.failure is not None:
            self._failures.append(reply.failure)
        if any(name == "x-request-id" for name, _ in reply.headers):
            return reply
        return replace(reply, headers=(*reply.headers, ("x-request-id", f"fake-{number}")))

    def respond_to(
        self, method: str, url: str, headers: list[tuple[str, str]], body: bytes
    ) -> Reply:
        """As `respond`, for a request to an absolute URL."""
        return self.respond(ReceivedRequest.of(method, url, headers, body))

    def close(self) -> None:
        """Let the file of a recording have all that was recorded; recording may go on."""
        self._tape.close()

    def __enter__(self) -> Self:
        """As a context: in the end, `close` and `check`, the latter unless an exception is raised."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """The end of the `with` block."""
        self.close()
        if error is None:
            self.check()

    def _note(self, request: ReceivedRequest) -> tuple[ReceivedRequest, Found, Received]:
        """Find out what a request is for, and keep it."""
        found = self._nearest(request)
        if found.operation is not None:
            request = replace(
                request, operation=found.operation.key, path_parameters=dict(found.parameters)
            )
        return request, found, self._received(request)

    def _respond(self, request: ReceivedRequest) -> Reply:
        request, found, received = self._note(request)
        operation = found.operation
        if self._tape.replays:
            return self._replayed(request, operation, received)
        if operation is None:
            return landing(request) or self._unknown(request, found.allowed)
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
            return self._usual(request, operation, checked.body)

        script = self._scripts.get(operation.key)
        try:
            scripted = script.next(received, usual) if script is not None else None
        except ScriptError as error:
            return self._failed(operation, error)
        return scripted if scripted is not None else usual()

    def _replayed(
        self, request: ReceivedRequest, operation: Operation | None, received: Received
    ) -> Reply:
        """The recorded answer, unless a script has another one."""
        script = self._scripts.get(operation.key) if operation is not None else None
        try:
            scripted = script.next(received, lambda: self._tape.reply(request)) if script else None
            return scripted if scripted is not None else self._tape.reply(request)
        except AssertionError as failure:
            return self._failed(operation, failure)

    def _usual(self, request: ReceivedRequest, operation: Operation, body: Any) -> Reply:
        """The answer that the document has for a valid request."""
        method, path, deletions = operation.method, request.path, self._deletions
        is_gone = deletions is not None and deletions.is_gone(method, path)
        if is_gone and not preferences_of(request).code:
            return self._answers.error(operation, 404, f"{path} was deleted.")
        reply = self._answers.answer(request, operation, body)
        if deletions is not None:
            is_one = operation.path.rpartition("/")[2].startswith("{")
            deletions.note(method, path, reply.status, is_one=is_one)
        return reply

    def _failed(self, operation: Operation | None, failure: AssertionError) -> Reply:
        """The answer where the test is wrong, and not the client: 500, not worth a second try."""
        reply = self._answers.error(
            operation, 500, str(failure), headers=[("x-should-retry", "false")]
        )
        return replace(reply, failure=failure)

    def _nearest(self, request: ReceivedRequest) -> Found:
        """The operation meant: of paths that differ in names only, one that takes the parameters."""
        matching = list(self._router.matches(request.method, request.path, request))
        for found in matching if len(matching) > 1 else ():
            if found.operation is not None:
                given = replace(request, path_parameters=dict(found.parameters))
                if self._validator.takes_path(given, found.operation):
                    return found
        return matching[0] if matching[-1].operation is not None else matching[-1]

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
            await live(receive, send)
            return
        if scope["type"] != "http":
            await send({"type": "websocket.close", "code": 1000})
            return
        body = await read_whole(receive)
        if body is None:
            return
        request = received(scope, body)
        started = time.perf_counter()
        if self._tape.forwards and len(body) <= LARGEST_BODY:
            self._note(request)
            exchange = await self._tape.forward(request, self._answers, receive, send)
            if self.on_exchange is not None:
                self.on_exchange(exchange)
            return
        if len(body) > LARGEST_BODY:
            reply = self._answers.error(None, 413, "The body is larger than 64 MiB.")
        else:
            reply = self.respond(request)
        if reply.failure is not None and _RAISES in (scope.get("extensions") or {}):
            if self.on_exchange is not None:
                seconds = time.perf_counter() - started
                self.on_exchange(Exchange(request, reply, seconds, 0, is_complete=False))
            raise reply.failure
        writer = Writer(receive, send)
        try:
            await writer.write(reply, scope)
        except Exception as error:
            # Items that a test makes one by one, for one; servers tell nobody.
            failure = ScriptError(f"{request.method} {request.path}: an item raised {error!r}")
            failure.__cause__ = error
            self._failures.append(failure)
            raise
        finally:
            if self.on_exchange is not None:
                seconds = time.perf_counter() - started
                self.on_exchange(
                    Exchange(request, reply, seconds, writer.blocks, writer.is_complete)
                )
