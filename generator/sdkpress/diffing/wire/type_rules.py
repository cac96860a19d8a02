"""Rules on `type`, `format` and nullability."""

from __future__ import annotations

from dataclasses import dataclass

from sdkpress.diffing.wire.pairs import Notes
from sdkpress.diffing.wire.shapes import Shape

__all__ = ["Fit", "compare_types", "covers"]

_SCALARS = frozenset(("string", "number", "integer", "boolean"))

_WIDER_FORMATS = frozenset((("int64", "int32"), ("double", "float")))
"""Pairs of a format and one whose values it takes in."""

_NUMBERS = frozenset(("", "double", "float", "decimal"))
"""Formats of numbers that take whole numbers, too."""


@dataclass(frozen=True, slots=True)
class Fit:
    """How the new types relate to the old. `is_apart`: no value can be of both, so that nothing
    else in the two schemas is worth a comparison."""

    is_apart: bool = False
    is_settled: bool = False
    """Whether the types say it all, as for a value that may now be a list of such values."""


def covers(wide: Shape, narrow: Shape, *, is_text: bool = False) -> bool:
    """Whether all that the types and formats of `narrow` allow, `wide` allows, too."""
    wide_format, narrow_format = _format(wide), _format(narrow)
    if wide.types is None:
        return wide_format in ("", narrow_format)
    if narrow.types is None:
        return False
    return all(
        any(_fits(one, narrow_format, other, wide_format, is_text=is_text) for other in wide.types)
        for one in narrow.types
    )


def _fits(one: str, narrow: str, other: str, wide: str, *, is_text: bool) -> bool:
    if one == other:
        return wide in ("", narrow) or (wide, narrow) in _WIDER_FORMATS
    if one == "integer" and other == "number":
        return wide in _NUMBERS
    return is_text and other == "string" and not wide and one in _SCALARS


def _format(shape: Shape) -> str:
    value = shape.value("format")
    return value if isinstance(value, str) else ""


def compare_types(notes: Notes, old: Shape, new: Shape) -> Fit:
    """Note changes of type, format and nullability; tell whether to compare further."""
    _compare_null(notes, old, new)
    if (old.types is None and old.unions) or (new.types is None and new.unions):
        return Fit()  # for the rules on alternatives
    if new.is_impossible != old.is_impossible:
        aspect = "type-changed" if new.is_impossible else "type-generalized"
        words = "takes no value any more" if new.is_impossible else "takes values, which it did not"
        notes.aspect(aspect, words, old, new)
        return Fit(is_apart=True)
    if not old.is_typed and not new.is_typed and _is_listed(old) and _is_listed(new):
        return Fit()  # the values say it all
    before, after = _named(old), _named(new)
    if (old.types or frozenset(), _format(old)) == (new.types or frozenset(), _format(new)):
        if old.is_typed != new.is_typed and old.types is not None:
            words = (
                "declares its type, which it had" if new.is_typed else "declares no type any more"
            )
            notes.aspect("type-compatible", words, old, new, ("type",))
        return Fit()
    if _is_content_rewritten(old, new):
        return Fit()
    if _has_become_list(notes, old, new):
        words = "may be a list of what it was"
        notes.aspect("type-generalized", words, old, new, ("type",), before=before, after=after)
        return Fit(is_settled=True)
    if _has_list(old) or _has_list(new):
        _compare_lists(notes, old, new, before, after)
        if old.is_list or new.is_list:
            return Fit(is_apart=not _overlap(old, new))
    _compare_plain(notes, old, new, before, after)
    return Fit(is_apart=not _overlap(old, new))


