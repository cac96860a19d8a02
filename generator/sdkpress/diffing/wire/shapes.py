"""A schema as the rules see it: the same for all ways to write the same thing.

References are followed, `allOf` is put together, an alternative that is null has become
nullability, one that is alone has become part of the schema, and alternatives that are nothing but
types have become a list of types. What a shape asks for is the conjunction of its layers.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from sdkpress.diffing.wire.nodes import Node, Tree
from sdkpress.trees import is_mapping, is_sequence

__all__ = ["Alternatives", "Shape", "Shapes", "UnionKind", "is_annotation"]

UnionKind = Literal["oneOf", "anyOf"]

_ANNOTATIONS = frozenset(
    (
        "$anchor",
        "$comment",
        "$id",
        "$schema",
        "default",
        "deprecated",
        "description",
        "example",
        "examples",
        "externalDocs",
        "readOnly",
        "title",
        "writeOnly",
        "xml",
    )
)

_IMPLIED = {
    "object": (
        "properties",
        "additionalProperties",
        "patternProperties",
        "required",
        "minProperties",
        "maxProperties",
        "propertyNames",
        "dependentRequired",
        "dependentSchemas",
        "unevaluatedProperties",
    ),
    "array": (
        "items",
        "prefixItems",
        "minItems",
        "maxItems",
        "uniqueItems",
        "contains",
        "unevaluatedItems",
    ),
}
"""Keywords that show what a schema without `type` is meant for: many leave out these types."""

_KINDS: tuple[UnionKind, ...] = ("anyOf", "oneOf")
_MAX_LAYERS = 2_000
_MAX_DEPTH = 40


def is_annotation(key: str) -> bool:
    """Whether a keyword only describes: it takes no value and refuses none."""
    return key in _ANNOTATIONS or key.startswith("x-")


@dataclass(frozen=True, slots=True)
class Alternatives:
    """A `oneOf` or `anyOf`; `node` is the list, `members` what is not null in it, as written."""

    kind: UnionKind
    node: Node
    members: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Shape:
    """What a schema asks for. Built by `Shapes.of`."""

    pointer: str
    """Where the schema stands: behind its references."""
    layers: tuple[Node, ...]
    """Objects that all hold; the schema's own first."""
    unions: tuple[Alternatives, ...]
    all_of: tuple[Node, ...]
    """The members of the schema's own `allOf`, as written; they are among the layers, too."""
    own: Mapping[str, Any]
    """What the schema asks for itself, without `allOf` and without what only describes."""
    nullable: bool | None
    """None where the schema does not say what types it has."""
    types: frozenset[str] | None
    """Without null; None for any."""
    is_typed: bool
    """Whether the types are written, not inferred from other keywords."""
    is_list: bool
    """Whether the types are written as alternatives."""
    is_impossible: bool
    """Whether nothing fits: the schema `false`."""
    values: tuple[Node, ...]
    """Lists of values that are written as alternatives of one fixed value each, as 3.1 does to
    describe each value; null is not among them."""

    def get(self, key: str) -> Node | None:
        """A keyword of the first layer that has it."""
        for layer in self.layers:
            if key in layer.value:
                return layer.get(key)
        return self.values[0] if key == "enum" and self.values else None

    def all(self, key: str) -> list[Node]:
        """A keyword of all layers that have it."""
        found = [found for layer in self.layers if (found := layer.get(key)) is not None]
        return [*found, *self.values] if key == "enum" else found

    def value(self, key: str) -> Any:
        """The plain value of a keyword, None without it."""
        node = self.get(key)
        return None if node is None else node.value

    def flag(self, key: str) -> bool:
        """Whether a boolean keyword is true in any layer."""
        return any(layer.value.get(key) is True for layer in self.layers)

    def place(self, *keys: str) -> str:
        """The pointer of the first of the keywords that is there; else of the schema."""
        for key in keys:
            node = self.get(key)
            if node is not None:
                return node.pointer
        return self.pointer

    def names(self, key: str) -> dict[str, tuple[Node, ...]]:
        """The members of an object keyword (`properties`) over all layers, each with its nodes."""
        found: dict[str, tuple[Node, ...]] = {}
        for layer in self.layers:
            if key in layer.value:
                for name, node in layer.members(key).items():
                    found[name] = (*found.get(name, ()), node)
        return found

    def is_only(self, *types: str) -> bool:
        """Whether the types are exactly these."""
        return self.types is not None and self.types == frozenset(types)

    @property
    def required(self) -> frozenset[str]:
        """The names in `required`."""
        found: set[str] = set()
        for node in self.all("required"):
            if is_sequence(node.value):
                found.update(name for name in node.value if isinstance(name, str))
        return frozenset(found)


