"""Schema Objects to IR schemas: one class per kind, references as ids."""

from __future__ import annotations

from typing import Any

from sdkpress.lowering.allof import MERGED, merge_all_of, sole_member
from sdkpress.lowering.discriminators import find_children, find_discriminator, mapped_targets
from sdkpress.lowering.dynamic import dynamic_anchors, specialise
from sdkpress.lowering.foreign.names import DOCS_KEYS
from sdkpress.lowering.foreign.operations import report_malformed
from sdkpress.lowering.keywords import (
    ANNOTATIONS,
    TYPES,
    adds_type,
    allows_null,
    as_declared,
    inferred_type,
    is_bare_null,
    is_structural,
    only_narrows,
    string_format,
    type_of,
)
from sdkpress.lowering.options import combination, find_options
from sdkpress.lowering.source import (
    COMPONENTS,
    DERIVED,
    OWN_NAME,
    POINTER,
    Source,
    as_dict,
    as_list,
    child,
    docs_of,
    last_segment,
)
from sdkpress.model import (
    AnySchema,
    ArraySchema,
    BooleanSchema,
    ConstSchema,
    Discriminator,
    EnumSchema,
    IntegerSchema,
    MapSchema,
    NullSchema,
    NumberSchema,
    ObjectSchema,
    Property,
    Schema,
    SchemaId,
    StringSchema,
    TupleSchema,
    TypeUse,
    UnionSchema,
)
from sdkpress.trees import is_mapping, is_sequence

MAX_DERIVATIONS = 4
"""How often a schema that lowering made may give rise to another one."""


_OF_PROPERTIES = ANNOTATIONS | DOCS_KEYS | {OWN_NAME}
"""What counts for a property where it stands beside its `$ref`."""

_SCALARS = frozenset({"string", "integer", "number", "boolean"})
_STRUCTURE = frozenset({"allOf", "oneOf", "anyOf", "const", "enum"})


