"""Exchanges with a real server are recorded, and replayed without one: the same values, no secrets."""

from __future__ import annotations

import asyncio
import base64
import io
import os
import re
import socket
import ssl
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any
from urllib.parse import quote

import pytest
import trustme
import yaml

from sdkpress.config import config_from_options
from sdkpress.diagnostics import Diagnostics
from sdkpress.pipeline import build
from tests.behaviour.recorded_server import BLOB, RealServer, real_server
from tests.behaviour.test_life import run_python

KEY = "sk-live/Ab+3456789=="
WORD = "query&key 0123456789"
SEAT = "cookie-key-98765"
PASSWORD = "pass:word%987654"
CREDENTIALS = {
    "bearer_token": KEY,
    "word": WORD,
    "cookie": SEAT,
    "username": "somebody",
    "password": PASSWORD,
}
OTHERS = {
    "bearer_token": "another-key",
    "word": "another-word",
    "cookie": "another-cookie",
    "username": "nobody",
    "password": "another-password",
}


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> ModuleType:
    """The client of recorded.yaml, with the fixtures that ship with it."""
    folder = tmp_path_factory.mktemp("recorded")
    config = config_from_options(
        spec=Path(__file__).with_name("recorded.yaml"), out=folder, name="recorded-things",
        package="recorded_things", client="Things",
    )  # fmt: skip
    for file in build(config, Diagnostics(), black="off").files:
        target = folder / file.path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(file.content)
    sys.path.insert(0, str(folder / "src"))
    return import_module("recorded_things")


@pytest.fixture
def real() -> Iterator[tuple[str, RealServer]]:
    with real_server() as found:
        yield found


class Both:
    """One way to use the sync and the async client: a use gets the client, and may return a coroutine."""

    def __init__(self, package: ModuleType, kind: str) -> None:
        self.package = package
        self.kind = kind
        self.testing = import_module(f"{package.__name__}.testing")
        self.errors = import_module(f"{package.__name__}.errors")

    def run(
        self, use: Callable[[Any], Any], base_url: str, keys: Any = None, **options: Any
    ) -> Any:
        keys = CREDENTIALS if keys is None else keys
        if self.kind == "sync":
            with self.package.Things(base_url=base_url, **keys, **options) as client:
                return use(client)

        async def main() -> Any:
            async with self.package.AsyncThings(base_url=base_url, **keys, **options) as client:
                result = use(client)
                return await result if hasattr(result, "__await__") else result

        return asyncio.run(main())

    def record(self, path: Path, use: Callable[[Any], Any], base_url: str, **options: Any) -> Any:
        prefix = "" if self.kind == "sync" else "Async"
        kind = getattr(self.testing, f"{prefix}RecordingTransport")
        inner = options.pop("inner", None)
        cassette = self.testing.Recording(path, **options) if options else path
        return self.run(use, base_url, http_client=kind(cassette, http_client=inner))

    def replay(self, path: Path, use: Callable[[Any], Any], **options: Any) -> Any:
        """With other keys, another base URL, and no network."""
        prefix = "" if self.kind == "sync" else "Async"
        cassette = self.testing.Replay(path, **options) if options else path
        transport = getattr(self.testing, f"{prefix}ReplayTransport")(cassette)
        result = self.run(use, "http://nowhere.invalid", OTHERS, http_client=transport)
        transport.app.assert_all_used()
        return result

    def items(self, call: Callable[[Any], Any]) -> Callable[[Any], Any]:
        """A use that reads a stream: its items, and the error that ended it."""

        def use(client: Any) -> Any:
            found: list[Any] = []
            try:
                with call(client) as stream:
                    found.extend(stream)
            except self.errors.ThingsError as error:
                return found, type(error)
            return found, None

        async def ause(client: Any) -> Any:
            found: list[Any] = []
            try:
                async with await call(client) as stream:
                    async for item in stream:
                        found.append(item)
            except self.errors.ThingsError as error:
                return found, type(error)
            return found, None

        return use if self.kind == "sync" else ause


@pytest.fixture(params=["sync", "async"])
def both(request: pytest.FixtureRequest, package: ModuleType) -> Both:
    return Both(package, request.param)


