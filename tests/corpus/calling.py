"""Call every operation of a generated client against the document's own fake server, in this process."""

from __future__ import annotations

import asyncio
import importlib
import time
import warnings
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import httpx2

from sdkpress.runtime.testing.app import FakeApp
from sdkpress.runtime.testing.exchanges import ReceivedRequest
from sdkpress.runtime.testing.routing import Operation

from .answers import untyped_answers
from .arguments import Description, python_arguments
from .packages import Endpoint, endpoints, import_all, plain_client

__all__ = ["Called", "call_package"]

HOST = "fake.example"
BASE_URL = f"http://{HOST}"
LONGEST_STREAM = 200

Call: TypeAlias = tuple[Endpoint, Operation, list[Any], dict[str, Any]]


@dataclass(slots=True)
class Called:
    """What calling one package showed; `problems` are `(operation, what, message)`."""

    operations: int = 0
    importable: bool = False
    built: int = 0
    answered: int = 0
    answered_async: int = 0
    typed: int = 0
    models: int = 0
    unsatisfiable: list[str] = field(default_factory=list[str])
    """Operations for which no arguments were found that satisfy the document."""
    seconds: float = 0.0
    problems: list[tuple[str, str, str]] = field(default_factory=list[tuple[str, str, str]])

    def problem(self, place: str, what: str, error: object) -> None:
        text = str(error) or type(error).__name__
        if isinstance(error, BaseException):
            text = f"{type(error).__name__}: {text}"
        self.problems.append((place, what, text[:400]))


def call_package(package: str) -> Called:
    """Import a package that is on `sys.path`, and call all of its operations, sync and async."""
    found = Called()
    started = time.process_time()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            import_all(package)
            found.importable = True
        except Exception as error:
            found.problem(package, "import", error)
            return found
        try:
            _call_all(package, found)
        except Exception as error:
            found.problem(package, "client", error)
    found.seconds = time.process_time() - started
    return found


def _call_all(package: str, found: Called) -> None:
    root = importlib.import_module(package)
    models = importlib.import_module(f"{package}.models")
    tree = importlib.import_module(f"{package}.testing").document()
    app = FakeApp(tree)
    description = Description(tree)
    _round_trip_models(models, found)
    options: dict[str, Any] = {"base_url": BASE_URL, "max_retries": 0, "strict": True}
    client = plain_client(
        root, "Api", http_client=httpx2.Client(transport=SyncInProcess(app)), **options
    )
    every = list(endpoints(client))
    found.operations = len(every)
    good: list[Call] = []
    for endpoint in every:
        operation = description.operation(endpoint.key)
        if operation is None:
            found.problem(endpoint.key, "unknown", "the document has no such operation")
            continue
        untyped = list(untyped_answers(endpoint, operation, description.references))
        for message in untyped:
            found.problem(endpoint.key, "untyped", message)
        found.typed += not untyped
        is_fine = is_satisfiable = True
        for is_minimal in (True, False):
            which = "required arguments" if is_minimal else "all arguments"
            values = description.arguments(
                operation, endpoint.operation.media_type or "", is_minimal=is_minimal
            )
            step = "build"
            try:
                positional, named = python_arguments(endpoint, values)
                endpoint.build(*positional, **named)
                step = "call"
                _consume(endpoint.call_on(client)(*positional, **named))
            except Exception as error:
                if not _is_documented(error, operation):
                    # A fragment is never sent: paths that differ in it are one for a server.
                    is_usable = values.is_valid and "#" not in endpoint.path
                    if is_usable:
                        found.problem(endpoint.key, f"{step}, {which}", error)
                    is_satisfiable = is_satisfiable and is_usable
                    is_fine = False
                    found.built += not is_minimal and step == "call"
                    continue
            if not is_minimal:
                good.append((endpoint, operation, positional, named))
            found.built += not is_minimal
        found.answered += is_fine
        if not is_satisfiable:
            found.unsatisfiable.append(endpoint.key)
    asyncio.run(_call_async(root, app, options, good, found))


async def _call_async(
    root: Any,
    app: FakeApp,
    options: dict[str, Any],
    calls: list[Call],
    found: Called,
) -> None:
    transport = httpx2.AsyncClient(transport=AsyncInProcess(app))
    async with plain_client(root, "AsyncApi", http_client=transport, **options) as client:
        for endpoint, operation, positional, named in calls:
            try:
                await _consume_async(await endpoint.call_on(client)(*positional, **named))
            except Exception as error:
                if not _is_documented(error, operation):
                    found.problem(endpoint.key, "async call", error)
                    continue
            found.answered_async += 1


def _is_documented(error: Exception, operation: Operation) -> bool:
    """Whether an error is what the document promises: one that knows redirects and errors alone."""
    status = getattr(error, "status_code", None)
    known = operation.responses
    if any(key.startswith("2") or key == "default" for key in known):
        return False
    return isinstance(status, int) and 300 <= status < 400 and str(status) in known


def _round_trip_models(models: Any, found: Called) -> None:
    unknown = {"un known": {"kept": True}}
    for name in models.__all__:
        from_dict = getattr(getattr(models, name), "from_dict", None)
        if from_dict is None:
            continue
        found.models += 1
        try:
            if from_dict(unknown).to_dict() != unknown:
                found.problem(name, "model", "does not keep what it does not know")
        except Exception as error:
            found.problem(name, "model", error)


def _consume(answer: Any) -> None:
    """Read a stream or a file to its end; of pages the first is enough."""
    if hasattr(answer, "final") and hasattr(answer, "__iter__"):
        with answer:
            for number, _ in enumerate(answer):
                if number > LONGEST_STREAM:
                    break


async def _consume_async(answer: Any) -> None:
    if hasattr(answer, "final") and hasattr(answer, "__aiter__"):
        async with answer:
            number = 0
            async for _ in answer:
                number += 1
                if number > LONGEST_STREAM:
                    break


def _received(request: httpx2.Request, body: bytes) -> ReceivedRequest:
    path, _, query = request.url.raw_path.decode("latin-1").partition("?")
    headers = tuple((name.lower(), value) for name, value in request.headers.multi_items())
    return ReceivedRequest(request.method, path, query, headers, body)


class _Blocks(httpx2.SyncByteStream, httpx2.AsyncByteStream):
    def __init__(self, blocks: list[bytes]) -> None:
        self._blocks = blocks

    def __iter__(self) -> Iterator[bytes]:
        yield from self._blocks

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for block in self._blocks:
            yield block


def _answer(app: FakeApp, url: httpx2.URL, request: ReceivedRequest) -> httpx2.Response:
    if b"grant_type=client_credentials" in request.body:
        return httpx2.Response(200, json={"access_token": "test", "token_type": "Bearer"})
    if url.host != HOST:
        # Where a redirect leads is not described.
        return httpx2.Response(200, content=b"")
    reply = app.respond(request)
    blocks = [step for step in reply.steps if isinstance(step, bytes)]
    if request.method == "HEAD":
        blocks = []
    return httpx2.Response(reply.status, headers=list(reply.headers), stream=_Blocks(blocks))


class SyncInProcess(httpx2.BaseTransport):
    """A fake server without a socket."""

    def __init__(self, app: FakeApp) -> None:
        self._app = app

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        return _answer(self._app, request.url, _received(request, b"".join(request.stream)))  # type: ignore[arg-type]


class AsyncInProcess(httpx2.AsyncBaseTransport):
    """Its async twin."""

    def __init__(self, app: FakeApp) -> None:
        self._app = app

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        body = b"".join([block async for block in request.stream])  # type: ignore[union-attr]
        return _answer(self._app, request.url, _received(request, body))
