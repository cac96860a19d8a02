"""Names that people set: in the configuration, or with `x-sdkpress-name` in document or overlay.

A capital begins the name of a class, a small letter that of an attribute or argument. The
configuration wins over the document.
"""

from __future__ import annotations

import keyword
from collections.abc import Mapping

from sdkpress.diagnostics import Diagnostics, fatal
from sdkpress.document import Locator
from sdkpress.model import Api, ObjectSchema, Operation, Schema, SchemaId
from sdkpress.naming.lock import PinnedNames, parse_place
from sdkpress.naming.resources import CLIENT_RESERVED, Place, operation_key
from sdkpress.naming.suggestions import apply_suggestions
from sdkpress.naming.words import ARGUMENT_RESERVED, MODEL_RESERVED
from sdkpress.records import replace

__all__ = ["apply_names", "places_by_hand", "report_unused", "schemas_by_hand"]


def apply_names(api: Api, overrides: Mapping[str, str], pinned: PinnedNames | None = None) -> Api:
    """The Api with the names of parameters and properties on them: configured, else those of the
    lock, else suggested.

    Keys: `GET /pets limit` or `listPets.limit` for a parameter, `Pet.petType` for a property.
    """
    pinned = pinned or PinnedNames()
    settled = {*pinned.operations, *map(str, pinned.schemas)}
    return apply_suggestions(_with_configured(api, overrides), pinned.members, settled)


def _with_configured(api: Api, overrides: Mapping[str, str]) -> Api:
    if not any(" " in key or "." in key for key in overrides):
        return api
    operations = tuple(_with_parameter_names(item, overrides) for item in api.operations)
    schemas: dict[SchemaId, Schema] = dict(api.schemas)
    for id, key in api.component_names.items():
        schema = schemas[id]
        if isinstance(schema, ObjectSchema):
            schemas[id] = replace(
                schema,
                properties=tuple(
                    (
                        replace(item, docs=replace(item.docs, name=overrides[f"{key}.{item.name}"]))
                        if f"{key}.{item.name}" in overrides
                        else item
                    )
                    for item in schema.properties
                ),
            )
    return replace(api, operations=operations, schemas=schemas)


def _with_parameter_names(operation: Operation, overrides: Mapping[str, str]) -> Operation:
    found = {
        item.name: name
        for item in operation.parameters
        for key in _parameter_keys(operation, item.name)
        if (name := overrides.get(key))
    }
    if not found:
        return operation
    return replace(
        operation,
        parameters=tuple(
            (
                replace(item, docs=replace(item.docs, name=found[item.name]))
                if item.name in found
                else item
            )
            for item in operation.parameters
        ),
    )


def _parameter_keys(operation: Operation, name: str) -> tuple[str, str]:
    return f"{operation.operation_id}.{name}", f"{operation_key(operation)} {name}"


def places_by_hand(api: Api, overrides: Mapping[str, str], document: Locator) -> dict[str, Place]:
    """The places that were set by hand, by operation.

    Raises SdkpressError for one that is no name, that the client cannot have, or that two have.
    """
    found: dict[str, Place] = {}
    owners: dict[Place, str] = {}
    components = frozenset(api.component_names.values())
    for operation in api.operations:
        key = operation_key(operation)
        by_id = overrides.get(operation.operation_id, "")
        if "." not in by_id and operation.operation_id in components:
            by_id = ""  # the key of a schema as well, and this is the name of a class
        text = overrides.get(key) or by_id or operation.name_hint
        if not text:
            continue
        place = parse_place(text)
        problem = ""
        if place is None:
            problem = f"{text!r} is no name for {key}"
        elif place.resource[0] in CLIENT_RESERVED:
            problem = f"{text!r} for {key}: {place.resource[0]!r} is an attribute of every client"
        elif place in owners:
            problem = f"{text!r} is the name of {owners[place]} and of {key}"
        if place is None or problem:
            raise fatal("invalid-name", problem, document.locate(operation.pointer))
        found[key] = place
        owners[place] = key
    return found


def schemas_by_hand(
    api: Api, overrides: Mapping[str, str], document: Locator
) -> dict[SchemaId, str]:
    """The class names that were set by hand: by component key, or by JSON pointer.

    Raises SdkpressError for one that is no name, also of a property or parameter.
    """
    found: dict[SchemaId, str] = {}
    for id, schema in api.schemas.items():
        name = overrides.get(api.component_names.get(id, "")) or overrides.get(id, "")
        hint = schema.docs.name
        if name or hint[:1].isupper():
            found[id] = _checked(name or hint, str(id), document, frozenset())
        elif hint:
            _checked(hint, str(id), document, MODEL_RESERVED)
        if isinstance(schema, ObjectSchema):
            for item in schema.properties:
                if item.docs.name:
                    _checked(item.docs.name, str(id), document, MODEL_RESERVED)
    for operation in api.operations:
        for parameter in operation.parameters:
            if parameter.docs.name:
                _checked(parameter.docs.name, parameter.pointer, document, ARGUMENT_RESERVED)
    return found


def _checked(name: str, pointer: str, document: Locator, reserved: frozenset[str]) -> str:
    if not name.isidentifier() or keyword.iskeyword(name) or name in reserved:
        raise fatal("invalid-name", f"{name!r} is not usable here", document.locate(pointer))
    return name


def report_unused(
    api: Api, overrides: Mapping[str, str], diagnostics: Diagnostics, document: Locator
) -> None:
    """Warn about configured names of things that the document does not have."""
    if not overrides:
        return
    known: set[str] = {*api.component_names.values(), *api.schemas}
    known.update(webhook.key for webhook in api.webhooks)
    for operation in api.operations:
        known.update((operation_key(operation), operation.operation_id))
        for parameter in operation.parameters:
            known.update(_parameter_keys(operation, parameter.name))
    for id, key in api.component_names.items():
        schema = api.schemas[id]
        if isinstance(schema, ObjectSchema):
            known.update(f"{key}.{item.name}" for item in schema.properties)
    for key in sorted(set(overrides) - known):
        diagnostics.add(
            "unused-name",
            f"the configuration names {key!r}, and the document has nothing of that name",
            document.locate(""),
        )
