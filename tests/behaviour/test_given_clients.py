"""HTTP clients of the caller: httpx2, httpx and aiohttp, with their settings, mocks and instrumentation.

What all transports have in common is tested everywhere else, over all of them; here is what only
such clients have.
"""

from __future__ import annotations

import asyncio
import gzip
import json
import socket
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from typing import Any

import aiohttp
import httpx
import httpx2
import pytest

from tests.behaviour.driving import MESSAGES, Driver
from tests.behaviour.fault_server import STALL, reply, serving, stream
from tests.behaviour.test_answers import completion
from tests.behaviour.test_streams import DONE, HELLO, text

OK = reply(completion())
KEY = "sk-test-0123456789"


@pytest.fixture(scope="session")
def package(handmade: Any) -> Any:
    """One package will do here."""
    return handmade


@pytest.fixture
def opened(driver: Driver) -> Iterator[Callable[..., Any]]:
    """Opens the client that a driver's transport is named after, with settings of the test's own."""
    clients: list[Any] = []

    def open_client(**settings: Any) -> Any:
        if driver.transport == "aiohttp":

            async def session() -> Any:
                made = {name: make() for name, make in settings.items() if name == "connector"}
                return aiohttp.ClientSession(**{**settings, **made})

            client: Any = driver.call(session)
        else:
            library: Any = {"httpx2": httpx2, "httpx": httpx}[driver.transport]
            name = "Client" if driver.kind == "sync" else "AsyncClient"
            client = getattr(library, name)(**settings)
        clients.append(client)
        return client

    yield open_client
    for client in clients:
        close_given(driver, client)


def close_given(driver: Driver, client: Any) -> None:
    driver.call(getattr(client, "aclose", None) or client.close)


only_given = pytest.mark.only("httpx2", "httpx", "aiohttp")
only_httpx = pytest.mark.only("httpx2", "httpx")
only_aiohttp = pytest.mark.only("aiohttp")


@only_given
def test_settings_of_the_client_are_kept(driver: Driver, opened: Callable[..., Any]) -> None:
    given = opened(headers={"X-Mine": "1", "User-Agent": "mine"}, cookies={"session": "theirs"})
    with serving(OK, stream(*HELLO, DONE), reply("{}", 400)) as server:
        client = driver.client(server.url, http_client=given)
        assert driver.create(client).id == "c1"
        assert text(driver.read(client)) == "Hello"
        with pytest.raises(driver.errors.BadRequestError):
            driver.create(client)
        assert {request.headers["x-mine"] for request in server.requests} == {"1"}
        # What the package says goes before what the client says.
        assert server.requests[0].headers["user-agent"].startswith("siray-chat/")
        assert server.requests[0].headers["cookie"] == "session=theirs"
        assert server.connections == 1


@only_given
def test_it_stays_open_when_ours_is_closed(driver: Driver, opened: Callable[..., Any]) -> None:
    given = opened()
    with serving(OK) as server:
        client = driver.client(server.url, http_client=given)
        driver.create(client)
        driver.call(client.close if driver.kind == "sync" else client.aclose)
        assert not (given.closed if driver.transport == "aiohttp" else given.is_closed)
        driver.create(client)
        close_given(driver, given)
        with pytest.raises(driver.errors.APIConnectionError, match="closed") as caught:
            driver.create(client)
        assert caught.value.attempts == 1 and not caught.value.retryable
    assert len(server.requests) == 2


@only_httpx
def test_redirects_and_limits_of_httpx_are_overruled(
    driver: Driver, opened: Callable[..., Any]
) -> None:
    given = opened(follow_redirects=True, timeout=0.001, base_url="http://elsewhere.invalid")
    with serving(reply("", 307, ("Location", "/else")), OK) as server:
        driver.create(driver.client(server.url, http_client=given))
    # Followed by the package, which knows what must not go along.
    assert server.requests[1].headers["x-retry-count"] == "0"


@only_aiohttp
def test_settings_of_aiohttp_are_overruled(driver: Driver, opened: Callable[..., Any]) -> None:
    limits = aiohttp.ClientTimeout(total=0.001)
    given = opened(raise_for_status=True, auto_decompress=True, timeout=limits)
    packed = gzip.compress(completion().encode())
    answer = reply(packed, 200, ("Content-Encoding", "gzip"))
    with serving(reply("", 307, ("Location", "/else")), answer, reply("{}", 400)) as server:
        client = driver.client(server.url, http_client=given)
        assert driver.create(client).id == "c1"
        with pytest.raises(driver.errors.BadRequestError):
            driver.create(client)
    assert server.requests[1].headers["accept-encoding"] == "gzip, deflate"


