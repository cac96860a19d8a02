"""Two documents in, the changes out: what tests of the diff share."""

from __future__ import annotations

import json
from collections.abc import Callable
from copy import deepcopy
from pathlib import Path
from typing import Any

from sdkpress.diffing.changes import Change
from sdkpress.diffing.comparing import Comparison, compare
from sdkpress.diffing.sides import open_sides

Edit = Callable[[dict[str, Any]], object]


def schema_ref(name: str) -> dict[str, str]:
    return {"$ref": f"#/components/schemas/{name}"}


def answer(schema: dict[str, Any]) -> dict[str, Any]:
    return {"200": {"description": "ok", "content": {"application/json": {"schema": schema}}}}


def shop() -> dict[str, Any]:
    """A small API with what Python sees of one: arguments, bodies, models, enums, unions."""
    string, integer = {"type": "string"}, {"type": "integer"}
    return {
        "openapi": "3.1.0",
        "info": {"title": "Shop", "version": "1.0.0"},
        "servers": [{"url": "https://shop.test"}],
        "security": [{"key": []}],
        "paths": {
            "/carts/{cart}/items/{item}": {
                "get": {
                    "operationId": "getItem",
                    "parameters": [
                        {"name": "cart", "in": "path", "required": True, "schema": string},
                        {"name": "item", "in": "path", "required": True, "schema": string},
                        {"name": "limit", "in": "query", "schema": {**integer, "default": 10}},
                    ],
                    "responses": answer(schema_ref("Item")),
                },
            },
            "/orders": {
                "post": {
                    "operationId": "createOrder",
                    "requestBody": {
                        "required": True,
                        "content": {"application/json": {"schema": schema_ref("Order")}},
                    },
                    "responses": answer(schema_ref("Receipt")),
                },
                "get": {
                    "operationId": "listOrders",
                    "parameters": [{"name": "state", "in": "query", "schema": schema_ref("State")}],
                    "responses": answer({"type": "array", "items": schema_ref("Receipt")}),
                },
            },
            "/orders/{id}": {
                "delete": {
                    "operationId": "deleteOrder",
                    "parameters": [
                        {"name": "id", "in": "path", "required": True, "schema": string}
                    ],
                    "responses": {"204": {"description": "gone"}},
                },
            },
        },
        "components": {
            "securitySchemes": {"key": {"type": "http", "scheme": "bearer"}},
            "schemas": {
                "Item": {
                    "type": "object",
                    "required": ["id", "price"],
                    "properties": {"id": string, "price": integer, "note": string},
                },
                "Order": {
                    "type": "object",
                    "required": ["address"],
                    "properties": {
                        "address": schema_ref("Address"),
                        "gift": {"type": "boolean"},
                        "comment": string,
                    },
                },
                "Address": {
                    "type": "object",
                    "required": ["street"],
                    "properties": {"street": string, "zip": string},
                },
                "State": {"type": "string", "enum": ["open", "sent"]},
                "Receipt": {
                    "type": "object",
                    "required": ["id", "state", "payment"],
                    "properties": {
                        "id": string,
                        "state": schema_ref("State"),
                        "payment": schema_ref("Payment"),
                    },
                },
                "Payment": {"oneOf": [schema_ref("Card"), schema_ref("Cash")]},
                "Card": {
                    "type": "object",
                    "required": ["number"],
                    "properties": {"number": string},
                },
                "Cash": {
                    "type": "object",
                    "required": ["coins"],
                    "properties": {"coins": integer},
                },
            },
        },
    }


def compared(
    folder: Path, edit: Edit, old: dict[str, Any] | None = None
) -> tuple[Comparison, dict[str, Any]]:
    """The comparison of a document (the shop) with an edited copy, and the copy."""
    before = shop() if old is None else old
    after = deepcopy(before)
    edit(after)
    for name, tree in (("old.json", before), ("new.json", after)):
        (folder / name).write_text(json.dumps(tree, indent=1), encoding="utf-8")
    with open_sides(str(folder / "old.json"), str(folder / "new.json")) as sides:
        return compare(*sides), after


def python_changes(folder: Path, edit: Edit) -> tuple[Change, ...]:
    """The changes on the axes of Python."""
    found, _ = compared(folder, edit)
    return tuple(change for change in found.changes if change.axis != "wire")


def told(changes: tuple[Change, ...]) -> set[tuple[str, str, str, str]]:
    """Id without its prefix, subject, axis, severity."""
    return {
        (change.id.removeprefix("python-"), change.subject, change.axis, change.severity)
        for change in changes
    }
