"""Build typed objects out of JSON values that do not match the document.

One node for each type knows how to build it, without ever failing: what fits is built, what does
not is kept as it came and noted. Nodes hold no state of a call and are shared by all threads.
Strict decoding is msgspec's; this is the way out when that refuses (:mod:`.decoding`).
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping
from typing import Any, cast

import msgspec

from .model import Model, remember
from .parsing import Note
from .paths import Path, spell
from .unset import UNSET

MAX_NOTES = 100
"""Notes kept of one answer: a list of a million wrong items is one fact, not a million."""

_KINDS: dict[type[Any], str] = {
    type(None): "null",
    bool: "a boolean",
    int: "an integer",
    float: "a number",
    str: "a string",
    list: "an array",
    dict: "an object",
}

Scalar = str | int | float | bool | None


class MISSING:
    """Stands for the kind of a required field that is not there."""


Deviation = tuple[type[Model], str, type[Any]]
"""A field, by its model and its name in JSON, and the Python type of what came in place of its own."""


class Notes:
    """Collects what does not match, up to a bound."""

    __slots__ = ("deviations", "found", "is_trial", "takes_any", "total", "unknown")

    def __init__(self, *, takes_any: bool = False, is_trial: bool = False) -> None:
        """``takes_any``: a union takes whichever member matches. ``is_trial``: only to see whether."""
        self.takes_any = takes_any
        self.is_trial = is_trial
        self.total = 0
        """How many notes there would be without the bound."""
        self.found: list[Note] = []
        self.deviations: set[Deviation] = set()
        """The fields of models that were kept as they came, or missing."""
        self.unknown: dict[type[Model], dict[str, int]] = {}
        """How many objects of a model had a field that the document does not know."""

    def count(self, model: type[Model], names: Iterable[str]) -> None:
        """Count the unknown fields of an object."""
        seen = self.unknown.setdefault(model, {})
        for name in names:
            if name in seen or len(seen) < MAX_NOTES:
                seen[name] = seen.get(name, 0) + 1

    def surplus(self) -> int:
        """Return how many unknown fields were counted."""
        return sum(sum(names.values()) for names in self.unknown.values())

    def take(self, other: Notes) -> None:
        """Add what another one has collected."""
        self.total += other.total
        self.found += other.found[: max(0, MAX_NOTES - len(self.found))]
        self.deviations |= other.deviations
        for model, names in other.unknown.items():
            seen = self.unknown.setdefault(model, {})
            for name, times in names.items():
                if name in seen or len(seen) < MAX_NOTES:
                    seen[name] = seen.get(name, 0) + times

    def add(self, path: Path, message: str) -> None:
        self.total += 1
        if len(self.found) < MAX_NOTES:
            self.found.append(Note(spell(path), message))

    def mismatch(self, path: Path, expected: str, value: Any) -> None:
        kind: type[Any] = value.__class__
        self.add(path, f"expected {expected}, got {_KINDS.get(kind) or kind.__name__}")


class Node(ABC):
    """How to build one type."""

    __slots__ = ("expected", "python_types", "type")

    def __init__(self, type_: Any, expected: str, python_types: tuple[type, ...]) -> None:
        self.type = type_
        self.expected = expected
        self.python_types = python_types

    @abstractmethod
    def build(self, value: Any, path: Path, notes: Notes) -> Any:
        """Return the object for ``value``; never raises but for RecursionError."""

    def accepts(self, value: Any) -> bool:
        """Tell by its outermost kind alone whether ``value`` may be meant for this type."""
        return isinstance(value, self.python_types)

    def fit(self, value: Any) -> float:
        """Rate from 0 (not at all) to 100 how well a value that was accepted fits."""
        return 50

    def keep(self, value: Any, path: Path, notes: Notes) -> Any:
        """Note that ``value`` does not match, and return it."""
        notes.mismatch(path, self.expected, value)
        return value


class AnyNode(Node):
    """Any value."""

    __slots__ = ()

    def build(self, value: Any, path: Path, notes: Notes) -> Any:
        return value

    def fit(self, value: Any) -> float:
        return 1


class ScalarNode(Node):
    """A string, a boolean or null: exactly that, or kept."""

    __slots__ = ()

    def build(self, value: Any, path: Path, notes: Notes) -> Any:
        return value if type(value) is self.type else self.keep(value, path, notes)

    def accepts(self, value: Any) -> bool:
        return type(value) is self.type


NULL = ScalarNode(type(None), "null", (type(None),))


class IntNode(Node):
    """An integer; JSON Schema counts ``1.0`` among them."""

    __slots__ = ()

    def build(self, value: Any, path: Path, notes: Notes) -> Any:
        if type(value) is int:
            return value
        if type(value) is float and value.is_integer() and abs(value) <= 2**53:
            return int(value)
        return self.keep(value, path, notes)

    def accepts(self, value: Any) -> bool:
        return type(value) is int or (type(value) is float and value.is_integer())

    def fit(self, value: Any) -> float:
        return 60 if type(value) is int else 40


class FloatNode(Node):
    """A number."""

    __slots__ = ()

    def build(self, value: Any, path: Path, notes: Notes) -> Any:
        if type(value) is float:
            return value
        if type(value) is int:
            try:
                return float(value)
            except OverflowError:
                return value
        return self.keep(value, path, notes)

    def accepts(self, value: Any) -> bool:
        return type(value) is float or type(value) is int


class ConvertedNode(Node):
    """A type that msgspec makes of JSON values by itself, as ``datetime`` of a string."""

    __slots__ = ("_convert", "_kinds")

    def __init__(
        self,
        type_: Any,
        expected: str,
        python_types: tuple[type, ...],
        kinds: tuple[type, ...],
        convert: Callable[[Any, Any], Any] = msgspec.convert,
    ) -> None:
        super().__init__(type_, expected, python_types)
        self._kinds = kinds
        self._convert = convert

    def build(self, value: Any, path: Path, notes: Notes) -> Any:
        try:
            return self._convert(value, self.type)
        except (msgspec.MsgspecError, ValueError, TypeError, ArithmeticError) as error:
            if isinstance(value, self._kinds):
                notes.add(path, f"expected {self.expected}: {error}")
                return value
            return self.keep(value, path, notes)

    def accepts(self, value: Any) -> bool:
        return isinstance(value, self.python_types) or type(value) in self._kinds

    def fit(self, value: Any) -> float:
        found = Notes()
        self.build(value, None, found)
        return 0 if found.found else 60


class LiteralNode(Node):
    """One of some given values."""

    __slots__ = ("values",)

    def __init__(self, type_: Any, values: tuple[Scalar, ...]) -> None:
        expected = " or ".join(repr(value) for value in values)
        super().__init__(type_, expected, tuple({type(value) for value in values}))
        self.values = frozenset((type(value), value) for value in values)

    def build(self, value: Any, path: Path, notes: Notes) -> Any:
        if self.accepts(value):
            return value
        if value is None or isinstance(value, str | int | float):
            notes.add(path, f"expected {self.expected}, got {_shortened(value)}")
            return value
        return self.keep(value, path, notes)

    def accepts(self, value: Any) -> bool:
        kind: type[Any] = value.__class__
        return kind in self.python_types and (kind, value) in self.values

    def fit(self, value: Any) -> float:
        return 90


class NullableNode(Node):
    """Null, or another type."""

    __slots__ = ("inner",)

    def __init__(self, type_: Any, inner: Node) -> None:
        super().__init__(
            type_, f"{inner.expected} or null", (*inner.python_types, type(None))
        )  # fmt: skip
        self.inner = inner

    def build(self, value: Any, path: Path, notes: Notes) -> Any:
        return None if value is None else self.inner.build(value, path, notes)

    def accepts(self, value: Any) -> bool:
        return value is None or self.inner.accepts(value)

    def fit(self, value: Any) -> float:
        return 60 if value is None else self.inner.fit(value)


class ListNode(Node):
    """An array of items of one type."""

    __slots__ = ("item",)

    def __init__(self, type_: Any, item: Node) -> None:
        super().__init__(type_, "an array", (list,))
        self.item = item

    def build(self, value: Any, path: Path, notes: Notes) -> Any:
        if not isinstance(value, list | tuple):
            return self.keep(value, path, notes)
        build = self.item.build
        items = cast("list[Any]", value)
        return [build(item, (path, index), notes) for index, item in enumerate(items)]

    def fit(self, value: Any) -> float:
        """Rate by the first item; items of containers are not looked into."""
        if not value:
            return 50
        item, first = self.item, value[0]
        if not item.accepts(first):
            return 2
        return 50 if isinstance(item, ListNode | TupleNode | MapNode) else 10 + item.fit(first) / 2


class TupleNode(Node):
    """An array with a type for each place."""

    __slots__ = ("items",)

    def __init__(self, type_: Any, items: tuple[Node, ...]) -> None:
        super().__init__(type_, f"an array of {len(items)}", (tuple, list))
        self.items = items

    def build(self, value: Any, path: Path, notes: Notes) -> Any:
        if not isinstance(value, list | tuple):
            return self.keep(value, path, notes)
        items = (*cast("list[Any]", value),)
        # Fewer are allowed unless the document says otherwise, and nobody says what more are.
        built = [
            node.build(item, (path, index), notes)
            for index, (node, item) in enumerate(zip(self.items, items, strict=False))
        ]
        return (*built, *items[len(built) :])

    def fit(self, value: Any) -> float:
        if len(value) != len(self.items):
            return 2
        matches = sum(map(Node.accepts, self.items, value))
        return 10 + 50 * matches / max(1, len(value))


class MapNode(Node):
    """An object whose names are not known beforehand."""

    __slots__ = ("key", "value")

    def __init__(self, type_: Any, key: Node | None, value: Node) -> None:
        super().__init__(type_, "an object", (dict,))
        self.key = key
        self.value = value

    def build(self, value: Any, path: Path, notes: Notes) -> Any:
        if not isinstance(value, Mapping):
            return self.keep(value, path, notes)
        items = cast("Mapping[Any, Any]", value)
        build = self.value.build
        built: dict[Any, Any] = {
            name: build(item, (path, str(name)), notes) for name, item in items.items()
        }
        if self.key is not None:
            key = self.key.build
            built = {key(name, (path, str(name)), notes): item for name, item in built.items()}
        return built

    def fit(self, value: Any) -> float:
        """Rate below a model that knows any of the names, above one that contradicts."""
        return 10 if all(map(self.value.accepts, value.values())) else 2


class ModelNode(Node):
    """A model: its fields, and whatever else the object has."""

    __slots__ = ("_fields", "_literals", "_resolve")

    def __init__(self, type_: type[Model], resolve: Callable[[Any], Node]) -> None:
        super().__init__(type_, "an object", (type_,))
        self._resolve = resolve
        self._fields: dict[str, tuple[str, Node, bool]] | None = None
        self._literals: dict[str, LiteralNode] = {}

    @property
    def fields(self) -> dict[str, tuple[str, Node, bool]]:
        """The name of the attribute, the node, and whether required, by the name in JSON.

        Made at first use, because models may refer to each other; two threads that both make it
        make the same.
        """
        fields = self._fields
        if fields is None:
            types = {info.name: info.type for info in msgspec.structs.fields(self.type)}
            fields = {
                slot.wire_name: (slot.name, self._resolve(types[slot.name]), slot.required)
                for slot in self.type.__model_slots__
            }
            self._literals = {
                name: node for name, (_, node, _) in fields.items() if isinstance(node, LiteralNode)
            }
            self._fields = fields
        return fields

    @property
    def literals(self) -> dict[str, LiteralNode]:
        """The fields that have one of some given values, by their names in JSON."""
        if self._fields is None:
            self.fields  # noqa: B018  # makes both
        return self._literals

    def build(self, value: Any, path: Path, notes: Notes) -> Any:
        if isinstance(value, self.type):
            return value
        if not isinstance(value, Mapping):
            return self.keep(value, path, notes)
        items = cast("Mapping[Any, Any]", value)
        fields = self.fields
        known: dict[str, Any] = {}
        extra: dict[str, Any] | None = None
        for name, item in items.items():
            field = fields.get(name)
            if field is None:
                if extra is None:
                    extra = {}
                extra[name if isinstance(name, str) else str(name)] = item
            elif item is not UNSET:
                before = len(notes.found)
                known[field[0]] = built = field[1].build(item, (path, name), notes)
                if built is item and len(notes.found) > before:
                    kind: type[Any] = item.__class__
                    notes.deviations.add((self.type, name, kind))
        missing: set[str] | None = None
        for name, (attribute, _, required) in fields.items():
            if required and attribute not in known:
                if missing is None:
                    missing = set()
                missing.add(attribute)
                known[attribute] = None
                notes.add((path, name), "missing")
                notes.deviations.add((self.type, name, MISSING))
        instance = self.type(**known)
        if extra:
            notes.count(self.type, extra)
        if extra or missing:
            remember(instance, extra, missing)
        return instance

    def accepts(self, value: Any) -> bool:
        return type(value) is dict or isinstance(value, self.type)

    def fit(self, value: Any) -> float:
        """Rate by constants, then by required names, then by known names of the right kind.

        One that contradicts a constant or lacks a required name is below any map.
        """
        if isinstance(value, Model):
            return 100 if value.__model_class__ is self.type else 90
        items = cast("Mapping[Any, Any]", value)
        rating, contradicted, incomplete = 60, False, False
        for name, node in self.literals.items():
            if name in items:
                if node.accepts(items[name]):
                    rating += 15
                else:
                    contradicted = True
        fields = self.fields
        for name, (_, _, required) in fields.items():
            if required and name not in items:
                incomplete = True
                rating -= 12
        for name, item in items.items():
            field = fields.get(name)
            rating += -1 if field is None else 2 if field[1].accepts(item) else -6
            if field is not None and _refutes(field[1], item, 3):
                contradicted = True
        rating = min(max(rating, 0), 99)
        if contradicted:
            return 1 + rating / 100
        return 3 + rating / 15 if incomplete else max(rating, 11)


def _refutes(node: Node, value: Any, depth: int) -> bool:
    """Tell whether an object contradicts a constant of the model it would become, or below it."""
    if isinstance(node, NullableNode):
        node = node.inner
    if not isinstance(node, ModelNode) or not isinstance(value, dict) or not depth:
        return False
    items = cast("dict[Any, Any]", value)
    if any(
        name in items and not literal.accepts(items[name])
        for name, literal in node.literals.items()
    ):
        return True
    fields = node.fields
    return any(
        name in fields and _refutes(fields[name][1], item, depth - 1)
        for name, item in items.items()
    )


def common_tag(nodes: Iterable[ModelNode]) -> tuple[str, dict[tuple[type, Scalar], Node]] | None:
    """Return a field whose constants tell the models apart, and which constant means which."""
    models = list(nodes)
    if len(models) < 2:
        return None
    for name in models[0].literals:
        table: dict[tuple[type, Scalar], Node] = {}
        for model in models:
            literal = model.literals.get(name)
            if literal is None or not table.keys().isdisjoint(literal.values):
                break
            table.update(dict.fromkeys(literal.values, model))
        else:
            return name, table
    return None


def _shortened(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 80 else text[:77] + "..."
