"""Which model goes into which module: those of one resource into its own, all others into `_shared`.

A schema that only one resource reaches refers to others that at least this resource reaches, so
resource modules import from themselves and from `_shared`, and `_shared` imports nothing: no
cycle is possible.
"""

from __future__ import annotations

from sdkpress.model import Api, Operation, SchemaId, TypeUse
from sdkpress.naming import Names, operation_key
from sdkpress.naming.shapes import inner_uses

SHARED = "_shared"


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
    """Module of every named schema: `_chat` or `_shared`."""
    by_resource: dict[str, list[TypeUse]] = {}
    for operation in api.operations:
        resource = names.operations[operation_key(operation)].resource[0]
        by_resource.setdefault(resource, []).extend(operation_types(operation))
    owners: dict[SchemaId, str] = {}

    def own(resource: str, ids: set[SchemaId]) -> None:
        for id in ids:
            owners[id] = resource if owners.get(id, resource) == resource else ""

    for resource, roots in by_resource.items():
        own(resource, reachable(api, roots))
    unused = [TypeUse(id) for id in names.schemas if id not in owners]
    own("", reachable(api, unused))
    return {id: f"_{owners[id]}" if owners[id] else SHARED for id in names.schemas}


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
