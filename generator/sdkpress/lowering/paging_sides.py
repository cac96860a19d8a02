"""The two sides of a list in pages: what the request takes, and what the answer has."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from sdkpress.content import ContentKind
from sdkpress.lowering import paging_words as words
from sdkpress.lowering.source import Source, as_dict, as_text, child
from sdkpress.model import (
    AnySchema,
    ArraySchema,
    IntegerSchema,
    NumberSchema,
    ObjectSchema,
    Operation,
    Parameter,
    Property,
    Schema,
    SchemaId,
    StringSchema,
    TypeUse,
    UnionSchema,
)

Path: TypeAlias = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Field:
    """A field of the answer: its path of wire names, what it is, and what is said about it."""

    path: Path
    schema: Schema
    property: Property


@dataclass(frozen=True, slots=True)
class Input:
    """Something that the request takes: a query parameter, or a property of a JSON body."""

    name: str
    location: str
    schema: Schema
    is_required: bool
    rules: Mapping[str, Any]

    @property
    def is_integer(self) -> bool:
        return isinstance(self.schema, (IntegerSchema, NumberSchema))

    @property
    def is_scalar(self) -> bool:
        if isinstance(self.schema, StringSchema):
            return self.schema.format not in ("date", "date-time", "binary")
        return isinstance(self.schema, (IntegerSchema, NumberSchema, UnionSchema, AnySchema))

    def number(self, key: str) -> int | None:
        value = self.rules.get(key)
        return value if isinstance(value, int) and not isinstance(value, bool) else None


@dataclass(frozen=True, slots=True)
class Sides:
    """The two sides of an operation, as far as pagination looks at them."""

    operation: Operation
    inputs: tuple[Input, ...]
    schemas: Mapping[SchemaId, Schema]
    body: Schema
    has_link_header: bool

    @classmethod
    def of(
        cls, operation: Operation, schemas: Mapping[SchemaId, Schema], source: Source | None
    ) -> Sides | None:
        """None where the operation has no single JSON answer, or streams."""
        if operation.stream is not None or operation.method in ("PUT", "PATCH", "DELETE", "HEAD"):
            return None
        answers = [r for r in operation.responses if r.status.startswith("2") and r.contents]
        if not answers:
            answers = [r for r in operation.responses if r.status == "default" and r.contents]
        if len(answers) != 1:
            return None
        content = answers[0].contents[0]
        if content.kind is not ContentKind.JSON or content.type is None:
            return None
        has_link = any(header.name.lower() == "link" for header in answers[0].headers)
        inputs = tuple(_inputs(operation, schemas, source))
        return cls(operation, inputs, schemas, schemas[content.type.schema], has_link)

    def schema(self, use: TypeUse) -> Schema:
        """The schema behind a use."""
        return self.schemas[use.schema]

    def at(self, path: Path) -> Schema | None:
        """The schema of the answer at a path, None where the document has none."""
        schema: Schema = self.body
        for name in path:
            if not isinstance(schema, ObjectSchema):
                return None
            member = next((item for item in schema.properties if item.name == name), None)
            if member is None:
                return None
            schema = self.schema(member.type)
        return schema

    def rules_out(self, path: Path) -> bool:
        """Whether the answer, as the document describes it, cannot have a field at a path."""
        schema: Schema = self.body
        for name in path:
            if isinstance(schema, (AnySchema, UnionSchema)):
                return False
            if not isinstance(schema, ObjectSchema):
                return True
            member = next((item for item in schema.properties if item.name == name), None)
            if member is None:
                return bool(schema.properties) and schema.additional is None
            schema = self.schema(member.type)
        return False

    def fields(self) -> Iterator[Field]:
        """Scalar fields of the answer that may be about paging: at the top, and in its metadata."""
        stack: list[tuple[Path, Schema]] = [((), self.body)]
        while stack:
            path, schema = stack.pop(0)
            if not isinstance(schema, ObjectSchema):
                continue
            for member in schema.properties:
                inner = self.schema(member.type)
                here = (*path, member.name)
                if not isinstance(inner, ObjectSchema):
                    yield Field(here, inner, member)
                elif len(here) < 4 and (
                    words.plain(member.name) in words.CONTAINERS
                    or (not path and self._is_wrapper(schema, member.name))
                ):
                    stack.append((here, inner))

    def items(self) -> tuple[Path, TypeUse] | None:
        """The one array of items: the body itself, one of its fields, or one inside a wrapper."""
        if isinstance(self.body, ArraySchema):
            return (), self.body.items
        if not isinstance(self.body, ObjectSchema):
            return None
        found = list(self._arrays(self.body, ()))
        if not found:
            for member in self.body.properties:
                inner = self.schema(member.type)
                if isinstance(inner, ObjectSchema) and self._is_wrapper(self.body, member.name):
                    found.extend(self._arrays(inner, (member.name,)))
        if len(found) > 1:
            last = self.operation.path.rstrip("/").rpartition("/")[2]
            for wanted in (words.ITEMS, frozenset({words.plain(last)})):
                named = [item for item in found if words.plain(item[0][-1]) in wanted]
                if len(named) == 1:
                    return named[0]
        return found[0] if len(found) == 1 else None

    @staticmethod
    def _is_wrapper(schema: ObjectSchema, name: str) -> bool:
        return words.plain(name) in words.WRAPPERS or len(schema.properties) == 1

    def _arrays(self, schema: ObjectSchema, path: Path) -> Iterator[tuple[Path, TypeUse]]:
        for member in schema.properties:
            inner = self.schema(member.type)
            if isinstance(inner, ArraySchema):
                yield (*path, member.name), inner.items


def _inputs(
    operation: Operation, schemas: Mapping[SchemaId, Schema], source: Source | None
) -> Iterator[Input]:
    for parameter in operation.parameters:
        if parameter.location == "query" and not parameter.media_type:
            yield Input(
                parameter.name,
                "query",
                schemas[parameter.type.schema],
                parameter.is_required,
                _rules(parameter, source),
            )
    content = operation.body.contents[0] if operation.body else None
    if content is not None and content.kind is ContentKind.JSON and content.type is not None:
        schema = schemas[content.type.schema]
        if isinstance(schema, ObjectSchema):
            for member in schema.properties:
                inner = schemas[member.type.schema]
                yield Input(member.name, "body", inner, member.is_required, {})


def _rules(parameter: Parameter, source: Source | None) -> Mapping[str, Any]:
    """The rules of a parameter's schema that the IR does not keep: default, minimum, maximum."""
    if source is None or not words.plain(parameter.name):
        return {}
    node = as_dict(source.at(parameter.pointer))
    rules, _ = source.resolve(node.get("schema"), child(parameter.pointer, "schema"))
    return {"description": as_text(node.get("description")), **rules}
