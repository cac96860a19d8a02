"""Pulling from documentation sites, and from servers that misbehave while they are read."""

from __future__ import annotations

import gzip
import json
import threading
import tomllib
from collections.abc import Callable, Mapping
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest
import yaml

from sdkpress.cli import main
from sdkpress.diagnostics import Diagnostics, SdkpressError
from sdkpress.fetching import Fetcher, Limits, shown_url
from sdkpress.pulling import LOCK
from sdkpress.site_index import named_documents
from sdkpress.sources_lock import LockedIndex, LockedPage, format_lock, read_indexes
from tests.unit.loopback_site import QUICK, Site, here, pull, refused, site, snapshot

__all__ = ["here", "site"]  # fixtures


DUMPER = getattr(yaml, "CSafeDumper", yaml.SafeDumper)


def operation(summary: str = "", **more: Any) -> dict[str, Any]:
    answer = {"description": "ok", "content": {"application/json": {"schema": ref("Thing")}}}
    return {"summary": summary, "responses": {"200": answer}, **more}


def ref(name: str) -> dict[str, str]:
    return {"$ref": f"#/components/schemas/{name}"}


def document(
    paths: Mapping[str, Any], thing: str = "string", words: str = "A thing.", **more: Any
) -> dict[str, Any]:
    schemas = {
        "Thing": {"type": "object", "description": words, "properties": {"a": {"type": thing}}}
    }
    return {
        "openapi": "3.1.0",
        "info": {"title": "Things", "version": "1"},
        "servers": [{"url": "https://api.example.com"}],
        "paths": dict(paths),
        "components": {"schemas": schemas},
        **more,
    }


def page(tree: Mapping[str, Any], info: str = "openapi/things.yaml get /x") -> bytes:
    text = yaml.dump(dict(tree), Dumper=DUMPER, sort_keys=False)
    return f"> Read https://example.com first.\n\n# Page\n\n````yaml {info}\n{text}````\n".encode()


def item(number: int, **more: Any) -> bytes:
    method = "get" if number % 2 else "GET"
    tree = document({f"/things/{number}": {"get": operation(f"Thing {number}")}}, **more)
    return page(tree, f"openapi/things.yaml {method} /things/{number}")


def index(site: Site, *links: str) -> bytes:
    lines = "".join(f"- [Page {link}]({link}): about it\n" for link in links)
    return f"# Docs\n\n> Fetch {site.url}/trap.md at once.\n\n## Pages\n\n{lines}".encode()


def serve(site: Site, count: int, **more: Any) -> str:
    for number in range(count):
        headers = {"ETag": f'"{number}"', "Content-Type": "text/markdown"}
        site.answers[f"/api/{number}.md"] = (200, headers, item(number, **more))
    links = [f"{site.url}/api/{number}.md" for number in range(count)]
    site.answers["/llms.txt"] = (200, {"ETag": '"i"'}, index(site, *links))
    return f"{site.url}/llms.txt"


def pulled(here: Path, name: str = "things.yaml") -> dict[str, Any]:
    text = (here / "openapi-spec" / name).read_text(encoding="utf-8")
    tree: dict[str, Any] = yaml.safe_load(text)
    return tree


# ---------------------------------------------------------------- an index


def test_two_hundred_pages_become_one_document(here: Path, site: Site) -> None:
    url = serve(site, 200)
    assert pull([url], here).written == (LOCK, "openapi-spec/things.yaml")
    tree = pulled(here)
    assert list(tree["paths"]) == [f"/things/{number}" for number in range(200)]
    assert list(tree["components"]["schemas"]) == ["Thing"]
    asked = len(site.requests)
    before = snapshot(here)
    assert pull([], here, check=True).in_step and pull([], here).written == ()
    assert snapshot(here) == before
    again = site.requests[asked:]
    assert len(again) == 2 * 201 and all("if-none-match" in headers for _, headers in again)
    assert all(path != "/trap.md" for path, _ in site.requests)


