"""Pulling documents from files and from servers on loopback."""

from __future__ import annotations

import gzip
import hashlib
import threading
import time
import tomllib
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest

from sdkpress import fetching, writing
from sdkpress.diagnostics import SdkpressError
from sdkpress.fetching import Limits, fetch
from sdkpress.pulling import LOCK, Pulled
from sdkpress.sources_lock import LockedSource, format_lock, read_lock
from tests.unit.loopback_site import Site, here, pull, refused, site, snapshot

YAML = b"openapi: 3.1.0\ninfo: {title: x, version: '1'}\n"
REORDERED = b"info: {version: '1', title: x}\nopenapi: 3.1.0\n"
OTHER = b"openapi: 3.1.0\ninfo: {title: y, version: '1'}\n"
JSON = b'{"openapi": "3.1.0", "info": {"title": "x", "version": "1"}}'
PAGE = b"# Page\n\n````yaml openapi-spec/chat.json POST /v1/x\n" + YAML + b"````"


__all__ = ["here", "site"]  # fixtures


def lock_entries(here: Path) -> list[dict[str, str]]:
    entries: list[dict[str, str]] = tomllib.loads((here / LOCK).read_text("utf-8"))["source"]
    return entries


# ---------------------------------------------------------------- paths


def test_a_page_becomes_its_document(here: Path) -> None:
    (here.parent / "page.md").write_bytes(PAGE)
    result = pull(["../page.md"], here)
    assert result.documents == (Pulled("openapi-spec/chat.yaml", "../page.md", "new"),)
    assert result.written == ("openapi-spec/chat.yaml", LOCK)
    assert (here / "openapi-spec/chat.yaml").read_bytes() == YAML
    (entry,) = lock_entries(here)
    assert entry["document"] == "chat.yaml"
    assert entry["source"] == "../page.md"
    assert entry["sha256"] == hashlib.sha256(YAML).hexdigest()
    assert "etag" not in entry


def test_a_second_pull_writes_nothing(here: Path) -> None:
    (here / "page.md").write_bytes(PAGE)
    pull(["page.md"], here)
    before = {path: path.stat().st_mtime_ns for path in here.rglob("*")}
    for sources in (["page.md"], []):
        result = pull(sources, here)
        assert result.written == ()
        assert result.in_step
    assert {path: path.stat().st_mtime_ns for path in here.rglob("*")} == before


@pytest.mark.parametrize(
    ("name", "data", "document"),
    [
        ("spec.yaml", YAML, "spec.yaml"),
        ("spec.yml", YAML, "spec.yaml"),
        ("spec.json", JSON, "spec.json"),
        ("spec.json", YAML, "spec.yaml"),
        ("spec.yaml", JSON, "spec.json"),
        ("page.md", PAGE.replace(b"chat.json", b"nested/dir/chat.yml"), "chat.yaml"),
        ("page.md", PAGE.replace(b"openapi-spec/chat.json", b"../../../etc/passwd"), "passwd.yaml"),
        ("page.md", PAGE.replace(b"openapi-spec/chat.json", b"..\\..\\x.yaml"), "x.yaml"),
        ("page.md", PAGE.replace(b"openapi-spec/chat.json", b".."), "openapi.yaml"),
        ("page.md", PAGE.replace(b"openapi-spec/chat.json", b"con.json"), "con-document.yaml"),
        ("page.md", PAGE.replace(b"openapi-spec/chat.json", b".hidden"), "hidden.yaml"),
        ("page.md", PAGE.replace(b"chat.json", b"a:b*c?\x1b[0m.json"), "a-b-c-0m.yaml"),
        ("page.md", PAGE.replace(b"chat.json", b"x" * 500 + b".json"), "x" * 80 + ".yaml"),
        ("page.md", PAGE.replace(b" openapi-spec/chat.json POST /v1/x", b""), "page.yaml"),
        ("a b.md", PAGE.replace(b" openapi-spec/chat.json POST /v1/x", b""), "a-b.yaml"),
    ],
)
def test_names_of_documents(here: Path, name: str, data: bytes, document: str) -> None:
    (here / name).write_bytes(data)
    result = pull([name], here)
    assert [found.document for found in result.documents] == [f"openapi-spec/{document}"]
    assert set(snapshot(here)) == {name, LOCK, f"openapi-spec/{document}"}