def _compare_plain(notes: Notes, old: Shape, new: Shape, before: str, after: str) -> None:
    context = notes.context
    is_part = context.area == "request-parameter" and context.is_nested
    wider = covers(new, old, is_text=context.is_text and not is_part)
    narrower = covers(old, new, is_text=context.is_text)
    if wider and narrower:
        aspect = "type-compatible"
    elif wider:
        aspect = "type-generalized"
    elif narrower and (is_part or not context.is_request):
        aspect = "type-specialized"
    else:
        aspect = "type-changed"
    words = f"changed its type from {before} to {after}"
    keys = ("format", "type") if old.types == new.types else ("type", "format")
    notes.aspect(aspect, words, old, new, keys, before=before, after=after)


def _compare_lists(notes: Notes, old: Shape, new: Shape, before: str, after: str) -> None:
    """Types that are written as a list: what came, what went."""
    came = _beyond(new, old)
    went = _beyond(old, new)
    places = ("type", "oneOf", "anyOf")
    if came:
        words = f"may be {came} as well"
        notes.aspect("list-of-types-widened", words, old, new, places, before=before, after=after)
    if went:
        words = f"may be {went} no longer"
        notes.aspect("list-of-types-narrowed", words, old, new, places, before=before, after=after)


def _beyond(one: Shape, other: Shape) -> str:
    """In words, the types of one shape that another does not have; "" for none."""
    if other.types is None:
        return ""
    if one.types is None:
        return "anything"
    more = one.types - other.types
    if "number" in other.types:
        more -= {"integer"}
    return " or ".join(f"`{name}`" for name in sorted(more))


def _is_listed(shape: Shape) -> bool:
    return shape.get("enum") is not None or shape.get("const") is not None


def _has_list(shape: Shape) -> bool:
    return shape.is_list or (shape.types is not None and len(shape.types) > 1)


def _overlap(old: Shape, new: Shape) -> bool:
    if old.types is None or new.types is None:
        return True
    numbers = {"integer", "number"}
    return bool(old.types & new.types) or bool(old.types & numbers and new.types & numbers)


def _has_become_list(notes: Notes, old: Shape, new: Shape) -> bool:
    """Whether a parameter may now be given several times, and once as before: `a=1` is a list of
    one. Not where list or items are restricted further."""
    context = notes.context
    if context.area != "request-parameter" or context.is_nested or context.is_header:
        return False
    if not new.is_only("array") or not old.types or not old.types <= _SCALARS:
        return False
    if any(key in new.own for key in ("minItems", "contains", "prefixItems")):
        return False
    items = new.all("items")
    if not items:
        return True
    inner = notes.new_shapes.of(tuple(items))
    restricted = set(inner.own) - {"type", "format"}
    return not restricted and not inner.unions and covers(inner, old, is_text=True)


def _is_content_rewritten(old: Shape, new: Shape) -> bool:
    """Whether `format: byte` or `binary` of OpenAPI 3.0 became `contentEncoding` or
    `contentMediaType` of 3.1, or the other way round."""
    if old.types != new.types:
        return False
    for one, other in ((old, new), (new, old)):
        if _format(other):
            continue
        if _format(one) == "byte" and other.value("contentEncoding") in ("base64", "base64url"):
            return True
        if _format(one) == "binary" and other.get("contentMediaType") is not None:
            return True
    return False


def _compare_null(notes: Notes, old: Shape, new: Shape) -> None:
    before, after = _may_be_null(old), _may_be_null(new)
    if before is None or after is None or before == after:
        return
    if after:
        notes.aspect("became-nullable", "may be null", old, new, ("nullable", "type"))
    else:
        words = "may be null no longer"
        notes.aspect("became-not-nullable", words, old, new, ("nullable", "type"))


def _may_be_null(shape: Shape) -> bool | None:
    """None for a schema that takes anything."""
    if shape.nullable is None and shape.types is not None:
        return False
    return shape.nullable


def _named(shape: Shape) -> str:
    """The types in words: `string (uuid)`."""
    if shape.is_impossible:
        return "`nothing`"
    types = " | ".join(sorted(shape.types)) if shape.types else "any"
    form = _format(shape)
    return f"`{types} ({form})`" if form else f"`{types}`"
