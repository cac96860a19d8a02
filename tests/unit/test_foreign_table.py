"""Each extension that lowering/foreign/table.py lists is read, and no other."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from sdkpress.lowering.foreign.table import READ
from tests.conftest import REPOSITORY
from tests.unit.foreign_documents import (
    ADD,
    ANSWER,
    CURSOR,
    LIST,
    PET,
    PURPOSE,
    TALK,
    Read,
    argument,
    attributes,
    deprecation,
    pages,
    read,
    stream,
)

CASES: dict[str, tuple[dict[str, object], Callable[[Read], object], object]] = {
    "x-fern-sdk-group-name": (
        {f"{LIST}/x-fern-sdk-group-name": ["api-gateway", "userPets"]},
        lambda found: found.called("listPets"),
        "api_gateway.user_pets.list",
    ),
    "x-fern-sdk-method-name": (
        {f"{LIST}/x-fern-sdk-method-name": "listAll"},
        lambda found: found.called("listPets"),
        "pets.list_all",
    ),
    "x-fern-type-name": (
        {f"{PET}/x-fern-type-name": "animal", f"{PET}/properties/owner/x-fern-type-name": "Keeper"},
        lambda found: sorted(found.names.schemas.values())[:2],
        ["Animal", "Keeper"],
    ),
    "x-fern-property-name": (
        {f"{PET}/properties/name/x-fern-property-name": "calledBy"},
        attributes,
        ("called_by", "owner"),
    ),
    "x-fern-parameter-name": (
        {f"{LIST}/parameters/2/x-fern-parameter-name": "key"},
        lambda found: argument(found, "Pet-Key"),
        "key",
    ),
    "x-fern-ignore": (
        {f"{ADD}/x-fern-ignore": True},
        lambda found: [item.operation_id for item in found.api.operations],
        ["listPets", "talk"],
    ),
    "x-fern-streaming": (
        {f"{TALK}/x-fern-streaming": {"format": "sse", "terminator": "<END>"}},
        stream,
        ("<END>", ""),
    ),
    "x-fern-pagination": (
        {f"{LIST}/x-fern-pagination": {**CURSOR, "has-next-page": "$response.meta.more"}},
        lambda found: {key: pages(found)[key] for key in ("style", "parameter", "next", "more")},
        {"style": "cursor", "parameter": "from", "next": ("meta", "after"), "more": ("meta", "more")},
    ),
    "x-fern-idempotent": (
        {"/x-fern-idempotency-headers": [{"header": "X-Once-Key"}], f"{ADD}/x-fern-idempotent": True},
        lambda found: [
            (item.idempotency_header, item.replay)
            for item in map(found.operation, ("addPet", "listPets"))
        ],
        [("X-Once-Key", "key"), ("", "method")],
    ),
    "x-fern-idempotency-headers": (
        {
            "/x-fern-idempotency-headers": [{"header": "Key-Expires"}, {"header": "Pet-Key"}],
            f"{LIST}/x-fern-idempotent": True,
        },
        lambda found: (
            found.operation("listPets").idempotency_header,
            [item.name for item in found.operation("listPets").parameters],
        ),
        ("Pet-Key", ["from", "count"]),
    ),
    "x-fern-availability": (
        {f"{ADD}/x-fern-availability": "deprecated"},
        deprecation,
        (True, ""),
    ),
    "x-speakeasy-group": (
        {f"{LIST}/x-speakeasy-group": "store.animals"},
        lambda found: found.called("listPets"),
        "store.animals.list",
    ),
    "x-speakeasy-name-override": (
        {
            "/x-speakeasy-name-override": [
                {"operationId": "^add.*", "methodNameOverride": "put_in"},
                {"operationId": "nothing", "methodNameOverride": "none"},
            ],
            f"{LIST}/x-speakeasy-name-override": "browse",
            f"{LIST}/parameters/0/x-speakeasy-name-override": "start",
            f"{PET}/x-speakeasy-name-override": "Animal",
            f"{PET}/properties/name/x-speakeasy-name-override": "title",
        },
        lambda found: (
            found.called("listPets"), found.called("addPet"), argument(found, "from"),
            found.names.schemas[next(id for id in found.api.schemas if id == PET)],
            attributes(found)[0],
        ),
        ("pets.browse", "pets.put_in", "start", "Animal", "title"),
    ),
    "x-speakeasy-ignore": (
        {"/paths/~1pets/x-speakeasy-ignore": True},
        lambda found: [item.operation_id for item in found.api.operations],
        ["talk"],
    ),
    "x-speakeasy-pagination": (
        {
            f"{LIST}/x-speakeasy-pagination": {
                "type": "cursor",
                "inputs": [
                    {"name": "from", "in": "parameters", "type": "cursor"},
                    {"name": "count", "in": "parameters", "type": "limit"},
                ],
                "outputs": {"nextCursor": "$.rows[(@.length-1)].owner['id']"},
            }
        },
        lambda found: {key: pages(found)[key] for key in ("style", "items", "last", "size")},
        {"style": "cursor", "items": ("rows",), "last": ("owner", "id"), "size": "count"},
    ),
    "x-speakeasy-sse-sentinel": (
        {f"{TALK}/responses/200/content/text~1event-stream/x-speakeasy-sse-sentinel": "[STOP]"},
        stream,
        ("[STOP]", ""),
    ),
    "x-speakeasy-retries": (
        {
            f"{ADD}/x-speakeasy-retries": {"strategy": "backoff", "retryConnectionErrors": True},
            f"{TALK}/x-speakeasy-retries": {"strategy": "none", "retryConnectionErrors": True},
        },
        lambda found: (found.operation("addPet").replay, found.operation("talk").replay),
        ("safe", "method"),
    ),
    "x-speakeasy-deprecation-message": (
        {f"{ADD}/x-speakeasy-deprecation-message": "Gone in May."},
        deprecation,
        (True, "Gone in May."),
    ),
    "x-speakeasy-deprecation-replacement": (
        {f"{ADD}/x-speakeasy-deprecation-replacement": "putPet"},
        deprecation,
        (True, "Use `putPet` instead."),
    ),
    "x-stainless-naming": (
        {
            f"{PET}/x-stainless-naming": {"python": {"type_name": "Animal"}, "go": {"type_name": "A"}},
            f"{PET}/properties/name/x-stainless-naming": {"python": {"property_name": "title"}},
            f"{PET}/properties/owner/x-stainless-naming": "KeeperOfPets",
        },
        lambda found: (sorted(found.names.schemas.values())[:2], attributes(found)),
        (["Animal", "KeeperOfPets"], ("title", "owner")),
    ),
    "x-stainless-param": (
        {f"{LIST}/parameters/0/schema/x-stainless-param": "start"},
        lambda found: argument(found, "from"),
        "start",
    ),
    "x-stainless-skip": (
        {f"{ADD}/x-stainless-skip": ["go", "python"], f"{TALK}/x-stainless-skip": ["go"]},
        lambda found: [item.operation_id for item in found.api.operations],
        ["listPets", "talk"],
    ),
    PURPOSE: (
        {
            f"{LIST}/parameters/0/schema/{PURPOSE}": {"purpose": "next_cursor_param"},
            f"{ANSWER}/rows/{PURPOSE}": {"purpose": "items"},
            f"{ANSWER}/meta/properties/after/{PURPOSE}": {"purpose": "next_cursor_field"},
        },
        lambda found: {key: pages(found)[key] for key in ("style", "items", "next")},
        {"style": "cursor", "items": ("rows",), "next": ("meta", "after")},
    ),
    "x-stainless-deprecation-message": (
        {f"{ADD}/x-stainless-deprecation-message": "Use the other."},
        deprecation,
        (True, "Use the other."),
    ),
}  # fmt: skip


@pytest.mark.parametrize("extension", READ, ids=lambda row: row.name)
def test_each_extension_of_the_table_is_read(extension: Any, tmp_path: Path) -> None:
    edits, look, expected = CASES[extension.name]
    assert any(extension.name in pointer for pointer in edits)
    found = read(tmp_path, edits)
    assert look(found) == expected
    without = read(tmp_path, {at: value for at, value in edits.items() if extension.name not in at})
    try:
        other: object = look(without)
    except AssertionError:
        other = None  # no pages, no stream
    assert other != expected
    assert [text for text in found.said if text.startswith("foreign-extension")] == []


def test_the_table_has_every_extension_that_the_code_knows() -> None:
    code = "".join(
        path.read_text(encoding="utf-8")
        for path in sorted((REPOSITORY / "generator/sdkpress/lowering/foreign").glob("*.py"))
        if path.name != "table.py"
    )
    known = set(re.findall(r'"(x-(?:fern|speakeasy|stainless)-[a-z-]+)"', code))
    assert known == {row.name for row in READ} == set(CASES)
    elsewhere = [
        path.name
        for path in sorted((REPOSITORY / "generator/sdkpress").rglob("*.py"))
        if path.parent.name != "foreign"
        and re.search(r"x-(?:fern|speakeasy|stainless)-", path.read_text(encoding="utf-8"))
    ]
    assert elsewhere == []


def test_the_page_of_our_own_extensions_has_them_all() -> None:
    code = "".join(
        path.read_text(encoding="utf-8")
        for folder in ("lowering", "lowering/foreign")
        for path in sorted((REPOSITORY / "generator/sdkpress" / folder).glob("*.py"))
    )
    known = set(re.findall(r'"(x-sdkpress-[a-z-]+)"', code)) - {"x-sdkpress-pointer"}
    page = (REPOSITORY / "docs" / "extensions.md").read_text(encoding="utf-8")
    assert known == set(re.findall(r"^\| `(x-sdkpress-[a-z-]+)`", page, re.M))
