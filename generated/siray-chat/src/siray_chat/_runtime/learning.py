"""Decode fast what answers have beyond their document, once it has been seen a few times.

msgspec refuses an object with an unknown field, and the tolerant way costs ten times as much. Servers
send the same unknown fields in every answer. So the names are counted (:mod:`.building` reports
them), and a name seen often enough becomes a hidden slot of a subclass of its model, which msgspec
fills in C. Such an object behaves as its model in every way (``isinstance``, ``__class__``, ``repr``,
equality, pickling, ``extra``); only ``type(value)`` is the subclass.

The same subclasses express what one stream keeps doing otherwise: null for an object, a number for
a string, an unknown value, a required field left out. That holds for the stream alone, because every
other answer has to say once that it does not match.

Names are learned for the life of the process and within bounds; what is beyond them is decoded as
ever, by the tolerant way. Threads: the lock is never waited for, whoever does not get it learns
another time.
"""

from __future__ import annotations

import types
import typing
from _thread import allocate_lock
from collections.abc import Callable, Iterable, Iterator, Mapping, Set
from typing import Any, cast

import msgspec

from .building import MISSING, Deviation
from .model import ABSENT, Model, ModelMeta, hidden_class, is_speakable

SIGHTINGS = 8
"""Objects with an unknown name until it is learned: a subclass costs as much as some fifty objects."""

MAX_NAMES = 32
"""Names learned for one model; each is a slot in every object of its kind."""

MAX_TRACKED = 256
"""Names counted for one model; a server that makes up names is not followed further."""

MAX_GENERATIONS = 64
"""How often anything is learned in one process."""

_lock = allocate_lock()
_counts: dict[type[Model], dict[str, int]] = {}
_names: dict[type[Model], tuple[str, ...]] = {}  # replaced, never changed
_made: dict[Any, Any] = {}  # by type, of this generation


class _State:
    generation = 0


def generation() -> int:
    """A number that grows whenever something was learned."""
    return _State.generation


def notice(unknown: Mapping[type[Model], Mapping[str, int]]) -> None:
    """Count the unknown names of an answer, and learn those that come often."""
    if _State.generation >= MAX_GENERATIONS or not _lock.acquire(False):
        return
    try:
        fresh = [cls for cls, names in unknown.items() if _count(cls, names)]
        if fresh:
            names = dict(_names)
            for cls in fresh:
                names[cls] = _often(cls)
            _learn(names)
    finally:
        _lock.release()


def _learn(names: dict[type[Model], tuple[str, ...]]) -> None:
    global _names, _made
    _names, _made = names, {}
    _State.generation += 1


def _count(cls: type[Model], names: Mapping[str, int]) -> bool:
    """Add sightings; tell whether there is a new name to learn."""
    known = _names.get(cls, ())
    if len(known) >= MAX_NAMES or cls.__model_unspeakable__:
        return False
    counts = _counts.setdefault(cls, {})
    found = False
    for name, times in names.items():
        before = counts.get(name, 0)
        if name == "error":
            continue  # what reports a failure has to be looked at each time
        if (before or len(counts) < MAX_TRACKED) and name not in known and is_speakable(name):
            counts[name] = before + times
            found = found or before + times >= SIGHTINGS
    return found


def _often(cls: type[Model]) -> tuple[str, ...]:
    """The names learned so far, and with those that are due all that were seen more than once."""
    known = _names.get(cls, ())
    counts = _counts[cls]
    more = sorted((name for name in counts if counts[name] > 1), key=counts.__getitem__)
    for name in more:
        del counts[name]
    return (*known, *reversed(more))[:MAX_NAMES]


def learned(type_: Any) -> Any:
    """``type_`` with the models in it replaced by what was learned of them; itself where nothing was."""
    names = _names
    if not names:
        return type_
    try:
        made = _made.get(type_)
        if made is None:
            made = _made[type_] = adapted(type_, names, {})
    except TypeError:  # unhashable metadata of Annotated
        return type_
    return made


def loosened(type_: Any, deviations: Iterable[Deviation]) -> Any:
    """As ``learned``, and whatever deviates as given is allowed. Raises TypeError where that cannot be."""
    loose: dict[type[Model], dict[str, set[Any]]] = {}
    for cls, name, kind in deviations:
        loose.setdefault(cls, {}).setdefault(name, set()).add(kind)
    return adapted(type_, _names, loose)


