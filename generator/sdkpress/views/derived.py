"""JSON Schemas of what lowering derived: models whose shape stands nowhere in the document.

The options of a union that share properties, the base of an inheritance and the like are classes of
their own, yet no pointer leads to their schema. The fake server's document gets one for each.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, assert_never
from urllib.parse import quote

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
    is_derived,
)
from sdkpress.naming import Names
from sdkpress.trees import node_at

__all__ = ["DERIVED_KEY", "DerivedSchemas"]

DERIVED_KEY = "x-sdkpress-schemas"
"""Where these schemas stand in the document that the fake server reads."""


class DerivedSchemas:
    """The schemas of one document that no pointer leads to; `tree` is the document."""

    def __init__(self, api: Api, names: Names, tree: Mapping[str, Any]) -> None:
        self._api = api
        self._names = names.schemas
        self._tree = tree
        self._known: dict[SchemaId, bool] = {}

    def reference(self, id: SchemaId) -> str:
        """What a `$ref` to a schema with a name says in the fake server's document."""
        if self._is_derived(id):
            return f"#/{DERIVED_KEY}/{self._names[id]}"
        return f"#{quote(id, safe=_SAFE)}"

    def written(self) -> dict[str, Any]:
        """All that have a name, by the name of their model or alias, in its order: that of naming
        depends on which names were pinned."""
        named = sorted((name, id) for id, name in self._names.items())
        return {name: self._schema(id) for name, id in named if self._is_derived(id)}

    def _is_derived(self, id: SchemaId) -> bool:
        found = self._known.get(id)
        if found is None:
            found = is_derived(id)
            if not found and id not in self._api.component_names:
                # A merge of `allOf` leads on from its own place, where nothing need stand.
                try:
                    node_at(self._tree, id)
                except LookupError:
                    found = True
            self._known[id] = found
        return found

    def _use(self, use: TypeUse) -> Any:
        id = use.schema
        if self._is_derived(id) and id not in self._names:
            written = self._schema(id)
        else:
            written = {"$ref": self.reference(id)}
        return {"anyOf": [written, {"type": "null"}]} if use.nullable else written

    def _schema(self, id: SchemaId) -> Any:
        schema = self._api.schemas[id]
        match schema:
            case AnySchema():
                return {}
            case NullSchema():
                return {"type": "null"}
            case BooleanSchema():
                return {"type": "boolean"}
            case IntegerSchema():
                return {"type": "integer"}
            case NumberSchema():
                return {"type": "number"}
            case StringSchema():
                rules = {"type": "string"}
                return {**rules, "format": schema.format} if schema.format else rules
            case EnumSchema():
                return {"enum": [*schema.values]}
            case ConstSchema():
                return {"const": schema.value}
            case ArraySchema():
                return {"type": "array", "items": self._use(schema.items)}
            case TupleSchema():
                prefix = [self._use(item) for item in schema.items]
                rest: Any = False if schema.rest is None else self._use(schema.rest)
                return {
                    "type": "array", "prefixItems": prefix, "items": rest, "minItems": len(prefix)
                }  # fmt: skip
            case MapSchema():
                return {"type": "object", "additionalProperties": self._use(schema.values)}
            case ObjectSchema():
                return self._object(schema)
            case UnionSchema():
                return {"anyOf": [self._use(option) for option in schema.options]}
            case _:
                assert_never(schema)

    def _object(self, schema: ObjectSchema) -> Any:
        properties: dict[str, Any] = {}
        for member in schema.properties:
            marks = {"readOnly": member.read_only, "writeOnly": member.write_only}
            properties[member.name] = {
                **self._use(member.type),
                **{mark: True for mark, holds in marks.items() if holds},
            }
        written: dict[str, Any] = {"type": "object", "properties": properties}
        required = [member.name for member in schema.properties if member.is_required]
        if required:
            written["required"] = required
        if schema.additional is not None:
            written["additionalProperties"] = self._use(schema.additional)
        return written


_SAFE = "/~!$&'()*+,;=:@-._?"  # what a URI fragment may hold unescaped (RFC 3986)
