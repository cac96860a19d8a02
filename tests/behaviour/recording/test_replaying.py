"""Exchanges with a real server are replayed without one: the same values, errors and streams."""

from __future__ import annotations

import asyncio
import io
import socket
import ssl
import threading
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import trustme
import yaml

from tests.behaviour.recorded_calls import (
    Both,
)
from tests.behaviour.recorded_server import BLOB, real_server

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
