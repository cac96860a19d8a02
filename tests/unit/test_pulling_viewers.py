"""Pulling from pages in HTML: viewers that name their document."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest
import yaml

from sdkpress.pulling import LOCK
from sdkpress.site_index import named_documents
from tests.unit.loopback_site import Site, here, pull, refused, site, snapshot
from tests.unit.site_pages import document, item, operation, pulled

__all__ = ["here", "site"]  # fixtures


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
