"""Webhooks and callbacks: the requests that the API sends to its users.

`webhooks` (OpenAPI 3.1), `x-webhooks` (the same in 3.0 documents) and the `callbacks` of operations
become one list. A callback that several operations share, or repeat word for word, is in it once.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from sdkpress.content import ContentKind
from sdkpress.lowering.bodies import BodyLowering, path_item_parameters
from sdkpress.lowering.operations import METHODS, RawOperation
from sdkpress.lowering.source import Source, as_dict, as_text, child, docs_of
from sdkpress.model import (
    ConstSchema,
    EnumSchema,
    ObjectSchema,
    Parameter,
    Schema,
    SchemaId,
    TypeUse,
    UnionSchema,
    Webhook,
)
from sdkpress.records import replace
from sdkpress.trees import is_mapping

SECTIONS = ("webhooks", "x-webhooks")
_LOCATIONS = ("header", "query")
_ANNOTATIONS = frozenset({"description", "example", "examples", "deprecated"})
_DEPTH = 2
"""How deep in a body the property may stand that tells webhooks apart."""


@dataclass(slots=True)
class RawWebhook:
    """An Operation Object that describes an incoming request, before it is lowered."""

    key: str
    name: str
    method: str
    node: dict[str, Any]
    pointer: str
    item: dict[str, Any]
    item_pointer: str
    address: str = ""
    sent_by: list[str] = field(default_factory=list[str])


def find_webhooks(source: Source, operations: list[RawOperation]) -> list[RawWebhook]:
    """Webhooks in document order, then callbacks in the order of their operations."""
    found: list[RawWebhook] = []
    keys: set[str] = set()
    for section in SECTIONS:
        for name, value in as_dict(source.tree.get(section)).items():
            if section == "webhooks" and name.startswith("x-"):
                continue
            for raw in _path_item(source, name, value, child("", section, name)):
                raw.key = f"{raw.method} {name}"
                if raw.key not in keys:  # what both sections have is meant once
                    keys.add(raw.key)
                    found.append(raw)
    seen: dict[tuple[str, str], list[RawWebhook]] = {}
    for operation in operations:
        callbacks = as_dict(operation.node.get("callbacks"))
        for name, value in callbacks.items():
            if name.startswith("x-"):
                continue
            sender = f"{operation.method} {operation.path}"
            place = child(operation.pointer, "callbacks", name)
            for raw in _callback(source, name, value, place):
                listed = seen.setdefault((name, raw.method), [])
                same = next((item for item in listed if _is_same(item, raw)), None)
                if same is None:
                    raw.key = f"{raw.method} {raw.address} ({sender} {name})"
                    listed.append(raw)
                    found.append(raw)
                    same = raw
                if sender not in same.sent_by:
                    same.sent_by.append(sender)
    return found


def _callback(source: Source, name: str, value: object, pointer: str) -> Iterator[RawWebhook]:
    node, place = source.resolve(value, pointer)
    for expression, item in node.items():
        if not expression.startswith("x-"):
            for raw in _path_item(source, name, item, child(place, expression)):
                raw.address = expression
                yield raw


def _path_item(source: Source, name: str, value: object, pointer: str) -> Iterator[RawWebhook]:
    item, place = source.resolve(value, pointer)
    nodes = [(method, item.get(method), child(place, method)) for method in METHODS]
    for method, node in as_dict(item.get("additionalOperations")).items():
        nodes.append((method, node, child(place, "additionalOperations", method)))
    for method, node, node_pointer in nodes:
        if is_mapping(node):
            method = method.upper() if method in METHODS else method
            yield RawWebhook("", name, method, as_dict(node), node_pointer, item, place)


def _is_same(one: RawWebhook, other: RawWebhook) -> bool:
    if one.pointer == other.pointer:
        return True
    fields = ("requestBody", "parameters")
    return all(one.node.get(name) == other.node.get(name) for name in fields) and (
        one.item.get("parameters") == other.item.get("parameters")
    )


class WebhookLowering:
    """Lowers incoming requests; equal sets of parameters share one type."""

    def __init__(self, source: Source, bodies: BodyLowering) -> None:
        self._source = source
        self._bodies = bodies
        self._shared: dict[str, TypeUse] = {}

    def lower(self, raw: RawWebhook) -> Webhook:
        node, pointer = raw.node, raw.pointer
        declared = self._bodies.parameters(
            path_item_parameters(raw.item, raw.item_pointer) + path_item_parameters(node, pointer)
        )
        parameters = tuple(item for item in declared if item.location in _LOCATIONS)
        docs = docs_of(node)
        return Webhook(
            key=raw.key,
            name=raw.name,
            method=raw.method,
            pointer=pointer,
            operation_id=as_text(node.get("operationId")),
            parameters=parameters,
            parameters_type=self._parameters_type(parameters, pointer),
            body=(
                self._bodies.body(node["requestBody"], child(pointer, "requestBody"))
                if node.get("requestBody")
                else None
            ),
            responses=self._bodies.responses(node.get("responses"), child(pointer, "responses")),
            sent_by=tuple(raw.sent_by),
            address=raw.address,
            name_hint=as_text(node.get("x-sdkpress-name")),
            docs=replace(
                docs,
                summary=docs.summary or as_text(raw.item.get("summary")),
                description=docs.description or as_text(raw.item.get("description")),
            ),
        )

    def _parameters_type(self, parameters: tuple[Parameter, ...], pointer: str) -> TypeUse | None:
        if not parameters:
            return None
        properties: dict[str, Any] = {}
        required: list[str] = []
        facts: list[Any] = []
        for parameter in parameters:
            schema, docs = self._parameter_schema(parameter)
            name = property_name(parameter, parameters)
            properties[name] = {**schema, **docs}
            if parameter.is_required:
                required.append(name)
            facts.append([parameter.location, parameter.name, parameter.is_required, schema])
        key = json.dumps(facts, sort_keys=True, default=str)
        found = self._shared.get(key)
        if found is None:
            value = {"type": "object", "properties": properties, "required": required}
            place = self._source.derive(pointer, "parameters", value)
            found = self._shared[key] = self._bodies.schemas.use(value, place)
        return found

    def _parameter_schema(self, parameter: Parameter) -> tuple[dict[str, Any], dict[str, Any]]:
        """The schema without annotations, and what the parameter says for readers."""
        node = as_dict(self._source.at(parameter.pointer))
        schema = as_dict(node.get("schema"))
        for media in as_dict(node.get("content")).values():
            schema = as_dict(as_dict(media).get("schema"))
        kept = {key: item for key, item in schema.items() if key not in _ANNOTATIONS}
        docs: dict[str, Any] = {}
        text = as_text(node.get("description")) or as_text(schema.get("description"))
        if text:
            docs["description"] = text
        if parameter.docs.deprecated:
            docs["deprecated"] = True
        return kept, docs


def property_name(parameter: Parameter, parameters: tuple[Parameter, ...]) -> str:
    """Name of a parameter in the object of all of them: its own, unless two have it."""
    same = [item for item in parameters if item.name.lower() == parameter.name.lower()]
    return parameter.name if len(same) == 1 else f"{parameter.location} {parameter.name}"


def finish_webhook(webhook: Webhook, substitute: Any) -> Webhook:
    """The webhook with the final types of everything that it refers to."""

    def final(use: TypeUse | None) -> TypeUse | None:
        return substitute(use) if use is not None else None

    body = webhook.body
    if body is not None:
        contents = tuple(replace(item, type=final(item.type)) for item in body.contents)
        body = replace(body, contents=contents)
    responses = tuple(
        replace(
            response,
            contents=tuple(replace(item, type=final(item.type)) for item in response.contents),
        )
        for response in webhook.responses
    )
    return replace(
        webhook,
        parameters=tuple(replace(item, type=substitute(item.type)) for item in webhook.parameters),
        parameters_type=final(webhook.parameters_type),
        body=body,
        responses=responses,
    )


# --- telling them apart --------------------------------------------------------------------------


def tell_apart(
    webhooks: tuple[Webhook, ...], schemas: Mapping[SchemaId, Schema]
) -> tuple[tuple[Webhook, ...], tuple[str, ...]]:
    """The webhooks with their tags, and the path of the property that holds them.

    The property has constants in at least half of the bodies, and no two kinds of body share one
    (`type`, `event`, `data.event_type`). Of several, the one that most bodies have. No such
    property: no path.
    """
    bodies = [(item, use) for item in webhooks if (use := _json_type(item)) is not None]
    counts: dict[tuple[str, ...], int] = {}
    for use in dict.fromkeys(use for _, use in bodies):
        for path in dict.fromkeys(_candidates(use, schemas)):
            counts[path] = counts.get(path, 0) + 1
    best: dict[str, tuple[str, ...]] = {}
    best_path: tuple[str, ...] = ()
    for path, count in counts.items():
        if count >= 2 and count > len(best):
            tags = _tags(bodies, path, schemas)
            if len(tags) > len(best) and 2 * len(tags) >= len(bodies):
                best, best_path = tags, path
    if not best:
        return webhooks, ()
    return tuple(replace(item, tags=best.get(item.key, ())) for item in webhooks), best_path


def _tags(
    bodies: list[tuple[Webhook, TypeUse]], path: tuple[str, ...], schemas: Mapping[SchemaId, Schema]
) -> dict[str, tuple[str, ...]]:
    """The values by the keys of webhooks; empty where two kinds of body have the same one."""
    kinds: dict[str, SchemaId] = {}
    found: dict[str, tuple[str, ...]] = {}
    for webhook, use in bodies:
        values = _values(use, path, schemas)
        if any(kinds.get(value, use.schema) != use.schema for value in values):
            return {}
        own = tuple(value for value in values if value not in kinds)
        kinds.update(dict.fromkeys(own, use.schema))
        if own:
            found[webhook.key] = own
    return found


def _json_type(webhook: Webhook) -> TypeUse | None:
    for content in webhook.body.contents if webhook.body else ():
        if content.kind is ContentKind.JSON:
            return content.type
    return None


def _objects(use: TypeUse, schemas: Mapping[SchemaId, Schema]) -> tuple[ObjectSchema, ...]:
    """The object, or the objects of a union; empty where anything else may come."""
    schema = schemas[use.schema]
    if isinstance(schema, ObjectSchema):
        return (schema,)
    if not isinstance(schema, UnionSchema):
        return ()
    options = [schemas[item.schema] for item in schema.options]
    found = tuple(item for item in options if isinstance(item, ObjectSchema))
    return found if len(found) == len(options) else ()


def _candidates(
    use: TypeUse, schemas: Mapping[SchemaId, Schema], depth: int = _DEPTH
) -> list[tuple[str, ...]]:
    found: list[tuple[str, ...]] = []
    deeper: list[tuple[str, ...]] = []
    for shape in _objects(use, schemas)[:1]:
        for member in shape.properties:
            schema = schemas[member.type.schema]
            if isinstance(schema, (ConstSchema, EnumSchema)):
                found.append((member.name,))
            elif depth > 1 and isinstance(schema, (ObjectSchema, UnionSchema)):
                inner = _candidates(member.type, schemas, depth - 1)
                deeper.extend((member.name, *path) for path in inner)
    return found + deeper


def _values(
    use: TypeUse, path: tuple[str, ...], schemas: Mapping[SchemaId, Schema]
) -> tuple[str, ...]:
    """All values of the property, empty where some body may come without a known one."""
    schema = schemas[use.schema]
    if not path:
        if isinstance(schema, ConstSchema) and isinstance(schema.value, str):
            return (schema.value,)
        if isinstance(schema, EnumSchema) and all(isinstance(v, str) for v in schema.values):
            return tuple(str(value) for value in schema.values)
        return ()
    found: dict[str, None] = {}
    for shape in _objects(use, schemas):
        member = next((item for item in shape.properties if item.name == path[0]), None)
        values = _values(member.type, path[1:], schemas) if member else ()
        if not values:
            return ()
        found.update(dict.fromkeys(values))
    return tuple(found)