class SchemaLowering:
    """Lowers schemas on demand and remembers each by its pointer."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.schemas: dict[SchemaId, Schema] = {}
        self.aliases: dict[SchemaId, TypeUse] = {}
        self._uses: dict[str, TypeUse] = {}
        self._active: set[str] = set()
        self._waiting: dict[str, None] = {}
        self._combined: dict[tuple[str, ...], str] = {}
        self._children = find_children(source)

    def use(self, value: object, pointer: str) -> TypeUse:
        """The type of the schema `value`, which stands at `pointer`.

        A reference is answered by the id of its target at once and lowered later by `finish`, so
        that depth is bounded by the nesting of the document; where the target turns out to be
        another name for something else, or nullable, `aliases` says so.
        """
        done = self._uses.get(pointer)
        if done is not None:
            return done
        node = as_dict(value)
        if node.get(POINTER) == pointer:
            # A merge that left the schema in its place, with what others say about it.
            said = {key: item for key, item in node.items() if key != POINTER}
            value = self.source.at(pointer)
            value = {**as_dict(value), **said} if said else value
            node = as_dict(value)
        target = self.source.target(node)
        if target is not None:
            result = self._reference(node, target, pointer)
            self._uses[pointer] = result
            if result.nullable or result.schema != pointer:
                self.aliases[SchemaId(pointer)] = result
            return result
        combined = combination(node)
        if combined:
            # The same conflict of properties may come up again inside of itself.
            if pointer in combined:
                pointer = self.source.derive(pointer, MERGED, value)
            first = self._combined.setdefault(combined, pointer)
            if first != pointer:
                return TypeUse(SchemaId(first))
        if pointer in self._active:
            return TypeUse(SchemaId(pointer))
        if pointer.count(DERIVED) > MAX_DERIVATIONS:
            self.source.report("all-of-too-wide", "allOf and oneOf contain each other", pointer)
            return self._any(pointer)
        self._active.add(pointer)
        result = self._lower(value, pointer)
        self._active.discard(pointer)
        self._uses[pointer] = result
        if result.nullable or result.schema != pointer:
            self.aliases[SchemaId(pointer)] = result
        return result

    def at(self, pointer: str) -> TypeUse:
        """The type of the schema at a pointer that exists."""
        return self.use(self.source.at(pointer), pointer)

    def _reference(self, node: dict[str, Any], target: str, pointer: str) -> TypeUse:
        siblings = {k: v for k, v in node.items() if k not in ("$ref", POINTER)}
        try:
            _, target = self.source.find(target)
        except KeyError:
            self.source.dangling(node, target, pointer)
            return self._any(pointer)
        value = self.source.at(target)
        bound = dynamic_anchors(siblings, pointer)
        if bound:
            specialised = specialise(value, bound)
            if specialised is not value:
                target = self.source.derive(pointer, "of", specialised)
        if adds_type(siblings):
            if self.source.is_3_0 and "$ref" in node:
                self.source.report(
                    "ignored-siblings", "OpenAPI 3.0 ignores what stands beside `$ref`", pointer
                )
            else:
                # OpenAPI 3.1: keywords beside `$ref` apply as well.
                members = [{POINTER: target}, *as_list(siblings.get("allOf"))]
                return self.use({**siblings, "allOf": members}, pointer)
        if target == pointer:
            self.source.report("reference-cycle", "the schema refers to itself", pointer)
            return self._any(pointer)
        if target not in self._uses:
            self._waiting[target] = None
        return TypeUse(SchemaId(target), allows_null(siblings))

    def finish(self) -> None:
        """Lower every schema that was only referred to."""
        while self._waiting:
            pointer = next(iter(self._waiting))
            del self._waiting[pointer]
            self.at(pointer)

    # --- one schema ------------------------------------------------------------------------------

    def _lower(self, value: object, pointer: str) -> TypeUse:
        if value is True or value is False:
            return self._any(pointer)
        if not is_mapping(value):
            self.source.report("invalid-schema", "a schema must be an object or a boolean", pointer)
            return self._any(pointer)
        node = as_dict(value)
        if not DOCS_KEYS.isdisjoint(node):
            report_malformed(self.source, node, pointer)
        kind = node.get("type")
        if isinstance(kind, str) and kind in _SCALARS and _STRUCTURE.isdisjoint(node):
            # Most of a document is this.
            nullable = node.get("nullable") is True or node.get("x-nullable") is True
            return TypeUse(self._kind(kind, node, SchemaId(pointer)), nullable)
        if as_list(node.get("allOf")):
            sole = sole_member(node, pointer)
            if sole is not None:
                use = self.use(sole.value, sole.pointer)
                return TypeUse(use.schema, use.nullable or sole.nullable)
            node = merge_all_of(self.source, node, pointer)
        elif as_list(node.get("oneOf")) and as_list(node.get("anyOf")):
            node = merge_all_of(self.source, node, pointer)
        id = SchemaId(pointer)
        nullable = node.get("nullable") is True or node.get("x-nullable") is True
        if "const" in node:
            return self._const(node["const"], node, id, nullable)
        if as_list(node.get("enum")):
            return self._enum(node, id, nullable)
        if as_list(node.get("oneOf")) or as_list(node.get("anyOf")):
            return self._union(node, id, nullable)
        types = self._types(node, pointer)
        if "null" in types:
            nullable = True
            types = [item for item in types if item != "null"]
            if not types:
                return TypeUse(self._add(NullSchema(id, docs_of(node))), True)
        if len(types) > 1:
            return self._several_types(node, types, id, nullable)
        kind = types[0] if types else inferred_type(node)
        return TypeUse(self._kind(kind, node, id), nullable)

    def _kind(self, kind: str, node: dict[str, Any], id: SchemaId) -> SchemaId:
        if kind == "object":
            return self._object(node, id)
        if kind == "array":
            return self._array(node, id)
        docs = docs_of(node)
        match kind:
            case "string":
                return self._add(StringSchema(id, string_format(node), docs))
            case "integer":
                return self._add(IntegerSchema(id, docs))
            case "number":
                return self._add(NumberSchema(id, docs))
            case "boolean":
                return self._add(BooleanSchema(id, docs))
            case _:
                return self._add(AnySchema(id, docs))

    def _types(self, node: dict[str, Any], pointer: str) -> list[str]:
        declared = node.get("type")
        listed = [declared] if isinstance(declared, str) else as_list(declared)
        types: list[str] = []
        for item in listed:
            name = item.lower() if isinstance(item, str) else ""
            if name in TYPES:
                if name not in types:
                    types.append(name)
            elif name == "file":
                node["format"] = "binary"
                types.append("string")
            elif name != "any":
                self.source.report("unknown-type", f"no type is called {item!r}", pointer)
        if "number" in types and "integer" in types:
            types.remove("integer")
        return types

    def _const(self, value: object, node: dict[str, Any], id: SchemaId, nullable: bool) -> TypeUse:
        if value is None:
            return TypeUse(self._add(NullSchema(id, docs_of(node))), True)
        value = as_declared(value, node)
        if isinstance(value, (str, bool, int)):
            return TypeUse(self._add(ConstSchema(id, value, docs_of(node))), nullable)
        rest = {k: v for k, v in node.items() if k != "const"}
        return TypeUse(self._kind(type_of(value), rest, id), nullable)

    def _enum(self, node: dict[str, Any], id: SchemaId, nullable: bool) -> TypeUse:
        listed = as_list(node["enum"])
        if node.get("type") == "array" and not any(is_sequence(item) for item in listed):
            # Written one level too high: no array is one of these.
            rest = {k: v for k, v in node.items() if k != "enum"}
            items = as_dict(rest.get("items"))
            if "$ref" not in items and "enum" not in items:
                rest["items"] = {**items, "enum": listed}
            return TypeUse(self._array(rest, id), nullable)
        values: list[Any] = []
        seen: set[tuple[type, object]] = set()
        for listed_item in listed:
            item = as_declared(listed_item, node)
            if item is None:
                continue
            if is_mapping(item) or is_sequence(item):
                is_new = all(item != other for other in values)
            else:  # `true` is not 1
                is_new = (type(item), item) not in seen
                seen.add((type(item), item))
            if is_new:
                values.append(item)
        nullable = nullable or None in listed or "null" in as_list(node.get("type"))
        docs = docs_of(node)
        if not values:
            return TypeUse(self._add(NullSchema(id, docs)), True)
        floats = [item for item in values if isinstance(item, float)]
        others = [item for item in values if isinstance(item, (str, bool, int))]
        if len(others) == len(values):
            return TypeUse(self._add(EnumSchema(id, tuple(others), docs)), nullable)
        if len(others) + len(floats) == len(values):
            if all(isinstance(item, int) and not isinstance(item, bool) for item in others):
                return TypeUse(self._add(NumberSchema(id, docs)), nullable)
            # Python has no literals of floats.
            enum = EnumSchema(SchemaId(self.source.derive(id, "others", {})), tuple(others))
            number = NumberSchema(SchemaId(self.source.derive(id, "numbers", {})))
            options = (TypeUse(self._add(enum)), TypeUse(self._add(number)))
            return TypeUse(self._add(UnionSchema(id, options, None, docs)), nullable)
        kinds = {type_of(item) for item in values}
        rest = {k: v for k, v in node.items() if k != "enum"}
        kind = inferred_type(rest) if len(kinds) > 1 else kinds.pop()
        return TypeUse(self._kind(kind, rest, id), nullable)

    def _several_types(
        self, node: dict[str, Any], types: list[str], id: SchemaId, nullable: bool
    ) -> TypeUse:
        options: list[TypeUse] = []
        rest = {k: v for k, v in node.items() if k not in ("type", "nullable", *ANNOTATIONS)}
        for name in types:
            derived = SchemaId(self.source.derive(id, name, {**rest, "type": name}))
            options.append(TypeUse(self._kind(name, {**rest, "type": name}, derived)))
        return TypeUse(self._add(UnionSchema(id, tuple(options), None, docs_of(node))), nullable)

    # --- containers ------------------------------------------------------------------------------

    def _array(self, node: dict[str, Any], id: SchemaId) -> SchemaId:
        docs = docs_of(node)
        prefix = as_list(node.get("prefixItems"))
        items = node.get("items")
        if is_sequence(items):
            # Draft 4 tuples, which some 3.x documents still carry.
            prefix, items, keyword = as_list(items), node.get("additionalItems"), "items"
        else:
            keyword = "prefixItems"
        if prefix:
            uses = tuple(self.use(item, child(id, keyword, n)) for n, item in enumerate(prefix))
            # Who lists the first items and says nothing of others means that there are none.
            if items is None or items is False:
                return self._add(TupleSchema(id, uses, None, docs))
            # Python has no tuple that goes on: a list of whatever the items are.
            every = dict.fromkeys((*uses, self._items(items, child(id, "items"))))
            derived = SchemaId(self.source.derive(id, "items", {}))
            union = UnionSchema(derived, tuple(TypeUse(use.schema) for use in every))
            nullable = any(use.nullable for use in every)
            return self._add(ArraySchema(id, TypeUse(self._add(union), nullable), docs))
        return self._add(ArraySchema(id, self._items(items, child(id, "items")), docs))

    def _items(self, items: object, pointer: str) -> TypeUse:
        return self.use({} if items is None else items, pointer)

    def _object(self, node: dict[str, Any], id: SchemaId) -> SchemaId:
        docs = docs_of(node)
        inherited = self._inherited(node, id)
        if inherited is not None:
            return inherited
        properties = as_dict(node.get("properties"))
        additional = node.get("additionalProperties", node.get("unevaluatedProperties"))
        keyword = (
            "additionalProperties" if "additionalProperties" in node else "unevaluatedProperties"
        )
        if not properties:
            return self._map(node, additional, child(id, keyword), id)
        required = {name for name in as_list(node.get("required")) if isinstance(name, str)}
        if not isinstance(node.get("required", []), (list, bool)):
            self.source.report("invalid-schema", "`required` must be a list of names", id)
        members = tuple(
            self._property(name, schema, child(id, "properties", name), name in required)
            for name, schema in properties.items()
        )
        extra = (
            self.use(additional, child(id, keyword))
            if is_mapping(additional) and is_structural(additional)
            else None
        )
        return self._add(ObjectSchema(id, members, extra, docs))

    def _property(self, name: str, schema: object, pointer: str, is_required: bool) -> Property:
        node = as_dict(schema)
        shown, _ = self._shallow(node, pointer)
        parts = [shown] if "readOnly" in shown or "writeOnly" in shown else []
        for index, member in enumerate(as_list(shown["allOf"]) if "allOf" in shown else ()):
            parts.append(self._shallow(as_dict(member), child(pointer, "allOf", index))[0])
        if node.get("required") is True:
            self.source.report("boolean-required", f"{name!r} counts as required", pointer)
            is_required = True
        return Property(
            name=name,
            type=self.use(schema, pointer),
            is_required=is_required,
            read_only=any(part.get("readOnly") is True for part in parts),
            write_only=any(part.get("writeOnly") is True for part in parts),
            docs=docs_of(shown),
        )

    def _shallow(self, node: dict[str, Any], pointer: str) -> tuple[dict[str, Any], str]:
        """A property's own annotations; those of an unnamed schema that it stands for count too."""
        for _ in range(8):
            target = self.source.target(node)
            if target is None:
                return node, pointer
            try:
                found = as_dict(self.source.at(target))
            except KeyError:
                return node, pointer
            own = {k: v for k, v in node.items() if k in _OF_PROPERTIES}
            if target.startswith(COMPONENTS) and "/" not in target.removeprefix(COMPONENTS):
                found = {k: v for k, v in found.items() if k in ("readOnly", "writeOnly")}
                return {**found, **own}, target
            node, pointer = {**found, **own}, target
        return node, pointer

    def _map(
        self, node: dict[str, Any], additional: object, pointer: str, id: SchemaId
    ) -> SchemaId:
        patterns = as_dict(node.get("patternProperties"))
        if patterns and not is_structural(additional):
            uses = [
                self.use(item, child(id, "patternProperties", name))
                for name, item in patterns.items()
            ]
            distinct = list(dict.fromkeys(uses))
            if len(distinct) == 1:
                return self._add(MapSchema(id, distinct[0], docs_of(node)))
            derived = SchemaId(self.source.derive(id, "values", {}))
            union = UnionSchema(derived, tuple(TypeUse(use.schema) for use in distinct))
            nullable = any(use.nullable for use in distinct)
            return self._add(MapSchema(id, TypeUse(self._add(union), nullable), docs_of(node)))
        values = self.use(additional, pointer) if is_mapping(additional) else None
        if values is None:
            values = self._any(f"{pointer}")
        return self._add(MapSchema(id, values, docs_of(node)))

    # --- unions ----------------------------------------------------------------------------------

    def _union(self, node: dict[str, Any], id: SchemaId, nullable: bool) -> TypeUse:
        keyword = "oneOf" if as_list(node.get("oneOf")) else "anyOf"
        listed = as_list(node[keyword])
        base = {
            k: v
            for k, v in node.items()
            if k not in ("oneOf", "anyOf", "discriminator", "nullable", *ANNOTATIONS)
            and not k.startswith("x-")
        }
        nullable = nullable or allows_null(base)
        types = [item for item in self._types(base, id) if item != "null"]
        if len(types) < 2 and only_narrows(listed):
            # `anyOf: [{required: [a]}, {required: [b]}]` narrows values, not the type.
            kind = types[0] if types else inferred_type(base)
            if kind == "any" and any("required" in as_dict(option) for option in listed):
                kind = "object"
            own = {**base, **{k: v for k, v in node.items() if k in ANNOTATIONS}}
            return TypeUse(self._kind(kind, own, id), nullable)
        options: list[TypeUse] = []
        targets: list[str] = []
        for option in find_options(self.source, listed, keyword, base, types, id):
            if is_bare_null(option.value):
                nullable = True
                continue
            use = self.use(option.value, option.pointer)
            if isinstance(self.schemas.get(use.schema), NullSchema):
                nullable = True
                continue
            nullable = nullable or use.nullable
            use = TypeUse(use.schema)
            if use not in options:
                options.append(use)
                targets.append(option.target)
        if not options:
            return TypeUse(self._add(NullSchema(id, docs_of(node))), True)
        for pointer in mapped_targets(self.source, node, targets):
            options.append(self._reference({POINTER: pointer}, pointer, id))
            targets.append(pointer)
        discriminator = find_discriminator(self.source, node, targets)
        if len(options) == 1:
            return TypeUse(options[0].schema, nullable)
        union = UnionSchema(id, tuple(options), discriminator, docs_of(node))
        return TypeUse(self._add(union), nullable)

    def _inherited(self, node: dict[str, Any], id: SchemaId) -> SchemaId | None:
        """A parent with a discriminator and no list of options stands for its children."""
        if not isinstance(as_dict(node.get("discriminator")).get("propertyName"), str):
            return None
        children = list(self._children.get(id, ()))
        children += mapped_targets(self.source, node, [*children, id])
        if not children:
            return None
        own = {k: v for k, v in node.items() if k != "discriminator"}
        derived = self.source.derive(id, "base", {**own, "title": last_segment(id) + " base"})
        base = self.use(self.source.at(derived), derived)
        options = [self._reference({POINTER: pointer}, pointer, id) for pointer in children]
        declared = find_discriminator(self.source, node, [*children, id])
        assert declared is not None
        discriminator = Discriminator(declared.property, declared.mapping, len(options))
        return self._add(UnionSchema(id, (*options, base), discriminator, docs_of(node)))

    # --- bookkeeping -----------------------------------------------------------------------------

    def _add(self, schema: Schema) -> SchemaId:
        self.schemas[schema.id] = schema
        return schema.id

    def _any(self, pointer: str) -> TypeUse:
        id = SchemaId(f"{pointer}")
        if id not in self.schemas:
            self._add(AnySchema(id))
        return TypeUse(id)