@pytest.fixture
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """Any socket but the pair that an event loop wakes itself with is an error."""

    def refuse(*arguments: Any, **options: Any) -> Any:
        raise AssertionError("a connection was opened")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket.socket, "connect_ex", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    monkeypatch.setattr(asyncio.BaseEventLoop, "create_connection", refuse)
    monkeypatch.setattr(asyncio.BaseEventLoop, "getaddrinfo", refuse)


CALLS: dict[str, Callable[[Any], Any]] = {
    "gzip, query and declared headers": lambda c: c.things.get("a/b ü", fields=["x", "y"]),
    "a body": lambda c: c.things.create(
        id="1", name="a: b\n- c\n", weight=0.1, parts=[{"id": "2"}]
    ),
    "no content": lambda c: c.things.delete("1"),
    "multipart": lambda c: c.files.upload(note="nöte", file=("a.txt", io.BytesIO(b"x\r\n\0y"))),
    "bytes up": lambda c: c.files.update(body=b"\x00\x01" * 70_000),
    "bytes in blocks up": lambda c: c.files.update(body=iter([b"one", b"two"])),
    "bytes down": lambda c: c.files.get("blob"),
    "a redirect": lambda c: c.files.get("moved"),
    "text": lambda c: c.text.get(),
    "a form": lambda c: c.login.run(user="me", password="my-own-password"),
}


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS.keys())
def test_the_same_value_without_a_server(
    both: Both,
    call: Callable[[Any], Any],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    request: pytest.FixtureRequest,
) -> None:
    path = tmp_path / "cassettes" / "one.yaml"
    with real_server() as (url, server):
        recorded = both.record(path, call, url)
        assert server.count
    request.getfixturevalue("no_network")
    replayed = both.replay(path, call)
    if isinstance(recorded, dict) and "access_token" in recorded:
        assert replayed["access_token"] == replayed["again"] == "REDACTED"
        assert (replayed["user"], replayed["max_tokens"]) == ("me", 12)
    else:
        assert replayed == recorded
        assert type(replayed) is type(recorded)