@only_given
def test_a_limit_for_a_free_connection(driver: Driver, opened: Callable[..., Any]) -> None:
    if driver.transport == "aiohttp":
        given = opened(connector=lambda: aiohttp.TCPConnector(limit=1))
    else:
        library: Any = {"httpx2": httpx2, "httpx": httpx}[driver.transport]
        given = opened(limits=library.Limits(max_connections=1))
    with serving([*stream(HELLO[0], end=False), STALL], OK) as server:
        client = driver.client(server.url, http_client=given, max_retries=0)
        held = driver.create(client, stream=True)
        with pytest.raises(driver.errors.APITimeoutError) as caught:
            driver.create(client, options={"timeout": driver.package.Timeout(pool=0.2)})
        error = caught.value
        assert (error.limit, error.seconds, error.phase) == ("pool", 0.2, "connecting")
        driver.call(held.close if driver.kind == "sync" else held.aclose)


@contextmanager
def deaf() -> Generator[str]:
    """An address that takes no further connection: its queue is full."""
    with socket.create_server(("127.0.0.1", 0), backlog=0) as listener:
        address = listener.getsockname()
        waiting = [socket.socket() for _ in range(8)]
        for one in waiting:
            one.setblocking(False)
            one.connect_ex(address)
        yield f"http://127.0.0.1:{address[1]}"
        for one in waiting:
            one.close()


@pytest.mark.wire("connects")
def test_a_limit_for_connecting(driver: Driver) -> None:
    with deaf() as url:
        client = driver.client(url, max_retries=0, timeout=driver.package.Timeout(connect=0.2))
        with pytest.raises(driver.errors.APITimeoutError) as caught:
            driver.create(client)
        error = caught.value
        assert (error.limit, error.seconds, error.phase) == ("connect", 0.2, "connecting")
        with pytest.raises(driver.errors.APITimeoutError) as caught:
            driver.create(client, options={"timeout": driver.package.Timeout(total=0.2)})
        error = caught.value
        assert (error.limit, error.seconds, error.phase) == ("total", 0.2, "connecting")


def test_every_transport_sends_the_same(driver: Driver) -> None:
    with serving(reply('{"id": "t"}')) as server:
        client = driver.client(server.url + "/a%2Fb/", default_headers={"X-ODD-Case": 'Ä; b="c"'})
        request = client.things.get_request(
            "x/y z?ü+%", options={"query": {"q": "a b+c&d=/?:@é%", "list": ["1", ""]}}
        )
        driver.send(client, request)
    [sent] = server.requests
    assert sent.target == (
        "/a%2Fb/things/x%2Fy%20z%3F%C3%BC%2B%25"
        "?q=a%20b%2Bc%26d%3D%2F%3F%3A%40%C3%A9%25&list=1&list="
    )
    assert sent.headers["host"] == server.url.removeprefix("http://")
    assert b"X-ODD-Case: " in sent.head or driver.transport == "in-process"


@pytest.mark.parametrize("size", [70_000, 3_000_000])
def test_large_bodies(driver: Driver, size: int) -> None:
    message = {"role": "user", "content": "x" * size}
    with serving(OK) as server:
        driver.create(driver.client(server.url), messages=[message])
    [sent] = server.requests
    assert json.loads(sent.body)["messages"] == [message]
    assert "transfer-encoding" not in sent.headers


def test_clients_of_the_wrong_kind_are_refused(package: Any) -> None:
    refused = package.errors.ConfigurationError
    with pytest.raises(refused, match=r"httpx2\.Client"):
        package.Siray(KEY, http_client=httpx2.AsyncClient())
    with pytest.raises(refused, match="AsyncClient"), httpx.Client() as given:
        package.AsyncSiray(KEY, http_client=given)
    with pytest.raises(refused, match="str"):
        package.Siray(KEY, http_client="http://proxy")

    async def give_aiohttp() -> None:
        async with aiohttp.ClientSession() as session, aiohttp.TCPConnector() as connector:
            with pytest.raises(refused, match="for the async client"):
                package.Siray(KEY, http_client=session)
            with pytest.raises(refused, match="ClientSession"):
                package.AsyncSiray(KEY, http_client=connector)

    asyncio.run(give_aiohttp())


def test_an_aiohttp_session_belongs_to_its_loop(package: Any) -> None:
    async def open_session() -> aiohttp.ClientSession:
        return aiohttp.ClientSession()

    async def ask(client: Any) -> None:
        with pytest.raises(package.errors.APIConnectionError, match="another event loop") as caught:
            await client.chat.completions.create(model="m", messages=MESSAGES)
        assert caught.value.attempts == 1

    with asyncio.Runner() as runner:
        session = runner.run(open_session())
        asyncio.run(ask(package.AsyncSiray(KEY, base_url="http://x.invalid", http_client=session)))
        runner.run(session.close())


# -- mocks


@only_httpx
def test_mock_transports_work(driver: Driver, opened: Callable[..., Any]) -> None:
    library: Any = {"httpx2": httpx2, "httpx": httpx}[driver.transport]

    def answer(request: Any) -> Any:
        asked = json.loads(request.content)
        assert asked["model"] == "m"
        if asked.get("stream"):
            kind = {"Content-Type": "text/event-stream"}
            return library.Response(200, headers=kind, content=b"".join([*HELLO, DONE]))
        return library.Response(200, text=completion())

    given = opened(transport=library.MockTransport(answer))
    client = driver.client("http://mocked", http_client=given)
    assert driver.create(client).id == "c1"
    assert text(driver.read(client)) == "Hello"


