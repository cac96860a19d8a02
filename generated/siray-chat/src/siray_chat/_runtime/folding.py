"""Fold the items of a stream into the whole they are pieces of: the engine of ``stream.final()``.

A chat completion streams as chunks whose choices carry a ``delta``; the whole has a ``message`` in
its place. ``Fold`` says which object is renamed so and which arrays go by an index; the rest is
structure. The rules, from the outside in:

* Null changes nothing that is there, anywhere.
* An array named in ``keys`` merges its objects by that index. Where an object has none, it goes to
  the one with the same ``id``, to a new one if its ``id`` is new, else to the last one touched if
  it comes alone, else to the one at its own position. Where another ``id`` comes under an index
  that is taken, with a name of its own, it is another object.
* An array in ``keys`` whose objects have no index is concatenated.
* Where the items carry the ``whole``, the last one is it, and nothing is merged.
* A name in ``replace`` is no text: its first value that is not empty (``""``, 0, null) stays.
* Inside a renamed object (inside an indexed one, where nothing is renamed) strings are text and
  are appended; any other value replaces the one before it, arrays included.
* In an indexed object around it, arrays are concatenated (log probabilities).
* Elsewhere the last value that is not empty stays (``usage``, ``finish_reason``).
* Objects merge by these rules.

Time and memory are linear in what came. Nothing raises, whatever the items hold.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, cast

from .building import ModelNode
from .compiling import node_for
from .decoding import convert
from .encoding import to_builtins
from .fold import Fold
from .model import Model, extra_of, fields_of
from .parsing import mend

__all__ = ["MAX_DEPTH", "Fold", "Folder", "fold"]

MAX_DEPTH = 32
"""Objects nested deeper than this replace each other instead of being merged."""


# Where an object stands, which decides what becomes of its values.
_OUTSIDE, _INDEXED, _TEXT = 0, 1, 2


class _Text:
    """A string in pieces."""

    __slots__ = ("pieces",)

    def __init__(self, piece: str) -> None:
        self.pieces = [piece]

    def join(self) -> str:
        text = "".join(self.pieces)
        self.pieces = [text]
        return text


class _Joined:
    """An array in pieces."""

    __slots__ = ("items",)

    def __init__(self, items: Iterable[Any]) -> None:
        self.items = list(items)


class _Indexed:
    """An array whose objects go by an index."""

    __slots__ = ("by_id", "by_index", "last", "moved")

    def __init__(self) -> None:
        self.by_index: dict[int, dict[str, Any]] = {}
        self.by_id: dict[str, int] = {}
        self.moved: dict[int, int] = {}
        self.last: int | None = None

    def place(
        self,
        piece: Mapping[str, Any],
        key: str,
        position: int,
        alone: bool,
        replace: Iterable[str],
    ) -> int:
        """Return the index that a piece belongs to."""
        index = piece.get(key)
        name = piece.get("id")
        named = isinstance(name, str) and name != ""
        if type(index) is int:
            index = self.moved.get(index, index)
            before = self.by_index.get(index)
            other = before.get("id") if before is not None and named else None
            if isinstance(other, str) and other not in ("", name) and _is_named(piece, replace):
                # Another one under the same index, as of servers that number all of them 0.
                index = self.by_id.get(str(name), max(self.by_index) + 1)
                self.moved[cast("int", piece[key])] = index
        else:
            if named:
                index = self.by_id.get(str(name))
                if index is None:
                    index = max(self.by_index, default=-1) + 1
            elif alone:
                index = self.last if self.last is not None else 0
            else:
                index = position
        if named:
            self.by_id.setdefault(str(name), index)
        self.last = index
        return index


def _is_named(piece: Mapping[str, Any], replace: Iterable[str]) -> bool:
    """Whether an object in a piece says what it is called, which only the first piece of it needs."""
    for value in piece.values():
        fields = _fields(value)
        if fields is not None and any(fields.get(name) for name in replace):
            return True
    return False


class Folder:
    """Takes the items of a stream one by one and makes the whole of those so far."""

    __slots__ = ("_empty", "_final", "_fold", "_state")

    def __init__(self, fold: Fold, final: Any) -> None:
        """``final`` is the type of the whole, as a model class."""
        self._fold = fold
        self._final = final
        self._state: dict[str, Any] = {}
        self._empty = True

    def add(self, item: Any) -> None:
        """Take one item, a model or a dict; anything else has nothing to add."""
        fields = _fields(item)
        if fields is not None and self._fold.whole:
            value = fields.get(self._fold.whole)
            whole = _fields(value)
            if whole is not None and self._may_be_final(value):
                self._empty = False
                self._state = whole
        elif fields is not None:
            self._empty = False
            self._merge(self._state, fields, _OUTSIDE, 0)

    def _may_be_final(self, value: Any) -> bool:
        """Tell whether an object is no model of another kind, which some events have in its place."""
        return not (
            isinstance(value, Model)
            and isinstance(self._final, type)
            and not isinstance(value, self._final)
        )

    def result(self) -> Any:
        """Return the whole of what came, None if nothing did; more may be added afterwards.

        It is a ``final`` wherever that is possible at all. Required fields that no item had read
        as None, as in every tolerantly decoded object.
        """
        if self._empty:
            return None
        whole: dict[str, Any] = {**_close(self._state), **self._fold.constants}
        node = node_for(self._final)
        if isinstance(node, ModelNode):
            for name, literal in node.literals.items():
                if len(literal.values) == 1:
                    whole[name] = next(iter(literal.values))[1]
        try:
            whole = mend(whole)
            value = convert(whole, self._final).value
        except (ValueError, RecursionError):  # nested too deeply
            return whole
        _drop_indexes(value, self._fold.keys, 0)
        return value

    def _merge(
        self, state: dict[str, Any], piece: Mapping[str, Any], zone: int, depth: int
    ) -> None:
        rename, replace = self._fold.rename, self._fold.replace
        for name, value in piece.items():
            inner = zone
            if zone != _TEXT and name in rename:
                name, inner = rename[name], _TEXT
            if value is None:
                state.setdefault(name, None)
                continue
            before = state.get(name)
            kind: type[Any] = value.__class__
            if name in replace:
                if not before:
                    state[name] = value
                continue
            if kind is str:
                if inner != _TEXT:
                    if value or not before:
                        state[name] = value
                elif isinstance(before, _Text):
                    before.pieces.append(value)
                else:
                    state[name] = _Text(value)
                continue
            if kind is list:
                self._merge_array(state, name, value, inner, depth)
                continue
            fields = _fields(value) if depth < MAX_DEPTH else None
            if fields is None:
                state[name] = value
                continue
            if not isinstance(before, dict):
                state[name] = before = {}
            self._merge(cast("dict[str, Any]", before), fields, inner, depth + 1)

    def _merge_array(
        self, state: dict[str, Any], name: str, pieces: list[Any], zone: int, depth: int
    ) -> None:
        before = state.get(name)
        key = self._fold.keys.get(name)
        replace = self._fold.replace
        if key == "":
            key, zone = None, _INDEXED
        fields = [_fields(piece) for piece in pieces] if key is not None else []
        if (
            key is not None
            and depth < MAX_DEPTH
            and (not pieces or any(piece is not None for piece in fields))
        ):
            if not isinstance(before, _Indexed):
                before = state[name] = _Indexed()
            within = _TEXT if zone == _TEXT or not self._fold.rename else _INDEXED
            for position, piece in enumerate(fields):
                if piece is not None:
                    index = before.place(piece, key, position, len(fields) == 1, replace)
                    entry = before.by_index.setdefault(index, {})
                    if entry.get(key) is None:
                        given = piece.get(key)
                        entry[key] = index if given is None else given
                    piece.pop(key, None)
                    self._merge(entry, piece, within, depth + 1)
        elif zone == _INDEXED:
            if isinstance(before, _Joined):
                before.items.extend(pieces)
            else:
                state[name] = _Joined(pieces)
        else:
            state[name] = list(pieces)


def fold(items: Iterable[Any], how: Fold, final: Any) -> Any:
    """Return the whole of a stream's items, None if there are none (see ``Folder.result``)."""
    folder = Folder(how, final)
    for item in items:
        folder.add(item)
    return folder.result()


