"""Naming: every identifier is decided once, here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from sdkpress.diagnostics import Diagnostics
from sdkpress.document import Locator
from sdkpress.model import Api, ObjectSchema, SchemaId
from sdkpress.naming.by_hand import (
    apply_names,
    places_by_hand,
    report_unused,
    schemas_by_hand,
)
from sdkpress.naming.lock import PinnedNames
from sdkpress.naming.resources import Place, operation_key, place_operations
from sdkpress.naming.schemas import name_properties, name_schemas
from sdkpress.naming.shapes import find_aliases
from sdkpress.naming.suggestions import suggested_members
from sdkpress.naming.webhooks import name_webhooks
from sdkpress.naming.words import is_opaque

__all__ = ["Names", "PinnedNames", "Place", "apply_names", "decide_names", "operation_key"]


@dataclass(frozen=True, slots=True)
class Names:
    """The names of a client: operations by `POST /path`, schemas and attributes by schema id.

    Webhooks go by their key. `members` are the arguments and attributes that the lock keeps.
    """

    operations: Mapping[str, Place]
    schemas: Mapping[SchemaId, str]
    properties: Mapping[SchemaId, tuple[str, ...]]
    aliases: frozenset[SchemaId]
    webhooks: Mapping[str, str] = field(default_factory=dict[str, str])
    members: Mapping[str, str] = field(default_factory=dict[str, str])


def decide_names(
    api: Api,
    pinned: PinnedNames,
    overrides: Mapping[str, str],
    diagnostics: Diagnostics,
    document: Locator,
) -> Names:
    """All names of an API.

    `overrides` come from the configuration: `POST /path` or an operationId to
    `resource.method`, a component key or a JSON pointer to a class name. They beat
    `x-sdkpress-name`, that beats the lock, and the lock beats what would be derived now: from the
    names that the document gives to other generators, else from paths and keys.
    Raises SdkpressError for an override that is no name.
    """
    by_hand = places_by_hand(api, overrides, document)
    given = set(by_hand.values())
    wanted = {key: place for key, place in pinned.operations.items() if place not in given}
    wanted.update(by_hand)
    for operation in api.operations:
        if operation.method_words or operation_key(operation) in wanted:
            continue
        if is_opaque(operation.operation_id):
            diagnostics.add(
                "opaque-operation-id",
                f"operationId {operation.operation_id!r} says nothing; "
                f"the path names {operation_key(operation)}",
                document.locate(operation.pointer),
            )
    places = place_operations(api, wanted)
    aliases = find_aliases(api)
    webhooks = name_webhooks(api, places, pinned.webhooks, overrides, document)
    classes = schemas_by_hand(api, overrides, document)
    report_unused(api, overrides, diagnostics, document)
    named = name_schemas(api, aliases, places, pinned.schemas, classes, webhooks)
    # In the order of the document: that of naming depends on which names were pinned.
    schemas = {id: named[id] for id in api.schemas if id in named}
    properties = {
        id: name_properties(schema)
        for id, schema in api.schemas.items()
        if isinstance(schema, ObjectSchema)
    }
    members = suggested_members(api, pinned.members)
    return Names(places, schemas, properties, aliases, webhooks, members)
