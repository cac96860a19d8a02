"""Names of schemas, properties and parameters."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from sdkpress.content import essence
from sdkpress.model import (
    Api,
    ArraySchema,
    ConstSchema,
    EnumSchema,
    ObjectSchema,
    Operation,
    SchemaId,
    TypeUse,
    UnionSchema,
)
from sdkpress.naming.resources import Place, operation_key
from sdkpress.naming.shapes import inner_uses
from sdkpress.naming.words import (
    ARGUMENT_RESERVED,
    MODEL_RESERVED,
    pascal,
    safe,
    singular,
    snake,
    split_words,
    unique,
)

MODULE_RESERVED = frozenset(
    {
        "ABSENT", "Any", "Literal", "Maybe", "Model", "TYPE_CHECKING", "TypeAlias", "TypedDict",
        "Required", "Never", "Sequence", "Mapping", "Iterable", "Request", "Response", "Stream",
        "StreamRequest", "AsyncStream", "Operation", "Answer", "Options", "UnsetType", "UNSET",
        "Parameter", "StreamAnswer", "Fold", "SyncResource", "AsyncResource", "FileInput",
        "Exception", "BaseException", "TypeError", "ValueError", "Warning",
    }
)  # fmt: skip
"""Names that generated modules use themselves."""


def name_schemas(
    api: Api,
    aliases: frozenset[SchemaId],
    places: Mapping[str, Place],
    pinned: Mapping[SchemaId, str],
    overrides: Mapping[str, str],
) -> dict[SchemaId, str]:
    """Class and alias names; component keys first, then what stands inline, by its context."""
    names: dict[SchemaId, str] = {}
    taken: set[str] = set(MODULE_RESERVED)

    def wants_name(id: SchemaId) -> bool:
        return isinstance(api.schemas[id], (ObjectSchema, EnumSchema)) or id in aliases

    def assign(id: SchemaId, wanted: str, context: str = "") -> None:
        free = [item for item in (wanted, context) if item and item not in taken]
        name = unique(free[0] if free else context or wanted, taken, separator="")
        names[id] = name
        taken.add(name)

    for id, name in pinned.items():
        if id in api.schemas and wants_name(id) and name not in taken:
            names[id] = name
            taken.add(name)
    for id, key in api.component_names.items():
        if id not in names and wants_name(id):
            wanted = pascal(overrides.get(key, key))
            # `models.Response` is fine in itself; a module's own imports are not to be hidden.
            assign(id, f"{wanted}Model" if wanted in MODULE_RESERVED else wanted)

    visited: set[SchemaId] = set()

    def visit(use: TypeUse, context: str) -> None:
        stack: list[tuple[SchemaId, str]] = [(use.schema, context)]
        while stack:
            id, place = stack.pop()
            if id in visited:
                continue
            visited.add(id)
            schema = api.schemas[id]
            if wants_name(id) and id not in names:
                title = schema.docs.title
                short = bool(title) and len(split_words(title)) <= 4 and len(title) <= 40
                chosen = pascal(title) if short else place
                if chosen in MODULE_RESERVED:
                    chosen = place
                assign(id, chosen, place)
            base = names.get(id, place)
            inner = [
                (inner_use.schema, _inner_name(api, base, id, role, inner_use))
                for role, inner_use in inner_uses(schema)
            ]
            stack.extend(reversed(inner))

    for id, key in api.component_names.items():
        visit(TypeUse(id), pascal(key))
    for operation in api.operations:
        place = places[operation_key(operation)]
        base = "".join(pascal(part) for part in (*place.resource, place.method))
        for use, context in _operation_uses(operation, base):
            visit(use, context)
    for id in sorted(api.schemas):
        if id not in visited:
            visit(TypeUse(id), "Schema")
    return names


def _operation_uses(operation: Operation, base: str) -> list[tuple[TypeUse, str]]:
    found: list[tuple[TypeUse, str]] = []
    for parameter in operation.parameters:
        found.append((parameter.type, base + pascal(parameter.name)))
    for number, content in enumerate(operation.body.contents if operation.body else ()):
        if content.type is not None:
            suffix = "" if number == 0 else pascal(essence(content.media_type).partition("/")[2])
            found.append((content.type, f"{base}{suffix}Request"))
    for response in operation.responses:
        for content in response.contents:
            if content.type is None:
                continue
            if content.is_item:
                found.append((content.type, f"{base}Event"))
            elif response.status.startswith("2"):
                found.append((content.type, f"{base}Response"))
            else:
                status = response.status.capitalize()
                found.append((content.type, f"{base}{status}Error"))
    return found


def _inner_name(api: Api, base: str, id: SchemaId, role: str, use: TypeUse) -> str:
    schema = api.schemas[id]
    inner = api.schemas[use.schema]
    match schema:
        case ArraySchema():
            plain = base.endswith(("Request", "Response"))
            return f"{base}Item" if plain or singular(base) == base else singular(base)
        case UnionSchema():
            tag = _tag(api, schema, inner)
            return base + (pascal(tag) if tag else pascal(role))
        case _:
            return base + pascal(role)


def _tag(api: Api, union: UnionSchema, option: object) -> str:
    if union.discriminator is None or not isinstance(option, ObjectSchema):
        return ""
    for member in option.properties:
        if member.name == union.discriminator.property:
            tag = api.schema(member.type)
            if isinstance(tag, ConstSchema) and isinstance(tag.value, str):
                return tag.value
    return ""


def name_properties(schema: ObjectSchema) -> tuple[str, ...]:
    """Attribute names in the order of the properties, unique within the object."""
    return distinct(
        [member.name for member in schema.properties],
        lambda wire: safe(snake(wire), MODEL_RESERVED),
    )


def distinct(wire_names: list[str], make: Callable[[str], str]) -> tuple[str, ...]:
    """One identifier per wire name; those that need no change keep theirs."""
    made = [make(name) for name in wire_names]
    taken = {name for name, wire in zip(made, wire_names, strict=True) if name == wire}
    found: list[str] = []
    for name, wire in zip(made, wire_names, strict=True):
        if name != wire:
            name = unique(name, taken)
            taken.add(name)
        found.append(name)
    return tuple(found)


def name_arguments(wire_names: list[tuple[str, str]]) -> tuple[str, ...]:
    """Argument names of (location, wire name) pairs; a taken name gets its location behind it."""
    taken: set[str] = set()
    found: list[str] = []
    for location, wire in wire_names:
        name = safe(snake(wire), ARGUMENT_RESERVED)
        if name in taken:
            name = unique(f"{name}_{location}", taken)
        taken.add(name)
        found.append(name)
    return tuple(found)