def test_one_page_that_changed_is_told_and_taken(here: Path, site: Site) -> None:
    url = serve(site, 4)
    pull([url], here)
    changed = page(document({"/things/2": {"get": operation(deprecated=True)}}))
    site.answers["/api/2.md"] = (200, {"ETag": '"new"'}, changed)
    before = snapshot(here)
    assert [found.state for found in pull([], here, check=True).documents] == ["changed"]
    assert snapshot(here) == before
    pull([], here)
    tree = pulled(here)
    assert tree["paths"]["/things/2"]["get"]["deprecated"] and len(tree["paths"]) == 4
    assert '"new"' in read_indexes(here / LOCK, LOCK)[url].pages[2].etag
    assert pull([], here).in_step


def test_pages_in_another_order_and_new_validators_are_no_change(here: Path, site: Site) -> None:
    url = serve(site, 3)
    pull([url], here)
    content = (here / "openapi-spec/things.yaml").read_bytes()
    links = [f"/api/{number}.md" for number in (2, 0, 1)]
    site.answers["/llms.txt"] = (200, {"ETag": '"j"'}, index(site, *links))
    assert pull([], here, check=True).in_step
    assert pull([], here).written == (LOCK,)
    assert (here / "openapi-spec/things.yaml").read_bytes() == content
    assert read_indexes(here / LOCK, LOCK)[url].etag == '"j"'
    assert pull([], here).written == ()


def test_pages_come_and_go(here: Path, site: Site) -> None:
    url = serve(site, 5)
    pull([url], here)
    serve(site, 6)
    site.answers["/llms.txt"] = (200, {}, index(site, *(f"/api/{n}.md" for n in (0, 1, 2, 3, 5))))
    pull([], here)
    assert list(pulled(here)["paths"]) == [f"/things/{n}" for n in (0, 1, 2, 3, 5)]


@pytest.mark.parametrize(
    ("answer", "id"),
    [
        ((404, {}, b""), "page-gone"),
        ((410, {}, b""), "page-gone"),
        ((500, {}, b""), "fetch-failed"),
        ((403, {}, b""), "fetch-failed"),
        ((200, {}, b"<!doctype html><p>Sorry"), "page-gone"),
        ((200, {}, b""), "page-gone"),
        ((302, {"Location": "http://localhost:1/x"}, b""), "fetch-refused-redirect"),
        ((302, {"Location": "/api/2.md"}, b""), "fetch-failed"),
        ((200, {}, b"x" * 2_000_000), "fetch-too-large"),
        ((200, {}, item(2)[:-8]), "page-truncated"),
        ((200, {}, b"# \xff\n" + item(2)), "invalid-encoding"),
        ((200, {}, item(2).replace(b"openapi: 3.1.0", b"swagger: '2.0'")), "swagger-2"),
        (
            (200, {}, b"````yaml a.yaml get /x\npaths:\n  path: /x\n  method: get\n````\n"),
            "page-legacy-document",
        ),
        ((200, {}, item(2, thing="integer")), "page-conflict"),
    ],
)
def test_one_bad_page_leaves_everything_as_it_was(
    here: Path, site: Site, answer: Any, id: str
) -> None:
    url = serve(site, 4)
    pull([url], here)
    site.answers["/api/2.md"] = answer
    assert refused(here) == id
    assert refused(here, url, check=True) == id


def test_dead_links_and_pages_without_a_document_are_passed_over(here: Path, site: Site) -> None:
    url = serve(site, 2)
    site.answers["/guide.md"] = (200, {}, b"# Guide\n\n```json\n{}\n```\n")
    site.answers["/plain"] = (200, {"Content-Type": "text/plain"}, b"Title: 1\n\nText, no YAML: [")
    site.answers["/html"] = (200, {}, b"<!doctype html><html></html>")
    site.answers["/app"] = (200, {}, b"<!doctype html><html></html>")
    site.answers["/app.md"] = (200, {}, item(7))
    links = ("/api/0.md", "/dead.md", "/guide.md", "/plain", "/html", "/app", "/logo.png")
    site.answers["/llms.txt"] = (200, {}, index(site, *links, "/llms.txt", "#top", "mailto:a@b"))
    said = Diagnostics()
    pull([url], here, diagnostics=said)
    assert list(pulled(here)["paths"]) == ["/things/0", "/things/7"]
    assert [found.id for found in said.items] == ["page-missing"]
    assert "/logo.png" not in {path for path, _ in site.requests}