@only_httpx
def test_event_hooks_of_httpx(driver: Driver, opened: Callable[..., Any]) -> None:
    """A hook may even read the answer."""
    seen: list[Any] = []

    def note(thing: Any) -> None:
        seen.append(thing)
        if hasattr(thing, "status_code"):
            thing.read()

    async def anote(thing: Any) -> None:
        seen.append(thing)
        if hasattr(thing, "status_code"):
            await thing.aread()

    hook = note if driver.kind == "sync" else anote
    given = opened(event_hooks={"request": [hook], "response": [hook]})
    packed = gzip.compress(completion().encode())
    with serving(reply(packed, 200, ("Content-Encoding", "gzip"))) as server:
        assert driver.create(driver.client(server.url, http_client=given)).id == "c1"
    assert [getattr(thing, "status_code", None) for thing in seen] == [None, 200]


@only_aiohttp
def test_trace_configs_of_aiohttp(driver: Driver, opened: Callable[..., Any]) -> None:
    seen: list[str] = []

    async def note(session: object, context: object, parameters: Any) -> None:
        seen.append(type(parameters).__name__)

    trace = aiohttp.TraceConfig()
    trace.on_request_start.append(note)
    trace.on_request_end.append(note)
    with serving(OK) as server:
        driver.create(driver.client(server.url, http_client=opened(trace_configs=[trace])))
    assert seen == ["TraceRequestStartParams", "TraceRequestEndParams"]


@pytest.mark.only("httpx")
def test_respx(driver: Driver, opened: Callable[..., Any]) -> None:
    respx = pytest.importorskip("respx", reason="respx is not installed")
    given = opened()
    with respx.mock(base_url="http://mocked.invalid") as router:
        route = router.post("/v1/chat/completions")
        route.side_effect = [
            httpx.Response(503, json={}, headers={"Retry-After-Ms": "1"}),
            httpx.ConnectError("refused"),
            httpx.Response(200, text=completion()),
            httpx.Response(
                200,
                headers={"Content-Type": "text/event-stream"},
                content=b"".join([*HELLO, DONE]),
            ),
        ]
        client = driver.client("http://mocked.invalid", http_client=given)
        assert driver.create(client).id == "c1"
        assert text(driver.read(client)) == "Hello"
        assert route.call_count == 4


@only_aiohttp
def test_aioresponses(driver: Driver, opened: Callable[..., Any]) -> None:
    aioresponses = pytest.importorskip("aioresponses", reason="aioresponses is not installed")
    url = "http://mocked.invalid/v1/chat/completions"
    given = opened()
    with aioresponses.aioresponses() as mocked:
        mocked.get(url)
        try:
            driver.call(lambda: given.get(url))
        except TypeError as error:
            pytest.skip(f"aioresponses does not know this version of aiohttp: {error}")
        mocked.post(url, status=503, payload={}, headers={"Retry-After-Ms": "1"})
        mocked.post(url, exception=aiohttp.ServerDisconnectedError())
        mocked.post(url, body=completion(), content_type="application/json")
        mocked.post(url, body=b"".join([*HELLO, DONE]), content_type="text/event-stream")
        client = driver.client("http://mocked.invalid", http_client=given)
        assert driver.create(client).id == "c1"
        assert text(driver.read(client)) == "Hello"


# -- instrumentation


@only_given
def test_spans_of_the_instrumentation(driver: Driver, opened: Callable[..., Any]) -> None:
    if driver.transport == "httpx2":
        pytest.skip("there is no instrumentation for httpx2 yet")
    names = {"httpx": "HTTPXClient", "aiohttp": "AioHttpClient"}
    modules = {"httpx": "httpx", "aiohttp": "aiohttp_client"}
    instrumentation = pytest.importorskip(
        f"opentelemetry.instrumentation.{modules[driver.transport]}",
        reason=f"opentelemetry-instrumentation-{modules[driver.transport]} is not installed",
    )
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import SimpleSpanProcessor
    from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

    exporter = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    instrumentor = getattr(instrumentation, f"{names[driver.transport]}Instrumentor")()
    instrumentor.instrument(tracer_provider=provider)
    try:
        given = opened()
        with serving(stream(*HELLO, DONE), reply("{}", 400)) as server:
            client = driver.client(server.url, http_client=given)
            assert text(driver.read(client)) == "Hello"
            with pytest.raises(driver.errors.BadRequestError):
                driver.create(client)
        assert "traceparent" in server.requests[0].headers
        assert [span.name for span in exporter.get_finished_spans()] == ["POST", "POST"]
    finally:
        instrumentor.uninstrument()
