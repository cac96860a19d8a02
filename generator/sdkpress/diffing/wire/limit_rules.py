"""Rules on what restricts a value of a type: limits, patterns, multiples, unique items."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from sdkpress.diffing.wire.pairs import Notes
from sdkpress.diffing.wire.shapes import Shape
from sdkpress.diffing.wire.values import number, shown

__all__ = ["compare_limits"]

Number = int | float


@dataclass(frozen=True, slots=True)
class _Limit:
    """A keyword, the stem of its ids, and which of two values restricts more."""

    keyword: str
    stem: str
    tighter: Callable[..., Number]
    words: str
    absent: Number | None = None
    """What counts where the keyword is missing and yet a change is one of its value."""


_COUNTS = (
    _Limit("maxLength", "max-length", min, "the greatest length"),
    _Limit("minLength", "min-length", max, "the least length", absent=0),
    _Limit("maxItems", "max-items", min, "the greatest number of items"),
    _Limit("minItems", "min-items", max, "the least number of items"),
    _Limit("maxProperties", "max-properties", min, "the greatest number of properties"),
    _Limit("minProperties", "min-properties", max, "the least number of properties"),
)
_CONTAINS = (
    _Limit("maxContains", "max-contains", min, "the greatest number of items it contains"),
    _Limit("minContains", "min-contains", max, "the least number of items it contains", absent=1),
)
_BOUNDS = (
    (
        _Limit("maximum", "max", min, "the maximum"),
        _Limit("exclusiveMaximum", "exclusive-max", min, "the exclusive maximum"),
    ),
    (
        _Limit("minimum", "min", max, "the minimum"),
        _Limit("exclusiveMinimum", "exclusive-min", max, "the exclusive minimum"),
    ),
)

_ANYTHING = frozenset((".*", "^.*$", "^.*", ".*$", "(.*)", "^(.*)$", "[\\s\\S]*", "^[\\s\\S]*$"))
"""Patterns that every text matches."""


def compare_limits(notes: Notes, old: Shape, new: Shape) -> None:
    """Note changes of limits, `pattern`, `multipleOf` and `uniqueItems`."""
    for limit in _COUNTS:
        _compare(notes, old, new, limit, _value(old, limit), _value(new, limit))
    if old.get("contains") is not None and new.get("contains") is not None:
        for limit in _CONTAINS:
            _compare(notes, old, new, limit, _value(old, limit), _value(new, limit))
    for inclusive, exclusive in _BOUNDS:
        _compare_bounds(notes, old, new, inclusive, exclusive)
    _compare_patterns(notes, old, new)
    _compare_multiples(notes, old, new)
    _compare_unique(notes, old, new)


def _value(shape: Shape, limit: _Limit) -> Number | None:
    values = [number(node.value) for node in shape.all(limit.keyword)]
    numbers = [value for value in values if value is not None]
    value = limit.tighter(numbers) if numbers else None
    if value is None or (value == 0 and limit.keyword in ("minItems", "minProperties")):
        return limit.absent
    return value


def _compare(
    notes: Notes, old: Shape, new: Shape, limit: _Limit, before: Number | None, after: Number | None
) -> None:
    keys = (limit.keyword,)
    if before is None and after is not None:
        words = f"has got a limit: {limit.words} is {after}"
        notes.aspect(f"{limit.stem}-set", words, old, new, keys, after=str(after))
    elif before is not None and after is None:
        words = f"has lost a limit: {limit.words} was {before}"
        notes.aspect(f"{limit.stem}-unset", words, old, new, keys, before=str(before))
    elif before is not None and after is not None and before != after:
        way = "increased" if after > before else "decreased"
        words = f"has another limit: {limit.words} is {after}, before {before}"
        notes.aspect(
            f"{limit.stem}-{way}", words, old, new, keys, before=str(before), after=str(after)
        )


def _bounds(shape: Shape, inclusive: _Limit, exclusive: _Limit) -> tuple[Number | None, ...]:
    """The inclusive and the exclusive bound; in OpenAPI 3.0 a flag says that a bound is the
    latter."""
    found: tuple[list[Number], list[Number]] = [], []
    for layer in shape.layers:
        bound = number(layer.value.get(inclusive.keyword))
        other = layer.value.get(exclusive.keyword)
        if bound is not None:
            found[1 if other is True else 0].append(bound)
        if number(other) is not None:
            found[1].append(other)
    return tuple(inclusive.tighter(values) if values else None for values in found)


def _compare_bounds(
    notes: Notes, old: Shape, new: Shape, inclusive: _Limit, exclusive: _Limit
) -> None:
    before = _bounds(old, inclusive, exclusive)
    after = _bounds(new, inclusive, exclusive)
    if before == after:
        return
    shapes = [tuple(value is not None for value in values) for values in (before, after)]
    if sorted(shapes) != [(False, True), (True, False)]:
        _compare(notes, old, new, inclusive, before[0], after[0])
        _compare(notes, old, new, exclusive, before[1], after[1])
        return
    # The bound is written in another way: what counts is where it lies.
    is_whole = old.is_only("integer") and new.is_only("integer")
    first, second = (_effective(each, inclusive, is_whole=is_whole) for each in (before, after))
    if first == second:
        return
    limit = exclusive if after[0] is None else inclusive
    way = "increased" if second > first else "decreased"
    words = f"has another limit: {limit.words} is {second[0]}, before {first[0]}"
    keys = (inclusive.keyword, exclusive.keyword)
    texts = str(first[0]), str(second[0])
    notes.aspect(f"{limit.stem}-{way}", words, old, new, keys, before=texts[0], after=texts[1])


def _effective(
    bounds: tuple[Number | None, ...], limit: _Limit, *, is_whole: bool
) -> tuple[Number, int]:
    """The bound that counts, and how much beyond it a value must be: -1, 0 or 1."""
    step = 1 if limit.tighter is max else -1
    found: list[tuple[Number, int]] = []
    inclusive, exclusive = bounds
    if inclusive is not None:
        found.append((inclusive, 0))
    if exclusive is not None:
        if is_whole:
            whole = math.floor(exclusive) if step > 0 else math.ceil(exclusive)
            found.append((whole + step, 0))
        else:
            found.append((exclusive, step))
    return max(found) if step > 0 else min(found)


def _patterns(shape: Shape) -> tuple[str, ...]:
    values = [node.value for node in shape.all("pattern")]
    return tuple(dict.fromkeys(value for value in values if isinstance(value, str) and value))


def _compare_patterns(notes: Notes, old: Shape, new: Shape) -> None:
    before, after = _patterns(old), _patterns(new)
    if set(before) == set(after):
        return
    keys = ("pattern",)
    texts = shown(" and ".join(before)), shown(" and ".join(after))
    if not before:
        words = f"must match the pattern {texts[1]}"
        notes.aspect("pattern-added", words, old, new, keys, after=texts[1])
    elif not after:
        words = f"need not match the pattern {texts[0]} any more"
        notes.aspect("pattern-removed", words, old, new, keys, before=texts[0])
    else:
        is_wider = _ANYTHING.issuperset(after) or set(after) < set(before)
        aspect = "pattern-generalized" if is_wider and notes.is_request else "pattern-changed"
        words = f"must match the pattern {texts[1]}, before {texts[0]}"
        notes.aspect(aspect, words, old, new, keys, before=texts[0], after=texts[1])


def _compare_multiples(notes: Notes, old: Shape, new: Shape) -> None:
    keys = ("multipleOf",)
    before, after = number(old.value(keys[0])), number(new.value(keys[0]))
    if before == after:
        return
    if before is None:
        words = f"must be a multiple of {after}"
        notes.aspect("multiple-of-set", words, old, new, keys, after=str(after))
    elif after is None:
        words = f"need not be a multiple of {before} any more"
        notes.aspect("multiple-of-unset", words, old, new, keys, before=str(before))
    else:
        aspect = "multiple-of-changed"
        if _divides(after, before):
            aspect = "multiple-of-loosened"
        elif _divides(before, after):
            aspect = "multiple-of-tightened"
        words = f"must be a multiple of {after}, before {before}"
        notes.aspect(aspect, words, old, new, keys, before=str(before), after=str(after))


def _divides(one: Number, other: Number) -> bool:
    if not one:
        return False
    ratio = other / one
    return math.isfinite(ratio) and abs(ratio - round(ratio)) < 1e-9


def _compare_unique(notes: Notes, old: Shape, new: Shape) -> None:
    before, after = old.flag("uniqueItems"), new.flag("uniqueItems")
    if before != after:
        aspect = "unique-items-set" if after else "unique-items-unset"
        words = "must not repeat items" if after else "may repeat items"
        notes.aspect(aspect, words, old, new, ("uniqueItems",))
