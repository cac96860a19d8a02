"""Two versions of one schema in their context, and the notes that rules make about them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from sdkpress.diffing.wire.catalog import severity_of, wire_ids
from sdkpress.diffing.wire.comparison import Comparison
from sdkpress.diffing.wire.nodes import Node
from sdkpress.diffing.wire.roles import Area
from sdkpress.diffing.wire.shapes import Shape, Shapes

__all__ = ["Context", "Note", "Notes", "Pair", "Score", "Step"]

_NESTED: dict[Area, str] = {
    "request-body": "request-property",
    "request-parameter": "request-parameter-property",
    "response-body": "response-property",
    "response-header": "response-header-property",
}


@dataclass(frozen=True, slots=True)
class Context:
    """What the same two schemas may mean: where they stand."""

    area: Area
    is_nested: bool = False
    is_header: bool = False
    is_text: bool = False
    """Whether values travel as text (parameters, headers, forms): the string "1" and 1 are one."""
    is_hidden: bool = False
    """Whether it never travels this way: read-only in a request, write-only in an answer."""
    stability: str = ""

    @property
    def is_request(self) -> bool:
        return self.area.startswith("request")

    @property
    def part(self) -> str:
        """How ids of what stands inside begin."""
        return _NESTED[self.area]

    @property
    def prefix(self) -> str:
        """How ids of what stands here begin."""
        return self.part if self.is_nested else self.area


@dataclass(frozen=True, slots=True)
class Pair:
    """Two versions of what stands in one place; several nodes all hold, none takes anything."""

    old: tuple[Node, ...]
    new: tuple[Node, ...]
    context: Context

    @property
    def key(self) -> tuple[object, ...]:
        """What tells pairs of one comparison apart."""
        old = tuple(node.pointer for node in self.old)
        return old, tuple(node.pointer for node in self.new), self.context


@dataclass(frozen=True, slots=True)
class Note:
    """A finding before it is known on which way the schema was reached. `text` goes on behind the
    name of what stands at `segment` below the pair."""

    id: str
    text: str
    segment: str = ""
    old: str | None = None
    new: str | None = None
    before: str = ""
    after: str = ""


class Score(NamedTuple):
    """How much differs at and below a pair, the worst first, so that scores can be compared."""

    breaking: int
    risky: int
    compatible: int

    @property
    def is_clean(self) -> bool:
        """Whether nothing can break."""
        return not self.breaking and not self.risky


@dataclass(frozen=True, slots=True)
class Step:
    """The way to a pair below: what it adds to a name (`.name`, `[]`)."""

    segment: str
    pair: Pair


@dataclass(slots=True)
class Notes:
    """What the rules say about one pair, and which pairs below are to be looked at."""

    comparison: Comparison
    pair: Pair
    old_shapes: Shapes
    new_shapes: Shapes
    trial: Callable[[Pair], Score]
    """What there would be to say of a pair."""
    found: list[Note] = field(default_factory=list[Note])
    steps: list[Step] = field(default_factory=list[Step])

    @property
    def context(self) -> Context:
        return self.pair.context

    @property
    def is_request(self) -> bool:
        return self.context.is_request

    def same(self, old: tuple[Node, ...], new: tuple[Node, ...]) -> bool:
        """Whether nothing below these nodes differs."""
        return len(old) == len(new) and all(map(self.comparison.same, old, new))

    def aspect(
        self,
        aspect: str,
        text: str,
        old: Shape | str | None,
        new: Shape | str | None,
        keys: tuple[str, ...] = (),
        *,
        before: str = "",
        after: str = "",
    ) -> None:
        """Note a change of this schema; the id is `aspect` behind where the schema stands. Shapes
        stand for the place of the first of `keys` that they have."""
        prefix = self.context.prefix
        if aspect == "became-enum" and self.context.is_header and self.context.is_nested:
            prefix = "request-header-property"
        if aspect == "enum-value-removed" and prefix == "response-body":
            prefix = "response-mediatype"
        self.add(f"{prefix}-{aspect}", text, old, new, keys, before=before, after=after)

    def add(
        self,
        id: str,
        text: str,
        old: Shape | str | None,
        new: Shape | str | None,
        keys: tuple[str, ...] = (),
        *,
        segment: str = "",
        before: str = "",
        after: str = "",
    ) -> None:
        """Note a change by its whole id. What is hidden breaks nobody, so of that only changes are
        noted that the catalog has for hidden properties, or that are compatible anyway."""
        if self.context.is_hidden:
            start, hidden = (
                ("request-property-", "request-read-only-property-")
                if self.is_request
                else ("response-property-", "response-write-only-property-")
            )
            other = hidden + id.removeprefix(start)
            if id.startswith(start) and other in wire_ids():
                id = other
            elif severity_of(id) != "compatible":
                return
        places = _place(old, keys), _place(new, keys)
        texts = (before.replace("`", ""), after.replace("`", ""))
        self.found.append(Note(id, text, segment, *places, *texts))

    def below(
        self,
        segment: str,
        old: tuple[Node, ...],
        new: tuple[Node, ...],
        *,
        is_hidden: bool = False,
        is_nested: bool = True,
    ) -> None:
        """Have a pair below looked at, unless nothing in it differs."""
        if not self.same(old, new):
            context = replace(
                self.context,
                is_hidden=self.context.is_hidden or is_hidden,
                is_nested=self.context.is_nested or is_nested,
            )
            self.steps.append(Step(segment, Pair(old, new, context)))

    def tried(self, old: tuple[Node, ...], new: tuple[Node, ...]) -> Score:
        """What there would be to say of two schemas in this place."""
        if self.same(old, new):
            return Score(0, 0, 0)
        return self.trial(Pair(old, new, replace(self.context, is_nested=True)))


def _place(shape: Shape | str | None, keys: tuple[str, ...]) -> str | None:
    if isinstance(shape, Shape):
        # A schema that refers to nothing stands somewhere; one that is not there does not.
        return shape.place(*keys) or None
    return shape
