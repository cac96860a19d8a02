"""Two versions of a schema compared: what can be sent, what can be answered.

Two schemas make a graph of pairs: the pair of a property, of the items, of an alternative lies below
the pair of the schema. What the rules say about a pair is found out once, whoever uses it; each
operation then walks the part of the graph that differs. So schemas that refer to themselves end, and
what hundreds of operations share costs once.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from typing import NamedTuple

from sdkpress.diffing.changes import SEVERITIES
from sdkpress.diffing.wire.all_of_rules import compare_all_of
from sdkpress.diffing.wire.catalog import severity_of
from sdkpress.diffing.wire.comparison import Comparison, Finding
from sdkpress.diffing.wire.discriminator_rules import compare_discriminators
from sdkpress.diffing.wire.limit_rules import compare_limits
from sdkpress.diffing.wire.nodes import Node
from sdkpress.diffing.wire.pairs import Context, Note, Notes, Pair, Score
from sdkpress.diffing.wire.property_rules import compare_properties
from sdkpress.diffing.wire.roles import Area, Role
from sdkpress.diffing.wire.shapes import Shapes
from sdkpress.diffing.wire.subschema_rules import compare_subschemas
from sdkpress.diffing.wire.type_rules import compare_types
from sdkpress.diffing.wire.union_rules import compare_unions
from sdkpress.diffing.wire.value_rules import compare_values

__all__ = ["Area", "Role", "compare_schemas"]

_MAX_TRIALS = 20
"""How deep trials may be in trials; what lies deeper is taken as fitting."""

_JSON_LIKE = ("json", "yaml", "cbor", "msgpack")


def compare_schemas(comparison: Comparison, subject: str, role: Role, old: Node, new: Node) -> None:
    """Report what differs between two schemas, references followed."""
    if comparison.same(old, new):
        return
    graph = comparison.memo.get(_Graph)
    if not isinstance(graph, _Graph):
        graph = comparison.memo[_Graph] = _Graph(comparison)
    context = Context(
        area=role.area,
        is_header=role.header,
        is_text=_is_text(role),
        stability=role.stability,
    )
    for note, path in graph.walk(Pair((old,), (new,), context)):
        comparison.report(subject, graph.finding(note, path, role.what))


def _is_text(role: Role) -> bool:
    if role.media_type:
        return not any(word in role.media_type.lower() for word in _JSON_LIKE)
    return role.area in ("request-parameter", "response-header")


def _named(path: str, what: str) -> str:
    """What a path leads to: "`a.b[]` of the request body"."""
    return f"`{path.removeprefix('.')}` of {what}" if path else what


class _Way(NamedTuple):
    """A `Step` with the number of its pair."""

    segment: str
    number: int
    pair: Pair


class _Expansion(NamedTuple):
    notes: tuple[Note, ...]
    ways: tuple[_Way, ...]


class _Graph:
    """The pairs of one comparison, each looked at once. They are numbered, as many operations walk
    over them."""

    def __init__(self, comparison: Comparison) -> None:
        self._comparison = comparison
        self._old = Shapes(comparison.old)
        self._new = Shapes(comparison.new)
        self._numbers: dict[object, int] = {}
        self._known: dict[int, _Expansion] = {}
        self._trials: dict[int, Score] = {}
        self._findings: dict[int, tuple[Note, Finding]] = {}
        self._depth = 0

    def walk(self, pair: Pair) -> Iterator[tuple[Note, str]]:
        """Every note at and below a pair, with the way to it; the shortest ways come first."""
        start = self._number(pair)
        seen = {start}
        waiting = deque([("", start, pair)])
        while waiting:
            path, number, current = waiting.popleft()
            expansion = self._expand(number, current)
            for note in expansion.notes:
                yield note, path
            for segment, number, below in expansion.ways:
                if number not in seen:
                    seen.add(number)
                    waiting.append((path + segment, number, below))

    def finding(self, note: Note, path: str, what: str) -> Finding:
        """A note as a finding. Its words are those of the way on which it was met first."""
        known = self._findings.get(id(note))
        if known is None:
            message = f"{_named(path + note.segment, what)} {note.text}"
            finding = Finding(
                note.id, message, note.old, note.new, note.before, note.after, is_placed=True
            )
            # With the note, so that no other object gets its identity.
            known = self._findings[id(note)] = note, finding
        return known[1]

    def _number(self, pair: Pair) -> int:
        return self._numbers.setdefault(pair.key, len(self._numbers))

    def trial(self, pair: Pair) -> Score:
        """How many notes of which severity there are at and below a pair."""
        number = self._number(pair)
        known = self._trials.get(number)
        if known is None:
            if self._depth >= _MAX_TRIALS:
                return Score(0, 0, 0)
            # Whoever asks again while it is being found out takes it as fitting.
            self._trials[number] = Score(0, 0, 0)
            self._depth += 1
            try:
                severities = [severity_of(note.id) for note, _ in self.walk(pair)]
            finally:
                self._depth -= 1
            known = self._trials[number] = Score(*map(severities.count, SEVERITIES))
        return known

    def _expand(self, number: int, pair: Pair) -> _Expansion:
        known = self._known.get(number)
        if known is None:
            # Whoever meets the pair again while it is being looked at finds nothing in it.
            self._known[number] = _Expansion((), ())
            notes = Notes(self._comparison, pair, self._old, self._new, self.trial)
            self._apply(notes)
            ways = [_Way(step.segment, self._number(step.pair), step.pair) for step in notes.steps]
            known = self._known[number] = _Expansion(tuple(notes.found), tuple(ways))
        return known

    def _apply(self, notes: Notes) -> None:
        old, new = self._old.of(notes.pair.old), self._new.of(notes.pair.new)
        is_replaced = compare_unions(notes, old, new)
        compare_discriminators(notes, old, new)
        compare_values(notes, old, new)
        if is_replaced:
            return
        fit = compare_types(notes, old, new)
        if fit.is_apart or fit.is_settled:
            return
        compare_limits(notes, old, new)
        compare_properties(notes, old, new)
        compare_subschemas(notes, old, new)
        compare_all_of(notes, old, new)
