"""Names that a document gives to other generators, where they are fit to be used.

They are suggestions: one that is taken, or that no identifier can be made of, is as if it were not
there. Names set by hand and the lock go before them: a parameter or a property of something that
the lock has is called as it was, also where only a newer generator reads what it is called.
"""

from __future__ import annotations

import keyword
from collections import Counter
from collections.abc import Container, Iterator, Mapping

from sdkpress.model import Api, Docs, ObjectSchema, Operation, Property, Schema, SchemaId
from sdkpress.naming.placing import Place, Wish, operation_key
from sdkpress.naming.words import ARGUMENT_RESERVED, MODEL_RESERVED, pascal, safe, snake
from sdkpress.records import replace

__all__ = [
    "apply_suggestions",
    "as_suggested",
    "has_suggested",
    "suggested_classes",
    "suggested_members",
]


def apply_suggestions(api: Api, kept: Mapping[str, str], settled: Container[str]) -> Api:
    """The Api with the suggested names of parameters and properties set, as if by hand.

    `settled` has the operations (`POST /path`) and schemas (pointers) that the lock has: what is
    `kept` of their members (by `suggested_members`' keys) stays, and nothing new is suggested.
    """
    operations = tuple(_with_arguments(item, kept, settled) for item in api.operations)
    changed: dict[SchemaId, Schema] = {
        id: found
        for id, schema in api.schemas.items()
        if isinstance(schema, ObjectSchema)
        and (found := _with_attributes(schema, str(id), kept, settled)) is not schema
    }
    if not changed and all(a is b for a, b in zip(operations, api.operations, strict=True)):
        return api
    return replace(api, operations=operations, schemas={**api.schemas, **changed})


def suggested_members(api: Api, kept: Mapping[str, str]) -> dict[str, str]:
    """What a lock keeps: the names of those members that a suggestion names, or once named.

    Keys are `GET /pets query pageSize`, and `/components/schemas/Pet petType`.
    """
    return {
        key: docs.name
        for key, docs in _members(api)
        if docs.name[:1].islower() and (docs.member_words or key in kept)
    }


def _members(api: Api) -> Iterator[tuple[str, Docs]]:
    for operation in api.operations:
        for item in operation.parameters:
            if item.docs.name:
                yield f"{operation_key(operation)} {item.location} {item.name}", item.docs
    for id, schema in api.schemas.items():
        if isinstance(schema, ObjectSchema):
            for member in schema.properties:
                if member.docs.name:
                    yield f"{id} {member.name}", member.docs


def _with_arguments(
    operation: Operation, kept: Mapping[str, str], settled: Container[str]
) -> Operation:
    if not kept and not any(item.docs.member_words for item in operation.parameters):
        return operation
    key = operation_key(operation)
    names = _chosen(
        [
            (
                item.name,
                item.docs.name
                or _usable(kept.get(f"{key} {item.location} {item.name}", ""), ARGUMENT_RESERVED),
                "" if key in settled else item.docs.member_words,
            )
            for item in operation.parameters
        ],
        ARGUMENT_RESERVED,
    )
    return replace(
        operation,
        parameters=tuple(
            replace(item, docs=replace(item.docs, name=name)) if name != item.docs.name else item
            for item, name in zip(operation.parameters, names, strict=True)
        ),
    )


def _with_attributes(
    schema: ObjectSchema, key: str, kept: Mapping[str, str], settled: Container[str]
) -> ObjectSchema:
    if not kept and not any(item.docs.member_words for item in schema.properties):
        return schema
    names = _chosen(
        [
            (
                item.name,
                item.docs.name or _usable(kept.get(f"{key} {item.name}", ""), MODEL_RESERVED),
                "" if key in settled else item.docs.member_words,
            )
            for item in schema.properties
        ],
        MODEL_RESERVED,
    )
    if all(name == item.docs.name for item, name in zip(schema.properties, names, strict=True)):
        return schema
    properties: list[Property] = [
        replace(item, docs=replace(item.docs, name=name)) if name != item.docs.name else item
        for item, name in zip(schema.properties, names, strict=True)
    ]
    return replace(schema, properties=tuple(properties))


def _usable(name: str, reserved: frozenset[str]) -> str:
    """A name of the lock, "" for one that people have made unusable there."""
    is_name = name.isidentifier() and name[:1].islower() and not keyword.iskeyword(name)
    return name if is_name and name not in reserved else ""


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
