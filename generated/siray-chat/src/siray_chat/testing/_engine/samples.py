"""Sample values of a schema: deterministic, valid, finite.

The order of preference is the document's own: examples, then the default, then `const` and
`enum`, then a value made from the keywords. A value the document suggests is taken only where
it is valid, for a client that checks answers must not fail because of a stale example.
"""

from __future__ import annotations

from typing import Any, cast

from .json_schema import Direction, SchemaRules
from .making import Endless, Extent, Making, Place
from .merging import Flat, flatten
from .nodes import as_bool, as_list, as_object
from .references import References

__all__ = ["Sampler"]


class Sampler:
    """Makes sample values of the schemas of one document.

    `seed` 0 gives the plainest values; other seeds give other values, the same ones each time.
    With `uses_suggestions=False` examples and defaults are passed over. Optional members end
    where a value has `most_nodes` nodes. With `shows_hidden`, properties that only the other
    direction has (`readOnly`, `writeOnly`) are there too.
    """

    def __init__(
        self,
        references: References,
        direction: Direction = "response",
        *,
        seed: int = 0,
        uses_suggestions: bool = True,
        most_nodes: int = 4_000,
        shows_hidden: bool = False,
    ) -> None:
        self._references = references
        self._direction: Direction = direction
        self._seed = seed
        self._uses_suggestions = uses_suggestions
        self._most_nodes = most_nodes
        self._shows_hidden = shows_hidden
        self.rules: SchemaRules = SchemaRules(references, direction)

    @property
    def references(self) -> References:
        """What the references of the document lead to."""
        return self._references

    def sample(
        self,
        schema: Any,
        *,
        variant: int = 0,
        extent: Extent = "usual",
        suggests_objects: bool = True,
    ) -> Any:
        """A value of the schema, another one for each variant where the schema allows.

        Without `suggests_objects`, the document's examples of whole objects are passed over. Where
        there is no valid value of the extent, another one is taken. A schema no finite value
        satisfies yields the nearest thing, at worst None.
        """
        # Optional members are where contradictions are, and what tells alternatives apart.
        extents = {
            "minimal": ("minimal", "usual", "full"),
            "usual": ("usual", "minimal", "full"),
            "full": ("full", "usual", "minimal"),
        }
        found: Any = None
        for shift in (0, 1, 2, 3):
            for other in extents[extent][: 3 if not shift else 2]:
                place = Place(variant=variant + shift)
                made = self._make(schema, place, cast("Extent", other), suggests_objects)
                if self.rules.accepts(made, schema):
                    return made
                found = made if found is None else found
        return found

    def _make(self, schema: Any, place: Place, extent: Extent, suggests_objects: bool) -> Any:
        found: Any = None
        # The first idea is nearly always right: one look at the whole is enough then.
        for is_trusting in (True, False):
            work = Making(
                self._references,
                self.rules,
                self._direction,
                self._seed,
                self._uses_suggestions,
                extent,
                is_trusting,
                self._most_nodes,
                shows_hidden=self._shows_hidden,
                suggests_objects=suggests_objects,
            )
            found = None
            try:
                found = work.value(schema, place)
                if self.rules.accepts(found, schema):
                    return found
            except (Endless, RecursionError):
                pass
        return found

    def properties(self, schema: Any) -> dict[str, Any]:
        """The declared properties of an object's schema."""
        return as_object(flatten(schema, self._references).rules.get("properties"))

    def is_hidden(self, schema: Any) -> bool:
        """Whether only the other direction has a property of this schema."""
        if self._shows_hidden:
            return False
        mark = "writeOnly" if self._direction == "response" else "readOnly"
        node = as_object(schema)
        return as_bool(node.get(mark)) or (
            "$ref" in node and as_bool(self._references.resolve(node).get(mark))
        )

    def required(self, schema: Any) -> list[Any]:
        """The names of the properties that an object's schema requires."""
        return as_list(flatten(schema, self._references).rules.get("required"))

    def mend(self, value: Any, schema: Any, *, extent: Extent = "usual") -> Any:
        """The value itself where it is valid; otherwise a valid one that keeps what it can.

        What cannot be kept becomes a sample of the extent.
        """
        if self.rules.accepts(value, schema):
            return value
        flat = self._nearest(value, flatten(schema, self._references))
        mended: Any = None
        if isinstance(value, dict):
            mended = self._mend_object(cast("dict[str, Any]", value), flat, extent)
        elif isinstance(value, list) and "items" in flat.rules:
            items = cast("list[Any]", value)
            mended = [self.mend(item, flat.rules["items"], extent=extent) for item in items]
        return mended if self.rules.accepts(mended, schema) else self.sample(schema, extent=extent)

    def _mend_object(self, members: dict[str, Any], flat: Flat, extent: Extent) -> dict[str, Any]:
        properties = as_object(flat.rules.get("properties"))
        additional = flat.rules.get("additionalProperties", True)
        mended: dict[str, Any] = {}
        for name, member in members.items():
            if name in properties:
                mended[name] = self.mend(member, properties[name], extent=extent)
            elif additional is not False:
                mended[name] = self.mend(member, additional, extent=extent)
        for name in as_list(flat.rules.get("required")):
            if name not in mended:
                mended[name] = self.sample(properties.get(name, {}), extent=extent)
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