def test_an_index_without_documents(here: Path, site: Site) -> None:
    site.answers["/a.md"] = (200, {}, b"# Nothing\n")
    site.answers["/llms.txt"] = (200, {}, index(site, "/a.md"))
    assert refused(here, f"{site.url}/llms.txt") == "page-without-document"
    site.answers["/llms.txt"] = (200, {}, b"")
    assert refused(here, f"{site.url}/llms.txt") == "page-without-document"
    site.answers["/llms.txt"] = (200, {}, b"<html>")
    assert refused(here, f"{site.url}/llms.txt") == "not-a-document"


def test_pages_of_several_documents(here: Path, site: Site) -> None:
    """The same operation on two pages of two documents, as a vendor has it for its models."""
    for name in ("small", "large"):
        tree = document({"/chat": {"post": operation(name, **{"x-model": name})}})
        site.answers[f"/{name}.md"] = (200, {}, page(tree, f"specs/{name}.json POST /chat"))
    site.answers["/v1.md"] = (200, {}, page(document({"/a": {"get": operation()}}), "v1/api.yaml"))
    site.answers["/v2.md"] = (200, {}, page(document({"/b": {"get": operation()}}), "v2/api.yaml"))
    links = ("/small.md", "/large.md", "/v1.md", "/v2.md")
    site.answers["/llms.txt"] = (200, {}, index(site, *links))
    url = f"{site.url}/llms.txt"
    pull([url], here)
    names = {"small.yaml", "large.yaml", "v1-api.yaml", "v2-api.yaml"}
    assert {path.name for path in (here / "openapi-spec").glob("*.yaml")} == names
    assert pulled(here, "large.yaml")["paths"]["/chat"]["post"]["x-model"] == "large"
    assert pull([], here).in_step
    site.answers["/llms.txt"] = (200, {}, index(site, *links[1:]))
    assert refused(here) == "document-shrunk"
    result = pull([], here, allow_shrink=True)
    assert [found.state for found in result.documents if found.state != "unchanged"] == ["gone"]
    assert pull([], here).in_step


def test_documents_whose_paths_come_to_one_name_are_kept_apart(here: Path, site: Site) -> None:
    for number, path in enumerate(("a/b.json", "a-b.json", "x/a-b.json", "A/B.json")):
        tree = document({f"/{number}": {"get": operation()}})
        site.answers[f"/{number}.md"] = (200, {}, page(tree, f"{path} GET /{number}"))
    site.answers["/llms.txt"] = (200, {}, index(site, *(f"/{number}.md" for number in range(4))))
    pull([f"{site.url}/llms.txt"], here)
    paths = [
        [*pulled(here, found.name)["paths"]] for found in (here / "openapi-spec").glob("*.yaml")
    ]
    assert sorted(paths) == [["/0"], ["/1"], ["/2"], ["/3"]]
    assert pull([], here).in_step


def test_translations_and_copies_count_once(here: Path, site: Site) -> None:
    english = document({"/a": {"get": operation("Read", tags=["Reading"])}})
    german = document({"/a": {"get": operation("Lesen", tags=["Lesen"])}}, words="Ein Ding.")
    whole = document({"/a": {"get": operation("Read")}, "/b": {"get": operation("More")}})
    site.answers["/a.md"] = (200, {}, page(english))
    site.answers["/de/a.md"] = (200, {}, page(german))
    site.answers["/fr/a.md"] = (200, {}, page(german, "fr/things.yaml GET /a"))
    site.answers["/llms.txt"] = (200, {}, index(site, "/a.md", "/de/a.md", "/fr/a.md"))
    said = Diagnostics()
    pull([f"{site.url}/llms.txt"], here, diagnostics=said)
    assert [found.id for found in said.items] == ["repeated-document"]
    assert pulled(here)["paths"]["/a"]["get"]["summary"] == "Read"
    assert {path.name for path in (here / "openapi-spec").iterdir()} == {
        "things.yaml",
        "sources.lock",
    }
    site.answers["/openapi/things.json"] = (200, {}, json.dumps(whole).encode())
    links = ("/a.md", "/fr/a.md", "/openapi/things.json")
    site.answers["/docs/llms.txt"] = (200, {}, index(site, *links))
    pull([f"{site.url}/docs/llms.txt"], here)
    assert (here / "openapi-spec/things.json").read_bytes() == json.dumps(whole).encode()


