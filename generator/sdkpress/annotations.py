"""An IR schema as a Python annotation, for models, for arguments and for answers."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import assert_never

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
    SchemaId,
    StringSchema,
    TupleSchema,
    TypeUse,
    UnionSchema,
)
from sdkpress.naming import Names
from sdkpress.naming.shapes import string_type
from sdkpress.text import literal


@dataclass(slots=True)
class Imports:
    """What an annotation needs in scope: named schemas, and standard modules."""

    schemas: dict[SchemaId, None] = field(default_factory=dict[SchemaId, None])
    params: dict[SchemaId, None] = field(default_factory=dict[SchemaId, None])
    modules: set[str] = field(default_factory=set[str])
    typing: set[str] = field(default_factory=set[str])
    abc: set[str] = field(default_factory=set[str])


class Annotator:
    """Writes annotations.

    Output annotations are what a decoder produces (`list[Pet]`); input annotations are what an
    argument accepts (`Sequence[Pet | PetParam]`). `prefix` stands before names of schemas.
    """

    def __init__(self, api: Api, names: Names, params: frozenset[SchemaId]) -> None:
        self._api = api
        self._names = names
        self._params = params

    def is_input(self, id: SchemaId) -> bool:
        """Whether arguments are made of the schema."""
        return id in self._params

    def output(self, use: TypeUse, imports: Imports, prefix: str = "") -> str:
        """Annotation of an attribute or an answer: `list[Pet] | None`."""
        return self._written(use, imports, prefix, False)

    def input(self, use: TypeUse, imports: Imports, prefix: str = "") -> str:
        """Annotation of an argument or of a key of a TypedDict: `Sequence[Pet | PetParam]`."""
        return self._written(use, imports, prefix, True)

    def definition(self, id: SchemaId, imports: Imports) -> str:
        """The right side of an alias, for type checkers."""
        return " | ".join(self._parts(id, imports, "", False, inside=True))

    def param_definition(self, id: SchemaId, imports: Imports) -> str:
        """The right side of the input form of an alias."""
        return " | ".join(self._parts(id, imports, "", True, inside=True))

    def _written(self, use: TypeUse, imports: Imports, prefix: str, is_input: bool) -> str:
        parts = self._parts(use.schema, imports, prefix, is_input)
        if parts == ["Any"]:
            return "Any"
        if use.nullable and "None" not in parts:
            parts.append("None")
        return " | ".join(parts)

    def _parts(
        self, id: SchemaId, imports: Imports, prefix: str, is_input: bool, *, inside: bool = False
    ) -> list[str]:
        schema = self._api.schemas[id]
        named = isinstance(schema, (ObjectSchema, EnumSchema)) or id in self._names.aliases
        if named and not inside:
            name = self._names.schemas[id]
            if is_input and id in self._params:
                imports.params[id] = None
                param = f"{prefix}{name}Param"
                if isinstance(schema, ObjectSchema):
                    imports.schemas[id] = None
                    return [f"{prefix}{name}", param]
                return [param]
            imports.schemas[id] = None
            return [f"{prefix}{name}"]

        def inner(use: TypeUse) -> str:
            return self._written(use, imports, prefix, is_input)

        match schema:
            case AnySchema():
                imports.typing.add("Any")
                return ["Any"]
            case NullSchema():
                return ["None"]
            case BooleanSchema():
                return ["bool"]
            case IntegerSchema():
                return ["int"]
            case NumberSchema():
                return ["float"]
            case StringSchema():
                found = string_type(schema.format)
                module, dot, _ = found.partition(".")
                if dot:
                    imports.modules.add(module)
                if is_input and found not in ("str", "bytes"):
                    return [found, "str"]
                return [found]
            case ConstSchema():
                imports.typing.add("Literal")
                return [f"Literal[{literal(schema.value)}]"]
            case EnumSchema():
                imports.typing.add("Literal")
                values = ", ".join(literal(value) for value in schema.values)
                kinds = dict.fromkeys(_open_kind(value) for value in schema.values)
                return [f"Literal[{values}]", *kinds]
            case ArraySchema():
                if is_input:
                    imports.abc.add("Sequence")
                    return [f"Sequence[{inner(schema.items)}]"]
                return [f"list[{inner(schema.items)}]"]
            case TupleSchema():
                if schema.rest is None:
                    return [f"tuple[{', '.join(inner(use) for use in schema.items)}]"]
                every = [inner(use) for use in (*schema.items, schema.rest)]
                if "Any" in every:
                    imports.typing.add("Any")
                    every = ["Any"]
                container = "Sequence" if is_input else "list"
                if is_input:
                    imports.abc.add("Sequence")
                return [f"{container}[{' | '.join(dict.fromkeys(every))}]"]
            case MapSchema():
                if is_input:
                    imports.abc.add("Mapping")
                    return [f"Mapping[str, {inner(schema.values)}]"]
                return [f"dict[str, {inner(schema.values)}]"]
            case UnionSchema():
                parts: dict[str, None] = {}
                for option in schema.options:
                    for part in self._parts(option.schema, imports, prefix, is_input):
                        parts[part] = None
                return list(parts)
            case ObjectSchema():
                raise AssertionError("an object is written by its name")
            case _:
                assert_never(schema)


def _open_kind(value: object) -> str:
    if isinstance(value, bool):
        return "bool"
    return "str" if isinstance(value, str) else "int"
