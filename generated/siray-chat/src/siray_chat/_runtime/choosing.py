"""Choose the member of a union a JSON value is meant for.

By tables, never by trying one after the other: the value's kind in JSON first; among objects the
discriminator, declared or found in the constants of the models; else the member that fits best,
by its own constants, required names and known names. The first of equals wins, so that the same
value always gives the same class.

Only where the nearest member turns out not to match, somewhere within, are others tried: a model
that matches and knows as many of the names is what was meant. Strict decoding, which would refuse
the value, takes any member that matches, because the document does (:mod:`.accepting`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, cast

from .building import NULL, ModelNode, Node, Notes, NullableNode, Scalar, common_tag
from .model import is_speakable
from .paths import Path


class UnionNode(Node):
    """One of several types."""

    __slots__ = (
        "_classes", "_default", "_make", "_members", "_names", "_nodes", "_table", "_tag",
    )  # fmt: skip

    def __init__(
        self,
        type_: Any,
        members: Callable[[], Sequence[Node]],
        tag: str | None = None,
        mapping: Mapping[str, int] | None = None,
        default: int | None = None,
    ) -> None:
        """``members`` makes the nodes at first use, because unions may contain themselves.

        ``tag`` is the discriminator's name in JSON and ``mapping`` says which member a value of
        it means; without the mapping the constants of the members do. ``default`` is the member
        for objects whose discriminator says nothing.
        """
        super().__init__(type_, "a member of the union", ())
        self._make = members
        self._nodes: tuple[Node, ...] | None = None
        self._members: tuple[Node, ...] | None = None
        self._classes: tuple[type, ...] | None = None
        self._tag = tag
        self._names = mapping
        self._default = default
        self._table: dict[tuple[type, Scalar], Node] = {}

    @property
    def nodes(self) -> tuple[Node, ...]:
        """The nodes of the members."""
        nodes = self._nodes
        if nodes is None:
            nodes = self._nodes = tuple(self._make())
        return nodes

    @property
    def members(self) -> tuple[Node, ...]:
        """The nodes to choose from, once the tables are made.

        A union among them that leads back to this one is replaced by its own members. Two threads
        that both make the tables make the same.
        """
        members = self._members
        if members is None:
            self._prepare(self.nodes)
            found: dict[Node, None] = {}
            for node in self.nodes:
                if self._leads_back(node):
                    found.update(dict.fromkeys(self._flat()))
                else:
                    found[node] = None
            members = self._members = tuple(found)
        return members

    def tagged_models(self) -> tuple[str, dict[str, ModelNode]] | None:
        """The discriminator's name, and the model that each of its values means, where all do so."""
        members = self.members
        table = {value: node for (_, value), node in self._table.items()}
        if self._tag is None or not members or not is_speakable(self._tag):
            return None
        found: dict[str, ModelNode] = {}
        for value, node in table.items():
            if isinstance(value, str) and isinstance(node, ModelNode):
                found[value] = node
        return (self._tag, found) if found else None

    def reaches(self) -> list[Node]:
        """Return this union and those that are members of it, directly or by another union."""
        seen: list[Node] = [self]
        for _ in _flatten(self.nodes, seen):
            pass
        return seen

    def _leads_back(self, node: Node) -> bool:
        """Tell whether a member is a union that has this one among its members."""
        return isinstance(node, UnionNode) and self in node.reaches()

    def _prepare(self, members: tuple[Node, ...]) -> None:
        self.expected = " or ".join(dict.fromkeys(node.expected for node in self._flat()))
        if self._default is not None and self._leads_back(members[self._default]):
            self._default = None
        if self._names is not None:
            self._table = {
                (str, name): members[index]
                for name, index in self._names.items()
                if not self._leads_back(members[index])
            }
            return
        models = [node for node in self._flat() if isinstance(node, ModelNode)]
        if self._tag is not None:
            for model in models:
                literal = model.literals.get(self._tag)
                for value in literal.values if literal is not None else ():
                    self._table.setdefault(value, model)
            return
        found = common_tag(models)
        if found is not None:
            self._tag, self._table = found

    def choose(self, value: Any) -> Node | None:
        """Return the member ``value`` is meant for, None if it cannot be for any."""
        members = self.members
        tagged = self._tagged(value)
        if tagged is not None:
            return tagged
        if self._default is not None and type(value) is dict:
            return self.nodes[self._default]
        candidates = [member for member in members if member.accepts(value)]
        if len(candidates) < 2:
            return candidates[0] if candidates else None
        best, rating = None, 0.0
        for member in candidates:
            fit = member.fit(value)
            if fit > rating:
                best, rating = member, fit
        return best

    def contradicts(self, value: Any, member: Node) -> bool:
        """Tell whether the discriminator in ``value`` means no member, and nobody else says so."""
        tag = self._tag
        return (
            tag is not None
            and self._default is None
            and type(value) is dict
            and tag in value
            and isinstance(member, ModelNode)
            and tag not in member.literals
            and self._tagged(value) is None
        )

    def build(self, value: Any, path: Path, notes: Notes) -> Any:
        member = self.choose(value)
        if member is None:
            return self.keep(value, path, notes)
        if self.contradicts(value, member):
            notes.add((path, str(self._tag)), "means no member of the union")
            return member.build(value, path, notes)
        if notes.is_trial or not self._is_open(value):
            return member.build(value, path, notes)
        nearest = Notes(takes_any=notes.takes_any)
        built = member.build(value, path, nearest)
        if nearest.total:
            for other in self._others(value, member, notes.takes_any):
                trial = Notes(takes_any=notes.takes_any, is_trial=True)
                rebuilt = other.build(value, path, trial)
                if not trial.total and (notes.takes_any or trial.surplus() <= nearest.surplus()):
                    built, nearest = rebuilt, trial
                    break
        notes.take(nearest)
        return built

    def _is_open(self, value: Any) -> bool:
        """Tell whether nothing in a value says which member it is meant for."""
        kind: type[Any] = value.__class__
        return (
            (kind is list or (kind is dict and self._default is None))
            and len(self.members) > 1
            and self._tagged(value) is None
        )

    def _others(self, value: Any, member: Node, takes_any: bool) -> list[Node]:
        """Return the members beside the nearest that may match, the better fit first."""
        found = [
            node
            for node in self.members
            if node is not member
            and (takes_any or isinstance(node, ModelNode))
            and node.accepts(value)
        ]
        return sorted(found, key=lambda node: -node.fit(value))

    def _tagged(self, value: Any) -> Node | None:
        """Return the member that the discriminator in ``value`` means."""
        if self._table and isinstance(value, dict):
            fields = cast("dict[Any, Any]", value)
            tag = fields.get(self._tag)
            if isinstance(tag, float) and tag.is_integer():
                tag = int(tag)
            if isinstance(tag, str | int | float):
                return self._table.get((type(tag), tag))
        return None

    def accepts(self, value: Any) -> bool:
        return any(member.accepts(value) for member in self._flat())

    def fit(self, value: Any) -> float:
        if self.members and self._tagged(value) is not None:
            return 95
        return max(
            (member.fit(value) for member in self._flat() if member.accepts(value)), default=0
        )

    def holds(self, value: Any) -> bool:
        """Tell whether a built value is an instance of a member."""
        classes = self._classes
        if classes is None:
            classes = self._classes = tuple(
                {kind: None for node in self._flat() for kind in node.python_types}
            )
        return isinstance(value, classes)

    def _flat(self) -> Iterator[Node]:
        return _flatten(self.nodes, [self])


def _flatten(nodes: Sequence[Node], seen: list[Node]) -> Iterator[Node]:
    """Yield the nodes, the members of unions among them instead of these; each union once."""
    for node in nodes:
        if isinstance(node, NullableNode):
            yield NULL
            node = node.inner
        if not isinstance(node, UnionNode):
            yield node
        elif node not in seen:
            seen.append(node)
            yield from _flatten(node.nodes, seen)
