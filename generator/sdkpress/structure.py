"""Which OpenAPI object stands where in a document: the object tables of the specification.

Source: OpenAPI 3.0, 3.1 and 3.2, section "Schema" (4.7 to 4.8). Fields that hold plain values are
not listed, and neither are the schema keywords that came with 3.1.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

__all__ = ["Step", "is_referenceable", "is_structured", "steps"]

_SCHEMA_FIELDS = {
    "properties": "{}schema",
    "additionalProperties": "schema",
    "items": "schema",
    "prefixItems": "[]schema",
    "allOf": "[]schema",
    "anyOf": "[]schema",
    "oneOf": "[]schema",
    "not": "schema",
    "discriminator": "discriminator",
    "xml": "xml",
    "externalDocs": "externalDocs",
}
_PARAMETER_FIELDS = {
    "schema": "schema",
    "content": "{}mediaType",
    "examples": "{}example",
}
_METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace", "query")

_FIELDS: Mapping[str, Mapping[str, str]] = {
    "openapi": {
        "info": "info",
        "servers": "[]server",
        "paths": "paths",
        "webhooks": "paths",
        "components": "components",
        "security": "[]securityRequirement",
        "tags": "[]tag",
        "externalDocs": "externalDocs",
    },
    "info": {"contact": "contact", "license": "license"},
    "contact": {},
    "license": {},
    "externalDocs": {},
    "server": {"variables": "{}serverVariable"},
    "serverVariable": {},
    "tag": {"externalDocs": "externalDocs"},
    "securityRequirement": {},
    "components": {
        "schemas": "{}schema",
        "responses": "{}response",
        "parameters": "{}parameter",
        "examples": "{}example",
        "requestBodies": "{}requestBody",
        "headers": "{}header",
        "securitySchemes": "{}securityScheme",
        "links": "{}link",
        "callbacks": "{}callback",
        "pathItems": "{}pathItem",
    },
    "pathItem": {
        **dict.fromkeys(_METHODS, "operation"),
        "additionalOperations": "{}operation",
        "servers": "[]server",
        "parameters": "[]parameter",
    },
    "operation": {
        "parameters": "[]parameter",
        "requestBody": "requestBody",
        "responses": "responses",
        "callbacks": "{}callback",
        "security": "[]securityRequirement",
        "servers": "[]server",
        "externalDocs": "externalDocs",
    },
    "parameter": _PARAMETER_FIELDS,
    "header": _PARAMETER_FIELDS,
    "requestBody": {"content": "{}mediaType"},
    "mediaType": {
        "schema": "schema",
        "itemSchema": "schema",
        "examples": "{}example",
        "encoding": "{}encoding",
    },
    "encoding": {"headers": "{}header"},
    "response": {"headers": "{}header", "content": "{}mediaType", "links": "{}link"},
    "example": {},
    "link": {"server": "server"},
    "schema": _SCHEMA_FIELDS,
    "discriminator": {},
    "xml": {},
    "securityScheme": {"flows": "oauthFlows"},
    "oauthFlows": {
        "implicit": "oauthFlow",
        "password": "oauthFlow",
        "clientCredentials": "oauthFlow",
        "authorizationCode": "oauthFlow",
    },
    "oauthFlow": {},
}

# Objects whose fields are patterned: every member is of one kind.
_PATTERNED = {"paths": "pathItem", "responses": "response", "callback": "pathItem"}

_REFERENCEABLE = frozenset(
    "callback example header link parameter requestBody response schema securityScheme".split()
)


class Step(NamedTuple):
    """A node on the way from the root: its key or index, and what the specification calls it.

    `role` is the name of an object such as `parameter`, `{}schema` or `[]schema` for a map or a list
    of them, and "" for anything else.
    """

    part: str | int
    role: str


def steps(path: Sequence[str | int]) -> list[Step]:
    """The roles of the nodes on a path; the root itself is not in the list."""
    role = "openapi"
    found: list[Step] = []
    for part in path:
        role = _child_role(role, part)
        found.append(Step(part, role))
    return found


def _child_role(role: str, part: str | int) -> str:
    if role.startswith(("{}", "[]")):
        return role[2:] if isinstance(part, int) == role.startswith("[]") else ""
    if role in _PATTERNED:
        return _PATTERNED[role]
    return _FIELDS.get(role, {}).get(str(part), "")


def is_structured(role: str) -> bool:
    """Whether the role is that of one object of the specification."""
    return role in _FIELDS or role in _PATTERNED


def is_referenceable(role: str) -> bool:
    """Whether a Reference Object may stand in place of an object of that role."""
    return role in _REFERENCEABLE
