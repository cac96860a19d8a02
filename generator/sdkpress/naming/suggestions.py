"""Names that a document gives to other generators, where they are fit to be used.

They are suggestions: one that is taken, or that no identifier can be made of, is as if it were not
there. Names set by hand and the lock go before them.
"""

from __future__ import annotations

from collections import Counter

from sdkpress.model import Api, ObjectSchema, Operation, Property, Schema, SchemaId
from sdkpress.naming.placing import Place, Wish
from sdkpress.naming.words import ARGUMENT_RESERVED, MODEL_RESERVED, pascal, safe, snake
from sdkpress.records import replace

__all__ = ["apply_suggestions", "as_suggested", "has_suggested", "suggested_classes"]


def apply_suggestions(api: Api) -> Api:
    """The Api with the suggested names of parameters and properties set, as if by hand."""
    operations = tuple(map(_with_arguments, api.operations))
    changed: dict[SchemaId, Schema] = {
        id: found
        for id, schema in api.schemas.items()
        if isinstance(schema, ObjectSchema) and (found := _with_attributes(schema)) is not schema
    }
    if not changed and all(a is b for a, b in zip(operations, api.operations, strict=True)):
        return api
    return replace(api, operations=operations, schemas={**api.schemas, **changed})


def _with_arguments(operation: Operation) -> Operation:
    if not any(item.docs.member_words for item in operation.parameters):
        return operation
    names = _chosen(
        [(item.name, item.docs.name, item.docs.member_words) for item in operation.parameters],
        ARGUMENT_RESERVED,
    )
    return replace(
        operation,
        parameters=tuple(
            replace(item, docs=replace(item.docs, name=name)) if name != item.docs.name else item
            for item, name in zip(operation.parameters, names, strict=True)
        ),
    )


def _with_attributes(schema: ObjectSchema) -> ObjectSchema:
    if not any(item.docs.member_words for item in schema.properties):
        return schema
    names = _chosen(
        [(item.name, item.docs.name, item.docs.member_words) for item in schema.properties],
        MODEL_RESERVED,
    )
    properties: list[Property] = [
        replace(item, docs=replace(item.docs, name=name)) if name != item.docs.name else item
        for item, name in zip(schema.properties, names, strict=True)
    ]
    return replace(schema, properties=tuple(properties))


def _chosen(members: list[tuple[str, str, str]], reserved: frozenset[str]) -> list[str]:
    """The name of each (wire name, name set by hand, suggested words), "" where it is derived.

    A name that another member has, or would have without a suggestion, is nobody's.
    """
    wanted = [
        by_hand or (safe(snake(words), reserved) if words else "") for _, by_hand, words in members
    ]
    plain = [safe(snake(wire), reserved) for wire, _, _ in members]
    uses = Counter(name or other for name, other in zip(wanted, plain, strict=True))
    return [
        name if by_hand or (uses[name] == 1 and name[:1].islower()) else ""
        for (_, by_hand, _), name in zip(members, wanted, strict=True)
    ]


def suggested_classes(api: Api) -> dict[SchemaId, str]:
    """The suggested class names by schema, those alone that no other schema has a better claim to."""
    wanted = {
        id: pascal(schema.docs.class_words)
        for id, schema in api.schemas.items()
        if schema.docs.class_words
    }
    if not wanted:
        return {}
    uses = Counter(wanted.values())
    keys = {pascal(key) for id, key in api.component_names.items() if id not in wanted}
    return {id: name for id, name in wanted.items() if uses[name] == 1 and name not in keys}


def as_suggested(wish: Wish) -> Wish:
    """The wish with what the document calls the operation for other generators."""
    operation = wish.operation
    if not operation.named_by:
        return wish
    resource, method = _suggested(operation)
    place = Place(resource or wish.place.resource, method or wish.place.method)
    return Wish(operation, wish.route, wish.phrase, place, wish.place)


def has_suggested(operation: Operation, place: Place) -> bool:
    """Whether an operation is called what the document calls it for other generators."""
    resource, method = _suggested(operation)
    return bool(operation.named_by) and (
        (not resource or resource == place.resource) and (not method or method == place.method)
    )


def _suggested(operation: Operation) -> tuple[tuple[str, ...], str]:
    resource = tuple(snake(part, digit_prefix="r") for part in operation.resource_words)
    method = operation.method_words
    return resource, snake(method, digit_prefix="method") if method else ""
