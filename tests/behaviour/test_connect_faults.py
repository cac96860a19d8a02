"""No connection: every way in which one does not come about, and what may be sent again then."""

from __future__ import annotations

import pickle
import socket
import ssl
import threading
import traceback
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import trustme

from tests.behaviour.driving import Driver
from tests.behaviour.fault_server import (
    CUT,
    HOLD,
    RESET,
    STALL,
    Pause,
    Reply,
    chunk,
    serving,
)
from tests.behaviour.faults import BODY, sized, unsized
from tests.behaviour.stream_faults import HEL, STREAM

OK = [sized(BODY)]
CONNECTING = "connecting"

pytestmark = pytest.mark.only("default")


@pytest.fixture(scope="session")
def package(handmade: ModuleType) -> ModuleType:
    """One package will do here."""
    return handmade


@pytest.fixture(autouse=True)
def surroundings(package: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    """Attempts follow each other at once; no proxy from the environment."""
    retries = import_module(f"{package.__name__}._runtime.retries")
    monkeypatch.setattr(retries, "FIRST_DELAY", 0.01)
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def certificate(authority: trustme.CA) -> ssl.SSLContext:
    """A server's context with a certificate for 127.0.0.1."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    return context


@pytest.fixture
def trusting(authority: trustme.CA) -> ssl.SSLContext:
    context = ssl.create_default_context()
    authority.configure_trust(context)
    return context


@pytest.fixture
def nobody() -> str:
    """An address where nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as unused:
        return f"127.0.0.1:{unused.getsockname()[1]}"


@pytest.fixture
def full() -> Iterator[str]:
    """An address whose queue of connections is full, so that no further one is answered."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        address = listener.getsockname()
        waiting = []
        for _ in range(4):
            one = socket.socket()
            one.setblocking(False)
            one.connect_ex(address)
            waiting.append(one)
        yield f"127.0.0.1:{address[1]}"
        for one in waiting:
            one.close()


def failure(driver: Driver, client: Any, *, safe: bool = False, **options: Any) -> Any:
    """What a call that must not be done twice raises (``safe``: one that may)."""
    with pytest.raises(driver.errors.SirayError) as caught:
        if safe:
            driver.create(client, **options)
        else:
            driver.send(client, client.things.create_request({}))
    error = caught.value
    assert pickle.loads(pickle.dumps(error)).__dict__ == error.__dict__
    assert not any("sk-test" in text for text in traceback.format_exception(error))
    return error


def test_refused(driver: Driver, nobody: str) -> None:
    error = failure(driver, driver.client(f"http://{nobody}"))
    assert type(error).__name__ == "APIConnectionError"
    assert (error.phase, error.attempts, error.retryable) == (CONNECTING, 3, True)
    assert (error.status_code, error.request_id, error.content) == (None, None, b"")
    assert nobody in str(error)


def test_a_server_that_comes_back(driver: Driver, nobody: str) -> None:
    host, _, port = nobody.partition(":")
    start, stop = threading.Event(), threading.Event()
    hooks = driver.package.Hooks(retry=lambda event: start.set())

    def listen() -> None:
        start.wait(5)
        with socket.create_server((host, int(port))) as listener:
            connection, _ = listener.accept()
            with connection:
                connection.recv(65536)
                connection.sendall(sized(b'{"id": "t"}'))
                stop.wait(5)

    thread = threading.Thread(target=listen)
    thread.start()
    try:
        client = driver.client(f"http://{nobody}", hooks=hooks, max_retries=50)
        response = driver.send(client, client.things.create_request({}))
    finally:
        start.set()
        stop.set()
        thread.join(5)
    assert response.attempts >= 2


def test_an_unknown_host(driver: Driver, monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*_: object, **__: object) -> Any:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    error = failure(driver, driver.client("http://nowhere.invalid", max_retries=1))
    assert type(error).__name__ == "APIConnectionError"
    assert (error.phase, error.retryable) == (CONNECTING, True)
    assert "nowhere.invalid" in str(error) and "not known" in str(error)


@pytest.mark.parametrize("limit", ["connect", "total"])
def test_names_that_are_not_answered(
    driver: Driver, limit: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    over = threading.Event()

    def silent(*_: object, **__: object) -> Any:
        over.wait(20)
        raise socket.gaierror(socket.EAI_AGAIN, "too late")

    monkeypatch.setattr(socket, "getaddrinfo", silent)
    timeout = driver.package.Timeout(**{limit: 0.2})
    try:
        client = driver.client("http://silent.invalid", timeout=timeout, max_retries=0)
        error = failure(driver, client)
    finally:
        over.set()
    check_timeout(error, limit, 0.2)


def check_timeout(error: Any, limit: str, seconds: float) -> None:
    assert type(error).__name__ == "APITimeoutError", repr(error)
    assert (error.phase, error.limit, error.seconds) == (CONNECTING, limit, seconds)
    assert f"after {seconds:g} s" in str(error) and limit in str(error)


@pytest.mark.parametrize(("limit", "attempts"), [("connect", 2), ("total", 1)])
def test_connections_that_are_not_answered(
    driver: Driver, full: str, limit: str, attempts: int
) -> None:
    timeout = driver.package.Timeout(**{limit: 0.2})
    error = failure(driver, driver.client(f"http://{full}", timeout=timeout, max_retries=1))
    check_timeout(error, limit, 0.2)
    assert error.attempts == attempts


# -- TLS

HANDSHAKES: dict[str, Reply] = {
    "reset": [RESET],
    "closed": [CUT],
    "another protocol": [b"HTTP/1.1 400 Bad Request\r\n\r\n", CUT],
    "garbage": [bytes(range(256)) * 9, CUT],
}


@pytest.mark.parametrize("case", HANDSHAKES)
def test_handshakes_that_fail(driver: Driver, case: str) -> None:
    script = HANDSHAKES[case]
    with serving(OK, opening=[script, script]) as server:
        url = server.url.replace("http:", "https:")
        error = failure(driver, driver.client(url, max_retries=1))
        assert not server.requests
    assert type(error).__name__ == "APIConnectionError", repr(error)
    assert error.phase == CONNECTING
    assert error.attempts in (1, 2)  # another protocol is there to stay


@pytest.mark.parametrize("limit", ["connect", "total"])
def test_handshakes_that_are_not_answered(driver: Driver, limit: str) -> None:
    timeout = driver.package.Timeout(**{limit: 0.3})
    with serving(OK, opening=[[HOLD]]) as server:
        url = server.url.replace("http:", "https:")
        error = failure(driver, driver.client(url, timeout=timeout, max_retries=0))
    check_timeout(error, limit, 0.3)


def test_a_certificate_that_nobody_vouches_for(driver: Driver, certificate: ssl.SSLContext) -> None:
    with serving(OK, tls=certificate) as server:
        error = failure(driver, driver.client(server.url))
        assert not server.requests
    assert type(error).__name__ == "APIConnectionError"
    assert (error.phase, error.attempts, error.retryable) == (CONNECTING, 1, False)
    assert "certificate" in str(error)


def test_plain_text_to_a_server_of_tls(driver: Driver, certificate: ssl.SSLContext) -> None:
    with serving(OK, tls=certificate) as server:
        url = server.url.replace("https:", "http:")
        error = failure(driver, driver.client(url))
    assert type(error).__name__ == "APIConnectionError"
    assert error.phase in ("sending", "waiting") and error.attempts == 1


SECURE: dict[str, tuple[Reply, str, str]] = {
    # Without the end of TLS, somebody else may have cut the answer: no length tells.
    "cut, of no length": ([unsized() + BODY, CUT], "APIConnectionError", "reading"),
    "cut in the body": ([sized(BODY, length=999), CUT], "APIConnectionError", "reading"),
    "cut before the head": ([CUT], "APIConnectionError", "waiting"),
    "reset": ([Pause(0.05), RESET], "APIConnectionError", "waiting"),
    "silent": ([STALL], "APITimeoutError", "waiting"),
    "silent in the body": ([sized(b"{", length=999), STALL], "APITimeoutError", "reading"),
}


@pytest.mark.parametrize("case", SECURE)
def test_faults_under_tls(
    driver: Driver, case: str, certificate: ssl.SSLContext, trusting: ssl.SSLContext
) -> None:
    script, name, phase = SECURE[case]
    with serving(script, OK, tls=certificate) as server:
        timeout = driver.package.Timeout(read=0.4)
        client = driver.client(server.url, ssl_context=trusting, timeout=timeout, max_retries=0)
        error = failure(driver, client, safe=True)
        driver.create(client)
    assert type(error).__name__ == name, repr(error)
    assert error.phase == phase
    assert error.status_code == (200 if phase == "reading" else None)


def test_a_stream_cut_under_tls(
    driver: Driver, certificate: ssl.SSLContext, trusting: ssl.SSLContext
) -> None:
    with serving([STREAM, chunk(HEL), CUT], tls=certificate) as server:
        client = driver.client(server.url, ssl_context=trusting)
        with pytest.raises(driver.errors.StreamTruncatedError) as caught:
            driver.read(client)
    assert caught.value.partial.choices[0].message.content == "Hel"


# -- proxies

PROXIES: dict[str, tuple[Reply, int]] = {
    "wants a password": ([b"HTTP/1.1 407 X\r\nContent-Length: 0\r\n\r\n"], 1),
    "refuses": ([b"HTTP/1.1 403 X\r\nContent-Length: 0\r\n\r\n"], 1),
    "cannot": ([b"HTTP/1.1 502 X\r\nContent-Length: 0\r\n\r\n"], 2),
    "hangs up": ([CUT], 2),
    "resets": ([RESET], 2),
    "talks nonsense": ([b"SSH-2.0-OpenSSH_9.6\r\n", CUT], 2),
    "hangs up behind its answer": ([b"HTTP/1.1 200 X\r\n\r\n", CUT], 2),
}


@pytest.mark.parametrize("case", PROXIES)
def test_proxies_that_build_no_tunnel(driver: Driver, case: str) -> None:
    script, attempts = PROXIES[case]
    with serving(script) as proxy:
        with_password = proxy.url.replace("//", "//somebody:pass-word@")
        client = driver.client("https://api.invalid", proxy=with_password, max_retries=1)
        error = failure(driver, client)
        assert {request.method for request in proxy.requests} == {"CONNECT"}
    assert type(error).__name__ == "APIConnectionError", repr(error)
    assert (error.phase, error.attempts) == (CONNECTING, attempts)
    assert not any("pass-word" in text for text in traceback.format_exception(error))


@pytest.mark.parametrize("limit", ["connect", "total"])
def test_a_proxy_that_is_silent(driver: Driver, limit: str) -> None:
    timeout = driver.package.Timeout(**{limit: 0.3})
    with serving([STALL]) as proxy:
        client = driver.client(
            "https://api.invalid", proxy=proxy.url, timeout=timeout, max_retries=0
        )
        error = failure(driver, client)
    check_timeout(error, limit, 0.3)


def test_a_proxy_that_is_not_there(driver: Driver, nobody: str) -> None:
    client = driver.client("http://api.invalid", proxy=f"http://{nobody}", max_retries=1)
    error = failure(driver, client)
    assert (error.phase, error.attempts) == (CONNECTING, 2)
    assert f"proxy {nobody}: " in str(error)


def test_a_unix_socket_that_is_not_there(driver: Driver, tmp_path: Path) -> None:
    path = str(tmp_path / "none")
    client = driver.client("http://api.invalid", unix_socket=path, max_retries=1)
    error = failure(driver, client)
    assert (error.phase, error.attempts) == (CONNECTING, 2)
    assert path in str(error)


# -- the pool


@pytest.mark.parametrize("limit", ["pool", "total"])
def test_no_free_connection(driver: Driver, limit: str, monkeypatch: pytest.MonkeyPatch) -> None:
    direct = f"{driver.package.__name__}._runtime.direct"
    monkeypatch.setattr(import_module(f"{direct}.async_pool"), "MAX_CONNECTIONS", 1)
    with serving([STREAM, chunk(HEL), STALL], OK) as server:
        timeout = driver.package.Timeout(**{limit: 0.3})
        client = driver.client(server.url, max_retries=0)
        if driver.kind == "sync":
            client._connections.get()._pool = import_module(f"{direct}.pool").Pool(1)
        stream = driver.create(client, stream=True)
        error = failure(driver, client.with_options(timeout=timeout), safe=True)
        assert len(server.requests) == 1
        driver.call(stream.close if driver.kind == "sync" else stream.aclose)
        driver.create(client)
    check_timeout(error, limit, 0.3)
