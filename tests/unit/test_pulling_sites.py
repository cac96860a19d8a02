"""Pulling from documentation sites: their indexes, limits, names and credentials."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

from sdkpress.cli import main
from sdkpress.diagnostics import Diagnostics, SdkpressError
from sdkpress.fetching import Fetcher, Limits, shown_url
from sdkpress.pulling import LOCK
from sdkpress.sources_lock import LockedIndex, LockedPage, format_lock, read_indexes
from tests.unit.loopback_site import QUICK, Site, here, pull, refused, site, snapshot
from tests.unit.site_pages import document, index, item, operation, page, pulled, serve

__all__ = ["here", "site"]  # fixtures


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
