"""Schema Objects to IR schemas: one class per kind, references as ids."""

from __future__ import annotations

from typing import Any

from sdkpress.lowering.allof import ANNOTATIONS, is_structural, merge_all_of, sole_member
from sdkpress.lowering.source import (
    DERIVED,
    POINTER,
    Source,
    as_dict,
    as_list,
    as_text,
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
    JsonScalar,
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

COMPONENTS = "/components/schemas/"

MAX_DERIVATIONS = 6
"""How often a schema that lowering made may give rise to another one."""

_TYPES = ("object", "array", "string", "integer", "number", "boolean", "null")
_OBJECT_KEYWORDS = (
    "properties", "additionalProperties", "patternProperties", "required", "propertyNames",
    "unevaluatedProperties", "dependentSchemas", "dependentRequired",
)  # fmt: skip
_ARRAY_KEYWORDS = ("items", "prefixItems", "uniqueItems", "minItems", "maxItems", "contains")
_STRING_KEYWORDS = ("pattern", "minLength", "maxLength", "contentEncoding", "contentMediaType")
_NUMBER_KEYWORDS = ("minimum", "maximum", "multipleOf", "exclusiveMinimum", "exclusiveMaximum")
_NUMERIC_FORMATS = {"int32": "integer", "int64": "integer", "float": "number", "double": "number"}
_CONSTRAINTS_ONLY = frozenset({"required", "not", "type", "dependentRequired"}) | ANNOTATIONS


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
        self._children = _find_children(source)

    def use(self, value: object, pointer: str) -> TypeUse:
        """The type of the schema `value`, which stands at `pointer`.

        A reference is answered by the id of its target at once and lowered later by `finish`, so
        that depth is bounded by the nesting of the document; where the target turns out to be
        another name for something else, or nullable, `aliases` says so.
        """
        node = as_dict(value)
        target = self.source.target(node)
        done = self._uses.get(pointer)
        if done is not None:
            return done
        if target is not None:
            result = self._reference(node, target, pointer)
            self._uses[pointer] = result
            if result != TypeUse(SchemaId(pointer)):
                self.aliases[SchemaId(pointer)] = result
            return result
        combined = _combination(node)
        if combined:
            # The same conflict of properties may come up again inside of itself.
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
        if result != TypeUse(SchemaId(pointer)):
            self.aliases[SchemaId(pointer)] = result
        return result

    def at(self, pointer: str) -> TypeUse:
        """The type of the schema at a pointer that exists."""
        return self.use(self.source.at(pointer), pointer)

    def _reference(self, node: dict[str, Any], target: str, pointer: str) -> TypeUse:
        siblings = {k: v for k, v in node.items() if k not in ("$ref", POINTER)}
        try:
            self.source.at(target)
        except KeyError:
            reference = node.get("$ref", target)
            self.source.report("dangling-ref", f"nothing at {reference}", pointer)
            return self._any(pointer)
        if is_structural({k: v for k, v in siblings.items() if k not in ("$defs", "definitions")}):
            # OpenAPI 3.1: keywords beside `$ref` apply as well.
            return self.use(
                {**siblings, "allOf": [{POINTER: target}, *as_list(siblings.get("allOf"))]}, pointer
            )
        if target == pointer:
            self.source.report("reference-cycle", "the schema refers to itself", pointer)
            return self._any(pointer)
        if target not in self._uses:
            self._waiting[target] = None
        return TypeUse(SchemaId(target), siblings.get("nullable") is True)

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
        if as_list(node.get("allOf")):
            sole = sole_member(node, pointer)
            if sole is not None:
                use = self.use(*sole)
                return TypeUse(use.schema, use.nullable or node.get("nullable") is True)
            node = merge_all_of(self.source, node, pointer)
        id = SchemaId(pointer)
        nullable = node.get("nullable") is True
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
        kind = types[0] if types else _inferred_type(node)
        return TypeUse(self._kind(kind, node, id), nullable)

    def _kind(self, kind: str, node: dict[str, Any], id: SchemaId) -> SchemaId:
        docs = docs_of(node)
        match kind:
            case "object":
                return self._object(node, id)
            case "array":
                return self._array(node, id)
            case "string":
                return self._add(StringSchema(id, _string_format(node), docs))
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
            if name in _TYPES:
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
        if isinstance(value, (str, bool, int)):
            return TypeUse(self._add(ConstSchema(id, value, docs_of(node))), nullable)
        rest = {k: v for k, v in node.items() if k != "const"}
        return TypeUse(self._kind(_type_of(value), rest, id), nullable)

    def _enum(self, node: dict[str, Any], id: SchemaId, nullable: bool) -> TypeUse:
        listed = as_list(node["enum"])
        values: list[JsonScalar] = []
        for item in listed:
            if item is not None and not any(_same(item, other) for other in values):
                values.append(item)
        nullable = nullable or None in listed or "null" in as_list(node.get("type"))
        docs = docs_of(node)
        if not values:
            return TypeUse(self._add(NullSchema(id, docs)), True)
        if all(isinstance(item, (str, bool, int)) for item in values):
            return TypeUse(self._add(EnumSchema(id, tuple(values), docs)), nullable)
        kinds = {_type_of(item) for item in values}
        if kinds <= {"integer", "number"}:
            return TypeUse(self._add(NumberSchema(id, docs)), nullable)
        rest = {k: v for k, v in node.items() if k != "enum"}
        kind = _inferred_type(rest) if len(kinds) > 1 else kinds.pop()
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
            rest = None if items is False else self._items(items, child(id, "items"))
            return self._add(TupleSchema(id, uses, rest, docs))
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
        if node.get("required") is not None and not is_sequence(node.get("required")):
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
        docs = docs_of(shown)
        return Property(
            name=name,
            type=self.use(schema, pointer),
            is_required=is_required or node.get("required") is True,
            read_only=shown.get("readOnly") is True,
            write_only=shown.get("writeOnly") is True,
            docs=docs,
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
            own = {k: v for k, v in node.items() if k in ANNOTATIONS}
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
        if keyword == "oneOf" and as_list(node.get("anyOf")):
            node = {**node, "allOf": [{"anyOf": node["anyOf"]}]}
        listed = as_list(node[keyword])
        base = {
            k: v
            for k, v in node.items()
            if k not in ("oneOf", "anyOf", "allOf", "discriminator", "nullable", *ANNOTATIONS)
            and not k.startswith("x-")
        }
        nullable = nullable or "null" in as_list(base.get("type"))
        base_types = [item for item in self._types(base, id) if item != "null"]
        has_properties = bool(as_dict(base.get("properties"))) or bool(base.get("required"))
        if base and all(set(as_dict(option)) <= _CONSTRAINTS_ONLY for option in listed):
            # `anyOf: [{required: [a]}, {required: [b]}]` narrows values, not the type.
            kinds = {as_text(as_dict(option).get("type")) for option in listed}
            if has_properties or kinds <= {""}:
                kind = base_types[0] if base_types else _inferred_type(base)
                own = {**base, **{k: v for k, v in node.items() if k in ANNOTATIONS}}
                return TypeUse(self._kind(kind, own, id), nullable)
        options: list[TypeUse] = []
        targets: list[str] = []
        base_pointer = ""
        if as_dict(base.get("properties")):
            base_pointer = self.source.derive(id, "shared", base)
        for index, option in enumerate(listed):
            pointer = child(id, keyword, index)
            use, target = self._option(option, pointer, base, base_pointer, base_types)
            if isinstance(self.schemas.get(use.schema), NullSchema):
                nullable = True
                continue
            nullable = nullable or use.nullable
            use = TypeUse(use.schema)
            if use not in options:
                options.append(use)
                targets.append(target)
        if not options:
            return TypeUse(self._add(NullSchema(id, docs_of(node))), True)
        discriminator = self._discriminator(node, targets)
        if len(options) == 1:
            return TypeUse(options[0].schema, nullable)
        union = UnionSchema(id, tuple(options), discriminator, docs_of(node))
        return TypeUse(self._add(union), nullable)

    def _option(
        self,
        option: object,
        pointer: str,
        base: dict[str, Any],
        base_pointer: str,
        base_types: list[str],
    ) -> tuple[TypeUse, str]:
        node = as_dict(option)
        target = self.source.target(node) or pointer
        resolved, place = self.source.resolve(node, pointer)
        if base_pointer and resolved.get("type") != "null" and self._lacks(resolved, place, base):
            parts = [{POINTER: base_pointer}, {POINTER: target} if target != pointer else option]
            merged = {"allOf": parts}
            if target != pointer:
                merged["title"] = last_segment(target)  # type: ignore[assignment]
            derived = self.source.derive(pointer, "with", merged)
            return self.use(merged, derived), target
        if base_types and target == pointer and not _says_type(node):
            derived = self.source.derive(pointer, "typed", {**base, **node})
            return self.use({**base, **node}, derived), pointer
        return self.use(option, pointer), target

    def _lacks(self, node: dict[str, Any], pointer: str, base: dict[str, Any]) -> bool:
        if as_list(node.get("allOf")):
            node = merge_all_of(self.source, node, pointer)
        own = as_dict(node.get("properties"))
        return any(name not in own for name in as_dict(base.get("properties")))

    def _discriminator(self, node: dict[str, Any], targets: list[str]) -> Discriminator | None:
        declared = as_dict(node.get("discriminator"))
        name = declared.get("propertyName")
        if not isinstance(name, str) or not name:
            return None
        mapping: dict[str, int] = {}
        for value, reference in as_dict(declared.get("mapping")).items():
            pointer = self._mapping_target(as_text(reference))
            if pointer in targets:
                mapping[value] = targets.index(pointer)
        for index, target in enumerate(targets):
            if target.startswith(COMPONENTS) and index not in mapping.values():
                mapping.setdefault(last_segment(target), index)
        default: int | None = None
        fallback = declared.get("defaultMapping")
        if isinstance(fallback, str) and self._mapping_target(fallback) in targets:
            default = targets.index(self._mapping_target(fallback))
        return Discriminator(name, tuple(sorted(mapping.items())), default)

    def _mapping_target(self, reference: str) -> str:
        if "#" in reference:
            return self.source.target({"$ref": reference}) or ""
        return child("/components/schemas", reference)

    def _inherited(self, node: dict[str, Any], id: SchemaId) -> SchemaId | None:
        """A parent with a discriminator and no list of options stands for its children."""
        children = self._children.get(id)
        declared = as_dict(node.get("discriminator"))
        if not children or not isinstance(declared.get("propertyName"), str):
            return None
        own = {k: v for k, v in node.items() if k != "discriminator"}
        derived = self.source.derive(id, "base", {**own, "title": last_segment(id) + " base"})
        base = self.use(self.source.at(derived), derived)
        options = [self._reference({POINTER: pointer}, pointer, id) for pointer in children]
        discriminator = self._discriminator(node, list(children))
        assert discriminator is not None
        union = UnionSchema(
            id,
            (*options, base),
            Discriminator(discriminator.property, discriminator.mapping, len(options)),
            docs_of(node),
        )
        return self._add(union)

    # --- bookkeeping -----------------------------------------------------------------------------

    def _add(self, schema: Schema) -> SchemaId:
        self.schemas[schema.id] = schema
        return schema.id

    def _any(self, pointer: str) -> TypeUse:
        id = SchemaId(f"{pointer}")
        if id not in self.schemas:
            self._add(AnySchema(id))
        return TypeUse(id)


def _combination(node: dict[str, Any]) -> tuple[str, ...]:
    """The pointers that an allOf made by lowering consists of, empty for any other schema."""
    if node.keys() != {"allOf"}:
        return ()
    pointers = [as_dict(member).get(POINTER) for member in as_list(node["allOf"])]
    found = tuple(item for item in pointers if isinstance(item, str))
    return found if len(found) == len(pointers) else ()


def _find_children(source: Source) -> dict[str, tuple[str, ...]]:
    """Parents with a discriminator -> the component schemas that extend them by allOf."""
    found: dict[str, list[str]] = {}
    schemas = as_dict(as_dict(source.tree.get("components")).get("schemas"))
    for name, schema in schemas.items():
        for member in as_list(as_dict(schema).get("allOf")):
            target = source.target(as_dict(member))
            if target is None or not target.startswith(COMPONENTS):
                continue
            parent = as_dict(schemas.get(last_segment(target)))
            if "discriminator" in parent and not parent.get("oneOf") and not parent.get("anyOf"):
                found.setdefault(target, []).append(child("/components/schemas", name))
    return {parent: tuple(dict.fromkeys(children)) for parent, children in found.items()}


def _string_format(node: dict[str, Any]) -> str:
    format = as_text(node.get("format"))
    if not format and as_text(node.get("contentEncoding")).lower() in ("base64", "base64url"):
        return "byte" if node.get("contentEncoding") == "base64" else ""
    if not format and "contentMediaType" in node and "contentSchema" not in node:
        return "binary" if node["contentMediaType"] == "application/octet-stream" else ""
    return format


def _says_type(node: dict[str, Any]) -> bool:
    return any(
        key in node for key in ("type", "$ref", POINTER, "enum", "const", "allOf", "oneOf", "anyOf")
    )


def _inferred_type(node: dict[str, Any]) -> str:
    if any(key in node for key in _OBJECT_KEYWORDS):
        return "object"
    if any(key in node for key in _ARRAY_KEYWORDS):
        return "array"
    if any(key in node for key in _STRING_KEYWORDS):
        return "string"
    if any(key in node for key in _NUMBER_KEYWORDS):
        return _NUMERIC_FORMATS.get(as_text(node.get("format")), "number")
    format = as_text(node.get("format"))
    if format:
        return _NUMERIC_FORMATS.get(format, "string")
    return "any"


def _type_of(value: object) -> str:
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, str):
        return "string"
    if isinstance(value, int):
        return "integer"
    if isinstance(value, float):
        return "number"
    return "array" if is_sequence(value) else "object"


def _same(left: object, right: object) -> bool:
    return type(left) is type(right) and left == right