class Shapes:
    """The shapes of one document's schemas."""

    def __init__(self, tree: Tree) -> None:
        self._tree = tree
        self._known: dict[tuple[str, ...], Shape] = {}
        self._nulls: dict[str, bool | None] = {}

    def of(self, nodes: tuple[Node, ...]) -> Shape:
        """The shape of what must fit all these schemas; without any, of the schema that takes
        everything."""
        key = tuple(node.pointer for node in nodes)
        shape = self._known.get(key) if nodes else None
        if shape is None:
            shape = self._known[key] = self._build(nodes)
        return shape

    def is_null(self, node: Node) -> bool:
        """Whether null alone fits a schema."""
        value = self._tree.resolve(node).value
        if not is_mapping(value):
            return False
        if value.get("type") in ("null", ["null"]) or value.get("enum") == [None]:
            return True
        return "const" in value and value["const"] is None

    def _build(self, nodes: tuple[Node, ...]) -> Shape:
        layers: list[Node] = []
        unions: list[Alternatives] = []
        tops: list[Node] = []
        impossible = False
        seen: set[str] = set()
        stack = list(reversed(nodes))
        starts = {node.pointer for node in nodes}
        while stack and len(layers) < _MAX_LAYERS:
            node = stack.pop()
            value = node.value
            if value is False:
                impossible = True
            if not is_mapping(value) or node.pointer in seen:
                continue
            seen.add(node.pointer)
            is_top = node.pointer in starts
            reference = value.get("$ref")
            if isinstance(reference, str):
                target = self._tree.target(reference)
                if target is not None:
                    stack.append(target)
                    if is_top and (self._tree.is_30 or _is_wrapping(value, "$ref")):
                        starts.add(target.pointer)
                if len(value) == 1 or self._tree.is_30:
                    continue
                value = {name: item for name, item in value.items() if name != "$ref"}
            below = node.items("allOf")
            alone = below[0] if len(below) == 1 and _is_wrapping(value, "allOf") else None
            for kind in _KINDS:
                if not node.items(kind):
                    continue
                ways = [item for item in node.items(kind) if not self.is_null(item)]
                if len(ways) > 1:
                    unions.append(Alternatives(kind, node.get(kind) or node, tuple(ways)))
                    continue
                below.append((ways or node.items(kind))[0])  # null alone is a schema, too
                if _is_wrapping(value, kind):
                    alone = below[-1]
            if is_top and alone is not None:
                starts.add(alone.pointer)
            elif is_top and not (reference and _is_wrapping(value, "")):
                tops.append(Node(node.pointer, value))
            layers.append(Node(node.pointer, value))
            stack.extend(reversed(below))
        return self._shape(nodes, layers, unions, tops, impossible=impossible)

    def _shape(
        self,
        nodes: tuple[Node, ...],
        layers: list[Node],
        unions: list[Alternatives],
        tops: list[Node],
        *,
        impossible: bool,
    ) -> Shape:
        types: frozenset[str] | None = None
        is_list = False
        for layer in layers:
            types = _narrowed(types, _declared(layer.value))
        is_typed = types is not None
        kept: list[Alternatives] = []
        values: list[Node] = []
        for union in unions:
            simple = self._simple_types(union)
            fixed = self._fixed_values(union)
            if fixed is not None:
                values.append(Node(union.node.pointer, fixed))
            elif simple is None:
                kept.append(union)
            else:
                types, is_list, is_typed = _narrowed(types, simple), True, True
        if types is None and not kept:
            types = _implied([*layers, *(Node("", {"enum": node.value}) for node in values)])
        all_of: list[Node] = []
        own: dict[str, Any] = {}
        for top in tops:
            all_of.extend(top.items("allOf"))
            own.update(
                (key, value)
                for key, value in top.value.items()
                if key != "allOf" and not is_annotation(key)
            )
        nullable = [self._nullable(node, 0) for node in nodes]
        return Shape(
            pointer=tops[0].pointer if tops else nodes[0].pointer if nodes else "",
            layers=tuple(layers),
            unions=tuple(kept),
            all_of=tuple(all_of),
            own=own,
            nullable=_all_of(nullable),
            types=types,
            is_typed=is_typed,
            is_list=is_list,
            is_impossible=impossible,
            values=tuple(values),
        )

    def _simple_types(self, union: Alternatives) -> frozenset[str] | None:
        """The types of alternatives that say nothing but their type; None for others."""
        found: set[str] = set()
        for member in union.members:
            value = self._tree.resolve(member).value
            if not is_mapping(value) or "type" not in value:
                return None
            if any(key not in ("type", "nullable") and not is_annotation(key) for key in value):
                return None
            types = _declared(value)
            if types is None:
                return None
            found |= types
        return frozenset(found)

    def _fixed_values(self, union: Alternatives) -> list[Any] | None:
        """The values of alternatives that are one fixed value each; None for others."""
        found: list[Any] = []
        for member in union.members:
            value = self._tree.resolve(member).value
            if not is_mapping(value) or "const" not in value:
                return None
            if any(key not in ("const", "type") and not is_annotation(key) for key in value):
                return None
            found.append(value["const"])
        return found

    def _nullable(self, node: Node, depth: int) -> bool | None:
        """Whether a schema takes null; None where it does not say."""
        if not is_mapping(node.value) or depth > _MAX_DEPTH:
            return None
        if node.pointer not in self._nulls:
            self._nulls[node.pointer] = None  # for those who come back to it in a circle
            self._nulls[node.pointer] = self._find_null(node, depth)
        return self._nulls[node.pointer]

    def _find_null(self, node: Node, depth: int) -> bool | None:
        value = node.value
        found: list[bool | None] = []
        reference = value.get("$ref")
        if isinstance(reference, str):
            target = self._tree.target(reference)
            found.append(None if target is None else self._nullable(target, depth + 1))
        # Beside a `$ref` OpenAPI 3.0 ignores it, and 3.1 everywhere; who writes it means it.
        if value.get("nullable") is True:
            return True
        if found and self._tree.is_30:
            return found[0]
        declared = value.get("type")
        if isinstance(declared, str):
            found.append(declared == "null")
        elif is_sequence(declared):
            found.append("null" in declared)
        elif is_sequence(value.get("enum")):
            found.append(None in value["enum"])
        elif "const" in value:
            found.append(value["const"] is None)
        elif any(key in value for keywords in _IMPLIED.values() for key in keywords):
            found.append(False)
        found.extend(self._nullable(item, depth + 1) for item in node.items("allOf"))
        for kind in ("anyOf", "oneOf"):
            members = node.items(kind)
            if members:
                each = [self._nullable(item, depth + 1) for item in members]
                if True in each:
                    found.append(True)
                elif None not in each:
                    found.append(False)
        return _all_of(found)