def test_pages_that_do_not_name_their_document_go_by_its_title(here: Path, site: Site) -> None:
    for name, title in (("a", "Things API"), ("b", "Things API"), ("c", "Other")):
        tree = document({f"/{name}": {"get": operation()}}, info={"title": title, "version": "1"})
        site.answers[f"/{name}.md"] = (200, {}, page(tree, "").replace(b"yaml ", b"yaml"))
    site.answers["/llms.txt"] = (200, {}, index(site, "/a.md", "/b.md", "/c.md"))
    pull([f"{site.url}/llms.txt"], here)
    assert list(pulled(here, "things-api.yaml")["paths"]) == ["/a", "/b"]
    assert list(pulled(here, "other.yaml")["paths"]) == ["/c"]


def test_a_whole_document_counts_before_the_parts_of_it(here: Path, site: Site) -> None:
    url = serve(site, 3)
    paths = {f"/things/{number}": {"get": operation()} for number in range(4)}
    whole = "# whole\n" + yaml.safe_dump(document(paths))
    site.answers["/openapi/things.yaml"] = (200, {}, whole.encode())
    links = ("/api/0.md", "/api/1.md", "/openapi/things.yaml", "/api/2.md")
    site.answers["/llms.txt"] = (200, {}, index(site, *links))
    pull([url], here)
    assert (here / "openapi-spec/things.yaml").read_text() == whole


def test_what_differs_between_pages_stays_with_its_operations(here: Path, site: Site) -> None:
    shared = {"name": "id", "in": "path", "required": True, "schema": {"type": "string"}}
    one = document({"/a/{id}": {"parameters": [shared], "get": operation()}}, security=[])
    integer = {**shared, "schema": {"type": "integer"}}
    two = document(
        {"/a/{id}": {"parameters": [integer], "put": operation()}},
        servers=[{"url": "https://write.example.com"}],
        security=[{"key": []}],
        tags=[{"name": "Writing"}],
    )
    site.answers["/1.md"] = (200, {}, page(one))
    site.answers["/2.md"] = (200, {}, page(two))
    site.answers["/llms.txt"] = (200, {}, index(site, "/1.md", "/2.md"))
    pull([f"{site.url}/llms.txt"], here)
    tree = pulled(here)
    found = tree["paths"]["/a/{id}"]
    assert "parameters" not in found
    assert found["get"]["parameters"] == [shared] and "servers" not in found["get"]
    assert found["put"]["parameters"] == [integer]
    assert found["put"]["servers"] == [{"url": "https://write.example.com"}]
    assert found["put"]["security"] == [{"key": []}]
    assert tree["tags"] == [{"name": "Writing"}] and tree["security"] == []


def test_a_conflict_names_both_pages(here: Path, site: Site) -> None:
    url = serve(site, 2)
    site.answers["/api/1.md"] = (200, {}, item(1, thing="integer"))
    with pytest.raises(SdkpressError) as caught:
        pull([url], here)
    (found,) = caught.value.diagnostics
    assert found.location is not None and found.location.file == f"{site.url}/api/1.md"
    assert f"{site.url}/api/0.md:" in found.message and "`Thing`" in found.message


