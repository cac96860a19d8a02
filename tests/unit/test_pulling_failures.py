"""Pulling from servers that fail, and from answers that are no document."""

from __future__ import annotations

import gzip
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest
import yaml

from sdkpress.diagnostics import SdkpressError
from sdkpress.fetching import Limits
from sdkpress.pulling import LOCK
from tests.unit.loopback_site import Site, here, pull, refused, site, snapshot
from tests.unit.site_pages import document, index, operation, pulled, serve

__all__ = ["here", "site"]  # fixtures


def failing(times: int, then: bytes, how: Callable[[BaseHTTPRequestHandler], None]) -> Any:
    """An answer that fails some times before it succeeds."""
    left = [times]

    def answer(handler: BaseHTTPRequestHandler) -> None:
        if left[0]:
            left[0] -= 1
            how(handler)
            handler.close_connection = True
            return
        handler.send_response(200)
        handler.send_header("Content-Length", str(len(then)))
        handler.end_headers()
        handler.wfile.write(then)

    return answer


def unavailable(handler: BaseHTTPRequestHandler) -> None:
    handler.send_response(503)
    handler.send_header("Retry-After", "0")
    handler.send_header("Content-Length", "0")
    handler.end_headers()


def short(handler: BaseHTTPRequestHandler) -> None:
    handler.send_response(200)
    handler.send_header("Content-Length", "100000")
    handler.end_headers()
    handler.wfile.write(b"openapi: 3.1.0\n")


def cut_chunks(handler: BaseHTTPRequestHandler) -> None:
    handler.wfile.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    handler.wfile.write(b"f\r\nopenapi: 3.1.0\n\r\n")


def hangs_up(handler: BaseHTTPRequestHandler) -> None:
    handler.wfile.write(b"HTTP/1.1 ")


FAILURES = [unavailable, short, cut_chunks, hangs_up]


@pytest.mark.parametrize("how", FAILURES)
def test_a_failure_that_passes_is_not_noticed(here: Path, site: Site, how: Any) -> None:
    text = yaml.safe_dump(document({})).encode()
    site.answers["/x.yaml"] = failing(2, text, how)
    pull([f"{site.url}/x.yaml"], here)
    assert (here / "openapi-spec/x.yaml").read_bytes() == text
    assert len(site.requests) == 3


def test_a_silent_server_is_asked_twice(here: Path, site: Site) -> None:
    woken = threading.Event()
    site.answers["/x.yaml"] = lambda handler: woken.wait(20)
    limits = Limits(read_seconds=0.1, pause_seconds=0)
    with pytest.raises(SdkpressError) as caught:
        pull([f"{site.url}/x.yaml"], here, limits=limits)
    woken.set()
    assert caught.value.diagnostics[0].id == "fetch-failed"
    assert len(site.requests) == 2 and snapshot(here) == {}


@pytest.mark.parametrize("how", FAILURES)
def test_a_failure_that_stays_loses_nothing(here: Path, site: Site, how: Any) -> None:
    text = yaml.safe_dump(document({})).encode()
    site.answers["/x.yaml"] = (200, {"ETag": '"1"'}, text)
    pull([f"{site.url}/x.yaml"], here)
    site.answers["/x.yaml"] = failing(3, text, how)
    assert refused(here) == "fetch-failed"
    assert len(site.requests) == 4


@pytest.mark.parametrize(
    ("headers", "body", "id"),
    [
        ({}, b"x" * 2_000_000, "fetch-too-large"),
        ({"Content-Encoding": "gzip"}, gzip.compress(b"#" * 2_000_000), "fetch-too-large"),
        ({}, b'{"error": "not found"}', "not-openapi"),
        ({}, b"Not found", "not-openapi"),
        ({}, b"\x89PNG\r\n\x1a\n\0\0", "invalid-encoding"),
        ({}, b"openapi: 3.1.0\ninfo: {title: \xfc}\n", "invalid-encoding"),
        ({}, b"openapi: 3.1.0\ninfo: {title: T", "invalid-yaml"),
        ({}, b"openapi: 3.1.0\ninfo: {title: T, version: '1'}\npaths: {}\n", "document-shrunk"),
    ],
)
def test_answers_that_are_no_document_lose_nothing(
    here: Path, site: Site, headers: dict[str, str], body: bytes, id: str
) -> None:
    text = yaml.safe_dump(document({"/a": {"get": operation()}})).encode()
    site.answers["/x.yaml"] = (200, {}, text)
    pull([f"{site.url}/x.yaml"], here)
    site.answers["/x.yaml"] = (200, headers, body)
    assert refused(here) == id


