"""One sample value in the making: every keyword that shapes a value, in bounded time."""

from __future__ import annotations

import copy
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import msgspec

from .formats import fitted, is_checked, sample_format
from .inheritance import inheritance_of
from .json_schema import Direction, SchemaRules, is_type, items_by_enum, same
from .merging import Alternatives, Flat, flatten
from .nodes import as_bool, as_list, as_object, as_text
from .numbers import sample_number
from .patterns import sample_pattern
from .references import References

__all__ = ["Endless", "Making", "Place"]

_DEEPEST_OPTIONAL = 8
_ARRAY_WORDS = (
    "items",
    "prefixItems",
    "contains",
    "minItems",
    "maxItems",
    "uniqueItems",
    "unevaluatedItems",
)
_LONGEST_TEXT = 100_000
_MOST_ITEMS = 1_000
_VAGUE = frozenset(("description", "title", "deprecated", "nullable"))


class Endless(Exception):
    """The schema contains itself here, so the value must end above."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where in the value we are: how deep, below which references, and which variant is wanted.

    `here` are those of the references that were followed for this very value.
    """

    depth: int = 0
    refs: tuple[str, ...] = ()
    variant: int = 0
    here: tuple[str, ...] = ()


class Making:
    """One sample in the making; it counts nodes, so that any schema takes bounded time.

    A trusting one takes the first candidate everywhere, and whoever asked looks at the whole.
    """

    def __init__(
        self,
        references: References,
        rules: SchemaRules,
        direction: Direction,
        seed: int,
        uses_suggestions: bool,
        is_minimal: bool,
        is_trusting: bool = False,
        most_nodes: int = 4_000,
    ) -> None:
        self._references = references
        self._rules = rules
        self._hidden = "writeOnly" if direction == "response" else "readOnly"
        self._seed = seed
        self._uses_suggestions = uses_suggestions
        self._is_minimal = is_minimal
        self._is_trusting = is_trusting
        self._nodes = 0
        self._most_nodes = most_nodes

    def value(self, schema: Any, place: Place) -> Any:
        """A value; raises `Endless` where only an endless one would do."""
        self._nodes += 1
        if self._nodes > 5 * self._most_nodes:
            raise Endless
        flat = flatten(schema, self._references, place.here)
        try:
            if flat.is_impossible or any(reference in place.refs for reference in flat.refs):
                raise Endless
            inherited = inheritance_of(flat, self._references)
            if inherited is not None:
                if not inherited.own:
                    return self._child(flat, list(inherited.children.values()), place)
                flat = self._named(flat, schema, inherited.property, inherited.own)
            refs, here = (*place.refs, *flat.refs), (*place.here, *flat.refs)
            return self._choose(flat, schema, replace(place, refs=refs, here=here))
        except Endless:
            if self._rules.accepts(None, schema):
                return None
            raise

    def _child(self, flat: Flat, children: list[str], place: Place) -> Any:
        """A value of one of the children of a base."""
        start = place.variant % len(children)
        for child in [*children[start:], *children[:start]]:
            try:
                return self.value({"allOf": [{"$ref": child}, flat.rules]}, _deeper(place))
            except Endless:
                continue
        raise Endless

    def _named(self, flat: Flat, schema: Any, name: str, value: str) -> Flat:
        """The schema of a child, with its discriminator set to the value that names it."""
        declared = as_object(flat.rules.get("properties")).get(name, {})
        if not self._rules.accepts(value, declared):
            return flat
        tag = {"properties": {name: {"const": value}}, "required": [name]}
        return flatten({"allOf": [schema, tag]}, self._references)

    def _choose(self, flat: Flat, schema: Any, place: Place) -> Any:
        first: list[Any] = []
        for candidate in self._candidates(flat, place):
            if self._is_trusting or self._rules.accepts(candidate, schema):
                return candidate
            first.append(candidate)
            if len(first) > 40:
                break
        if not first:
            raise Endless
        return first[0]

    def _candidates(self, flat: Flat, place: Place) -> Iterator[Any]:
        rules = items_by_enum(flat.rules)
        if self._uses_suggestions and place.variant == 0:
            for suggestion in flat.suggestions:
                if suggestion is not None and self._rules.accepts(suggestion, rules):
                    yield copy.deepcopy(suggestion)
        if "const" in rules:
            yield copy.deepcopy(rules["const"])
        if choices := [choice for choice in as_list(rules.get("enum")) if choice is not None]:
            start = self._pick(len(choices), place)
            yield from copy.deepcopy([*choices[start:], *choices[:start]])
        elif as_list(rules.get("enum")):
            yield None
        if flat.alternatives:
            yield from self._branches(flat, place)
            return
        is_built = False
        try:
            yield self._build(rules, place)
            is_built = True
        except Endless:
            if not flat.conditions:
                raise
        for condition in flat.conditions:
            for parts in ([condition["if"], condition.get("then", {})], [condition.get("else")]):
                try:
                    yield self.value({"allOf": [rules, *filter(None, parts)]}, _deeper(place))
                    is_built = True
                except Endless:
                    continue
        if not is_built:
            raise Endless

    def _branches(self, flat: Flat, place: Place) -> Iterator[Any]:
        first, *rest = flat.alternatives
        others: list[Any] = [{"anyOf": other.branches} for other in rest]
        start = place.variant % len(first.branches)
        nulls: list[Any] = []
        is_any = False
        for branch in [*first.branches[start:], *first.branches[:start]]:
            if _is_bare_null(branch):
                nulls.append(None)
                continue
            parts = [flat.rules, branch, *others, *self._tagged(first, branch)]
            try:
                # A branch that leads back to the union (`allOf` of the base) adds nothing by that.
                value = self.value({"allOf": parts}, replace(_deeper(place), here=place.here))
            except Endless:
                continue
            if value is None:
                nulls.append(value)
                continue
            is_any = True
            yield value
        yield from nulls
        if not is_any and not nulls:
            raise Endless

    def _tagged(self, alternatives: Alternatives, branch: Any) -> list[Any]:
        """What a discriminator adds to a branch: the property has the value that names it."""
        name = alternatives.discriminator.get("propertyName")
        reference = as_object(branch).get("$ref")
        if not isinstance(name, str) or not isinstance(reference, str):
            return []
        component = reference.rsplit("/", 1)[-1]
        value = component
        for key, target in as_object(alternatives.discriminator.get("mapping")).items():
            if target in (reference, component):
                value = key
                break
        rules = flatten(branch, self._references).rules
        declared = as_object(rules.get("properties")).get(name, {})
        if not self._rules.accepts(value, declared):
            return []  # a branch that has a constant of its own knows better
        return [{"properties": {name: {"const": value}}, "required": [name]}]

    def _build(self, rules: dict[str, Any], place: Place) -> Any:
        match self._kind(rules):
            case "object":
                return self._object(rules, place)
            case "array":
                return self._array(rules, place)
            case "string":
                return self._string(rules, place)
            case "integer":
                return sample_number(rules, is_integer=True, variant=self._shift(place))
            case "number":
                return sample_number(rules, is_integer=False, variant=self._shift(place))
            case "boolean":
                return self._shift(place) % 2 == 0
            case "null":
                return None
            case _:
                return {}

    def _kind(self, rules: dict[str, Any]) -> str:
        declared = rules.get("type")
        if isinstance(declared, str):
            return declared
        names = [as_text(name) for name in as_list(declared)]
        for name in names:
            if name != "null":
                return name
        if names:
            return "null"
        if any(word in rules for word in ("properties", "required", "additionalProperties")):
            return "object"
        if any(word in rules for word in _ARRAY_WORDS):
            return "array"
        if any(word in rules for word in ("pattern", "minLength", "maxLength", "format")):
            return "string"
        bounds = ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf")
        return "number" if any(word in rules for word in bounds) else ""

    def _object(self, rules: dict[str, Any], place: Place) -> dict[str, Any]:
        properties = as_object(rules.get("properties"))
        required = {name for name in as_list(rules.get("required")) if isinstance(name, str)}
        # `required: true` at the property itself, as JSON Schema had it once.
        required |= {name for name, node in properties.items() if _asks_for_itself(node)}
        inner = _deeper(place)
        members: dict[str, Any] = {}
        for name, schema in properties.items():
            is_required = name in required
            if not is_required and (self._is_enough(place) or self._is_left_out(schema)):
                continue
            if self._is_hidden(schema):
                continue
            try:
                members[name] = self.value(schema, inner)
            except Endless:
                if is_required:
                    raise
        additional = rules.get("additionalProperties", True)
        for name in sorted(required - properties.keys()):
            if additional is False and not rules.get("patternProperties"):
                continue  # required and forbidden: nothing would do, so the rest counts
            members[name] = self.value(_schema_of_name(name, rules, additional), inner)
        self._fill(members, rules, additional, inner)
        return members

    def _fill(
        self, members: dict[str, Any], rules: dict[str, Any], additional: Any, inner: Place
    ) -> None:
        """Add members beyond the declared ones: what `minProperties` needs, or one of a map."""
        least = rules.get("minProperties")
        wanted = least if isinstance(least, int) else 0
        patterns = as_object(rules.get("patternProperties"))
        if not rules.get("properties") and (as_object(additional) or patterns):
            if not self._is_minimal and inner.depth <= _DEEPEST_OPTIONAL:
                wanted = max(wanted, 1)
        if len(members) >= wanted or (additional is False and not patterns):
            return
        pattern = next(iter(patterns), None)
        for index in range(min(wanted, _MOST_ITEMS)):
            if len(members) >= wanted:
                return
            name: Any = f"key{index}" if index else "key"
            if pattern is not None:
                name = sample_pattern(pattern, variant=index) or name
            elif "propertyNames" in rules:
                name = self.value(
                    {"allOf": [{"type": "string"}, rules["propertyNames"]]},
                    replace(inner, variant=index),
                )
            try:
                schema = patterns[pattern] if pattern is not None else additional
                members[as_text(name, "key")] = self.value(schema, inner)
            except Endless:
                if isinstance(least, int) and len(members) < least:
                    raise
                return

    def _array(self, rules: dict[str, Any], place: Place) -> list[Any]:
        least, most = rules.get("minItems"), rules.get("maxItems")
        prefix = as_list(rules.get("prefixItems"))
        schema: Any = rules.get("items", {})
        empty: dict[str, Any] = {}
        if isinstance(schema, list):  # by position, as before 2020-12
            prefix, schema = [*prefix, *as_list(rules["items"])], empty
        needed = min(least, _MOST_ITEMS) if isinstance(least, int) else 0
        wanted = max(needed, len(prefix))
        if not wanted and not self._is_minimal and schema is not False and not prefix:
            wanted = 1
        if isinstance(most, int):
            wanted = min(wanted, most)
        is_unique = as_bool(rules.get("uniqueItems"))
        items: list[Any] = []
        for index in range(wanted):
            item_schema = prefix[index] if index < len(prefix) else schema
            for attempt in range(12 if is_unique and items else 1):
                inner = _deeper(place)
                if is_unique or (needed > 1 and index):
                    inner = replace(inner, variant=place.variant + index + attempt)
                try:
                    item = self.value(item_schema, inner)
                except Endless:
                    if index < needed:
                        raise
                    return items
                if not is_unique or not any(same(item, other) for other in items):
                    items.append(item)
                    break
        if "contains" in rules and not any(
            self._rules.accepts(item, rules["contains"]) for item in items
        ):
            wanted_item = {"allOf": [schema, rules["contains"]]}
            items = [self.value(wanted_item, _deeper(place)), *items[1:]]
        return items

    def _string(self, rules: dict[str, Any], place: Place) -> str:
        least, most = rules.get("minLength"), rules.get("maxLength")
        shortest = min(least, _LONGEST_TEXT) if isinstance(least, int) else 0
        longest = most if isinstance(most, int) else None
        variant = self._shift(place)
        pattern = rules.get("pattern")
        name = as_text(rules.get("format"))
        text = sample_format(name, variant)
        if isinstance(pattern, str) and (
            text is None or not self._rules.accepts(text, {"pattern": pattern})
        ):
            found = sample_pattern(
                pattern, min_length=shortest, max_length=longest, variant=variant
            )
            if found is not None:
                return found
        if text is None and "contentSchema" in rules:
            return msgspec.json.encode(self.value(rules["contentSchema"], _deeper(place))).decode()
        if text is None:
            text = f"string{variant}" if variant else "string"
        if is_checked(name):
            # Who reads it looks at the format first.
            return fitted(name, text, shortest, longest)
        if len(text) < shortest:
            text = (text * (shortest // len(text) + 1))[:shortest]
        if longest is not None and len(text) > longest:
            # The end is what tells variants apart.
            text = text[-longest:] if longest > 0 else ""
        return text

    def _pick(self, count: int, place: Place) -> int:
        return self._shift(place) % count

    def _shift(self, place: Place) -> int:
        if self._seed == 0:
            return place.variant
        return place.variant + zlib.crc32(f"{self._seed}:{place.refs}:{place.depth}".encode()) % 97

    def _is_enough(self, place: Place) -> bool:
        return (
            self._is_minimal or place.depth >= _DEEPEST_OPTIONAL or self._nodes > self._most_nodes
        )

    def _is_left_out(self, schema: Any) -> bool:
        # An optional property of which nothing is known would only be noise.
        return not as_object(schema).keys() - _VAGUE

    def _is_hidden(self, schema: Any) -> bool:
        node = as_object(schema)
        return as_bool(node.get(self._hidden)) or (
            "$ref" in node and as_bool(self._references.resolve(node).get(self._hidden))
        )


def _deeper(place: Place) -> Place:
    return replace(place, depth=place.depth + 1, here=())


def _asks_for_itself(node: Any) -> bool:
    return as_object(node).get("required") is True


def _is_bare_null(branch: Any) -> bool:
    """Whether a branch is `{nullable: true}`, for null has no type in OpenAPI 3.0."""
    node = as_object(branch)
    return as_bool(node.get("nullable")) and node.keys() <= _VAGUE


def _schema_of_name(name: str, rules: dict[str, Any], additional: Any) -> Any:
    for pattern, schema in as_object(rules.get("patternProperties")).items():
        if is_type(name, "string") and pattern in (name, f"^{name}$"):
            return schema
    return additional
