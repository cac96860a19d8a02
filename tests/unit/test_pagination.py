"""What counts as pagination: inferred, declared, configured; and the Link header."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from sdkpress.config import ClientConfig, config_from_options, load_config
from sdkpress.diagnostics import Diagnostics, SdkpressError
from sdkpress.loading import load_api
from sdkpress.model import Pagination
from sdkpress.pipeline import build
from sdkpress.runtime.pagination import next_link

STRING = {"type": "string"}
INTEGER = {"type": "integer"}
BOOLEAN = {"type": "boolean"}
THINGS = {"type": "array", "items": {"type": "object", "properties": {"id": STRING}}}


def document(
    parameters: dict[str, Any],
    answer: dict[str, Any],
    *,
    headers: tuple[str, ...] = (),
    method: str = "get",
    **operation: Any,
) -> dict[str, Any]:
    """A document with one operation; an answer without `type` is the properties of an object."""
    schema = answer if "type" in answer else {"type": "object", "properties": answer}
    listed = [
        {"name": name, "in": "query", **(node if "schema" in node else {"schema": node})}
        for name, node in parameters.items()
    ]
    response = {
        "description": "Ok.",
        "headers": {name: {"schema": STRING} for name in headers},
        "content": {"application/json": {"schema": schema}},
    }
    node = {
        "operationId": "listThings",
        "parameters": listed,
        "responses": {"200": response},
        **operation,
    }
    return {
        "openapi": "3.1.0",
        "info": {"title": "Things", "version": "1"},
        "paths": {"/things": {method: node}},
    }


def write(tmp_path: Path, tree: dict[str, Any]) -> Path:
    path = tmp_path / "spec.json"
    path.write_text(json.dumps(tree))
    return path


def decide(tmp_path: Path, tree: dict[str, Any]) -> tuple[Pagination | None, Diagnostics]:
    diagnostics = Diagnostics()
    _, api = load_api(write(tmp_path, tree), (), diagnostics)
    return api.operations[0].pagination, diagnostics


PAGED = {"page": {"schema": INTEGER, "description": "Starts at 1."}, "limit": INTEGER}

INFERRED: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "cursor next_cursor cursor": ({"cursor": STRING}, {"data": THINGS, "next_cursor": STRING}),
    "cursor nextPageToken pageToken": (
        {"pageToken": STRING}, {"things": THINGS, "nextPageToken": STRING},
    ),
    "cursor meta.next_cursor cursor": (
        {"cursor": STRING},
        {"data": THINGS, "meta": {"type": "object", "properties": {"next_cursor": STRING}}},
    ),
    "cursor page_info.end_cursor after": (
        {"after": STRING},
        {
            "nodes": THINGS,
            "page_info": {
                "type": "object", "properties": {"end_cursor": STRING, "has_next_page": BOOLEAN},
            },
        },
    ),
    "cursor paging.next.after after": (
        {"after": STRING},
        {
            "results": THINGS,
            "paging": {
                "type": "object",
                "properties": {"next": {"type": "object", "properties": {"after": STRING}}},
            },
        },
    ),
    "cursor last_id after": (
        {"after": STRING}, {"data": THINGS, "last_id": STRING, "has_more": BOOLEAN},
    ),
    "cursor next_page page": ({"page": STRING}, {"data": THINGS, "next_page": STRING}),
    "cursor next from": ({"from": INTEGER}, {"results": THINGS, "next": INTEGER}),
    "url next": (
        {"offset": INTEGER, "limit": INTEGER},
        {"items": THINGS, "next": {**STRING, "format": "uri"}, "previous": STRING},
    ),
    "url _links.next.href": (
        {"limit": INTEGER},
        {
            "data": THINGS,
            "_links": {
                "type": "object",
                "properties": {"next": {"type": "object", "properties": {"href": STRING}}},
            },
        },
    ),
    "url links.pages.next": (
        PAGED,
        {
            "domains": THINGS,
            "links": {
                "type": "object",
                "properties": {"pages": {"type": "object", "properties": {"next": STRING}}},
            },
            "meta": {"type": "object", "properties": {"total": INTEGER}},
        },
    ),
    "url next_page_uri": ({}, {"accounts": THINGS, "next_page_uri": STRING}),
    "page page": (PAGED, THINGS),
    "page page[number]": (
        {"page[number]": {**INTEGER, "minimum": 1}, "page[size]": INTEGER}, {"data": THINGS},
    ),
    "offset skip": ({"skip": INTEGER, "take": INTEGER}, THINGS),
}  # fmt: skip


@pytest.mark.parametrize("case", INFERRED)
def test_unmistakable(case: str, tmp_path: Path) -> None:
    parameters, answer = INFERRED[case]
    found, diagnostics = decide(tmp_path, document(parameters, answer))
    assert found is not None and not diagnostics.items
    style, *words = case.split()
    assert found.style == style
    if style in ("cursor", "url"):
        assert ".".join(found.next) == words[0]
    if style != "url":
        assert found.parameter == words[-1]


NOT_INFERRED: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "no field in the answer": ({"cursor": STRING}, {"data": THINGS}),
    "no parameter": ({}, {"data": THINGS, "next_cursor": STRING}),
    "two arrays": ({"cursor": STRING}, {"cats": THINGS, "dogs": THINGS, "next_cursor": STRING}),
    "no array": ({"cursor": STRING}, {"next_cursor": STRING}),
    "another kind": ({"cursor": STRING}, {"data": THINGS, "next_page_token": STRING}),
    "a credential": ({"token": STRING}, {"data": THINGS, "token": STRING}),
    "backwards": ({"cursor": STRING}, {"data": THINGS, "previous_cursor": STRING}),
    "after a time": (
        {"after": {**STRING, "format": "date-time"}}, {"data": THINGS, "has_more": BOOLEAN},
    ),
    "another type": (
        {"after": INTEGER},
        {"data": THINGS, "cursors": {"type": "object", "properties": {"after": STRING}}},
    ),
    "where pages begin": ({"page": INTEGER, "limit": INTEGER}, THINGS),
    "page alone": ({"page": {**INTEGER, "default": 1}}, THINGS),
    "a span": ({"start": INTEGER, "end": INTEGER, "limit": INTEGER}, THINGS),
    "offset alone": ({"offset": INTEGER}, THINGS),
    "both ways": ({**PAGED, "offset": INTEGER}, THINGS),
    "page and cursor": ({**PAGED, "page_token": STRING}, THINGS),
    "no URL": ({"q": STRING}, {"data": THINGS, "next": {**STRING, "format": "uri"}}),
}  # fmt: skip


@pytest.mark.parametrize("case", NOT_INFERRED)
def test_mistakable(case: str, tmp_path: Path) -> None:
    parameters, answer = NOT_INFERRED[case]
    found, _ = decide(tmp_path, document(parameters, answer))
    assert found is None


def test_a_link_header_and_a_parameter(tmp_path: Path) -> None:
    found, _ = decide(tmp_path, document({"per_page": INTEGER}, THINGS, headers=("Link",)))
    assert found is not None and found.style == "link"
    found, _ = decide(tmp_path, document({"q": STRING}, THINGS, headers=("Link",)))
    assert found is None


@pytest.mark.parametrize(
    ("node", "first"),
    [
        ({"schema": {**INTEGER, "default": 0}}, 0),
        ({"schema": {**INTEGER, "default": 1}}, 1),
        ({"schema": INTEGER, "description": "Zero-based."}, 0),
        ({"schema": INTEGER, "description": "The page, starting from 1."}, 1),
    ],
)
def test_where_pages_begin(node: dict[str, Any], first: int, tmp_path: Path) -> None:
    found, _ = decide(tmp_path, document({"page": node, "limit": INTEGER}, THINGS))
    assert found is not None and found.first == first


def test_a_single_thing_has_no_pages(tmp_path: Path) -> None:
    links = {"type": "object", "properties": {"next": STRING}}
    tree = document({}, {"permissions": THINGS, "links": links})
    assert decide(tmp_path, tree)[0] is not None
    tree["paths"] = {"/things/{id}": tree["paths"]["/things"]}
    assert decide(tmp_path, tree)[0] is None


def test_a_cursor_that_two_places_take(tmp_path: Path) -> None:
    schema = {"type": "object", "properties": {"NextToken": STRING}}
    body = {"content": {"application/json": {"schema": schema}}}
    answer = {"Things": THINGS, "NextToken": STRING}
    tree = document({}, answer, method="post", requestBody=body)
    found, _ = decide(tmp_path, tree)
    assert found is not None and (found.parameter, found.location) == ("NextToken", "body")
    tree = document({"NextToken": STRING}, answer, method="post", requestBody=body)
    assert decide(tmp_path, tree)[0] is None


def test_only_reading_operations_count_pages(tmp_path: Path) -> None:
    for method, expected in (("get", True), ("post", False), ("delete", False)):
        found, _ = decide(tmp_path, document(PAGED, THINGS, method=method))
        assert (found is not None) is expected


def test_declared_in_the_document(tmp_path: Path) -> None:
    rule = {
        "style": "cursor",
        "parameter": "q",
        "next": "deep.er",
        "items": "cats",
        "has_more": "!end",
    }
    answer = {"cats": THINGS, "dogs": THINGS}
    extension = {"x-sdkpress-pagination": rule}
    found, _ = decide(tmp_path, document({"q": STRING}, answer, **extension))
    assert found is not None
    assert (found.next, found.items, found.has_more, found.is_done) == (
        ("deep", "er"), ("cats",), ("end",), True,
    )  # fmt: skip


@pytest.mark.parametrize(
    "rule",
    [
        {},
        "cursor",
        {"style": "spiral"},
        {"style": "cursor", "parameter": "q"},
        {"style": "cursor", "next": "n"},
        {"style": "url"},
        {"style": "page", "parameter": "nothing"},
        {"style": "page", "parameter": "q", "first": -1},
        {"style": "page", "parameter": "q", "items": "nothing"},
        {"style": "page", "parameter": "q", "items": "data.."},
        {"style": "page", "parameter": "q", "colour": "red"},
        True,
    ],
)
def test_a_wrong_declaration_is_reported(rule: Any, tmp_path: Path) -> None:
    extension = {"x-sdkpress-pagination": rule}
    found, said = decide(tmp_path, document({"q": STRING}, {"data": THINGS}, **extension))
    assert found is None
    assert [item.id for item in said.items] == ["invalid-extension"]


def test_off_for_an_operation_and_for_all(tmp_path: Path) -> None:
    parameters, answer = INFERRED["cursor next_cursor cursor"]
    extension = {"x-sdkpress-pagination": False}
    assert decide(tmp_path, document(parameters, answer, **extension))[0] is None
    assert decide(tmp_path, {**document(parameters, answer), **extension})[0] is None


# -- configuration


def configured(tmp_path: Path, tree: dict[str, Any], rules: dict[str, Any]) -> Pagination | None:
    config: ClientConfig = config_from_options(
        spec=write(tmp_path, tree), out=tmp_path / "out", title="Things"
    )
    built = build(replace(config, pagination=rules), Diagnostics(), black="off")
    return built.api.operations[0].pagination


RULE = {"style": "cursor", "parameter": "q", "next": "after"}


@pytest.mark.parametrize("key", ["things.list", "GET /things", "listThings", "things.*", "*"])
def test_a_rule_of_the_configuration(key: str, tmp_path: Path) -> None:
    found = configured(tmp_path, document({"q": STRING}, {"data": THINGS}), {key: RULE})
    assert found is not None and found.next == ("after",)


def test_exact_rules_go_before_patterns(tmp_path: Path) -> None:
    tree = document({"q": STRING}, {"data": THINGS})
    assert configured(tmp_path, tree, {"*": RULE, "things.list": False}) is None
    assert configured(tmp_path, tree, {"*": False, "things.*": RULE}) is not None


def test_a_pattern_leaves_alone_what_it_does_not_fit(tmp_path: Path) -> None:
    tree = document({"page": {**INTEGER, "default": 1}, "limit": INTEGER}, THINGS)
    found = configured(tmp_path, tree, {"*": RULE})
    assert found is not None and found.style == "page"


@pytest.mark.parametrize("key", ["things.list", "things.lost"])
def test_a_rule_that_does_not_fit_is_an_error(key: str, tmp_path: Path) -> None:
    with pytest.raises(SdkpressError) as caught:
        configured(tmp_path, document({}, {"data": THINGS}), {key: RULE})
    assert [item.id for item in caught.value.diagnostics] == ["invalid-pagination"]


def test_the_configuration_is_read(tmp_path: Path) -> None:
    start = '[[tool.sdkpress.client]]\nname = "things"\nspec = "spec.json"\n'
    file = tmp_path / "pyproject.toml"
    file.write_text(f'{start}[tool.sdkpress.client.pagination]\n"a.*" = false\n')
    assert dict(load_config(tmp_path).clients[0].pagination) == {"a.*": False}
    file.write_text(f"{start}pagination = false\n")
    assert dict(load_config(tmp_path).clients[0].pagination) == {"*": False}
    for wrong in ("pagination = 3\n", "pagination = {a = 3}\n"):
        file.write_text(start + wrong)
        with pytest.raises(SdkpressError):
            load_config(tmp_path)


# -- Link


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        (['<https://x/?page=2>; rel="next"'], "https://x/?page=2"),
        (['<https://x/1>; rel=prev, <https://x/3>; rel=next'], "https://x/3"),
        (["</1>; rel=prev", "</3>;rel=NEXT"], "/3"),
        (['<a,b>; title="x, <c>; rel=next"; rel="last next"'], "a,b"),
        (['<a>; rel="last"; rel="next"'], None),
        (['<a>; title="\\"; rel=next"; rel=last'], None),
        (["<a>; rel"], None),
        (["<a"], None),
        ([""], None),
        ([], None),
    ],
)  # fmt: skip
def test_link_header(fields: list[str], expected: str | None) -> None:
    assert next_link(fields) == expected
