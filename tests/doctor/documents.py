"""Small documents for the rules: a skeleton that nothing is wrong with, and what is put into it."""

from __future__ import annotations

import copy
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from sdkpress.doctor.diagnosing import Diagnosis, diagnose
from sdkpress.yaml_text import dump_yaml
from tests.conftest import REPOSITORY

RULES = REPOSITORY / "tests" / "doctor" / "rules.yaml"

SKELETON: dict[str, Any] = {
    "openapi": "3.1.0",
    "info": {"title": "Things", "version": "1.0.0"},
    "servers": [{"url": "https://api.things.io"}],
    "security": [],
    "paths": {},
}
OPERATION: dict[str, Any] = {
    "operationId": "listThings",
    "summary": "Every thing",
    "responses": {
        "200": {"description": "Things", "content": {"text/plain": {"schema": {"type": "string"}}}},
        "default": {
            "description": "An error",
            "content": {"text/plain": {"schema": {"type": "string"}}},
        },
    },
}


@cache
def examples() -> dict[str, dict[str, dict[str, Any]]]:
    return dict(yaml.load(RULES.read_text(encoding="utf-8"), yaml.CSafeLoader))


def document_of(parts: dict[str, Any]) -> dict[str, Any]:
    """The skeleton with the parts of an example; a null takes out what stands there."""
    tree = copy.deepcopy(SKELETON)
    operation = copy.deepcopy(OPERATION)
    if "schema" in parts:
        content = {"application/json": {"schema": {"$ref": "#/components/schemas/Thing"}}}
        operation["responses"]["200"]["content"] = content
        tree["components"] = {"schemas": {"Thing": copy.deepcopy(parts["schema"])}}
    if "request" in parts:
        body = {"content": {"application/json": {"schema": copy.deepcopy(parts["request"])}}}
        own = {**copy.deepcopy(OPERATION), "operationId": "addThing", "requestBody": body}
        tree["paths"]["/things"] = {"post": own}
    merge(operation, parts.get("operation", {}))
    tree["paths"].setdefault("/things", {})["get"] = operation
    merge(tree, parts.get("document", {}))
    return tree


def merge(tree: dict[str, Any], part: dict[str, Any]) -> None:
    for key, value in part.items():
        if value is None:
            tree.pop(key, None)
        elif isinstance(value, dict) and isinstance(tree.get(key), dict):
            merge(tree[key], value)
        else:
            tree[key] = copy.deepcopy(value)


def write(folder: Path, tree: dict[str, Any], name: str = "spec.yaml") -> Path:
    path = folder / name
    path.write_text(dump_yaml(tree), encoding="utf-8")
    return path


def diagnosed(folder: Path, tree: dict[str, Any]) -> Diagnosis:
    return diagnose(write(folder, tree))
