"""Names of schemas, properties and parameters."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence

from sdkpress.content import essence
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
    Operation,
    Schema,
    SchemaId,
    StringSchema,
    TupleSchema,
    TypeUse,
    UnionSchema,
)
from sdkpress.naming.resources import Place, operation_key
from sdkpress.naming.shapes import inner_uses
from sdkpress.naming.suggestions import suggested_classes
from sdkpress.naming.webhooks import webhook_uses
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
        "ABSENT", "Any", "Literal", "MADE", "Maybe", "Model", "TYPE_CHECKING", "TypeAlias",
        "TypedDict", "Required", "Never", "Sequence", "Mapping", "Iterable", "Request", "Response", "Stream",
        "StreamRequest", "AsyncStream", "Operation", "Answer", "Options", "UnsetType", "UNSET",
        "Parameter", "StreamAnswer", "Fold", "SyncResource", "AsyncResource", "FileInput",
        "Exception", "BaseException", "TypeError", "ValueError", "Warning",
    }
)  # fmt: skip
"""Names that generated modules use themselves."""

_STRUCTURE = frozenset(
    {
        "components", "schemas", "paths", "properties", "items", "oneOf", "anyOf", "allOf",
        "schema", "content", "responses", "requestBody",
    }
)  # fmt: skip

MAX_NAME = 60
"""Longest name of an inline schema; a component keeps its key."""

_WORD_START = re.compile(r"[A-Z]+(?![a-z])[0-9]*|[A-Z]?[a-z]+[0-9]*|[A-Z]|[0-9]+|[^A-Za-z0-9]+")


_NAMELESS = (
    AnySchema, NullSchema, BooleanSchema, IntegerSchema, NumberSchema, StringSchema, ConstSchema,
)  # fmt: skip
"""Schemas that never have a name, and nothing inside that has one."""


def name_schemas(
    api: Api,
    aliases: frozenset[SchemaId],
    places: Mapping[str, Place],
    pinned: Mapping[SchemaId, str],
    set_by_hand: Mapping[SchemaId, str],
    webhooks: Mapping[str, str],
) -> dict[SchemaId, str]:
    """Class and alias names; component keys first, then what stands inline, by its context."""
    names: dict[SchemaId, str] = {}
    # Each name takes that of its TypedDict as well: `Pet` and `PetParam`.
    taken: set[str] = set(MODULE_RESERVED)
    classes: set[str] = set()

    def wants_name(id: SchemaId) -> bool:
        return isinstance(api.schemas[id], (ObjectSchema, EnumSchema)) or id in aliases

    def assign(id: SchemaId, *wanted: str) -> None:
        free = [item for item in wanted if item and is_free(item)]
        name = free[0] if free else unique(wanted[:2][-1], taken, separator="")
        while not is_free(name):
            name = unique(f"{name}Model", taken, separator="")
        take(id, name)

    def is_free(name: str) -> bool:
        return name not in taken and f"{name}Param" not in classes

    def take(id: SchemaId, name: str) -> None:
        names[id] = name
        classes.add(name)
        taken.update((name, f"{name}Param"))

    for id, name in set_by_hand.items():
        if id in api.schemas and wants_name(id) and is_free(name):
            take(id, name)
    for id, name in pinned.items():
        if id in api.schemas and id not in names and wants_name(id) and is_free(name):
            take(id, name)
    for id, name in suggested_classes(api).items():
        if id not in names and wants_name(id) and name not in MODULE_RESERVED and is_free(name):
            take(id, name)
    wanted_names = {pascal(key) for key in api.component_names.values()}
    for id, key in api.component_names.items():
        if id not in names and wants_name(id):
            wanted = pascal(key)
            # `models.Response` is fine in itself; a module's own imports are not to be hidden.
            is_input = wanted.endswith("Param") and wanted.removesuffix("Param") in wanted_names
            assign(id, f"{wanted}Model" if wanted in MODULE_RESERVED or is_input else wanted)

    visited: set[SchemaId] = set()

    def visit(use: TypeUse, context: str) -> None:
        # With each schema the context it stands in, and how much of that says where it begins.
        stack: list[tuple[SchemaId, str, int]] = [(use.schema, context, len(context))]
        while stack:
            id, place, start = stack.pop()
            if id in visited:
                continue
            visited.add(id)
            schema = api.schemas[id]
            base = names.get(id, "")
            if base:
                start = len(base)
            elif wants_name(id):
                whole = shortened(place, start)
                longer = shortened(place, start, MAX_NAME + 20)
                spare = f"{whole}{_kind_word(schema)}" if len(whole) < MAX_NAME - 8 else longer
                title = pascal(schema.docs.title) if _is_short(schema.docs.title) else ""
                assign(id, "" if title in MODULE_RESERVED else title, whole, spare, longer)
                if names[id] not in (whole, longer):
                    base, start = names[id], len(names[id])
            base = base or place
            marks = _marks(api, schema) if isinstance(schema, UnionSchema) else {}
            inner = [
                (
                    inner_use.schema,
                    _inner_name(api, base, id, role, inner_use, marks, aliases),
                    min(start, len(base)),
                )
                for role, inner_use in inner_uses(schema)
                if not isinstance(api.schemas[inner_use.schema], _NAMELESS)
            ]
            stack.extend(reversed(inner))

    for id, key in api.component_names.items():
        visit(TypeUse(id), pascal(key))
    for operation in api.operations:
        place = places[operation_key(operation)]
        base = "".join(pascal(part) for part in (*place.resource, place.method))
        for use, context in _operation_uses(operation, base):
            visit(use, context)
    for use, context in webhook_uses(api, webhooks):
        visit(use, context)
    for id in sorted(api.schemas):
        if id not in visited and not isinstance(api.schemas[id], _NAMELESS):
            visit(TypeUse(id), _pointer_name(id))
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


def _inner_name(
    api: Api,
    base: str,
    id: SchemaId,
    role: str,
    use: TypeUse,
    marks: Mapping[SchemaId, str],
    aliases: frozenset[SchemaId],
) -> str:
    schema = api.schemas[id]
    inner = api.schemas[use.schema]
    match schema:
        case ArraySchema():
            plain = base.endswith(("Request", "Response"))
            return f"{base}Item" if plain or singular(base) == base else singular(base)
        case UnionSchema():
            tag = _tag(api, schema, inner)
            if tag:
                return base + pascal(tag)
            if isinstance(inner, EnumSchema) and len(inner.values) == 1:
                return joined(base, str(inner.values[0]) or "empty")
            if id not in aliases and _is_only_shape(api, schema):
                return base  # `Metadata | Literal[""]`: the union itself has no name
            if isinstance(inner, EnumSchema):
                return f"{base}Value"
            if schema.discriminator is not None and use is schema.options[-1]:
                return f"{base}Other"  # what carries none of the values
            mark = marks.get(use.schema, "")
            return joined(base, mark) if mark else base + pascal(role)
        case _:
            return joined(base, role)


def _is_only_shape(api: Api, union: UnionSchema) -> bool:
    """Whether one option at most is more than a scalar or a single value."""
    shapes = 0
    for use in union.options:
        option = api.schema(use)
        if isinstance(option, (ObjectSchema, ArraySchema, TupleSchema, MapSchema, UnionSchema)):
            shapes += 1
        elif isinstance(option, EnumSchema) and len(option.values) > 1:
            shapes += 1
    return shapes <= 1


def joined(base: str, role: str) -> str:
    """Context and role: `Order` and `order_items` -> `OrderItems`, nothing said twice."""
    word = pascal(role)
    start = _WORD_START.findall(base)
    for size in range(min(len(start), 4), 0, -1):
        ending = "".join(start[-size:])
        if word.startswith(ending) and len(word) > len(ending):
            return base[: len(base) - len(ending)] + word
    return base + word


def shortened(name: str, start: int, limit: int = MAX_NAME) -> str:
    """The name in at most `limit` letters: where it begins, and as many of its last words as fit."""
    if len(name) <= limit:
        return name
    head = ""
    for word in _WORD_START.findall(name[:start]):
        if len(head) + len(word) > limit * 2 // 3:
            break
        head += word
    tail = ""
    for word in reversed(_WORD_START.findall(name[len(head) :])):
        if len(head) + len(word) + len(tail) > limit:
            break
        tail = word + tail
    return (head + tail)[:limit] or name[:limit]


def _pointer_name(id: SchemaId) -> str:
    """What a pointer says, for a schema that nothing uses."""
    parts = [part for part in str(id).split("/") if any(letter.isalpha() for letter in part)]
    words = [part for part in parts if part not in _STRUCTURE]
    return "".join(pascal(part.replace("~1", " ")) for part in words[-3:]) or "Schema"


def _is_short(title: str) -> bool:
    return bool(title) and len(title) <= 40 and len(split_words(title)) <= 4


def _kind_word(schema: Schema) -> str:
    match schema:
        case ObjectSchema():
            return "Object"
        case EnumSchema():
            return "Value"
        case _:
            return "Type"


def _marks(api: Api, union: UnionSchema) -> dict[SchemaId, str]:
    """What options of a union have alone: a required property, a property, being an array or a map.

    `{required: [ok]}` or `{required: [error]}` -> `ok` and `error`.
    """
    kinds: dict[str, list[SchemaId]] = {}
    required: dict[str, list[SchemaId]] = {}
    optional: dict[str, list[SchemaId]] = {}
    for use in union.options:
        option = api.schema(use)
        if isinstance(option, (ArraySchema, TupleSchema)):
            kinds.setdefault("array", []).append(use.schema)
        elif isinstance(option, MapSchema):
            kinds.setdefault("map", []).append(use.schema)
        elif isinstance(option, ObjectSchema):
            for member in option.properties:
                optional.setdefault(member.name, []).append(use.schema)
                if member.is_required:
                    required.setdefault(member.name, []).append(use.schema)
    found: dict[SchemaId, str] = {}
    for group in (kinds, required, optional):
        for word, owners in group.items():
            if len(owners) == 1 and any(letter.isalpha() for letter in word):
                found.setdefault(owners[0], word)
    return found


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
    """Attribute names in the order of the properties, unique within the object.

    What was set by hand is taken as it is.
    """
    hints = {
        member.name: member.docs.name
        for member in schema.properties
        if member.docs.name[:1].islower()
    }
    return distinct(
        [member.name for member in schema.properties],
        lambda wire: hints.get(wire) or safe(snake(wire), MODEL_RESERVED),
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


def name_arguments(wire_names: list[tuple[str, str]], hints: Sequence[str] = ()) -> tuple[str, ...]:
    """Argument names of (location, wire name) pairs; a taken name gets its location behind it.

    `hints` are the names that were set by hand, in the same order, empty where none was.
    """
    given = [*hints, *[""] * (len(wire_names) - len(hints))]
    by_hand = {safe(hint, ARGUMENT_RESERVED) for hint in given if hint}
    taken: set[str] = set()
    found: list[str] = []
    for (location, wire), hint in zip(wire_names, given, strict=True):
        name = safe(hint or snake(wire), ARGUMENT_RESERVED)
        if name in taken or (name in by_hand and not hint):
            name = unique(f"{name}_{location}", taken | by_hand)
        taken.add(name)
        found.append(name)
    return tuple(found)
