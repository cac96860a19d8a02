"""What rules look at: the survey of a document, and what the generator makes of it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, TypeAlias

from sdkpress.doctor.findings import Finding
from sdkpress.doctor.parts import Operation, mapping, sequence
from sdkpress.doctor.survey import Survey
from sdkpress.model import Api
from sdkpress.model import Operation as LoweredOperation
from sdkpress.naming import Names
from sdkpress.trees import is_sequence

__all__ = ["Check", "Facts", "json_type", "quoted", "types_of", "with_null"]

_SHOWN = 60


@dataclass(frozen=True)
class Facts:
    """A document, looked at from both sides."""

    survey: Survey
    api: Api
    names: Names

    def lowered(self) -> dict[str, LoweredOperation]:
        """The operations of the IR by their pointer."""
        return {operation.pointer: operation for operation in self.api.operations}

    def python_name(self, operation: Operation) -> str:
        """`chat.completions.create`, or "" for an operation that the generator does not know."""
        place = self.names.operations.get(operation.label)
        return place.dotted() if place is not None else ""


Check: TypeAlias = Callable[[Facts], Iterator[Finding]]


def quoted(value: object) -> str:
    """A name or value of the document for a message, in backticks, not too long."""
    written = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    written = written.replace("`", "'")
    return f"`{written if len(written) <= _SHOWN else written[: _SHOWN - 1] + '…'}`"


def types_of(schema: dict[str, Any]) -> list[str]:
    """The types that `type` names, as strings."""
    named = schema.get("type")
    listed = named if is_sequence(named) else [named]
    return [item for item in listed if isinstance(item, str)]


def json_type(value: object) -> str:
    """The JSON Schema type of a value."""
    match value:
        case None:
            return "null"
        case bool():
            return "boolean"
        case int():
            return "integer"
        case float():
            return "number"
        case str():
            return "string"
        case list():
            return "array"
        case _:
            return "object"


def allows_null(survey: Survey, node: object, pointer: str) -> bool:
    """Whether null is among what a schema allows, by what it says itself."""
    schema, place = survey.resolve(node, pointer)
    if mapping(node).get("nullable") is True or schema.get("nullable") is True:
        return True
    if "null" in types_of(schema) or ("const" in schema and schema["const"] is None):
        return True
    if not types_of(schema) and not mapping(schema.get("properties")) and not _says(schema):
        return True
    return any(
        allows_null(survey, option, f"{place}/{keyword}/{index}")
        for keyword in ("oneOf", "anyOf")
        for index, option in enumerate(sequence(schema.get(keyword)))
        if option is not node and "$ref" not in mapping(option)
    )


def _says(schema: dict[str, Any]) -> bool:
    keywords = ("$ref", "allOf", "anyOf", "oneOf", "enum", "const", "items", "format")
    return any(keyword in schema for keyword in keywords)


def with_null(types: list[str]) -> list[str]:
    """The `type` of OpenAPI 3.1 that allows null too."""
    return [*types, "null"]