def test_the_beginning_of_a_document_is_not_the_document(here: Path, site: Site) -> None:
    """A server that ends its answer early, without a length, in a place where YAML may end."""
    paths = {f"/{number}": {"get": operation()} for number in range(9)}
    text = yaml.safe_dump(document(paths), sort_keys=False).encode()
    site.answers["/x.yaml"] = (200, {}, text)
    pull([f"{site.url}/x.yaml"], here)

    def cut(handler: BaseHTTPRequestHandler) -> None:
        handler.wfile.write(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n")
        handler.wfile.write(text[: text.index(b"components:")])
        handler.close_connection = True

    site.answers["/x.yaml"] = cut
    assert refused(here) == "document-shrunk"
    pull([], here, allow_shrink=True)


@pytest.mark.parametrize("etag", ['"\xe9"', '"' + "x" * 5_000 + '"', '"a\tb"', ""])
def test_what_no_request_could_carry_is_no_validator(here: Path, site: Site, etag: str) -> None:
    site.answers["/x.yaml"] = (200, {"ETag": etag}, yaml.safe_dump(document({})).encode())
    pull([f"{site.url}/x.yaml"], here)
    assert "etag" not in (here / LOCK).read_text()
    assert pull([], here).in_step
    lock = (here / LOCK).read_text() + 'etag = "\\r\\nX-Evil: 1"\n'
    (here / LOCK).write_text(lock)
    assert pull([], here, check=True).in_step
    assert "x-evil" not in site.requests[-1][1]


def test_gzip_of_several_members(here: Path, site: Site) -> None:
    text = yaml.safe_dump(document({})).encode()
    packed = gzip.compress(text[:50]) + gzip.compress(text[50:])
    site.answers["/x.yaml"] = (200, {"Content-Encoding": "gzip"}, packed)
    pull([f"{site.url}/x.yaml"], here)
    assert (here / "openapi-spec/x.yaml").read_bytes() == text
    for bad in (packed[:-4], packed + b"more"):
        site.answers["/x.yaml"] = (200, {"Content-Encoding": "gzip"}, bad)
        assert refused(here) == "fetch-failed"


@pytest.mark.parametrize("proxy", ["foo://x", "http://[", "socks9://127.0.0.1"])
def test_a_proxy_that_cannot_be(here: Path, monkeypatch: pytest.MonkeyPatch, proxy: str) -> None:
    monkeypatch.setenv("HTTP_PROXY", proxy)
    monkeypatch.setenv("http_proxy", proxy)
    assert refused(here, "http://example.invalid/x.yaml") == "fetch-failed"


def test_an_edit_below_the_document_is_undone(here: Path, site: Site) -> None:
    """What the source has is the beginning of the file then, and yet all of the document."""
    text = yaml.safe_dump(document({"/a": {"get": operation()}}), sort_keys=False).encode()
    site.answers["/x.yaml"] = (200, {}, text)
    pull([f"{site.url}/x.yaml"], here)
    target = here / "openapi-spec/x.yaml"
    target.write_bytes(text + b"# mine\n")
    assert pull([], here, check=True).documents[0].state == "edited"
    pull([], here)
    assert target.read_bytes() == text


@pytest.mark.parametrize("cut_in_the_line", [True, False])
def test_half_an_index(here: Path, site: Site, cut_in_the_line: bool) -> None:
    url = serve(site, 8)
    pull([url], here)
    before = snapshot(here)
    whole = index(site, *(f"{site.url}/api/{number}.md" for number in range(8)))
    end = whole.index(b"- [Page", whole.index(b"/api/4.md)"))
    if cut_in_the_line:
        end = whole.index(b".md)", end)
    site.answers["/llms.txt"] = (200, {}, whole[:end])
    assert refused(here) == "document-shrunk"
    assert snapshot(here) == before
    assert len(pull([], here, allow_shrink=True).documents) == 1
    assert list(pulled(here)["paths"]) == [f"/things/{number}" for number in range(5)]


def test_a_page_that_has_words_in_place_of_its_part(here: Path, site: Site) -> None:
    url = serve(site, 4)
    pull([url], here)
    before = snapshot(here)
    site.answers["/api/2.md"] = (200, {}, b"# Not found\n\nThis page has moved.\n")
    assert refused(here) == "document-shrunk"
    assert snapshot(here) == before
    pull([], here, allow_shrink=True)
    assert "/things/2" not in pulled(here)["paths"]


def test_a_document_may_shrink_a_little_or_on_request(here: Path, site: Site) -> None:
    def text(count: int) -> bytes:
        paths = {f"/{number}": {"get": operation()} for number in range(count)}
        return yaml.safe_dump(document(paths)).encode()

    site.answers["/x.yaml"] = (200, {}, text(10))
    pull([f"{site.url}/x.yaml"], here)
    site.answers["/x.yaml"] = (200, {}, text(5))
    pull([], here)
    site.answers["/x.yaml"] = (200, {}, text(2))
    assert refused(here) == "document-shrunk"
    pull([], here, allow_shrink=True)
    site.answers["/x.yaml"] = (200, {}, text(1))
    pull([], here)
    assert len(pulled(here, "x.yaml")["paths"]) == 1
