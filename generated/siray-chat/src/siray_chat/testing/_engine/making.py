"""One sample value in the making: every keyword that shapes a value, in bounded time."""

from __future__ import annotations

import copy
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, Literal, TypeAlias, cast

import msgspec

from .formats import fitted, is_checked, sample_format
from .inheritance import inheritance_of
from .json_schema import Direction, SchemaRules, is_type, items_by_enum, same
from .merging import Flat, flatten
from .nodes import as_bool, as_list, as_object, as_text
from .numbers import sample_number
from .patterns import sample_pattern
from .references import References
from .tagging import is_bare_null, named, tags_of

__all__ = ["Endless", "Extent", "Making", "Place"]

Extent: TypeAlias = Literal["minimal", "usual", "full"]
"""Which optional properties a value has: none, those of which something is known, or all."""

_DEEPEST_OPTIONAL = 8
_OBJECT_WORDS = (
    "properties",
    "required",
    "additionalProperties",
    "patternProperties",
    "minProperties",
    "maxProperties",
    "propertyNames",
    "dependentRequired",
)
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
    With `shows_hidden`, properties of the other direction are there as well; without
    `suggests_objects`, objects are made of their properties even where the document has an example.
    """

    def __init__(
        self,
        references: References,
        rules: SchemaRules,
        direction: Direction,
        seed: int,
        uses_suggestions: bool,
        extent: Extent,
        is_trusting: bool = False,
        most_nodes: int = 4_000,
        *,
        shows_hidden: bool = False,
        suggests_objects: bool = True,
    ) -> None:
        self._references = references
        self._rules = rules
        self._hidden = "writeOnly" if direction == "response" else "readOnly"
        if shows_hidden:
            self._hidden = ""
        self._suggests_objects = suggests_objects
        self._seed = seed
        self._uses_suggestions = uses_suggestions
        self._extent: Extent = extent
        self._is_minimal = extent == "minimal"
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
            inherited = inheritance_of(flat, self._references)
            # A child may hold another child of its base.
            own = [ref for ref in flat.refs if inherited is None or ref != inherited.base]
            if flat.is_impossible or any(reference in place.refs for reference in own):
                raise Endless
            if inherited is not None:
                if not inherited.own:
                    return self._child(flat, list(inherited.children.values()), place)
                flat = named(flat, schema, inherited, self._references, self._rules)
            refs, here = (*place.refs, *own), (*place.here, *flat.refs)
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
                if suggestion is None or not (self._suggests_objects or _is_flat(suggestion)):
                    continue
                if self._rules.accepts(suggestion, rules):
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
        if "not" in rules and not self._kind(rules):
            # Nothing but what it is not is said of it.
            yield from ("string", 1, True, [], None)

    def _branches(self, flat: Flat, place: Place) -> Iterator[Any]:
        first, *rest = flat.alternatives
        others: list[Any] = [{"anyOf": other.branches} for other in rest]
        start = place.variant % len(first.branches)
        nulls: list[Any] = []
        is_any = False
        for branch in [*first.branches[start:], *first.branches[:start]]:
            if is_bare_null(branch):
                nulls.append(None)
                continue
            parts = [
                flat.rules,
                branch,
                *others,
                *tags_of(first, branch, self._references, self._rules),
            ]
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
        if any(word in rules for word in _OBJECT_WORDS):
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
            if not is_required and not self._is_wanted(schema, rules, members, required, place):
                continue
            if self._is_hidden(schema):
                continue
            try:
                members[name] = self.value(schema, inner)
            except Endless:
                if is_required:
                    raise
                members.update((name, least) for least in self._least(schema, inner))
        additional = rules.get("additionalProperties", True)
        for name in sorted(required - properties.keys()):
            if additional is False and not rules.get("patternProperties"):
                continue  # required and forbidden: nothing would do, so the rest counts
            members[name] = self.value(_schema_of_name(name, rules, additional), inner)
        self._fill(members, rules, additional, inner)
        return members

    def _is_wanted(
        self,
        schema: Any,
        rules: dict[str, Any],
        members: dict[str, Any],
        required: set[str],
        place: Place,
    ) -> bool:
        """Whether an optional property belongs into the value."""
        least, most = rules.get("minProperties"), rules.get("maxProperties")
        count = len(members.keys() | required)
        if isinstance(most, int) and count >= most:
            return False
        if isinstance(least, int) and count < least:
            return True
        is_extra = self._is_enough(place) or self._is_left_out(schema)
        return not is_extra or (self._extent == "full" and not place.depth)

    def _least(self, schema: Any, place: Place) -> list[Any]:
        """Where a full value would go on forever: one value more, without optional properties."""
        if self._is_minimal or self._extent != "full":
            return []
        self._is_minimal = True
        try:
            return [self.value(schema, replace(place, refs=(), here=()))]
        except Endless:
            return []
        finally:
            self._is_minimal = False

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
        schema: Any = rules.get("items", rules.get("unevaluatedItems", {}))
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
                    return items or self._least(item_schema, inner)
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
        return self._extent != "full" and not as_object(schema).keys() - _VAGUE

    def _is_hidden(self, schema: Any) -> bool:
        if not self._hidden:
            return False
        node = as_object(schema)
        return as_bool(node.get(self._hidden)) or (
            "$ref" in node and as_bool(self._references.resolve(node).get(self._hidden))
        )


def _deeper(place: Place) -> Place:
    return replace(place, depth=place.depth + 1, here=())


def _is_flat(value: Any) -> bool:
    """Whether no object is in a value."""
    if isinstance(value, list):
        return all(map(_is_flat, cast("list[Any]", value)))
    return not isinstance(value, dict)


def _asks_for_itself(node: Any) -> bool:
    return as_object(node).get("required") is True


def _schema_of_name(name: str, rules: dict[str, Any], additional: Any) -> Any:
    for pattern, schema in as_object(rules.get("patternProperties")).items():
        if is_type(name, "string") and pattern in (name, f"^{name}$"):
            return schema
    return additional