def adapted(
    type_: Any,
    names: Mapping[type[Model], tuple[str, ...]],
    loose: Mapping[type[Model], Mapping[str, set[Any]]],
) -> Any:
    """Return ``type_`` with hidden classes for the models that have to differ, and all that hold them."""
    fields = _reachable(type_)
    affected = {cls for cls in fields if cls in names or cls in loose}
    while True:
        more = {
            cls
            for cls, infos in fields.items()
            if cls not in affected
            and any(model in affected for info in infos for model in _models_in(info.type))
        }
        if not more:
            break
        affected |= more
    if not affected:
        return type_
    # Models may hold each other in circles: they are named here, and found at the first decode.
    order = list(affected)
    references = {
        cls: typing.ForwardRef(f"_model_{i}", is_class=True) for i, cls in enumerate(order)
    }
    hidden: dict[type[Model], Any] = {}
    for cls in order:
        changes: dict[str, tuple[Any, Any]] = {}
        for info in fields[cls]:
            kinds: Set[Any] = loose.get(cls, {}).get(info.encode_name, set())
            new = _replaced(info.type, lambda model: references.get(model, model))
            if kinds:
                new = _widened(new, {_KINDS[kind] for kind in kinds if kind is not MISSING})
            if new is not info.type or MISSING in kinds:
                changes[info.name] = (new, ABSENT if MISSING in kinds else _default(info))
        hidden[cls] = hidden_class(cls, changes, names.get(cls, ()))
    for model in hidden.values():
        for cls, reference in references.items():
            setattr(model, reference.__forward_arg__, hidden[cls])
    return _replaced(type_, lambda model: hidden.get(model, model))


_KINDS: dict[type[Any], Any] = {
    type(None): None,
    bool: bool,
    int: int,
    float: float,
    str: str,
    list: list[Any],
    dict: dict[str, Any],
}


def _default(info: msgspec.structs.FieldInfo) -> Any:
    if info.default_factory is not msgspec.NODEFAULT:
        return msgspec.field(default_factory=info.default_factory)
    return info.default


def _reachable(type_: Any) -> dict[type[Model], tuple[msgspec.structs.FieldInfo, ...]]:
    """The models that ``type_`` contains, and their fields. Unions of ours are decoded apart."""
    found: dict[type[Model], tuple[msgspec.structs.FieldInfo, ...]] = {}
    queue = list(_models_in(type_))
    while queue:
        cls = queue.pop()
        if cls not in found:
            found[cls] = infos = msgspec.structs.fields(cls)
            for info in infos:
                queue.extend(_models_in(info.type))
    return found


def _models_in(type_: Any) -> Iterator[type[Model]]:
    if isinstance(type_, ModelMeta):
        yield type_  # type: ignore[misc]
    else:
        for argument in typing.get_args(type_):
            yield from _models_in(argument)


def _replaced(type_: Any, swap: Callable[[Any], Any]) -> Any:
    """Return a type with every model in it swapped; itself where none is."""
    if isinstance(type_, ModelMeta):
        return swap(type_)
    origin = typing.get_origin(type_)
    arguments = typing.get_args(type_)
    if not arguments or origin is typing.Literal:
        return type_
    if origin is typing.Annotated:
        inner = _replaced(arguments[0], swap)
        if inner is arguments[0]:
            return type_
        return cast("Any", typing.Annotated)[(inner, *arguments[1:])]
    new = tuple(_replaced(argument, swap) for argument in arguments)
    if all(map(lambda a, b: a is b, new, arguments)):
        return type_
    if origin is typing.Union or origin is types.UnionType:
        return typing.Union[new]  # noqa: UP007  # of a tuple
    return origin[new]


def _widened(type_: Any, kinds: set[Any]) -> Any:
    """Return a type that allows other kinds of JSON values as well, as they are."""
    members = typing.get_args(type_) if _is_union(type_) else (type_,)
    kept = [
        member
        for member in members
        # A string beside one of some given strings is any string.
        if typing.get_origin(member) is not typing.Literal
        or kinds.isdisjoint(map(type, typing.get_args(member)))
    ]
    return typing.Union[(*kept, *sorted(kinds, key=repr))]


def _is_union(type_: Any) -> bool:
    return typing.get_origin(type_) in (typing.Union, types.UnionType)