def _is_wrapping(value: Mapping[str, Any], key: str) -> bool:
    """Whether a schema has nothing beside `key` that takes or refuses values other than null."""
    return all(name in (key, "nullable") or is_annotation(name) for name in value)


def _all_of(found: list[bool | None]) -> bool | None:
    if False in found:
        return False
    return True if True in found else None


def _declared(value: Mapping[str, Any]) -> frozenset[str] | None:
    """The types of `type` without null; None where none is written."""
    declared = value.get("type")
    if isinstance(declared, str):
        return frozenset((declared,)) - {"null"}
    if is_sequence(declared):
        return frozenset(item for item in declared if isinstance(item, str)) - {"null"}
    return None


def _narrowed(one: frozenset[str] | None, other: frozenset[str] | None) -> frozenset[str] | None:
    """The types that fit both."""
    if one is None or other is None:
        return other if one is None else one
    both = one & other
    if ("number" in one and "integer" in other) or ("integer" in one and "number" in other):
        both |= {"integer"}
    # Contradictions are not for us to judge.
    return both or one | other


def _implied(layers: list[Node]) -> frozenset[str] | None:
    """What the keywords and listed values of a schema without `type` are meant for."""
    found: set[str] = set()
    for layer in layers:
        for name, keywords in _IMPLIED.items():
            if any(key in layer.value for key in keywords):
                found.add(name)
        found.update(_types_of_values(layer.value))
    if len(found - {"null"}) > 1 or not found:
        return None
    return frozenset(found - {"null"})


def _types_of_values(value: Mapping[str, Any]) -> Iterator[str]:
    listed = value.get("enum")
    values = list(listed) if is_sequence(listed) else []
    if "const" in value:
        values.append(value["const"])
    for item in values:
        if item is None:
            yield "null"
        elif isinstance(item, bool):
            yield "boolean"
        elif isinstance(item, str):
            yield "string"
        elif isinstance(item, int):
            yield "integer"
        elif isinstance(item, float):
            yield "number"
