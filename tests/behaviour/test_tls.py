"""Who is trusted, who is not, and what is said about it; sync and async, by certificates of our own."""

from __future__ import annotations

import datetime
import os
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import trustme

from tests.behaviour.driving import Driver
from tests.behaviour.fault_server import CUT, FaultServer, Pause, reply, serving, stream
from tests.behaviour.listening import read_head

pytestmark = pytest.mark.only("default")

COMPLETION = (
    '{"id":"c1","object":"chat.completion","created":1,"model":"m","choices":'
    '[{"index":0,"finish_reason":"stop","delta":{"content":"Hi"},"message":{"content":"Hi"}}]}'
)
EVENT = (
    b'data: {"id":"c1","object":"chat.completion.chunk","created":1,"model":"m","choices":'
    b'[{"index":0,"finish_reason":null,"delta":{"content":"%d"}}]}\n\n'
)


@pytest.fixture(scope="module")
def package(handmade: ModuleType) -> ModuleType:
    """The client under test."""
    return handmade


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture(scope="module")
def bundle(authority: trustme.CA, tmp_path_factory: pytest.TempPathFactory) -> str:
    """A file with the authority's certificate."""
    path = tmp_path_factory.mktemp("certificates") / "authority.pem"
    authority.cert_pem.write_to_path(str(path))
    return str(path)


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("SSL_CERT_FILE", "SSL_CERT_DIR", "HTTPS_PROXY", "HTTP_PROXY", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


def server_context(certificate: trustme.LeafCert) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    certificate.configure_cert(context)
    return context


def url_of(server: FaultServer, host: str = "localhost") -> str:
    return server.url.replace("127.0.0.1", host)


def trusting(authority: trustme.CA) -> ssl.SSLContext:
    context = ssl.create_default_context()
    authority.configure_trust(context)
    return context


# -- who is trusted


def test_an_authority_of_the_environment(
    driver: Driver, authority: trustme.CA, bundle: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", bundle)
    with serving(
        reply(COMPLETION), tls=server_context(authority.issue_cert("localhost"))
    ) as server:
        client = driver.client(url_of(server))
        assert driver.create(client).id == "c1"
        assert driver.create(client).id == "c1"
        assert server.connections == 1


def test_a_folder_of_authorities(
    driver: Driver,
    authority: trustme.CA,
    bundle: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    context = ssl.create_default_context(cafile=bundle)
    assert context.cert_store_stats()["x509_ca"]
    # OpenSSL looks a certificate up by a hash of its subject.
    try:
        import subprocess

        command = ["openssl", "x509", "-hash", "-noout", "-in", bundle]
        name = subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("the command openssl is not there")
    (tmp_path / f"{name}.0").write_bytes(Path(bundle).read_bytes())
    monkeypatch.setenv("SSL_CERT_DIR", str(tmp_path))
    monkeypatch.setenv("SSL_CERT_FILE", os.devnull)
    with serving(
        reply(COMPLETION), tls=server_context(authority.issue_cert("localhost"))
    ) as server:
        assert driver.create(driver.client(url_of(server))).id == "c1"


def test_a_context_of_the_caller(driver: Driver, authority: trustme.CA) -> None:
    with serving(
        reply(COMPLETION), tls=server_context(authority.issue_cert("localhost"))
    ) as server:
        client = driver.client(url_of(server), ssl_context=trusting(authority))
        assert driver.create(client).id == "c1"


def test_an_address_for_a_name(driver: Driver, authority: trustme.CA) -> None:
    with serving(
        reply(COMPLETION), tls=server_context(authority.issue_cert("127.0.0.1"))
    ) as server:
        assert driver.create(driver.client(server.url, ssl_context=trusting(authority))).id == "c1"


# -- who is not


def refused(driver: Driver, url: str, server: FaultServer, **options: Any) -> str:
    """What is said of a server that is not trusted; asked for once, and nothing told to it."""
    with pytest.raises(driver.errors.APIConnectionError) as caught:
        driver.create(driver.client(url, **options))
    assert (caught.value.phase, caught.value.retryable) == ("connecting", False)
    assert caught.value.attempts == server.connections == 1
    assert server.requests == []
    return str(caught.value)


def test_an_unknown_authority(driver: Driver, authority: trustme.CA) -> None:
    with serving(
        reply(COMPLETION), tls=server_context(authority.issue_cert("localhost"))
    ) as server:
        message = refused(driver, url_of(server), server)
    assert "certificate of localhost was refused" in message
    assert "SSL_CERT_FILE" in message and "ssl_context" in message


def test_another_host(driver: Driver, authority: trustme.CA) -> None:
    with serving(
        reply(COMPLETION), tls=server_context(authority.issue_cert("other.test"))
    ) as server:
        message = refused(driver, url_of(server), server, ssl_context=trusting(authority))
    assert "certificate of localhost was refused" in message and "mismatch" in message.lower()


def test_an_expired_certificate(driver: Driver, authority: trustme.CA) -> None:
    past = datetime.datetime(2020, 1, 1)
    certificate = authority.issue_cert("localhost", not_after=past)
    with serving(reply(COMPLETION), tls=server_context(certificate)) as server:
        message = refused(driver, url_of(server), server, ssl_context=trusting(authority))
    assert "expired" in message


def test_a_server_without_tls(driver: Driver, authority: trustme.CA) -> None:
    with serving(reply(COMPLETION), opening=[[b"HTTP/1.1 400 Bad Request\r\n\r\n"]]) as server:
        url = url_of(server).replace("http:", "https:")
        options = {"ssl_context": trusting(authority), "max_retries": 0}
        with pytest.raises(
            driver.errors.APIConnectionError, match="does not answer in TLS"
        ) as caught:
            driver.create(driver.client(url, **options))
        assert caught.value.phase == "connecting"


def test_a_server_that_hangs_up(driver: Driver, authority: trustme.CA) -> None:
    tls = server_context(authority.issue_cert("localhost"))
    with serving(reply(COMPLETION), opening=[[CUT]] * 5, tls=tls) as server:
        client = driver.client(url_of(server), ssl_context=trusting(authority), max_retries=1)
        with pytest.raises(driver.errors.APIConnectionError) as caught:
            driver.create(client)
        assert (caught.value.phase, caught.value.attempts) == ("connecting", 2)


def test_a_handshake_that_takes_too_long(driver: Driver, authority: trustme.CA) -> None:
    timeout = driver.package.Timeout(connect=0.2)
    tls = server_context(authority.issue_cert("localhost"))
    with serving(reply(COMPLETION), opening=[[Pause(3.0)]], tls=tls) as server:
        options = {"ssl_context": trusting(authority), "timeout": timeout, "max_retries": 0}
        with pytest.raises(driver.errors.APITimeoutError) as caught:
            driver.create(driver.client(url_of(server), **options))
        assert (caught.value.phase, caught.value.limit) == ("connecting", "connect")


def test_nobody_is_trusted(
    driver: Driver, authority: trustme.CA, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A machine without certificates: the message says what to install."""
    monkeypatch.setenv("SSL_CERT_DIR", str(tmp_path))
    with serving(
        reply(COMPLETION), tls=server_context(authority.issue_cert("localhost"))
    ) as server:
        for file, said in (
            (os.devnull, "no certificate authorities were found"),
            (str(tmp_path / "none.pem"), "No such file"),
        ):
            monkeypatch.setenv("SSL_CERT_FILE", file)
            with pytest.raises(driver.errors.ConfigurationError, match=said) as caught:
                driver.create(driver.client(url_of(server)))
            assert "ca-certificates" in str(caught.value) and "certifi" in str(caught.value)
        assert server.requests == []
        # A context of the caller's is nobody's business.
        client = driver.client(url_of(server), ssl_context=trusting(authority))
        assert driver.create(client).id == "c1"


# -- what it carries


def test_a_client_certificate(driver: Driver, authority: trustme.CA) -> None:
    tls = server_context(authority.issue_cert("localhost"))
    authority.configure_trust(tls)
    tls.verify_mode = ssl.CERT_REQUIRED
    with serving(reply(COMPLETION), tls=tls) as server:
        context = trusting(authority)
        authority.issue_cert("client@api.test").configure_cert(context)
        assert driver.create(driver.client(url_of(server), ssl_context=context)).id == "c1"
        # In TLS 1.3 the client learns only afterwards that its certificate was missed.
        client = driver.client(url_of(server), ssl_context=trusting(authority), max_retries=0)
        with pytest.raises(driver.errors.APIConnectionError):
            driver.create(client)


def test_many_small_events(driver: Driver, authority: trustme.CA) -> None:
    events = [EVENT % number for number in range(300)]
    answer = stream(*events, b"data: [DONE]\n\n")
    tls = server_context(authority.issue_cert("localhost"))
    with serving(answer, reply(COMPLETION), tls=tls) as server:
        client = driver.client(url_of(server), ssl_context=trusting(authority))
        texts = [item.choices[0].delta.content for item in driver.read(client)]
        assert texts == [str(number) for number in range(300)]
        assert driver.create(client).id == "c1"
        assert server.connections == 1


def test_large_bodies(driver: Driver, authority: trustme.CA) -> None:
    text = "x" * 3_000_000
    answer = reply(COMPLETION.replace("Hi", "y" * 3_000_000))
    tls = server_context(authority.issue_cert("localhost"))
    with serving(answer, tls=tls) as server:
        client = driver.client(url_of(server), ssl_context=trusting(authority))
        made = driver.create(client, messages=[{"role": "user", "content": text}])
        assert made.choices[0].delta["content"] == "y" * 3_000_000
        assert text.encode() in server.requests[0].body


def test_a_protocol_we_do_not_speak(driver: Driver, authority: trustme.CA) -> None:
    tls = server_context(authority.issue_cert("localhost"))
    tls.set_alpn_protocols(["h2"])
    context = trusting(authority)
    context.set_alpn_protocols(["h2"])
    with serving(reply(COMPLETION), tls=tls) as server:
        client = driver.client(url_of(server), ssl_context=context)
        with pytest.raises(driver.errors.APIConnectionError, match=r"speaks HTTP/1\.1"):
            driver.create(client)
        assert server.requests == []


def test_a_farewell_that_came_with_the_answer(driver: Driver, authority: trustme.CA) -> None:
    """The connection is not used again: the server reads no more, though TCP stands open."""
    context = server_context(authority.issue_cert("localhost"))
    listener = socket.create_server(("127.0.0.1", 0))
    answer = (
        f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(COMPLETION)}"
    )
    accepted: list[socket.socket] = []

    def serve(connection: socket.socket) -> None:
        incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        session = context.wrap_bio(incoming, outgoing, server_side=True)
        is_ready = False
        with suppress(OSError):
            while data := connection.recv(65536):
                incoming.write(data)
                with suppress(ssl.SSLWantReadError):
                    if not is_ready:
                        session.do_handshake()
                        is_ready = True
                        connection.sendall(outgoing.read())
                    if session.read(65536):
                        session.write(f"{answer}\r\n\r\n{COMPLETION}".encode())
                        session.unwrap()
                if outgoing.pending:
                    connection.sendall(outgoing.read())

    def accept() -> None:
        with suppress(OSError):
            while True:
                accepted.append(listener.accept()[0])
                threading.Thread(target=serve, args=(accepted[-1],), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    url = f"https://localhost:{listener.getsockname()[1]}"
    client = driver.client(url, ssl_context=trusting(authority), max_retries=0)
    assert driver.create(client).id == "c1"
    assert driver.create(client).id == "c1"
    assert len(accepted) == 2
    for opened in (listener, *accepted):
        opened.close()


# -- through a proxy


@contextmanager
def tunnelling(
    authorization: str | None = None, answer: bytes = b"HTTP/1.1 200 Fine\r\n\r\n"
) -> Iterator[tuple[str, list[bytes]]]:
    """A proxy that connects to where it is told; gives its address and the heads it was sent."""
    listener = socket.create_server(("127.0.0.1", 0))
    heads: list[bytes] = []
    stopped = threading.Event()

    def copy(source: socket.socket, target: socket.socket) -> None:
        with suppress(OSError):
            while data := source.recv(65536):
                target.sendall(data)
        with suppress(OSError):
            target.shutdown(socket.SHUT_WR)

    def serve(connection: socket.socket) -> None:
        with connection, suppress(OSError):
            head = read_head(connection)
            heads.append(head)
            if authorization is not None and authorization.encode() not in head:
                connection.sendall(b"HTTP/1.1 407 No\r\nContent-Length: 0\r\n\r\n")
                return
            host, _, port = head.split(b" ")[1].rpartition(b":")
            with socket.create_connection((host.decode(), int(port))) as server:
                connection.sendall(answer)
                back = threading.Thread(target=copy, args=(server, connection), daemon=True)
                back.start()
                copy(connection, server)
                back.join(5)

    def accept() -> None:
        while not stopped.is_set():
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=serve, args=(connection,), daemon=True).start()

    thread = threading.Thread(target=accept, daemon=True)
    thread.start()
    try:
        yield f"127.0.0.1:{listener.getsockname()[1]}", heads
    finally:
        stopped.set()
        with suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join(5)
        time.sleep(0.05)


def test_a_tunnel_with_user_and_password(driver: Driver, authority: trustme.CA) -> None:
    tls = server_context(authority.issue_cert("localhost"))
    with (
        serving(reply(COMPLETION), tls=tls) as server,
        tunnelling("Basic dXNlcjpwQHNz") as (proxy, heads),
    ):
        options = {"ssl_context": trusting(authority), "proxy": f"http://user:p%40ss@{proxy}"}
        client = driver.client(url_of(server), **options)
        assert driver.create(client).id == "c1"
        assert driver.create(client).id == "c1"
        assert len(heads) == server.connections == 1
        authority_form = url_of(server).removeprefix("https://").encode()
        assert heads[0].startswith(b"CONNECT %b HTTP/1.1\r\n" % authority_form)
        assert b"sk-test" not in heads[0]
        assert "proxy-authorization" not in server.requests[0].headers
        wrong = driver.client(url_of(server), **{**options, "proxy": f"http://u:secret@{proxy}"})
        with pytest.raises(driver.errors.APIConnectionError, match="wants user and pass") as caught:
            driver.create(wrong)
        assert not caught.value.retryable and "secret" not in str(caught.value)


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.0 200 Connection established\r\nProxy-agent: tinyproxy/1.11.1\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n",
    ],
    ids=["HTTP/1.0", "close", "a length"],
)
def test_what_proxies_say_of_a_tunnel_beside_its_success(
    driver: Driver, authority: trustme.CA, answer: bytes
) -> None:
    tls = server_context(authority.issue_cert("localhost"))
    with serving(reply(COMPLETION), tls=tls) as server, tunnelling(answer=answer) as (proxy, _):
        options = {"ssl_context": trusting(authority), "proxy": f"http://{proxy}"}
        client = driver.client(url_of(server), **options)
        assert driver.create(client).id == "c1"
        assert driver.create(client).id == "c1"
        assert server.connections == 1


def test_a_proxy_of_the_environment(
    driver: Driver, authority: trustme.CA, monkeypatch: pytest.MonkeyPatch
) -> None:
    tls = server_context(authority.issue_cert("localhost"))
    with serving(reply(COMPLETION), tls=tls) as server, tunnelling() as (proxy, heads):
        monkeypatch.setenv("HTTPS_PROXY", proxy)
        options = {"ssl_context": trusting(authority)}
        assert driver.create(driver.client(url_of(server), **options)).id == "c1"
        assert len(heads) == 1
        assert driver.create(driver.client(url_of(server), proxy="", **options)).id == "c1"
        monkeypatch.setenv("NO_PROXY", "localhost")
        assert driver.create(driver.client(url_of(server), **options)).id == "c1"
        assert len(heads) == 1
        assert server.connections == 3


# -- how they are set up


def test_settings_of_the_connections_and_a_client_that_has_its_own(driver: Driver) -> None:
    for option in (
        {"proxy": "http://p.test"},
        {"ssl_context": ssl.create_default_context()},
        {"unix_socket": "/run/x.sock"},
    ):
        with pytest.raises(driver.errors.ConfigurationError, match="set them there"):
            driver.client("http://x.test", http_client=object(), **option)


def test_what_cannot_be_used_is_refused_at_once(driver: Driver) -> None:
    with pytest.raises(driver.errors.ConfigurationError, match="SOCKS"):
        driver.client("http://x.test", proxy="socks5://p.test")
    with pytest.raises(driver.errors.ConfigurationError, match="exclude"):
        driver.client("http://x.test", proxy="http://p.test", unix_socket="/run/x.sock")