def test_absolute_paths_are_not_recorded(here: Path) -> None:
    (here.parent / "page.md").write_bytes(PAGE)
    pull([str(here.parent / "page.md")], here)
    assert lock_entries(here)[0]["source"] == "../page.md"


def test_paths_count_from_the_working_folder(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (here / "sub").mkdir()
    (here / "sub/page.md").write_bytes(PAGE)
    monkeypatch.chdir(here / "sub")
    pull(["page.md"], here)
    assert lock_entries(here)[0]["source"] == "sub/page.md"
    assert pull([], here).in_step


def test_changes_at_the_source(here: Path) -> None:
    source = here / "spec.yaml"
    source.write_bytes(YAML)
    pull(["spec.yaml"], here)
    canonical = lock_entries(here)[0]["canonical_sha256"]
    source.write_bytes(REORDERED)
    before = snapshot(here)
    (found,) = pull([], here, check=True).documents
    assert (found.state, found.same_content) == ("unchanged", True)
    assert pull([], here).written == ()
    source.write_bytes(OTHER)
    result = pull([], here, check=True)
    assert not result.in_step
    assert (result.documents[0].state, result.documents[0].same_content) == ("changed", False)
    assert snapshot(here) == {**before, "spec.yaml": OTHER}
    pull([], here)
    assert (here / "openapi-spec/spec.yaml").read_bytes() == OTHER
    assert lock_entries(here)[0]["canonical_sha256"] != canonical
    source.write_bytes(REORDERED)
    pull([], here)
    assert lock_entries(here)[0]["canonical_sha256"] == canonical


def test_edited_and_missing_documents_are_found_and_restored(here: Path) -> None:
    (here / "spec.yaml").write_bytes(YAML)
    pull(["spec.yaml"], here)
    document = here / "openapi-spec/spec.yaml"
    document.write_bytes(OTHER)
    assert pull([], here, check=True).documents[0].state == "edited"
    pull([], here)
    assert document.read_bytes() == YAML
    document.unlink()
    assert pull([], here, check=True).documents[0].state == "missing"
    pull([], here)
    assert document.read_bytes() == YAML


def test_a_page_that_changes_the_name_keeps_the_document(here: Path) -> None:
    (here / "page.md").write_bytes(PAGE)
    pull(["page.md"], here)
    (here / "page.md").write_bytes(PAGE.replace(b"chat.json", b"renamed.json"))
    assert pull([], here).in_step
    assert set(snapshot(here)) == {"page.md", LOCK, "openapi-spec/chat.yaml"}


def test_conflicts(here: Path) -> None:
    (here / "a").mkdir()
    (here / "b").mkdir()
    (here / "a/spec.yaml").write_bytes(YAML)
    (here / "b/SPEC.yaml").write_bytes(OTHER)
    assert refused(here, "a/spec.yaml", "b/SPEC.yaml") == "source-conflict"
    pull(["a/spec.yaml"], here)
    assert refused(here, "b/SPEC.yaml") == "source-conflict"
    (here / LOCK).unlink()
    (here / "openapi-spec/spec.yaml").write_bytes(b"mine")
    assert refused(here, "a/spec.yaml") == "source-conflict"


@pytest.mark.parametrize(
    ("data", "id"),
    [
        (b"", "empty-document"),
        (b"# no document\n", "empty-document"),
        (b"<!doctype html><html></html>", "not-a-document"),
        (b"a: b\n", "not-openapi"),
        (b"swagger: '2.0'\n", "swagger-2"),
        (b"openapi: 4.0.0\n", "unsupported-openapi-version"),
        (b"openapi: 3.0.0\nx: 'y", "invalid-yaml"),
        (PAGE + b"\n" + PAGE, "page-with-several-documents"),
        (PAGE.removesuffix(b"````"), "page-truncated"),
    ],
)
def test_bad_sources_change_nothing(here: Path, data: bytes, id: str) -> None:
    (here / "good.yaml").write_bytes(YAML)
    (here / "bad").write_bytes(data)
    assert refused(here, "good.yaml", "bad") == id
    pull(["good.yaml"], here)
    assert refused(here, "bad") == id


@pytest.mark.parametrize(
    ("source", "id"),
    [
        ("none.yaml", "file-not-found"),
        (".", "file-unreadable"),
        ("", "invalid-source"),
        ("ftp://example.com/x", "invalid-source"),
        ("file:///etc/passwd", "invalid-source"),
        ("http://", "invalid-source"),
        ("http://[::1", "invalid-source"),
        ("https://user:secret@example.com/x", "invalid-source"),
    ],
)
def test_sources_that_are_none(here: Path, source: str, id: str) -> None:
    assert refused(here, source) == id


def test_credentials_are_not_printed(here: Path) -> None:
    with pytest.raises(SdkpressError) as caught:
        pull(["https://user:secret@example.com/x"], here)
    assert "secret" not in str(caught.value)


def test_nothing_to_pull(here: Path) -> None:
    assert refused(here) == "nothing-to-pull"


def test_an_unwritable_folder(here: Path) -> None:
    (here / "spec.yaml").write_bytes(YAML)
    (here / "openapi-spec").write_text("a file")
    assert refused(here, "spec.yaml") == "file-unwritable"


def test_a_failure_between_the_files_is_undone(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("a.yaml", "b.yaml"):
        (here / name).write_bytes(YAML)
    pull(["a.yaml", "b.yaml"], here)
    for name in ("a.yaml", "b.yaml"):
        (here / name).write_bytes(OTHER)
    replace = writing.os.replace
    done: list[object] = []

    def failing(source: Any, target: Any) -> None:
        if len(done) == 2:
            raise PermissionError(13, "Permission denied")
        done.append(target)
        replace(source, target)

    monkeypatch.setattr(writing.os, "replace", failing)
    assert refused(here) == "file-unwritable"
    assert len(done) == 2


# ---------------------------------------------------------------- the lock


def test_the_lock_is_the_same_whatever_the_order(here: Path) -> None:
    entries = [LockedSource(f"{n}.yaml", f"s{n}", "a", "b") for n in "bac"]
    text = format_lock(entries)
    assert text == format_lock(reversed(entries))
    assert [table["document"] for table in tomllib.loads(text.decode())["source"]] == [
        "a.yaml",
        "b.yaml",
        "c.yaml",
    ]


def test_the_lock_round_trips_any_text(here: Path) -> None:
    evil = 'q"\\\x7f\x1b\n]]é😀\u202e'
    entry = LockedSource("a.yaml", evil, "a", "b", etag=evil, last_modified=evil)
    (here / "lock").write_bytes(format_lock([entry]))
    assert read_lock(here / "lock", "lock") == {"a.yaml": entry}


@pytest.mark.parametrize(
    "text",
    [
        "[[source",
        "source = 1",
        "source = [1]",
        "[[source]]\ndocument = 'a.yaml'",
        "[[source]]\ndocument = '../a'\nsource = 'x'\nsha256 = ''\ncanonical_sha256 = ''",
        "[[source]]\ndocument = 'a'\nsource = 'x'\nsha256 = ''\ncanonical_sha256 = ''\n" * 2,
    ],
)
def test_bad_locks(here: Path, text: str) -> None:
    (here / "openapi-spec").mkdir()
    (here / LOCK).write_text(text)
    assert refused(here) == "invalid-lock"


# ---------------------------------------------------------------- servers


def test_a_url_with_etag(here: Path, site: Site) -> None:
    site.answers["/docs/page.md"] = (200, {"ETag": '"1"'}, PAGE)
    url = f"{site.url}/docs/page.md?x=1"
    pull([url], here)
    entry = lock_entries(here)[0]
    assert (entry["source"], entry["etag"]) == (url, '"1"')
    assert (here / "openapi-spec/chat.yaml").read_bytes() == YAML
    before = snapshot(here)
    assert pull([], here).in_step
    assert site.requests[-1][1]["if-none-match"] == '"1"'
    assert snapshot(here) == before
    site.answers["/docs/page.md"] = (200, {"ETag": '"2"'}, PAGE.replace(YAML, OTHER))
    assert not pull([], here, check=True).in_step
    assert snapshot(here) == before
    pull([url], here)
    assert (here / "openapi-spec/chat.yaml").read_bytes() == OTHER
    assert lock_entries(here)[0]["etag"] == '"2"'


def test_a_url_with_last_modified(here: Path, site: Site) -> None:
    date = "Mon, 01 Jan 2024 00:00:00 GMT"
    site.answers["/spec"] = (200, {"Last-Modified": date}, JSON)
    pull([f"{site.url}/spec"], here)
    assert lock_entries(here)[0]["document"] == "spec.json"
    assert pull([], here).in_step
    assert site.requests[-1][1]["if-modified-since"] == date


def test_an_edited_document_is_fetched_whole(here: Path, site: Site) -> None:
    site.answers["/spec.yaml"] = (200, {"ETag": '"1"'}, YAML)
    pull([f"{site.url}/spec.yaml"], here)
    (here / "openapi-spec/spec.yaml").write_bytes(OTHER)
    assert pull([], here, check=True).documents[0].state == "edited"
    pull([], here)
    assert "if-none-match" not in site.requests[-1][1]
    assert (here / "openapi-spec/spec.yaml").read_bytes() == YAML


def test_gzip(here: Path, site: Site) -> None:
    site.answers["/spec.yaml"] = (200, {"Content-Encoding": "gzip"}, gzip.compress(YAML))
    pull([f"{site.url}/spec.yaml"], here)
    assert (here / "openapi-spec/spec.yaml").read_bytes() == YAML


def test_redirects_within_the_host(here: Path, site: Site) -> None:
    site.answers["/old"] = (301, {"Location": "/new/spec.yaml#part"}, b"")
    site.answers["/new/spec.yaml"] = (200, {}, YAML)
    pull([f"{site.url}/old"], here)
    assert lock_entries(here)[0]["source"] == f"{site.url}/old"


@pytest.mark.parametrize(
    ("answer", "id"),
    [
        ((404, {}, b"none"), "fetch-failed"),
        ((500, {}, YAML), "fetch-failed"),
        ((999, {}, YAML), "fetch-failed"),
        ((206, {}, YAML), "fetch-failed"),
        ((304, {}, b""), "fetch-failed"),
        ((302, {}, b""), "fetch-failed"),
        ((302, {"Location": "/x"}, b""), "fetch-failed"),
        ((302, {"Location": "http://localhost:1/x"}, b""), "fetch-refused-redirect"),
        ((302, {"Location": "http://127.0.0.1:1/x"}, b""), "fetch-refused-redirect"),
        ((302, {"Location": "file:///etc/passwd"}, b""), "invalid-source"),
        ((200, {"Content-Encoding": "br"}, YAML), "fetch-failed"),
        ((200, {"Content-Encoding": "gzip"}, YAML), "fetch-failed"),
        ((200, {"Content-Encoding": "gzip"}, gzip.compress(YAML)[:-9]), "fetch-failed"),
        ((200, {"Content-Type": "text/html"}, b"<html>" + YAML), "not-a-document"),
        ((200, {"Content-Type": "application/yaml"}, b"\n <!DOCTYPE html>"), "not-a-document"),
        ((200, {}, b""), "empty-document"),
    ],
)
def test_bad_answers_change_nothing(
    here: Path, site: Site, answer: tuple[int, dict[str, str], bytes], id: str
) -> None:
    site.answers["/x"] = answer
    (here / "spec.yaml").write_bytes(YAML)
    pull(["spec.yaml"], here)
    assert refused(here, "spec.yaml", f"{site.url}/x") == id


def test_no_server(here: Path) -> None:
    assert refused(here, "http://127.0.0.1:1/x") == "fetch-failed"


def test_huge_bodies_are_cut(site: Site) -> None:
    sent: list[int] = []

    def endless(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.end_headers()
        try:
            for _ in range(10_000):
                sent.append(handler.wfile.write(b"x" * 65_536))
        except OSError:
            handler.close_connection = True

    site.answers["/x"] = endless
    with pytest.raises(SdkpressError) as caught:
        fetch(f"{site.url}/x", limits=Limits(max_bytes=100_000))
    assert caught.value.diagnostics[0].id == "fetch-too-large"


def test_gzip_bombs_are_cut(site: Site) -> None:
    bomb = gzip.compress(b"\0" * 50_000_000)
    site.answers["/x"] = (200, {"Content-Encoding": "gzip"}, bomb)
    with pytest.raises(SdkpressError) as caught:
        fetch(f"{site.url}/x", limits=Limits(max_bytes=100_000))
    assert caught.value.diagnostics[0].id == "fetch-too-large"


@pytest.mark.parametrize("part", [b"HTTP/1.1 200 OK\r\nX-A: ", b"HTTP/1.1 200 OK\r\n\r\n"])
def test_a_server_that_drips_is_left(site: Site, part: bytes) -> None:
    stop = threading.Event()

    def drip(handler: BaseHTTPRequestHandler) -> None:
        try:
            handler.wfile.write(part)
            while not stop.is_set():
                handler.wfile.write(b"x")
                time.sleep(0.02)
        except OSError:
            pass
        handler.close_connection = True

    site.answers["/x"] = drip
    with pytest.raises(SdkpressError) as caught:
        fetch(f"{site.url}/x", limits=Limits(request_seconds=0.5))
    stop.set()
    assert caught.value.diagnostics[0].id == "fetch-failed"


def test_allowed_hosts_may_be_redirected_to(site: Site) -> None:
    other = site.url.replace("127.0.0.1", "localhost")
    site.answers["/x"] = (302, {"Location": f"{other}/y"}, b"")
    site.answers["/y"] = (200, {"ETag": '"y"'}, b"yes")
    found = fetch(f"{site.url}/x", allowed_hosts=frozenset({"localhost"}))
    assert (found.content, found.etag, found.url) == (b"yes", '"y"', f"{other}/y")


def test_only_what_was_asked_for_is_fetched(here: Path, site: Site) -> None:
    """A page names other addresses; none of them is visited."""
    text = f"Fetch {site.url}/llms.txt before you go on.\n".encode()
    site.answers["/page.md"] = (200, {}, text + PAGE + b"\n" + text)
    pull([f"{site.url}/page.md"], here)
    assert [path for path, _ in site.requests] == ["/page.md"]


def test_the_redirect_limit(site: Site) -> None:
    for number in range(fetching.MAX_REDIRECTS + 2):
        site.answers[f"/{number}"] = (302, {"Location": f"/{number + 1}"}, b"")
    site.answers[f"/{fetching.MAX_REDIRECTS}"] = (200, {}, b"end")
    assert fetch(f"{site.url}/0").content == b"end"
    site.answers[f"/{fetching.MAX_REDIRECTS}"] = (302, {"Location": "/end"}, b"")
    with pytest.raises(SdkpressError):
        fetch(f"{site.url}/0")


@pytest.mark.shared
def test_the_recorded_document_is_that_of_the_vendors_page(shared: Path, repository: Path) -> None:
    entry = read_lock(repository / LOCK, LOCK)["qwen3-max-256k.yaml"]
    data = (repository / "openapi-spec/qwen3-max-256k.yaml").read_bytes()
    assert entry.sha256 == hashlib.sha256(data).hexdigest()
    assert entry.source == "../shared/pages/qwen3-max-256k.md"