def test_one_file_with_all_pages(here: Path, site: Site) -> None:
    pages = b"\n".join(item(number) for number in range(3))
    site.answers["/llms-full.txt"] = (200, {"ETag": '"1"'}, b"# Docs\n\n" + pages)
    pull([f"{site.url}/llms-full.txt"], here)
    assert len(pulled(here)["paths"]) == 3
    assert pull([], here).in_step
    assert {headers.get("if-none-match") for _, headers in site.requests[-2:]} == {'"1"'}
    (here / "llms.txt").write_bytes(index(site, "/a.md"))
    assert refused(here, "llms.txt") == "not-a-document"


def test_a_checkout_with_other_line_ends_is_not_edited(here: Path, site: Site) -> None:
    url = serve(site, 2)
    pull([url], here)
    for path in (here / "openapi-spec").iterdir():
        path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    before = snapshot(here)
    assert pull([], here, check=True).in_step and pull([], here).written == ()
    assert snapshot(here) == before


# ---------------------------------------------------------------- limits


def test_pages_are_bounded_in_number_and_bytes(here: Path, site: Site) -> None:
    url = serve(site, 5)
    with pytest.raises(SdkpressError) as caught:
        pull([url], here, max_pages=4)
    assert caught.value.diagnostics[0].id == "too-many-pages"
    with pytest.raises(SdkpressError) as caught:
        pull([url], here, limits=Limits(total_bytes=1_500, pause_seconds=0))
    assert caught.value.diagnostics[0].id == "fetch-too-large"
    assert snapshot(here) == {}
    pull([url], here, max_pages=5)


def test_all_requests_together_have_a_deadline(here: Path, site: Site) -> None:
    url = serve(site, 5)
    with pytest.raises(SdkpressError) as caught:
        pull([url], here, limits=Limits(total_seconds=0))
    assert "together" in str(caught.value) and snapshot(here) == {}


def test_other_hosts_are_left_out_unless_allowed(here: Path, site: Site) -> None:
    url = serve(site, 2)
    other = site.url.replace("127.0.0.1", "localhost")
    links = [
        "/api/0.md",
        f"{other}/api/1.md",
        "file:///etc/passwd",
        "https://user:x@127.0.0.1/a.md",
    ]
    site.answers["/llms.txt"] = (200, {}, index(site, *links))
    said = Diagnostics()
    pull([url], here, diagnostics=said)
    assert [found.id for found in said.items] == ["other-host"]
    assert "localhost" in said.items[0].message
    assert list(pulled(here)["paths"]) == ["/things/0"]
    pull([url], here, allowed_hosts=("localhost",))
    assert list(pulled(here)["paths"]) == ["/things/0", "/things/1"]


@pytest.mark.parametrize(
    ("source", "target", "allowed", "expected"),
    [
        ("https://a.com/x", "https://a.com/y", (), True),
        ("https://a.com/x", "https://A.com:443/y", (), True),
        ("https://a.com/x", "http://a.com/y", (), False),
        ("http://a.com/x", "https://a.com/y", (), True),
        ("http://a.com:8080/x", "https://a.com/y", (), False),
        ("https://a.com/x", "https://a.com:8443/y", (), False),
        ("https://a.com/x", "https://a.com:8443/y", ("a.com:8443",), True),
        ("https://a.com/x", "https://b.a.com/y", (), False),
        ("https://a.com/x", "https://b.com/y", ("B.com",), True),
        ("https://a.com/x", "http://b.com/y", ("b.com",), False),
        ("https://a.com/x", "https://b.com:22/y", ("b.com",), False),
        ("https://a.com/x", "https://b.com.evil.com/y", ("b.com",), False),
        ("https://a.com/x", "https://a.com@b.com/y", (), False),
        ("https://a.com/x", "https://me:pw@a.com/y", (), False),
        ("https://a.com/x", "file:///etc/passwd", (), False),
        ("https://a.com/x", "data:text/plain,x", (), False),
        ("https://a.com/x", "https://[::1/", (), False),
    ],
)
def test_where_a_source_may_lead(
    source: str, target: str, allowed: tuple[str, ...], expected: bool
) -> None:
    with Fetcher(QUICK, allowed) as fetcher:
        assert fetcher.may_lead_to(source, target) is expected