def test_a_replay_opens_no_socket(
    package: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nor a thread, nor an event loop, which would have sockets of its own."""
    made = Both(package, "sync")
    with real_server() as (url, _):
        recorded = made.record(tmp_path / "a.yaml", lambda c: c.things.get("1"), url)
    threads = threading.active_count()

    def refuse(*arguments: Any, **options: Any) -> Any:
        raise AssertionError("a socket was opened")

    monkeypatch.setattr(socket, "socket", refuse)
    monkeypatch.setattr(socket, "socketpair", refuse)
    monkeypatch.setattr(asyncio, "new_event_loop", refuse)
    assert made.replay(tmp_path / "a.yaml", lambda c: c.things.get("1")) == recorded
    assert threading.active_count() == threads


def test_a_download(both: Both, tmp_path: Path) -> None:
    def use(client: Any) -> Any:
        with client.download(client.files.get_request("blob")) as download:
            download.write_to(tmp_path / "blob")

    async def ause(client: Any) -> Any:
        async with await client.download(client.files.get_request("blob")) as download:
            await download.write_to(tmp_path / "blob")

    with real_server() as (url, _):
        both.record(tmp_path / "a.yaml", use if both.kind == "sync" else ause, url)
    (tmp_path / "blob").unlink()
    both.replay(tmp_path / "a.yaml", use if both.kind == "sync" else ause)
    assert (tmp_path / "blob").read_bytes() == BLOB


def test_bytes_are_the_same_bytes(both: Both, tmp_path: Path) -> None:
    with real_server() as (url, _):
        assert both.record(tmp_path / "a.yaml", lambda c: c.files.get("blob"), url) == BLOB
    assert both.replay(tmp_path / "a.yaml", lambda c: c.files.get("blob")) == BLOB


@pytest.mark.parametrize("name", ["events", "lines"])
def test_streams(both: Both, name: str, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    use = both.items(lambda c: c.events.create(topic="t") if name == "events" else c.lines.list())
    path = tmp_path / "stream.yaml"
    with real_server() as (url, _):
        items, error = both.record(path, use, url)
        assert len(items) >= 4
        assert error is None
    request.getfixturevalue("no_network")
    replayed, error = both.replay(path, use)
    assert error is None
    assert len(replayed) == len(items)
    assert replayed[:4] == items[:4]
    body = yaml.safe_load(path.read_text())["exchanges"][0]["response"]
    assert len(body[name]) == len(items)


def test_a_cut_stream_is_cut_again(both: Both, tmp_path: Path) -> None:
    use = both.items(lambda c: c.events.create(topic="t"))
    with real_server() as (url, server):
        server.cuts = True
        recorded = both.record(tmp_path / "cut.yaml", use, url)
    assert recorded[1] is both.errors.StreamTruncatedError
    assert both.replay(tmp_path / "cut.yaml", use) == recorded
    answer = yaml.safe_load((tmp_path / "cut.yaml").read_text())["exchanges"][-1]["response"]
    assert answer["ended"] == "cut"
    assert len(answer["events"]) == 3


def test_a_timeout_comes_about_again_at_once(both: Both, tmp_path: Path) -> None:
    limit = both.package.Timeout(between_events=0.3)
    use = both.items(
        lambda c: c.with_options(timeout=limit, max_retries=0).events.create(topic="t")
    )
    with real_server() as (url, server):
        server.stalls = True
        recorded = both.record(tmp_path / "stall.yaml", use, url)
    assert recorded[1] is both.errors.APITimeoutError
    assert both.replay(tmp_path / "stall.yaml", use) == recorded


def test_retries_as_they_happened(both: Both, tmp_path: Path) -> None:
    def use(client: Any) -> Any:
        return client.send(client.things.get_request("1"))

    with real_server() as (url, server):
        server.failures_left = 2
        recorded = both.record(tmp_path / "r.yaml", use, url)
    assert recorded.attempts == 3
    replayed = both.replay(tmp_path / "r.yaml", use)
    assert (replayed.attempts, replayed.status_code) == (3, 200)
    assert replayed.parsed == recorded.parsed
    assert replayed.headers["x-version"] == "7"


def test_errors(both: Both, tmp_path: Path) -> None:
    def use(client: Any) -> Any:
        return client.things.get("none")

    with real_server() as (url, _), pytest.raises(both.errors.NotFoundError) as recorded:
        both.record(tmp_path / "e.yaml", use, url)
    with pytest.raises(both.errors.NotFoundError) as replayed:
        both.replay(tmp_path / "e.yaml", use)
    assert replayed.value.body == recorded.value.body


def test_over_tls(both: Both, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    authority = trustme.CA()
    server_context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(server_context)
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
    with real_server(server_context) as (url, _):
        recorded = both.record(tmp_path / "t.yaml", lambda c: c.things.get("1"), url)
    assert both.replay(tmp_path / "t.yaml", lambda c: c.things.get("1")) == recorded


def test_through_a_client_of_another_library(both: Both, tmp_path: Path) -> None:
    httpx2 = pytest.importorskip("httpx2")
    with real_server() as (url, _):
        inner = httpx2.Client() if both.kind == "sync" else httpx2.AsyncClient()

        async def ause(client: Any) -> Any:
            async with inner:
                return await client.things.get("1")

        def use(client: Any) -> Any:
            with inner:
                return client.things.get("1")

        recorded = both.record(
            tmp_path / "h.yaml", use if both.kind == "sync" else ause, url, inner=inner
        )
    assert both.replay(tmp_path / "h.yaml", lambda c: c.things.get("1")) == recorded


# -- secrets


def written_forms(key: str) -> set[str]:
    forms = {key, quote(key, safe=""), key.encode().hex(), key.replace('"', '\\"')}
    for before in range(3):
        content = b"\0" * before + key.encode()
        forms.add(base64.b64encode(content).decode()[(0, 2, 3)[before] : len(content) * 8 // 6])
    return forms


def test_no_credential_is_in_the_file(
    both: Both, real: tuple[str, RealServer], tmp_path: Path
) -> None:
    url, _ = real

    def use(client: Any) -> Any:
        calls = [
            lambda: client.things.create(id="1", name=f"before {KEY} after", weight=1),
            lambda: client.keyed.get(page=2),
            lambda: client.basic.get(),
            lambda: client.login.run(user="me", password="my-own-password", pet="petname-0815"),
            lambda: client.files.upload(note=f"x{KEY}", file=("k.bin", b"\xff\xfe" + KEY.encode())),
            lambda: client.files.update(body=b"\xff\xfe" + WORD.encode()),
            lambda: client.things.get(KEY),
        ]
        if both.kind == "sync":
            return [call() for call in calls]

        async def main() -> Any:
            return [await call() for call in calls]

        return main()

    path = tmp_path / "s.yaml"
    both.record(path, use, url)
    text = path.read_text(encoding="utf-8")
    unwrapped = re.sub(r"\s+", "", text)
    secrets = [KEY, WORD, SEAT, PASSWORD, "my-own-password", "issued-token-0123456789"]
    for key in [*secrets, "petname-0815"]:
        for form in written_forms(key):
            assert form.lower() not in text.lower(), form
            assert re.sub(r"\s+", "", form) not in unwrapped, form
    for encoded in re.findall(r"[A-Za-z0-9+/]{16,}", unwrapped):
        content = base64.b64decode(encoded[: len(encoded) // 4 * 4])
        assert not any(key.encode() in content for key in secrets)
    assert "session-" not in text  # the cookie that the server has set
    assert text.count("REDACTED") > 20
    listed = yaml.safe_load(text)["exchanges"]
    assert listed[1]["request"]["query"] == {"page": "2"}
    assert len(both.replay(path, use)) == 7


def test_what_the_user_calls_a_secret(
    both: Both, real: tuple[str, RealServer], tmp_path: Path
) -> None:
    url, _ = real

    def edit(exchange: dict[str, Any]) -> object:
        exchange["response"].setdefault("headers", {})["x-note"] = "edited"
        return exchange["request"]["method"] != "DELETE"

    def use(client: Any) -> Any:
        made = {"id": "1", "name": "Jane Doe", "parts": [{"id": "p1"}, {"id": "p2"}]}
        if both.kind == "sync":
            client.things.delete("1")
            return client.things.create(**made, weight=2.0)

        async def main() -> Any:
            await client.things.delete("1")
            return await client.things.create(**made, weight=2.0)

        return main()

    path = tmp_path / "u.yaml"
    redact = ["weight", "/parts/*/id", re.compile(r"J\w+ D\w+"), edit]
    both.record(path, use, url, redact=redact)
    (exchange,) = yaml.safe_load(path.read_text())["exchanges"]
    sent = {"id": "1", "name": "REDACTED", "weight": "REDACTED"}
    assert exchange["request"]["json"] == {**sent, "parts": [{"id": "REDACTED"}] * 2}
    assert exchange["response"]["headers"]["x-note"] == "edited"


# -- what is written


def test_recording_again_changes_nothing(both: Both, tmp_path: Path) -> None:
    def use(client: Any) -> Any:
        calls = [
            lambda: client.things.get("1", x_tenant="t"),
            lambda: client.files.upload(note="n", file=("a", b"x")),
        ]
        if both.kind == "sync":
            return [call() for call in calls]

        async def main() -> Any:
            return [await call() for call in calls]

        return main()

    texts: list[str] = []
    for name in ("one", "two"):
        with real_server() as (url, server):
            server.count = len(texts) * 100
            both.record(tmp_path / f"{name}.yaml", use, url)
        texts.append((tmp_path / f"{name}.yaml").read_text())
    assert texts[0] == texts[1]
    assert "x-tenant: t" in texts[0]
    assert "localhost" not in texts[0]


def test_the_file_is_complete_after_each_exchange(
    package: ModuleType, real: tuple[str, RealServer], tmp_path: Path
) -> None:
    testing = import_module("recorded_things.testing")
    path = tmp_path / "c.yaml"
    path.write_text("what was there before")
    client = package.Things(
        **CREDENTIALS, base_url=real[0], http_client=testing.RecordingTransport(path)
    )
    assert path.read_text() == "what was there before"
    for number in range(3):
        client.things.get(str(number))
        listed = yaml.safe_load(path.read_text())["exchanges"]
        assert [item["request"]["path"] for item in listed] == [
            f"/things/{n}" for n in range(number + 1)
        ]
    assert [item.name for item in tmp_path.iterdir()] == ["c.yaml"]
    client.close()


def test_threads_share_a_recording(
    package: ModuleType, real: tuple[str, RealServer], tmp_path: Path
) -> None:
    testing = import_module("recorded_things.testing")
    transport = testing.RecordingTransport(tmp_path / "t.yaml")
    with package.Things(**CREDENTIALS, base_url=real[0], http_client=transport) as client:
        threads = [
            threading.Thread(target=lambda n=n: client.things.get(str(n))) for n in range(20)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    listed = yaml.safe_load((tmp_path / "t.yaml").read_text())["exchanges"]
    assert sorted(int(item["request"]["path"].rpartition("/")[2]) for item in listed) == [
        *range(20)
    ]


def test_what_is_too_large_is_recognised_and_not_kept(
    both: Both, real: tuple[str, RealServer], tmp_path: Path
) -> None:
    path = tmp_path / "l.yaml"
    body = b"\xff" * 5000
    both.record(path, lambda c: c.files.update(body=body), real[0], largest_body=1000)
    assert both.replay(path, lambda c: c.files.update(body=body)).id == "5000"
    with pytest.raises(AssertionError, match="sha256"):
        both.replay(path, lambda c: c.files.update(body=body[:-1] + b"x"))
    both.record(path, lambda c: c.files.get("blob"), real[0], largest_body=1000)
    with pytest.raises(AssertionError, match="too large to be kept"):
        both.replay(path, lambda c: c.files.get("blob"))
    assert len(path.read_text()) < 1000


def test_a_caller_who_leaves(both: Both, tmp_path: Path) -> None:
    def use(client: Any) -> Any:
        with client.events.create(topic="t") as stream:
            return next(iter(stream))

    async def ause(client: Any) -> Any:
        async with await client.events.create(topic="t") as stream:
            async for item in stream:
                return item

    with real_server() as (url, server):
        server.stalls = True
        first = both.record(tmp_path / "a.yaml", use if both.kind == "sync" else ause, url)
    answer = yaml.safe_load((tmp_path / "a.yaml").read_text())["exchanges"][0]["response"]
    assert answer["ended"] == "abandoned"
    assert both.replay(tmp_path / "a.yaml", use if both.kind == "sync" else ause) == first


# -- what does not match


@pytest.fixture
def cassette(package: ModuleType, real: tuple[str, RealServer], tmp_path: Path) -> Path:
    """Three requests: two equal ones, and one with a body."""
    path = tmp_path / "three.yaml"
    made = Both(package, "sync")

    def use(client: Any) -> None:
        client.things.get("1", fields=["a"])
        client.things.get("1", fields=["a"])
        client.things.create(id="1", weight=1)

    made.record(path, use, real[0])
    return path


MISMATCHES: dict[str, tuple[Callable[[Any], Any], str]] = {
    "query": (lambda c: c.things.get("1", fields=["b"]), "query fields: recorded 'a', sent 'b'"),
    "path": (lambda c: c.things.get("2", fields=["a"]), "path: recorded /things/1, sent /things/2"),
    "method": (lambda c: c.things.delete("1"), "method: recorded GET, sent DELETE"),
    "body": (lambda c: c.things.create(id="1", weight=2), "body/weight: recorded 1, sent 2"),
    "no body field": (lambda c: c.things.create(id="1"), "body/weight: recorded 1, sent nothing"),
}


@pytest.mark.parametrize(("call", "said"), MISMATCHES.values(), ids=MISMATCHES.keys())
def test_a_request_that_is_not_there(
    both: Both, cassette: Path, call: Callable[[Any], Any], said: str
) -> None:
    prefix = "" if both.kind == "sync" else "Async"
    transport = getattr(both.testing, f"{prefix}ReplayTransport")(cassette)
    with pytest.raises(both.testing.UnmatchedRequestError) as caught:
        both.run(call, "http://nowhere.invalid", http_client=transport)
    assert said in str(caught.value)
    assert str(cassette) in str(caught.value)
    assert not isinstance(caught.value, both.errors.ThingsError)
    # Whatever the code under test has made of it.
    assert len(transport.app.failures) == 1
    with pytest.raises(both.testing.UnmatchedRequestError):
        transport.app.check()


def test_each_recording_answers_once(both: Both, cassette: Path) -> None:
    def use(client: Any) -> Any:
        if both.kind == "sync":
            return [client.things.get("1", fields=["a"]) for _ in range(3)]

        async def main() -> Any:
            return [await client.things.get("1", fields=["a"]) for _ in range(3)]

        return main()

    with pytest.raises(both.testing.UnmatchedRequestError, match="has been replayed already"):
        both.replay(cassette, use)
    prefix = "" if both.kind == "sync" else "Async"
    transport = getattr(both.testing, f"{prefix}ReplayTransport")(
        both.testing.Replay(cassette, repeat=True)
    )
    assert len(both.run(use, "http://nowhere.invalid", http_client=transport)) == 3
    (unused,) = transport.app.unused
    assert "POST /things (201) was not asked for" in unused
    with pytest.raises(AssertionError, match="POST /things"):
        transport.app.assert_all_used()


def test_what_is_compared_can_be_said(both: Both, cassette: Path) -> None:
    prefix = "" if both.kind == "sync" else "Async"
    replay = both.testing.Replay(cassette, match_on=("method", "path"))
    transport = getattr(both.testing, f"{prefix}ReplayTransport")(replay)
    found = both.run(
        lambda c: c.things.create(id="9", name="other"), "http://n.invalid", http_client=transport
    )
    assert found.id == "1"
    with pytest.raises(ValueError, match="'colour' is none of"):
        getattr(both.testing, f"{prefix}ReplayTransport")(
            both.testing.Replay(cassette, match_on=("colour",))
        )


# -- through the fake server


def test_the_fake_server_records_and_replays(
    both: Both, real: tuple[str, RealServer], tmp_path: Path
) -> None:
    url, server = real
    path = tmp_path / "f.yaml"

    def use(client: Any) -> Any:
        if both.kind == "sync":
            with client.events.create(topic="t") as stream:
                ticks = list(stream)
            return client.things.get("1", fields=["a"]), client.files.get("blob"), ticks[:4]

        async def main() -> Any:
            async with await client.events.create(topic="t") as stream:
                ticks = [tick async for tick in stream]
            thing = await client.things.get("1", fields=["a"])
            return thing, await client.files.get("blob"), ticks[:4]

        return main()

    fake = both.testing.fake_app(record=path, upstream=url)
    with fake.serve() as served:
        recorded = both.run(use, served.url)
    assert server.count == 3
    assert [request.path for request in fake.requests] == ["/events", "/things/1", "/files/blob"]
    assert KEY not in path.read_text()
    both_at_once = both.testing.fake_app(replay=path, record=path, upstream=url)
    assert both.run(
        use, "http://x.invalid", OTHERS, http_client=in_process(both, both_at_once)
    ) == (recorded)
    both_at_once.assert_all_used()
    assert server.count == 3
    replaying = both.testing.fake_app(replay=path)
    with replaying.serve() as served:
        assert both.run(use, f"{served.url}/v2", OTHERS) == recorded
    replaying.assert_all_used()


def in_process(both: Both, app: Any) -> Any:
    prefix = "" if both.kind == "sync" else "Async"
    return getattr(both.testing, f"{prefix}AppTransport")(app)


def test_the_fake_server_while_it_replays(both: Both, cassette: Path) -> None:
    fake = both.testing.fake_app(replay=cassette)
    fake.things.get.fails(status=404)
    with pytest.raises(both.errors.NotFoundError):
        both.run(
            lambda c: c.things.get("1", fields=["a"]),
            "http://x.invalid", http_client=in_process(both, fake),
        )  # fmt: skip
    with pytest.raises(both.testing.UnmatchedRequestError, match="not recorded"):
        both.run(
            lambda c: c.things.get("7"), "http://x.invalid", http_client=in_process(both, fake)
        )
    fake.reset()
    count = 0

    def use(client: Any) -> Any:
        nonlocal count
        count += 1
        return client.things.get("7")

    with (
        pytest.raises(both.testing.UnmatchedRequestError, match="not recorded"),
        fake.serve() as served,
    ):
        # From elsewhere it is an answer; the test still fails.
        with pytest.raises(both.errors.APIStatusError, match="was not recorded"):
            both.run(use, served.url, OTHERS)
        assert len(fake.requests) == 1


def test_a_server_that_is_not_there(both: Both, tmp_path: Path) -> None:
    fake = both.testing.fake_app(record=tmp_path / "x.yaml", upstream="http://127.0.0.1:9")
    with pytest.raises(both.errors.InternalServerError, match="gives no answer"):
        both.run(
            lambda c: c.things.get("1"), "http://x.invalid", max_retries=0,
            http_client=in_process(both, fake),
        )  # fmt: skip
    assert not (tmp_path / "x.yaml").exists()


def test_what_does_not_go_together(package: ModuleType, tmp_path: Path) -> None:
    testing = import_module("recorded_things.testing")
    for options in (
        {"record": tmp_path / "a.yaml", "upstream": "ftp://x"},
        {"upstream": "http://x"},
        {"record": tmp_path / "a.yaml", "upstream": "x"},
        {"record": tmp_path / "a.yaml", "replay": tmp_path / "b.yaml", "upstream": "http://x"},
    ):
        with pytest.raises(ValueError, match=r"upstream|one file"):
            testing.fake_app(**options)
    with pytest.raises(FileNotFoundError, match="record it first"):
        testing.fake_app(replay=tmp_path / "none.yaml")


TEST = """
import pytest
from recorded_things import Things
from recorded_things.testing import Replay

@pytest.mark.things(replay="cassettes/a.yaml", record="cassettes/a.yaml", upstream={url!r})
def test_it(things: Things) -> None:
    assert things.things.get("1").weight == 1.5

@pytest.mark.things(replay="cassettes/a.yaml")
def test_another(things: Things) -> None:
    try:
        things.things.get("2")
    except BaseException:
        pass

@pytest.mark.things(replay=Replay("cassettes/a.yaml", match_on=["method"]), unused="ignore")
def test_loosely(things: Things) -> None:
    assert things.things.get("5").id == "1"

@pytest.mark.things(replay="cassettes/a.yaml")
def test_nothing_is_asked(things: Things) -> None:
    pass
"""


def test_a_test_records_itself(package: ModuleType, tmp_path: Path) -> None:
    """With the key in the environment, which no other test uses; later without a server."""
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p",
               "recorded_things.testing.pytest_plugin", "test_it.py"]  # fmt: skip
    folder = str(Path(str(package.__file__)).parents[1])
    environment = {**os.environ, "PYTHONPATH": folder, "THINGS_BEARER_TOKEN": KEY}

    def run() -> str:
        done = subprocess.run(
            command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=60
        )
        assert done.stderr == ""
        return done.stdout

    with real_server() as (url, server):
        (tmp_path / "test_it.py").write_text(TEST.format(url=url))
        first = run()
        assert server.count == 1
    text = (tmp_path / "cassettes" / "a.yaml").read_text()
    assert "path: /things/1" in text
    assert KEY not in text
    del environment["THINGS_BEARER_TOKEN"]
    for output in (first, run()):
        assert "1 failed, 3 passed" in output
        assert "FAILED test_it.py::test_another" in output
        assert "recorded /things/1, sent /things/2" in output
        assert "GET /things/1 (200) was not asked for" in output  # a warning


def test_nothing_is_loaded_that_is_not_needed(package: ModuleType) -> None:
    code = (
        "import sys; import recorded_things.testing as t; t.fake_app(); "
        "print([n for n in sys.modules if n == 'yaml' or n.endswith(('.recording', '.replaying', "
        "'.recording_transports', '.replay_transports', '.upstream', '.cassettes'))])"
    )
    assert run_python(package, code).strip() == "[]"