def _fields(value: Any) -> dict[str, Any] | None:
    """Return the fields of an object by their names in JSON, in a dict of our own."""
    kind: type[Any] = value.__class__
    if kind is dict:  # names that are no strings become strings at the end
        return value.copy()  # type: ignore[no-any-return]
    if kind is str or not isinstance(value, Model):
        return None
    return fields_of(value)


def _close(state: Any) -> Any:
    """Return a state as plain JSON values, leaving it as it is."""
    kind: type[Any] = state.__class__
    if isinstance(state, _Text):
        return state.join()
    if isinstance(state, _Joined):
        return [_plain(item) for item in state.items]
    if isinstance(state, _Indexed):
        return [_close(state.by_index[index]) for index in sorted(state.by_index)]
    if kind is dict:
        return {str(name): _close(value) for name, value in state.items()}
    return _plain(state)


def _plain(value: Any) -> Any:
    """Return a value that was taken over whole as JSON values; itself if that cannot be."""
    if value is None or isinstance(value, str | int | float):
        return value
    try:
        return to_builtins(value)
    except ValueError:
        return value


def _drop_indexes(value: Any, keys: Mapping[str, str], depth: int) -> None:
    """Remove indexes that only the pieces have: whatever the whole does not declare."""
    if not isinstance(value, Model) or depth > MAX_DEPTH:
        return
    for name, field in fields_of(value).items():
        kind: type[Any] = field.__class__
        for item in field if kind is list else (field,):
            if isinstance(item, Model):
                key = keys.get(name)
                if key is not None and key in extra_of(item):
                    del item.extra[key]
                _drop_indexes(item, keys, depth + 1)
