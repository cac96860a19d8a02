"""Which schemas need a name of their own in Python.

Objects are classes; enums are aliases; unions and recursive containers are aliases where Python
and the decoder cannot write them in place.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import assert_never

from sdkpress.graphs import strong_components
from sdkpress.model import (
    AnySchema,
    Api,
    ArraySchema,
    BooleanSchema,
    ConstSchema,
    EnumSchema,
    IntegerSchema,
    MapSchema,
    NullSchema,
    NumberSchema,
    ObjectSchema,
    Schema,
    SchemaId,
    StringSchema,
    TupleSchema,
    TypeUse,
    UnionSchema,
)


def inner_uses(schema: Schema) -> Iterator[tuple[str, TypeUse]]:
    """The schemas that a schema is made of, each with the word for its role."""
    match schema:
        case ArraySchema():
            yield "item", schema.items
        case TupleSchema():
            for number, use in enumerate(schema.items, 1):
                yield f"item {number}", use
            if schema.rest is not None:
                yield "rest", schema.rest
        case MapSchema():
            yield "value", schema.values
        case ObjectSchema():
            for member in schema.properties:
                yield member.name, member.type
            if schema.additional is not None:
                yield "extra", schema.additional
        case UnionSchema():
            for number, use in enumerate(schema.options, 1):
                yield f"option {number}", use
        case (
            AnySchema()
            | NullSchema()
            | BooleanSchema()
            | IntegerSchema()
            | NumberSchema()
            | StringSchema()
            | EnumSchema()
            | ConstSchema()
        ):
            return
        case _:
            assert_never(schema)


def find_aliases(api: Api) -> frozenset[SchemaId]:
    """Ids of unions, arrays, tuples and maps that are written as a named alias."""
    aliases = set(_recursive_containers(api))
    changed = True
    while changed:
        changed = False
        for id, schema in api.schemas.items():
            if isinstance(schema, UnionSchema) and id not in aliases:
                if id in api.component_names or not _is_native(schema, api, aliases):
                    aliases.add(id)
                    changed = True
    return frozenset(aliases)


def _is_native(union: UnionSchema, api: Api, aliases: set[SchemaId]) -> bool:
    """Whether the decoder takes the union as it is: one type at most of each JSON kind."""
    kinds: dict[str, set[str]] = {}
    for option in union.options:
        if option.schema in aliases:
            return False
        schema = api.schema(option)
        kind: str
        form: str
        match schema:
            case UnionSchema():
                return False
            case ObjectSchema() | MapSchema():
                kind, form = "object", option.schema
            case ArraySchema() | TupleSchema():
                kind, form = "array", option.schema
            case StringSchema():
                kind, form = "string", string_type(schema.format)
            case EnumSchema() | ConstSchema():
                closed = isinstance(schema, ConstSchema)
                values = (schema.value,) if isinstance(schema, ConstSchema) else schema.values
                for value in values:
                    kind = "string" if isinstance(value, str) else type(value).__name__
                    form = repr(value) if closed else ("str" if kind == "string" else kind)
                    kinds.setdefault(kind, set()).add(form)
                continue
            case IntegerSchema():
                kind, form = "int", "int"
            case NumberSchema():
                kind, form = "float", "float"
            case BooleanSchema():
                kind, form = "bool", "bool"
            case AnySchema() | NullSchema():
                continue
            case _:
                assert_never(schema)
        kinds.setdefault(kind, set()).add(form)
    return all(len(forms) == 1 for forms in kinds.values())


STRING_TYPES = {
    "date-time": "datetime.datetime",
    "date": "datetime.date",
    "time": "datetime.time",
    "duration": "datetime.timedelta",
    "uuid": "uuid.UUID",
    "byte": "bytes",
    "decimal": "decimal.Decimal",
}
"""String formats with a Python type; every other format is a plain `str`."""


def string_type(format: str) -> str:
    """Python type of a string format: `date-time` -> `datetime.datetime`, `email` -> `str`."""
    return STRING_TYPES.get(format, "str")


_CONTAINERS = (ArraySchema, TupleSchema, MapSchema, UnionSchema)


def _recursive_containers(api: Api) -> set[SchemaId]:
    """Containers on a cycle that no class breaks."""
    edges: dict[SchemaId, list[SchemaId]] = {}
    for id, schema in api.schemas.items():
        if isinstance(schema, _CONTAINERS):
            edges[id] = [
                use.schema
                for _, use in inner_uses(schema)
                if isinstance(api.schemas[use.schema], _CONTAINERS)
            ]
    return {
        id
        for component in strong_components(edges)
        for id in component
        if len(component) > 1 or id in edges[id]
    }