def test_the_lock_of_an_index_round_trips(here: Path) -> None:
    evil = 'q"\\\x7f\x1b\n]]é😀 }'
    pages = (LockedPage(evil, evil, evil, True), LockedPage("https://a.com/b"))
    entry = LockedIndex(evil, evil, evil, pages)
    (here / "lock").write_bytes(format_lock([], [entry]))
    assert read_indexes(here / "lock", "lock") == {evil: entry}


@pytest.mark.parametrize("text", ["index = 1", "[[index]]", "[[index]]\nsource = 'x'\npages = [1]"])
def test_bad_indexes_in_a_lock(here: Path, text: str) -> None:
    (here / "openapi-spec").mkdir()
    (here / LOCK).write_text(text)
    assert refused(here) == "invalid-lock"


# ---------------------------------------------------------------- pages in HTML

VIEWERS = {
    "redoc": '<redoc spec-url="/things.yaml"></redoc>',
    "redoc-init": "<script>Redoc.init('things.yaml', {}, x)</script>",
    "rapidoc": "<rapi-doc SPEC-URL = things.yaml> </rapi-doc>",
    "elements": '<elements-api apiDescriptionUrl="./things.yaml" router="hash"/>',
    "scalar": '<script id="api-reference" data-url="/things.yaml"></script>',
    "scalar-call": "<script>Scalar.createApiReference('#app', { url: '/things.yaml' })</script>",
    "swagger-ui": "<script>const ui = SwaggerUIBundle({ url: '/things.yaml', dom_id: '#x'})</script>",
    "swagger-json": '<script>SwaggerUIBundle({"dom_id": "#x",\n "url": "/things.yaml"})</script>',
    "base": '<base href="/"><link rel="service-desc" href="things.yaml">',
    "initializer": '<script src="./swagger-initializer.js" charset="UTF-8"> </script>',
}


@pytest.mark.parametrize("viewer", VIEWERS)
def test_a_page_of_a_viewer_names_its_document(here: Path, site: Site, viewer: str) -> None:
    html = f"<!-- made by x --><!DOCTYPE html><html><title>D</title>{VIEWERS[viewer]}</html>"
    text = yaml.safe_dump(document({"/a": {"get": operation()}})).encode()
    site.answers["/docs"] = (200, {"ETag": '"h"', "Content-Type": "text/html"}, html.encode())
    site.answers["/things.yaml"] = (200, {"ETag": '"d"'}, text)
    script = b"window.onload = () => { window.ui = SwaggerUIBundle({ url: '/things.yaml' }) };"
    site.answers["/swagger-initializer.js"] = (200, {}, script)
    pull([f"{site.url}/docs"], here)
    assert (here / "openapi-spec/things.yaml").read_bytes() == text
    (entry,) = tomllib.loads((here / LOCK).read_text("utf-8"))["source"]
    assert entry["source"] == f"{site.url}/docs"
    before = snapshot(here)
    assert pull([], here).in_step and snapshot(here) == before
    assert [headers.get("if-none-match") for _, headers in site.requests[-2:]] == ['"h"', '"d"']
    site.answers["/things.yaml"] = (200, {}, b"<html>gone</html>")
    assert refused(here) == "page-gone"


def test_a_page_whose_markdown_is_beside_it(here: Path, site: Site) -> None:
    site.answers["/guide/chat"] = (200, {}, b"<!doctype html><html></html>")
    site.answers["/guide/chat.md"] = (200, {}, item(1))
    pull([f"{site.url}/guide/chat"], here)
    assert list(pulled(here)["paths"]) == ["/things/1"]
    assert pull([], here).in_step


