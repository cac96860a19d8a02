"""Naming: every identifier is decided once, here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sdkpress.diagnostics import Diagnostics, fatal
from sdkpress.document import Locator
from sdkpress.model import Api, ObjectSchema, SchemaId
from sdkpress.naming.lock import PinnedNames, parse_place
from sdkpress.naming.resources import Place, operation_key, place_operations
from sdkpress.naming.schemas import name_properties, name_schemas
from sdkpress.naming.shapes import find_aliases
from sdkpress.naming.words import is_opaque

__all__ = ["Names", "PinnedNames", "Place", "decide_names", "operation_key"]


@dataclass(frozen=True, slots=True)
class Names:
    """The names of a client: operations by `POST /path`, schemas and attributes by schema id."""

    operations: Mapping[str, Place]
    schemas: Mapping[SchemaId, str]
    properties: Mapping[SchemaId, tuple[str, ...]]
    aliases: frozenset[SchemaId]


def decide_names(
    api: Api,
    pinned: PinnedNames,
    overrides: Mapping[str, str],
    diagnostics: Diagnostics,
    document: Locator,
) -> Names:
    """All names of an API.

    `overrides` come from the configuration: `POST /path` or an operationId to
    `resource.method`, a component key to a class name. They beat `x-sdkpress-name`, that beats
    the lock, and the lock beats what would be derived now.
    Raises SdkpressError for an override that is no name.
    """
    wanted: dict[str, Place] = dict(pinned.operations)
    for operation in api.operations:
        key = operation_key(operation)
        text = overrides.get(key) or overrides.get(operation.operation_id) or operation.name_hint
        location = document.locate(operation.pointer)
        if text:
            place = parse_place(text)
            if place is None:
                raise fatal("invalid-name", f"{text!r} is no name for {key}", location)
            wanted[key] = place
        elif key not in wanted and is_opaque(operation.operation_id):
            diagnostics.add(
                "opaque-operation-id",
                f"operationId {operation.operation_id!r} says nothing; the path names {key}",
                location,
            )
    places = place_operations(api, wanted)
    aliases = find_aliases(api)
    schemas = name_schemas(api, aliases, places, pinned.schemas, overrides)
    properties = {
        id: name_properties(schema)
        for id, schema in api.schemas.items()
        if isinstance(schema, ObjectSchema)
    }
    return Names(places, schemas, properties, aliases)
