"""The last pass over lowered schemas: other names are replaced, unions are put in order.

Lowering answers references by id before the target is known; here each id becomes what it stands
for, null moves from a union's options to the places where the union is used, nested unions become
one, and the property that tells the options of a union apart is found.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Set
from operator import is_

from sdkpress.lowering.source import Source
from sdkpress.model import (
    AnySchema,
    ArraySchema,
    ConstSchema,
    Discriminator,
    EnumSchema,
    IntegerSchema,
    JsonScalar,
    MapSchema,
    NullSchema,
    ObjectSchema,
    Schema,
    SchemaId,
    StringSchema,
    TupleSchema,
    TypeUse,
    UnionSchema,
)
from sdkpress.records import replace

Substitute = Callable[[TypeUse], TypeUse]


def resolve_schemas(
    source: Source,
    schemas: Mapping[SchemaId, Schema],
    aliases: Mapping[SchemaId, TypeUse],
) -> tuple[dict[SchemaId, Schema], Substitute]:
    """All schemas with final references, and the function that finishes any other use."""
    known = dict(schemas)
    names = dict(aliases)
    opened: set[SchemaId] = set()
    while True:
        _mark_nullable_unions(known, names)
        substitute = _substitution(source, known, names)
        rewritten = {id: _rewrite(schema, substitute) for id, schema in list(known.items())}
        known.update(rewritten)
        before = len(names)
        for id, schema in list(known.items()):
            if isinstance(schema, UnionSchema):
                several = _flatten(schema, known)
                flat = _one_enum(several, known)
                known[id] = flat
                if isinstance(flat, UnionSchema) and len(flat.options) == 1:
                    names[id] = flat.options[0]
                    if isinstance(several, UnionSchema) and len(several.options) > 1:
                        opened.add(flat.options[0].schema)
        if len(names) == before:
            break
    _close_tags(known, opened)
    known = {
        id: _infer_discriminator(schema, known) if isinstance(schema, UnionSchema) else schema
        for id, schema in known.items()
    }
    return known, _substitution(source, known, names)


def _substitution(
    source: Source, schemas: dict[SchemaId, Schema], names: Mapping[SchemaId, TypeUse]
) -> Substitute:
    done: dict[SchemaId, TypeUse] = {}

    def resolve(id: SchemaId) -> TypeUse:
        found = done.get(id)
        if found is not None:
            return found
        current, nullable, seen = id, False, {id}
        while current in names:
            step = names[current]
            nullable = nullable or step.nullable
            if step.schema == current:
                break
            current = step.schema
            if current in seen:
                source.report("reference-cycle", "the schema is only another name for itself", id)
                schemas[id] = AnySchema(id)
                current = id
                break
            seen.add(current)
        if current not in schemas:
            schemas[current] = AnySchema(current)
        nullable = nullable or isinstance(schemas[current], NullSchema)
        done[id] = TypeUse(current, nullable)
        return done[id]

    def substitute(use: TypeUse) -> TypeUse:
        found = resolve(use.schema)
        if found.schema == use.schema and (use.nullable or not found.nullable):
            return use  # the same object says that nothing changed
        return TypeUse(found.schema, use.nullable or found.nullable)

    return substitute


def _mark_nullable_unions(schemas: dict[SchemaId, Schema], names: dict[SchemaId, TypeUse]) -> None:
    """A union with a nullable option is nullable wherever it is used."""
    changed = True
    while changed:
        changed = False
        for id, schema in schemas.items():
            if not isinstance(schema, UnionSchema) or id in names:
                continue
            for option in schema.options:
                step, seen = option, set[SchemaId]()
                nullable = step.nullable
                while step.schema in names and step.schema not in seen:
                    seen.add(step.schema)
                    step = names[step.schema]
                    nullable = nullable or step.nullable
                if nullable or isinstance(schemas.get(step.schema), NullSchema):
                    names[id] = TypeUse(id, True)
                    changed = True
                    break


def _rewrite(schema: Schema, substitute: Substitute) -> Schema:
    match schema:
        case ArraySchema():
            items = substitute(schema.items)
            return schema if items is schema.items else replace(schema, items=items)
        case TupleSchema():
            rest = substitute(schema.rest) if schema.rest else None
            return replace(schema, items=tuple(map(substitute, schema.items)), rest=rest)
        case MapSchema():
            return replace(schema, values=substitute(schema.values))
        case ObjectSchema():
            properties = tuple(
                (
                    member
                    if (use := substitute(member.type)) is member.type
                    else replace(member, type=use)
                )
                for member in schema.properties
            )
            additional = substitute(schema.additional) if schema.additional else None
            if additional is schema.additional and all(map(is_, properties, schema.properties)):
                return schema
            return replace(schema, properties=properties, additional=additional)
        case UnionSchema():
            return replace(schema, options=tuple(map(substitute, schema.options)))
        case _:
            return schema


def _flatten(union: UnionSchema, schemas: Mapping[SchemaId, Schema]) -> Schema:
    """Without null, duplicates and nested unions; an option that is anything makes all anything."""
    options: list[TypeUse] = []
    positions: dict[int, int] = {}
    for index, option in enumerate(union.options):
        schema = schemas[option.schema]
        if isinstance(schema, NullSchema):
            continue
        if isinstance(schema, AnySchema):
            return AnySchema(union.id, union.docs)
        nested = isinstance(schema, UnionSchema) and schema.discriminator is None
        if nested and isinstance(schema, UnionSchema) and union.discriminator is None:
            if schema.id == union.id:
                continue
            members = [TypeUse(item.schema) for item in schema.options]
        else:
            members = [TypeUse(option.schema)]
        for member in members:
            if member.schema != union.id and member not in options:
                options.append(member)
        if TypeUse(option.schema) in options:
            positions[index] = options.index(TypeUse(option.schema))
    if not options:
        return NullSchema(union.id, union.docs)
    discriminator = union.discriminator
    if discriminator is not None:
        mapping = tuple(
            (value, positions[index])
            for value, index in discriminator.mapping
            if index in positions
        )
        default = discriminator.default
        discriminator = Discriminator(
            discriminator.property, mapping, positions.get(default) if default is not None else None
        )
    return UnionSchema(union.id, tuple(options), discriminator, union.docs)


def _one_enum(union: Schema, schemas: Mapping[SchemaId, Schema]) -> Schema:
    """Constants of one type to choose from are one enum, which is open to other values.

    `anyOf: [{type: string}, {enum: [a, b]}]` lists the known values of a string, and
    `oneOf: [{const: a}, {const: b}]` describes each.
    """
    if not isinstance(union, UnionSchema):
        return union
    values: dict[JsonScalar, None] = {}
    enums: list[TypeUse] = []
    is_one = True
    kinds: set[type] = set()
    for option in union.options:
        schema = schemas[option.schema]
        match schema:
            case ConstSchema():
                listed: tuple[JsonScalar, ...] = (schema.value,)
                is_one = False
            case EnumSchema():
                listed = schema.values
                enums.append(option)
            case StringSchema() if not schema.format:
                listed = ()
                kinds.add(str)
            case IntegerSchema():
                listed = ()
                kinds.add(int)
            case _:
                return union
        kinds.update(map(type, listed))
        values.update(dict.fromkeys(listed))
    if not values or len(kinds) != 1 or not kinds <= {str, int}:
        return union
    if is_one and len(enums) == 1:
        return UnionSchema(union.id, (enums[0],), None, union.docs)
    return EnumSchema(union.id, tuple(values), union.docs)


def _close_tags(schemas: dict[SchemaId, Schema], opened: Set[SchemaId]) -> None:
    """A one-value enum in an option of a union is a tag: it becomes a constant.

    That is not so for an opened one, which stands for any string that the document allows beside.
    """
    for union in [item for item in schemas.values() if isinstance(item, UnionSchema)]:
        for option in union.options:
            target = schemas[option.schema]
            if not isinstance(target, ObjectSchema):
                continue
            for member in target.properties:
                tag = schemas[member.type.schema]
                if tag.id in opened:
                    continue
                if isinstance(tag, EnumSchema) and len(tag.values) == 1:
                    schemas[tag.id] = ConstSchema(tag.id, tag.values[0], tag.docs)


def _infer_discriminator(union: UnionSchema, schemas: Mapping[SchemaId, Schema]) -> UnionSchema:
    """Find the property whose constants tell the object options apart, where none is declared.

    A declared discriminator is completed by the constants that its options fix.
    """
    objects = [
        (index, schema)
        for index, option in enumerate(union.options)
        if isinstance(schema := schemas[option.schema], (ObjectSchema, UnionSchema))
    ]
    declared = union.discriminator
    if declared is not None:
        mapping = dict(declared.mapping)
        named = set(mapping)
        listed = [(index, _tag_values(item, declared.property, schemas)) for index, item in objects]
        counts = Counter(value for _, values in listed for value in values)
        for index, all_values in listed:
            # What several options allow, as they inherit it, tells none of them.
            own = [value for value in all_values if counts[value] == 1]
            if own and not any(mapping.get(value) == index for value in own):
                # An implicit mapping by component name gives way to what the option itself says.
                for value in [v for v, i in mapping.items() if i == index and v not in own]:
                    if value == _component_name(union.options[index].schema):
                        del mapping[value]
            for value in own:
                if value not in named:
                    mapping.setdefault(value, index)
        completed = replace(declared, mapping=tuple(sorted(mapping.items())))
        return replace(union, discriminator=completed)
    if len(objects) < 2:
        return union
    candidates = _property_names(objects[0][1], schemas)
    for name in candidates:
        tags: dict[str, int] = {}
        for index, schema in objects:
            values = _tag_values(schema, name, schemas)
            if not values or any(value in tags for value in values):
                break
            tags.update(dict.fromkeys(values, index))
        else:
            return replace(union, discriminator=Discriminator(name, tuple(sorted(tags.items()))))
    return union


def _property_names(
    schema: ObjectSchema | UnionSchema, schemas: Mapping[SchemaId, Schema]
) -> list[str]:
    if isinstance(schema, ObjectSchema):
        return [member.name for member in schema.properties]
    return [schema.discriminator.property] if schema.discriminator is not None else []


def _tag_values(
    schema: ObjectSchema | UnionSchema, name: str, schemas: Mapping[SchemaId, Schema]
) -> tuple[str, ...]:
    """The constants that a property has in an object, or in any option of a nested union."""
    if isinstance(schema, UnionSchema):
        declared = schema.discriminator
        if declared is None or declared.property != name:
            return ()
        found = dict.fromkeys(value for value, _ in declared.mapping)
        for option in schema.options:
            inner = schemas[option.schema]
            if isinstance(inner, ObjectSchema):
                found.update(dict.fromkeys(_tag_values(inner, name, schemas)))
        return tuple(found)
    for member in schema.properties:
        if member.name == name:
            tag = schemas[member.type.schema]
            if isinstance(tag, ConstSchema) and isinstance(tag.value, str):
                return (tag.value,)
            if isinstance(tag, EnumSchema):
                return tuple(value for value in tag.values if isinstance(value, str))
    return ()


def _component_name(id: SchemaId) -> str:
    return id.rpartition("/")[2]
