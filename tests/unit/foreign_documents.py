"""A document, edited as those for other generators are, and what comes of it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import yaml

from sdkpress.config import config_from_options
from sdkpress.diagnostics import Diagnostics, Location
from sdkpress.model import Api, ObjectSchema, Operation
from sdkpress.naming import Names, PinnedNames
from sdkpress.pipeline import analyse

PETS = """
openapi: 3.1.0
info: {title: Pets, version: "1"}
paths:
  /pets:
    get:
      operationId: listPets
      parameters:
        - &from {name: from, in: query, schema: {type: string}}
        - {name: count, in: query, schema: {type: integer}}
        - {name: Pet-Key, in: header, schema: {type: string}}
      responses: {"200": {description: Ok., content: {application/json: {schema: {type: object, properties: {
        rows: {type: array, items: {$ref: "#/components/schemas/Pet"}},
        extra: {type: array, items: {type: string}},
        meta: {type: object, properties: {after: {type: string}, pages: {type: integer}, more: {type: boolean}}}}}}}}}
    post:
      operationId: addPet
      requestBody: {content: {application/json: {schema: {$ref: "#/components/schemas/Pet"}}}}
      responses: {"200": {description: Ok., content: {application/json: {schema: {$ref: "#/components/schemas/Pet"}}}}}
  /pets/talk:
    post:
      operationId: talk
      requestBody: {content: {application/json: {schema: {type: object, properties: {live: {type: boolean}}}}}}
      responses: {"200": {description: Ok., content: {text/event-stream: {schema: {type: string}}}}}
components:
  schemas:
    Pet: {type: object, properties: {name: {type: string}, owner: {type: object, properties: {id: {type: string}}}}}
"""
LIST, ADD, TALK = "/paths/~1pets/get", "/paths/~1pets/post", "/paths/~1pets~1talk/post"
PET = "/components/schemas/Pet"
ANSWER = f"{LIST}/responses/200/content/application~1json/schema/properties"


@dataclass(frozen=True)
class Read:
    api: Api
    names: Names
    said: list[str]
    places: dict[str, Location]

    def operation(self, id: str) -> Operation:
        return next(item for item in self.api.operations if item.operation_id == id)

    def called(self, id: str) -> str:
        operation = self.operation(id)
        return self.names.operations[f"{operation.method} {operation.path}"].dotted()


def read(
    folder: Path,
    edits: dict[str, object],
    text: str = PETS,
    pinned: PinnedNames | None = None,
    names: dict[str, str] | None = None,
) -> Read:
    """The document with values set at JSON pointers, as far as names and views."""
    tree: dict[str, Any] = yaml.safe_load(text)
    for pointer, value in edits.items():
        *parents, last = (
            part.replace("~1", "/").replace("~0", "~") for part in pointer[1:].split("/")
        )
        node: Any = tree
        for part in parents:
            node = node[int(part) if len(part) == 1 and part.isdigit() else part]
        node[last] = value
    spec = folder / "pets.yaml"
    spec.write_text(yaml.safe_dump(tree, sort_keys=False), encoding="utf-8")
    diagnostics = Diagnostics()
    config = config_from_options(spec=spec, out=folder / "out", title="Pets", name="pets")
    config = replace(config, names=names or {})
    done = analyse(config, diagnostics, pinned=pinned, has_testing=False)
    return Read(
        done.api,
        done.names,
        [f"{item.id}: {item.message}" for item in diagnostics.items],
        {item.id: item.location for item in diagnostics.items if item.location is not None},
    )


def pages(found: Read) -> dict[str, Any]:
    pagination = found.operation("listPets").pagination
    assert pagination is not None
    return {
        "style": pagination.style, "parameter": pagination.parameter, "items": pagination.items,
        "next": pagination.next, "last": pagination.last_item, "more": pagination.has_more,
        "pages": pagination.total_pages, "first": pagination.first, "size": pagination.size,
    }  # fmt: skip


def attributes(found: Read) -> tuple[str, ...]:
    return next(
        found.names.properties[id]
        for id, schema in found.api.schemas.items()
        if isinstance(schema, ObjectSchema) and id == PET
    )


def argument(found: Read, wire: str) -> str:
    return next(
        item.docs.name for item in found.operation("listPets").parameters if item.name == wire
    )


def deprecation(found: Read) -> tuple[bool, str]:
    docs = found.operation("addPet").docs
    return docs.deprecated, docs.deprecation


def stream(found: Read) -> tuple[str, str]:
    told = found.operation("talk").stream
    assert told is not None
    return told.terminator, told.condition


CURSOR = {
    "cursor": "$request.from",
    "next_cursor": "$response.meta.after",
    "results": "$response.rows",
}
PURPOSE = "x-stainless-pagination-property"
