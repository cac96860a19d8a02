"""JSON Schema to Hypothesis strategies: valid JSON values, whatever the schema leaves open.

A value is drawn node by node from the schema itself, so that recursion costs nothing. Each has a
bounded number of nodes; where that is used up, and for what no drawing gets right (`not`, lengths
beside patterns, constraints across properties), the deterministic samples of `Sampler` stand in. So
nothing is filtered, and every value is valid.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from .drawn_texts import format_texts, pattern_texts
from .inheritance import inheritance_of
from .json_schema import items_by_enum, same
from .merging import flatten
from .nodes import as_bool, as_list, as_object, as_text
from .numbers import integer_range, number_bounds, sample_number
from .patterns import compiled
from .references import References
from .samples import Sampler
from .tagging import is_bare_null, named, tags_of

__all__ = ["SearchStrategy", "Values"]

_MOST_NODES = 80
"""After so many nodes a value has no more optional parts."""
_DEEPEST = 7
_LONGEST_TEXT = 1_000
_JSON: SearchStrategy[Any] = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)

_Draw: TypeAlias = Callable[[SearchStrategy[Any]], Any]


@dataclass(slots=True)
class _Node:
    """A schema, read: its keywords, and the schemas one of which a value has to satisfy as well."""

    schema: Any
    rules: dict[str, Any] = field(default_factory=dict[str, Any])
    branches: list[Any] = field(default_factory=list[Any])
    refs: tuple[str, ...] = ()
    """The references that were followed for this very value."""
    kinds: tuple[str, ...] = ()
    allows_null: bool = False
    optional: tuple[str, ...] = ()
    required: frozenset[str] = frozenset()
    scalar: SearchStrategy[Any] | None = None
    """What draws the value, where it has no parts."""


class Values:
    """The strategies of the schemas of one document; `sampler` says which properties are hidden."""

    def __init__(self, references: References, sampler: Sampler) -> None:
        self.references = references
        self.sampler = sampler
        # By identity; the node keeps the schema, and so its identity from being used again.
        self._nodes: dict[tuple[int, tuple[str, ...]], _Node] = {}
        self._samples: dict[tuple[int, int], tuple[Any, str]] = {}

    def strategy(self, schema: Any) -> SearchStrategy[Any]:
        """A strategy of valid values, objects with unknown members among them."""

        @st.composite
        def values(draw: _Draw) -> Any:
            value = _Drawing(self, draw).value(schema, 0)
            return self.sampler.mend(value, schema, extent="minimal")

        return values()

    def sample(self, schema: Any, variant: int = 0) -> Any:
        """A fresh copy of a small sample."""
        key = (id(schema), variant)
        if key not in self._samples:
            made = self.sampler.sample(schema, variant=variant, extent="minimal")
            self._samples[key] = (schema, json.dumps(made))
        return json.loads(self._samples[key][1])

    def node(self, schema: Any, refs: tuple[str, ...] = ()) -> _Node:
        """The schema, read once; `refs` were followed before for the same value."""
        key = (id(schema), refs)
        if key not in self._nodes:
            self._nodes[key] = self._read(schema, refs)
        return self._nodes[key]

    def _read(self, schema: Any, refs: tuple[str, ...]) -> _Node:
        checks = self.sampler.rules
        flat = flatten(schema, self.references, refs)
        inherited = inheritance_of(flat, self.references)
        if inherited is not None and inherited.own:
            tagged = named(flat, schema, inherited, self.references, checks)
            tagged.refs = flat.refs
            flat = tagged
        rules = items_by_enum(flat.rules)
        node = _Node(schema, rules, refs=(*refs, *flat.refs))
        node.allows_null = checks.accepts(None, schema)
        if inherited is not None and not inherited.own:
            node.branches = [
                {"allOf": [{"$ref": child}, rules]} for child in inherited.children.values()
            ]
        elif flat.alternatives and not flat.is_impossible:
            first, *rest = flat.alternatives
            others = [{"anyOf": other.branches} for other in rest]
            node.branches = [
                {
                    "allOf": [
                        rules,
                        branch,
                        *others,
                        *tags_of(first, branch, self.references, checks),
                    ]
                }
                for branch in first.branches
                if not is_bare_null(branch) and branch is not False
            ]
        elif flat.conditions:
            node.branches = [{"allOf": [rules]}]
            for condition in flat.conditions:
                pair = [condition["if"], condition.get("then", {})]
                node.branches.append({"allOf": [rules, *pair]})
                if "else" in condition:
                    node.branches.append({"allOf": [rules, condition["else"]]})
        if node.branches or "const" in rules or "enum" in rules:
            return node
        node.kinds = _kinds(rules)
        properties = as_object(rules.get("properties"))
        required = {name for name in as_list(rules.get("required")) if isinstance(name, str)}
        required |= {
            key for key, part in properties.items() if as_object(part).get("required") is True
        }
        node.required = frozenset(required)
        node.optional = tuple(
            name
            for name, part in properties.items()
            if name not in required and not self.sampler.is_hidden(part)
        )
        if len(node.kinds) == 1 and node.kinds[0] not in ("object", "array"):
            node.scalar = self.scalar(node, node.kinds[0])
        return node

    def scalar(self, node: _Node, kind: str) -> SearchStrategy[Any]:
        """A strategy of one kind of value that has no parts."""
        match kind:
            case "string":
                return self._texts(node)
            case "integer":
                least, most, step = integer_range(node.rules)
                whole = st.integers(least, most) if _holds(least, most) else st.just(least or 0)
                return whole if step == 1 else whole.map(lambda count: count * step)
            case "number":
                return self._numbers(node.rules)
            case "boolean":
                return st.booleans()
            case "null":
                return st.none()
            case _:
                return _JSON

    def _numbers(self, rules: dict[str, Any]) -> SearchStrategy[Any]:
        if "multipleOf" in rules:
            return st.integers(0, 50).map(
                lambda variant: sample_number(rules, is_integer=False, variant=variant)
            )
        bounds = number_bounds(rules)
        low, high = bounds.low, bounds.high
        if not _holds(low, high):
            return st.just(low)
        try:
            return st.floats(
                None if low is None else float(low),
                None if high is None else float(high),
                allow_nan=False,
                allow_infinity=False,
                exclude_min=bounds.is_low_open,
                exclude_max=bounds.is_high_open,
            )
        except (ValueError, OverflowError):
            return st.just(low if low is not None else high)

    def _texts(self, node: _Node) -> SearchStrategy[Any]:
        rules = node.rules
        least, most = rules.get("minLength"), rules.get("maxLength")
        shortest = min(least, _LONGEST_TEXT) if isinstance(least, int) else 0
        longest = most if isinstance(most, int) else None
        texts: SearchStrategy[str] | None = None
        if isinstance(rules.get("pattern"), str):
            texts = pattern_texts(rules["pattern"])
        if texts is None:
            texts = format_texts(as_text(rules.get("format")))
        checks, own = self.sampler.rules, {**rules, "type": "string"}
        if texts is None:
            if not {"pattern", "contentSchema"} & rules.keys() and _holds(shortest, longest):
                # As long as need be, and never so long that drawing it takes more than its share.
                few = min(shortest, 20)
                drawn = st.text(min_size=few, max_size=max(few, min(longest or 60, 60)))
                return (
                    drawn if few == shortest else drawn.map(lambda text: text.ljust(shortest, "x"))
                )
            return st.integers(0, 20).map(lambda variant: self.sample(node.schema, variant))
        found = texts

        @st.composite
        def checked(draw: _Draw) -> Any:
            text = draw(found)
            if checks.accepts(text, own):
                return text
            return self.sample(node.schema, len(text) % 20)

        return checked()


class _Drawing:
    """One value in the drawing."""

    def __init__(self, values: Values, draw: _Draw) -> None:
        self._values = values
        self._draw = draw
        self._nodes = 0

    def value(self, schema: Any, depth: int, refs: tuple[str, ...] = ()) -> Any:
        """A value that satisfies each keyword alone."""
        self._nodes += 1
        if self._nodes > 2 * _MOST_NODES or depth > 2 * _DEEPEST:
            return self._values.sample(schema)
        node = self._values.node(schema, refs)
        if node.allows_null and self._happens(6):
            return None
        rules = node.rules
        if "const" in rules:
            return copy.deepcopy(rules["const"])
        if choices := as_list(rules.get("enum")):
            return copy.deepcopy(self._draw(st.sampled_from(choices)))
        if node.branches:
            number = self._count(0, len(node.branches) - 1)
            if depth > _DEEPEST or self._nodes > _MOST_NODES:
                return self._values.sample(schema)
            return self.value(node.branches[number], depth + 1, node.refs)
        if node.scalar is not None:
            return self._draw(node.scalar)
        kind = node.kinds[self._count(0, len(node.kinds) - 1)]
        if kind == "object":
            return self._object(node, depth + 1)
        if kind == "array":
            return self._array(node, depth + 1)
        return self._draw(self._values.scalar(node, kind))

    def _object(self, node: _Node, depth: int) -> dict[str, Any]:
        rules = node.rules
        properties = as_object(rules.get("properties"))
        chosen = set(node.required)
        least, most = rules.get("minProperties"), rules.get("maxProperties")
        needed = least - len(chosen) if isinstance(least, int) else 0
        room = most - len(chosen) if isinstance(most, int) else len(node.optional)
        if node.optional and room > 0:
            chosen.update(self._some(node.optional, needed, room, self._is_enough(depth)))
        members: dict[str, Any] = {}
        for name, schema in properties.items():
            if name in chosen and not self._values.sampler.is_hidden(schema):
                members[name] = self.value(schema, depth)
        additional = rules.get("additionalProperties", rules.get("unevaluatedProperties", True))
        patterns = as_object(rules.get("patternProperties"))
        for name in sorted(node.required - properties.keys()):
            if additional is not False or patterns:
                members[name] = self.value(_schema_of(name, patterns, additional), depth)
        room = most - len(members) if isinstance(most, int) else 3
        while room > 0 and not self._is_enough(depth) and self._happens(2 if not properties else 4):
            room -= 1
            self._add_unknown(members, properties, patterns, additional, depth)
        return members

    def _add_unknown(
        self,
        members: dict[str, Any],
        properties: dict[str, Any],
        patterns: dict[str, Any],
        additional: Any,
        depth: int,
    ) -> None:
        names: SearchStrategy[str] = st.text(max_size=12)
        if patterns and (additional is False or self._happens(2)):
            matching = pattern_texts(self._draw(st.sampled_from([*patterns])))
            names = names if matching is None else matching
        name = self._draw(names)
        schema = _schema_of(name, patterns, additional)
        if name in members or name in properties or schema is False:
            return
        members[name] = self.value(schema, depth)

    def _array(self, node: _Node, depth: int) -> list[Any]:
        rules = node.rules
        least, most = rules.get("minItems"), rules.get("maxItems")
        shortest = min(least, _MOST_NODES) if isinstance(least, int) else 0
        prefix = as_list(rules.get("prefixItems"))
        schema: Any = rules.get("items", True)
        if isinstance(schema, list):  # by position, as before 2020-12
            prefix, schema = [*prefix, *as_list(rules["items"])], True
        shortest = max(shortest, len(prefix))
        longest = most if isinstance(most, int) else shortest + 4
        if schema is False:
            longest = min(longest, len(prefix))
        items: list[Any] = []
        is_unique = as_bool(rules.get("uniqueItems"))
        while len(items) < longest:
            if len(items) >= shortest and (self._is_enough(depth) or not self._happens(2)):
                break
            inner: Any = prefix[len(items)] if len(items) < len(prefix) else schema
            item = self.value(inner, depth)
            if is_unique and any(same(item, other) for other in items):
                if len(items) >= shortest:
                    break
                item = self._values.sample(inner, len(items) + 1)
            items.append(item)
        if "contains" in rules and len(items) < longest:
            items.append(self._values.sample(rules["contains"]))
        return items

    def _some(self, names: tuple[str, ...], least: int, most: int, is_enough: bool) -> list[str]:
        """Some of the names, all of them now and then; no more than needed where it is enough."""
        least, most = max(0, min(least, len(names))), min(most, len(names))
        if is_enough:
            return [*names[:least]]
        if 1 < len(names) == most and self._happens(6):
            return [*names]
        few = max(least, min(most, 6))
        chosen: list[str] = self._draw(
            st.lists(st.sampled_from(names), unique=True, min_size=least, max_size=few)
        )
        return chosen

    def _is_enough(self, depth: int) -> bool:
        return depth > _DEEPEST or self._nodes > _MOST_NODES

    def _happens(self, one_in: int) -> bool:
        return bool(self._draw(st.integers(0, one_in - 1)) == one_in - 1)

    def _count(self, least: int, most: int) -> int:
        return int(self._draw(st.integers(least, most))) if least < most else least


def _kinds(rules: dict[str, Any]) -> tuple[str, ...]:
    """The types a value may have, null aside; "" for any."""
    declared = rules.get("type")
    listed = [declared] if isinstance(declared, str) else as_list(declared)
    names = tuple(as_text(name) for name in listed if name != "null")
    if names or listed:
        return names or ("null",)
    if any(word in rules for word in ("properties", "required", "additionalProperties")):
        return ("object",)
    if "patternProperties" in rules or "minProperties" in rules:
        return ("object",)
    if any(word in rules for word in ("items", "prefixItems", "contains", "minItems")):
        return ("array",)
    if any(word in rules for word in ("pattern", "minLength", "maxLength", "format")):
        return ("string",)
    if any(word in rules for word in ("minimum", "maximum", "multipleOf")):
        return ("number",)
    return ("",)


def _schema_of(name: str, patterns: dict[str, Any], additional: Any) -> Any:
    for pattern, schema in patterns.items():
        expression = compiled(pattern)
        if expression is not None and expression.search(name):
            return schema
    return additional


def _holds(low: float | None, high: float | None) -> bool:
    return low is None or high is None or low <= high