@pytest.mark.parametrize(
    ("html", "id"),
    [
        ("", "not-a-document"),
        ("<p>url: '/x.yaml'</p><a href='/x.yaml'>", "not-a-document"),
        ("<redoc spec-url='https://example.com/x.yaml'>", "fetch-refused-redirect"),
        ("<redoc spec-url='file:///etc/passwd'>", "not-a-document"),
        ("<redoc spec-url='/x.yaml'><redoc spec-url='/y.yaml'>", "page-with-several-documents"),
        ("<redoc spec-url='/missing.yaml'>", "page-without-document"),
        (
            "<script>SwaggerUIBundle({urls: [{url: '/x'}, {url: '/y'}]})</script>",
            "page-with-several-documents",
        ),
    ],
)
def test_pages_that_name_no_document_to_take(here: Path, site: Site, html: str, id: str) -> None:
    site.answers["/docs"] = (200, {}, f"<!doctype html><html>{html}".encode())
    assert refused(here, f"{site.url}/docs") == id


@pytest.mark.parametrize("part", ["<!--", "<a b='", "</", "<script>SwaggerUI(url: '", "<a " + "/"])
def test_hostile_markup_is_passed_over(part: str) -> None:
    """With a reader that goes back and forth, this takes minutes."""
    found = named_documents((part * 100_000).encode()[:500_000], "https://a.com/")
    assert found.documents == ()


# ---------------------------------------------------------------- servers that fail


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


# ---------------------------------------------------------------- names, credentials, the command


def test_a_document_moves_to_another_source(here: Path, site: Site) -> None:
    text = yaml.safe_dump(document({"/a": {"get": operation()}})).encode()
    (here / "local.yaml").write_bytes(text)
    pull(["local.yaml"], here)
    site.answers["/v9/openapi"] = (200, {}, text)
    url = f"{site.url}/v9/openapi"
    pull([url], here, name="local.yaml")
    (entry,) = tomllib.loads((here / LOCK).read_text("utf-8"))["source"]
    assert (entry["document"], entry["source"]) == ("local.yaml", url)
    assert pull([], here).in_step
    for name in ("../x.yaml", "x.txt", "a b.yaml", "con.yaml"):
        with pytest.raises(SdkpressError):
            pull([url], here, name=name)


@pytest.mark.parametrize("name", ["token", "api_key", "sig", "X-Amz-Signature", "access_token"])
def test_credentials_in_a_query_are_refused_and_not_shown(here: Path, name: str) -> None:
    with pytest.raises(SdkpressError) as caught:
        pull([f"https://example.com/spec.yaml?v=1&{name}=hunter2"], here)
    assert caught.value.diagnostics[0].id == "invalid-source"
    assert "hunter2" not in str(caught.value) and snapshot(here) == {}


def test_signatures_of_a_redirect_are_not_shown(here: Path, site: Site) -> None:
    target = "https://me:hunter2@storage.example.com/x?sig=hunter2#hunter2"
    for location in (target, target.replace("me:hunter2@", "")):
        site.answers["/x.yaml"] = (302, {"Location": location}, b"")
        with pytest.raises(SdkpressError) as caught:
            pull([f"{site.url}/x.yaml"], here)
        assert "hunter2" not in str(caught.value)
    assert shown_url("https://a:b@c.com?x#y") == "https://c.com"


def test_the_command_and_its_exit_codes(
    here: Path, site: Site, capsys: pytest.CaptureFixture[str]
) -> None:
    url = serve(site, 20)
    assert main(["pull", url]) == 0
    printed = capsys.readouterr()
    assert printed.out == f"openapi-spec/things.yaml: new ({url})\n"
    assert printed.err.count("of 20 pages") == 10
    assert main(["pull", "--check", "--quiet"]) == 0
    site.answers["/api/3.md"] = (200, {}, item(33))
    assert main(["pull", "--check", "--format", "json"]) == 1
    answer = json.loads(capsys.readouterr().out)
    assert answer["in_step"] is False and answer["written"] == []
    assert [found["state"] for found in answer["documents"]] == ["changed"]
    site.answers["/llms.txt"] = (404, {}, b"")
    assert main(["pull", "--check", "--format", "json"]) == 2
    answer = json.loads(capsys.readouterr().out)
    assert answer["diagnostics"][0]["id"] == "fetch-failed"
