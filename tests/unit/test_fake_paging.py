"""Pages of the fake server: every style, by what the generator tells and by what a mock finds out."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from sdkpress.bundling import load_document
from sdkpress.diagnostics import Diagnostics
from sdkpress.fake_pages import OperationPages
from sdkpress.loading import load_api
from sdkpress.runtime.testing.app import FakeApp
from sdkpress.runtime.testing.exchanges import ReceivedRequest, Reply
from sdkpress.views.pagination import pagination_facts

ITEMS = [{"id": f"t{number}"} for number in range(5)]
THING = {"type": "object", "required": ["id"], "properties": {"id": {"type": "string"}}}


def operation(
    inputs: dict[str, Any], answer: dict[str, Any], example: Any, **headers: Any
) -> dict[str, Any]:
    return {
        "parameters": [{"name": name, "in": "query", "schema": schema} for name, schema in inputs.items()],
        "responses": {
            "200": {
                "description": "",
                "headers": headers,
                "content": {"application/json": {"schema": answer, "example": example}},
            }
        },
    }  # fmt: skip


def listing(**properties: Any) -> dict[str, Any]:
    items = {"type": "array", "items": {"$ref": "#/components/schemas/Thing"}}
    return {"type": "object", "required": ["items"], "properties": {"items": items, **properties}}


INTEGER = {"type": "integer"}
TEXT = {"type": "string"}
FLAG = {"type": "boolean"}
DOCUMENT: dict[str, Any] = {
    "openapi": "3.1.0",
    "info": {"title": "Things", "version": "1"},
    "paths": {
        "/cursor": {"get": operation(
            {"limit": INTEGER, "cursor": TEXT},
            listing(next_cursor=TEXT, has_more=FLAG),
            {"items": ITEMS, "next_cursor": "abc", "has_more": True},
        )},
        "/page": {"get": operation(
            {"page": {"type": "integer", "default": 1}, "per_page": INTEGER},
            listing(total=INTEGER, total_pages=INTEGER),
            {"items": ITEMS, "total": 70, "total_pages": 9},
        )},
        "/offset": {"get": operation(
            {"offset": {"type": "integer", "default": 0}, "limit": INTEGER},
            listing(total=INTEGER),
            {"items": ITEMS, "total": 70},
        )},
        "/url": {"get": operation(
            {"limit": INTEGER}, listing(next={"type": ["string", "null"], "format": "uri"}),
            {"items": ITEMS, "next": "https://api.example.com/url?limit=2&after=t1"},
        )},
        "/link": {"get": operation(
            {"page": INTEGER, "per_page": INTEGER},
            {"type": "array", "items": {"$ref": "#/components/schemas/Thing"}}, ITEMS,
            Link={"schema": TEXT},
        )},
        "/one": {"get": operation({}, {"$ref": "#/components/schemas/Thing"}, ITEMS[0])},
    },
    "components": {"schemas": {"Thing": THING, "Unused": {"properties": {"x": {"$ref": "#/nowhere"}}}}},
}  # fmt: skip


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> FakeApp:
    path = tmp_path_factory.mktemp("pages") / "things.json"
    path.write_text(json.dumps(DOCUMENT), encoding="utf-8")
    document = load_document(path, Diagnostics())
    return FakeApp(document.tree, pages=OperationPages(document))


def get(app: FakeApp, target: str) -> tuple[Any, Reply]:
    path, _, query = target.partition("?")
    reply = app.respond(ReceivedRequest("GET", path, query, (("host", "127.0.0.1:80"),)))
    assert reply.status == 200
    return json.loads(b"".join(step for step in reply.steps if isinstance(step, bytes))), reply


def ids(items: Any) -> list[str]:
    return [item["id"] for item in items]


def test_a_cursor_leads_through_the_list_in_pages_of_the_size_asked_for(app: FakeApp) -> None:
    found: list[list[str]] = []
    target = "/cursor?limit=2"
    while target:
        page, _ = get(app, target)
        found.append(ids(page["items"]))
        assert page["has_more"] is ("next_cursor" in page)
        target = f"/cursor?limit=2&cursor={page['next_cursor']}" if page["has_more"] else ""
    assert found == [["t0", "t1"], ["t2", "t3"], ["t4"]]


def test_a_cursor_of_the_document_leads_to_a_last_page(app: FakeApp) -> None:
    first, _ = get(app, "/cursor")
    assert first == {"items": ITEMS, "next_cursor": "abc", "has_more": True}
    last, _ = get(app, "/cursor?cursor=abc")
    assert last == {"items": ITEMS, "has_more": False}


def test_pages_are_counted(app: FakeApp) -> None:
    pages = [get(app, f"/page?per_page=2&page={number}")[0] for number in (1, 2, 3, 4)]
    assert [ids(page["items"]) for page in pages] == [["t0", "t1"], ["t2", "t3"], ["t4"], []]
    assert [(page["total"], page["total_pages"]) for page in pages[:3]] == [(5, 3)] * 3
    assert get(app, "/page")[0]["total"] == 70  # as the document has it
    assert get(app, "/page?page=2")[0]["items"] == []


def test_items_are_counted(app: FakeApp) -> None:
    assert ids(get(app, "/offset?offset=3")[0]["items"]) == ["t3", "t4"]
    assert ids(get(app, "/offset?offset=1&limit=2")[0]["items"]) == ["t1", "t2"]
    assert get(app, "/offset?offset=5&limit=2")[0]["items"] == []


def test_urls_and_link_headers_lead_on(app: FakeApp) -> None:
    found: list[list[str]] = []
    target = "/url?limit=2"
    while target:
        page, _ = get(app, target)
        found.append(ids(page["items"]))
        target = (page.get("next") or "").removeprefix("http://127.0.0.1:80")
    assert found == [["t0", "t1"], ["t2", "t3"], ["t4"]]
    links = [
        dict(get(app, f"/link?per_page=3{more}")[1].headers).get("link")
        for more in ("", "&fake-page=2")
    ]
    assert links == ['</link?per_page=3&fake-page=2>; rel="next"', None]


def test_one_thing_has_no_pages(app: FakeApp) -> None:
    assert get(app, "/one?page=2&limit=1")[0] == ITEMS[0]


@pytest.mark.shared
def test_a_mock_finds_out_what_the_generator_knows(shared: Path) -> None:
    for name in ("museum.yaml", "svix.json", "meilisearch.json"):
        path = shared / "specs" / "real" / name
        if not path.is_file():
            pytest.skip("no ../shared/specs with documents beside the checkout")
        document, api = load_api(path, (), Diagnostics())
        pages = OperationPages(document)
        told = {
            (item.method, item.path): pagination_facts(item.pagination) if item.pagination else {}
            for item in api.operations
        }
        assert {key: pages(*key) for key in told} == told
        assert any(told.values())
