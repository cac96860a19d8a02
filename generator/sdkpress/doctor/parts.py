"""The parts of a document as rules see them, and small readers of untrusted nodes."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from sdkpress.trees import escape_token, is_mapping, is_sequence

__all__ = [
    "Content",
    "Example",
    "Operation",
    "Parameter",
    "Response",
    "SchemaNode",
    "child",
    "is_within",
    "mapping",
    "sequence",
    "text",
]


@dataclass(slots=True)
class SchemaNode:
    """A schema as it is written: `place` says in what position, `name` is its property or component.

    `place` is `component`, `property`, `items`, `allOf`, `anyOf`, `oneOf`, `additionalProperties`,
    `body`, `parameter`, `header` or another keyword. `parent` is the schema around it.
    """

    pointer: str
    node: dict[str, Any]
    place: str
    name: str
    unit: str
    parent: SchemaNode | None = None
    is_required: bool = False


@dataclass(slots=True)
class Parameter:
    """A parameter or header with its own schema; `location` is `header` for headers of answers."""

    pointer: str
    node: dict[str, Any]
    name: str
    location: str
    schema: dict[str, Any]
    schema_pointer: str
    is_answer: bool = False


@dataclass(slots=True)
class Content:
    """A Media Type Object; `holder` is the pointer of the body or response around it."""

    pointer: str
    media_type: str
    node: dict[str, Any]
    is_answer: bool


@dataclass(slots=True)
class Response:
    """A response of an operation with references followed."""

    status: str
    pointer: str
    node: dict[str, Any]
    contents: list[Content] = field(default_factory=list["Content"])

    @property
    def is_success(self) -> bool:
        return self.status.startswith("2")

    @property
    def is_error(self) -> bool:
        return self.status[:1] in ("4", "5") or self.status == "default"


@dataclass(slots=True)
class Operation:
    """An operation that a client calls, with references in its parts followed."""

    method: str
    path: str
    pointer: str
    node: dict[str, Any]
    parameters: list[Parameter] = field(default_factory=list["Parameter"])
    body_pointer: str = ""
    body: dict[str, Any] = field(default_factory=dict[str, Any])
    contents: list[Content] = field(default_factory=list["Content"])
    responses: list[Response] = field(default_factory=list["Response"])

    @property
    def label(self) -> str:
        return f"{self.method} {self.path}"


@dataclass(slots=True)
class Example:
    """An example with the schema beside it; `kind` is `media`, `parameter` or `schema`."""

    pointer: str
    value: Any
    schema: dict[str, Any]
    schema_pointer: str
    kind: str
    is_answer: bool | None


def child(pointer: str, *tokens: str | int) -> str:
    """The pointer of a node below."""
    return pointer + "".join(f"/{escape_token(str(token))}" for token in tokens)


def mapping(value: object) -> dict[str, Any]:
    """The value where it is an object, else an empty one."""
    return value if is_mapping(value) else {}


def sequence(value: object) -> list[Any]:
    """The value where it is an array, else an empty one."""
    return value if is_sequence(value) else []


def text(value: object) -> str:
    """The value where it is a string, else an empty one."""
    return value if isinstance(value, str) else ""


def is_within(schema: SchemaNode, places: tuple[str, ...]) -> bool:
    """Whether the schema, or one around it, stands in one of these positions."""
    node: SchemaNode | None = schema
    while node is not None:
        if node.place in places:
            return True
        node = node.parent
    return False
