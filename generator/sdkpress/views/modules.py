"""Which model goes into which module, and which schemas operations are made of."""

from __future__ import annotations

from collections.abc import Iterable

from sdkpress.model import Api, ObjectSchema, Operation, SchemaId, TypeUse, Webhook
from sdkpress.naming import Names, operation_key
from sdkpress.naming.shapes import inner_uses
from sdkpress.views.grouping import Usage, group


def operation_types(operation: Operation) -> list[TypeUse]:
    """All types that an operation mentions."""
    found = [parameter.type for parameter in operation.parameters]
    for content in operation.body.contents if operation.body else ():
        if content.type:
            found.append(content.type)
    for response in operation.responses:
        found.extend(content.type for content in response.contents if content.type)
    if operation.stream is not None:
        found.extend(use for use in (operation.stream.item, operation.stream.final) if use)
    return found


def webhook_types(webhook: Webhook) -> list[TypeUse]:
    """All types that a webhook mentions."""
    found = [webhook.parameters_type] if webhook.parameters_type else []
    for content in webhook.body.contents if webhook.body else ():
        if content.type:
            found.append(content.type)
    for response in webhook.responses:
        found.extend(content.type for content in response.contents if content.type)
    return found


def reachable(api: Api, roots: list[TypeUse]) -> set[SchemaId]:
    """Ids of all schemas that the roots are made of."""
    seen: set[SchemaId] = set()
    stack = [use.schema for use in roots]
    while stack:
        id = stack.pop()
        if id in seen:
            continue
        seen.add(id)
        stack.extend(use.schema for _, use in inner_uses(api.schemas[id]))
    return seen


def assign_modules(api: Api, names: Names) -> dict[SchemaId, str]:
    """Module of every named schema, such as `_chat` or `_shared` (see `grouping`)."""
    mentioned: dict[SchemaId, set[tuple[str, ...]]] = {}

    def mention(path: tuple[str, ...], uses: list[TypeUse]) -> None:
        for id in _named(api, names, (use.schema for use in uses)):
            mentioned.setdefault(id, set()).add(path)

    for operation in api.operations:
        mention(names.operations[operation_key(operation)].resource, operation_types(operation))
    for webhook in api.webhooks:
        mention(("webhooks",), webhook_types(webhook))
    usages: dict[SchemaId, Usage] = {}
    for id, name in names.schemas.items():
        schema = api.schemas[id]
        inner = [use.schema for _, use in inner_uses(schema)]
        size = 1 + (len(schema.properties) if isinstance(schema, ObjectSchema) else 0)
        resources = frozenset(mentioned.get(id, ()))
        usages[id] = Usage(name, size, tuple(_named(api, names, inner)), resources)
    return group(usages)


def _named(api: Api, names: Names, ids: Iterable[SchemaId]) -> dict[SchemaId, None]:
    """The named schemas among some and what those without a name are made of, in order."""
    found: dict[SchemaId, None] = {}
    seen: set[SchemaId] = set()
    waiting = [*ids]
    while waiting:
        id = waiting.pop()
        if id in names.schemas:
            found[id] = None
        elif id not in seen:
            seen.add(id)
            waiting.extend(use.schema for _, use in inner_uses(api.schemas[id]))
    return found


def input_schemas(api: Api, names: Names) -> frozenset[SchemaId]:
    """Named schemas that arguments are made of and that have a form for plain dicts."""
    from sdkpress.model import EnumSchema

    roots: list[TypeUse] = []
    for operation in api.operations:
        roots.extend(parameter.type for parameter in operation.parameters)
        for content in operation.body.contents if operation.body else ():
            if content.type:
                roots.append(content.type)
    return frozenset(
        id
        for id in reachable(api, roots)
        if id in names.schemas and not isinstance(api.schemas[id], EnumSchema)
    )
