"""Sample values of a schema: deterministic, valid, finite.

The order of preference is the document's own: examples, then the default, then `const` and
`enum`, then a value made from the keywords. A value the document suggests is taken only where
it is valid, for a client that checks answers must not fail because of a stale example.
"""

from __future__ import annotations

from typing import Any, cast

from .json_schema import Direction, SchemaRules
from .making import Endless, Making, Place
from .merging import Flat, flatten
from .nodes import as_list, as_object
from .references import References

__all__ = ["Sampler"]


class Sampler:
    """Makes sample values of the schemas of one document.

    `seed` 0 gives the plainest values; other seeds give other values, the same ones each time.
    With `uses_suggestions=False` examples and defaults are passed over. Optional members end
    where a value has `most_nodes` nodes.
    """

    def __init__(
        self,
        references: References,
        direction: Direction = "response",
        *,
        seed: int = 0,
        uses_suggestions: bool = True,
        most_nodes: int = 4_000,
    ) -> None:
        self._references = references
        self._direction: Direction = direction
        self._seed = seed
        self._uses_suggestions = uses_suggestions
        self._most_nodes = most_nodes
        self.rules = SchemaRules(references, direction)

    def sample(self, schema: Any, *, variant: int = 0, is_minimal: bool = False) -> Any:
        """A value of the schema, another one for each variant where the schema allows.

        A minimal value has no optional properties. A schema no finite value satisfies yields
        the nearest thing, at worst None.
        """
        place = Place(variant=variant)
        found: Any = None
        # The first idea is nearly always right: one look at the whole is enough then.
        for is_trusting in (True, False):
            work = Making(
                self._references,
                self.rules,
                self._direction,
                self._seed,
                self._uses_suggestions,
                is_minimal,
                is_trusting,
                self._most_nodes,
            )
            found = None
            try:
                found = work.value(schema, place)
                if self.rules.accepts(found, schema):
                    return found
            except (Endless, RecursionError):
                pass
        # Optional members are where contradictions and long ways round are.
        if not is_minimal:
            smaller = self.sample(schema, variant=variant, is_minimal=True)
            if found is None or self.rules.accepts(smaller, schema):
                return smaller
        return found

    def properties(self, schema: Any) -> dict[str, Any]:
        """The declared properties of an object's schema."""
        return as_object(flatten(schema, self._references).rules.get("properties"))

    def mend(self, value: Any, schema: Any) -> Any:
        """The value itself where it is valid; otherwise a valid one that keeps what it can."""
        if self.rules.accepts(value, schema):
            return value
        flat = self._nearest(value, flatten(schema, self._references))
        mended: Any = None
        if isinstance(value, dict):
            mended = self._mend_object(cast("dict[str, Any]", value), flat)
        elif isinstance(value, list) and "items" in flat.rules:
            mended = [self.mend(item, flat.rules["items"]) for item in cast("list[Any]", value)]
        return mended if self.rules.accepts(mended, schema) else self.sample(schema)

    def _mend_object(self, members: dict[str, Any], flat: Flat) -> dict[str, Any]:
        properties = as_object(flat.rules.get("properties"))
        additional = flat.rules.get("additionalProperties", True)
        mended: dict[str, Any] = {}
        for name, member in members.items():
            if name in properties:
                mended[name] = self.mend(member, properties[name])
            elif additional is not False:
                mended[name] = self.mend(member, additional)
        for name in as_list(flat.rules.get("required")):
            if name not in mended:
                mended[name] = self.sample(properties.get(name, {}))
        return mended

    def _nearest(self, value: Any, flat: Flat) -> Flat:
        for _ in range(8):
            if not flat.alternatives:
                break
            first, *rest = flat.alternatives
            branch = min(
                first.branches, key=lambda branch: len(self.rules.violations(value, branch))
            )
            nearer = flatten({"allOf": [flat.rules, branch]}, self._references)
            nearer.alternatives = [*rest, *nearer.alternatives]
            flat = nearer
        return flat
