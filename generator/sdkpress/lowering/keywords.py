"""What the keywords of a schema say about the type of a value."""

from __future__ import annotations

import json
import re
from typing import Any

from sdkpress.content import ContentKind, classify
from sdkpress.lowering.source import POINTER, as_dict, as_list, as_text
from sdkpress.trees import is_sequence

ANNOTATIONS = frozenset(
    {
        "title", "description", "summary", "deprecated", "example", "examples", "default",
        "externalDocs", "xml", "readOnly", "writeOnly", "nullable", "$comment", "$schema", "$id",
        "$anchor", "$dynamicAnchor", "$dynamicRef", "$defs", "definitions", "minProperties",
        "maxProperties",
    }
)  # fmt: skip
"""Keywords that do not decide which Python type a value has."""

CONSTRAINTS = frozenset(
    {
        "minLength", "maxLength", "pattern", "minimum", "maximum", "exclusiveMinimum",
        "exclusiveMaximum", "multipleOf", "minItems", "maxItems", "uniqueItems", "contains",
        "minContains", "maxContains", "propertyNames", "not", "if", "then", "else",
        "dependentRequired", "dependentSchemas",
    }
)  # fmt: skip
"""Keywords that narrow the values of a type that something else tells."""

TYPES = ("object", "array", "string", "integer", "number", "boolean", "null")
OBJECT_KEYWORDS = (
    "properties", "additionalProperties", "patternProperties", "required", "propertyNames",
    "unevaluatedProperties", "dependentSchemas", "dependentRequired",
)  # fmt: skip
_ARRAY_KEYWORDS = ("items", "prefixItems", "uniqueItems", "minItems", "maxItems", "contains")
_STRING_KEYWORDS = ("pattern", "minLength", "maxLength", "contentEncoding", "contentMediaType")
_NUMBER_KEYWORDS = ("minimum", "maximum", "multipleOf", "exclusiveMinimum", "exclusiveMaximum")
_NUMERIC_FORMATS = {"int32": "integer", "int64": "integer", "float": "number", "double": "number"}
_INTEGER = re.compile(r"-?\d{1,18}")
_INERT = ANNOTATIONS | CONSTRAINTS | {"type"}
_NARROWING = ANNOTATIONS | CONSTRAINTS | {"required"}


def is_structural(node: object) -> bool:
    """True where a schema says something about the type of a value."""
    if node is True or node is False:
        return False
    return any(
        key not in ANNOTATIONS and (key == POINTER or not key.startswith("x-"))
        for key in as_dict(node)
    )


def adds_type(node: object) -> bool:
    """True where a schema beside a reference changes what type its values have."""
    return any(
        key not in _INERT
        and (key == POINTER or not key.startswith("x-"))
        and not (
            key in ("additionalProperties", "unevaluatedProperties") and isinstance(value, bool)
        )
        for key, value in as_dict(node).items()
    )


def allows_null(node: dict[str, Any]) -> bool:
    """Whether a schema says by its own keywords that null is allowed."""
    return (
        node.get("nullable") is True
        or node.get("x-nullable") is True
        or node.get("type") == "null"
        or "null" in as_list(node.get("type"))
    )


def is_bare_null(value: object) -> bool:
    """Whether an option is `{nullable: true}`: in OpenAPI 3.0, null has no type to name."""
    node = as_dict(value)
    return node.get("nullable") is True and node.keys() <= ANNOTATIONS


def only_narrows(options: list[Any]) -> bool:
    """Whether the options of a union say which values, and nothing about their type."""
    nodes = [as_dict(option) for option in options]
    return all(
        node
        and "type" not in node
        and all(key in _NARROWING or key.startswith("x-") for key in node)
        and POINTER not in node
        for node in nodes
    ) and any(not node.keys() <= ANNOTATIONS for node in nodes)


def string_format(node: dict[str, Any]) -> str:
    """The format of a string; its content keywords count as one."""
    format = as_text(node.get("format"))
    if not format and as_text(node.get("contentEncoding")).lower() in ("base64", "base64url"):
        return "byte" if node.get("contentEncoding") == "base64" else ""
    if not format and "contentMediaType" in node and "contentSchema" not in node:
        kind = classify(as_text(node["contentMediaType"]))
        return "binary" if kind is ContentKind.BINARY else ""
    return format


def says_type(node: dict[str, Any]) -> bool:
    """Whether a keyword tells the type, so that none has to be inferred or taken over."""
    return any(
        key in node for key in ("type", "$ref", POINTER, "enum", "const", "allOf", "oneOf", "anyOf")
    )


def inferred_type(node: dict[str, Any]) -> str:
    """The type that keywords other than `type` imply, "any" where they say nothing."""
    if any(key in node for key in OBJECT_KEYWORDS):
        return "object"
    if any(key in node for key in _ARRAY_KEYWORDS):
        return "array"
    if any(key in node for key in _STRING_KEYWORDS):
        return "string"
    if any(key in node for key in _NUMBER_KEYWORDS):
        return _NUMERIC_FORMATS.get(as_text(node.get("format")), "number")
    format = as_text(node.get("format"))
    if format:
        return _NUMERIC_FORMATS.get(format, "string")
    return "any"


def as_declared(value: object, node: dict[str, Any]) -> object:
    """A constant as the type beside it wants it: YAML reads `enum: [1, on]` of strings otherwise."""
    declared = node.get("type")
    if declared == "string" and isinstance(value, (bool, int, float)):
        return json.dumps(value)
    if declared == "integer" and isinstance(value, str) and _INTEGER.fullmatch(value):
        return int(value)
    return value


def node_types(node: dict[str, Any]) -> set[str]:
    """The types that the values of a schema may have, by its own keywords; empty where unsaid."""
    declared = node.get("type")
    listed = [declared] if isinstance(declared, str) else as_list(declared)
    found = {item for item in listed if isinstance(item, str)}
    if not found and "const" in node:
        found = {"null" if node["const"] is None else type_of(node["const"])}
    if not found:
        found = {"null" if item is None else type_of(item) for item in as_list(node.get("enum"))}
    if not found and not says_type(node):
        inferred = inferred_type(node)
        found = {inferred} if inferred in ("object", "array") else set[str]()
    return found | {"integer"} if "number" in found else found


def type_of(value: object) -> str:
    """The type of a JSON value that is not null."""
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, str):
        return "string"
    if isinstance(value, int):
        return "integer"
    if isinstance(value, float):
        return "number"
    return "array" if is_sequence(value) else "object"
