"""Numbers within the bounds of a schema."""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from .formats import integer_bounds
from .nodes import as_text

__all__ = ["Bounds", "declared_bounds", "integer_range", "number_bounds", "sample_number"]


@dataclass(frozen=True, slots=True)
class Bounds:
    """The least and the greatest value, and whether they are excluded themselves."""

    low: float | None
    is_low_open: bool
    high: float | None
    is_high_open: bool


def declared_bounds(rules: dict[str, Any]) -> tuple[Any, Any, Any, Any]:
    """Least, excluded least, greatest and excluded greatest value as they are declared.

    Excluded ones have two spellings: in OpenAPI 3.0 they are a boolean beside the bound.
    """
    least, most = rules.get("minimum"), rules.get("maximum")
    above, below = rules.get("exclusiveMinimum"), rules.get("exclusiveMaximum")
    if above is True:
        above, least = least, None
    if below is True:
        below, most = most, None
    return least, above, most, below


def number_bounds(rules: dict[str, Any]) -> Bounds:
    """The bounds of a schema; of two, the tighter one."""
    least, above, most, below = declared_bounds(rules)
    low, is_low_open = _tighter(_number(least), _number(above), largest=True)
    high, is_high_open = _tighter(_number(most), _number(below), largest=False)
    return Bounds(low, is_low_open, high, is_high_open)


def integer_range(rules: dict[str, Any]) -> tuple[int | None, int | None, int]:
    """Least and greatest count of steps, and the step: `count * step` are the integers allowed."""
    found = _number(rules.get("multipleOf"))
    step = int(found) if found is not None and found >= 1 and found % 1 == 0 else 1
    bounds = number_bounds(rules)
    low, high = bounds.low, bounds.high
    if width := integer_bounds(as_text(rules.get("format"))):
        low = width[0] if low is None else max(low, width[0])
        high = width[1] if high is None else min(high, width[1])
    first = None if low is None else -(-_whole(low, up=True) // step)
    last = None if high is None else _whole(high, up=False) // step
    if first is not None and bounds.is_low_open and first * step == bounds.low:
        first += 1
    if last is not None and bounds.is_high_open and last * step == bounds.high:
        last -= 1
    return first, last, step


def _whole(value: float, *, up: bool) -> int:
    return math.ceil(value) if up else math.floor(value)


def sample_number(rules: dict[str, Any], *, is_integer: bool, variant: int) -> int | float:
    """The plainest number within the bounds (1, or the nearest one), or a later one by variant."""
    bounds = number_bounds(rules)
    low, is_low_open = bounds.low, bounds.is_low_open
    high, is_high_open = bounds.high, bounds.is_high_open
    step = _number(rules.get("multipleOf"))
    if step is None or step <= 0:
        step = 1.0 if is_integer else None
    if step is None:
        return _real(low, is_low_open, high, is_high_open, variant)
    if is_integer and step % 1:
        # The integers among the multiples of p/q in lowest terms are the multiples of p.
        step = float(Fraction(str(step)).numerator)
    first = None if low is None else math.ceil(low / step)
    last = None if high is None else math.floor(high / step)
    if first is not None and is_low_open and low is not None and first * step <= low:
        first += 1
    if last is not None and is_high_open and high is not None and last * step >= high:
        last -= 1
    count = 1 if first is None or first <= 1 else first
    if last is not None and count > last:
        count = last
    count += variant
    if last is not None and count > last:
        start = first if first is not None else min(0, last)
        count = start + (count - start) % (last - start + 1) if last >= start else last
    if step % 1 == 0:
        return count * int(step)
    # 3 * 0.1 is not a multiple of 0.1 as a decimal; its shortest text is.
    return float(f"{count * step:.12g}")


def _real(
    low: float | None, is_low_open: bool, high: float | None, is_high_open: bool, variant: int
) -> float:
    value = 1.0 + variant
    if low is not None and (value < low or (is_low_open and value == low)):
        value = low + 1.0 + variant if is_low_open else low + variant
    if high is not None and (value > high or (is_high_open and value == high)):
        if low is None:
            value = high - variant - (1.0 if is_high_open else 0.0)
        else:
            # A place strictly between the bounds, another one for each variant.
            value = low + (high - low) * (1 + variant % 7) / 8 if high > low else low
    return value


def _number(value: Any) -> float | None:
    if isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value):
        return value
    return None


def _tighter(
    closed: float | None, opened: float | None, *, largest: bool
) -> tuple[float | None, bool]:
    if closed is None:
        return opened, opened is not None
    if opened is None:
        return closed, False
    is_open = opened >= closed if largest else opened <= closed
    return (opened, True) if is_open else (closed, False)
