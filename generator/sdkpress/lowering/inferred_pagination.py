"""Pagination read off parameters and answers, where both tell it unmistakably.

Inferred is only what both sides say: a parameter that moves on, and a field of the answer that fits
it (or, for counted pages, a parameter for their size), around exactly one array of items. Nothing
looks at who wrote the document.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sdkpress.lowering import paging_words as words
from sdkpress.lowering.paging_sides import Field, Input, Sides
from sdkpress.lowering.source import as_text
from sdkpress.model import (
    BooleanSchema,
    IntegerSchema,
    NumberSchema,
    ObjectSchema,
    Pagination,
    Schema,
    StringSchema,
)
from sdkpress.records import replace


def infer(sides: Sides) -> Pagination | None:
    """The pagination that both sides agree on, or None."""
    place = sides.items()
    if place is None:
        return None
    path, item = place
    fields = list(sides.fields())
    size = _only(i for i in sides.inputs if words.plain(i.name) in words.SIZES and i.is_integer)
    base = Pagination(
        style="",
        items=path,
        item=item,
        size=size.name if size else "",
        maximum=size.number("maximum") if size else None,
    )
    base = _with_end(base, fields)
    plain = replace(base, size="", maximum=None, size_field=(), total=(), total_pages=())
    found = _cursor(plain, sides, fields)
    if found is not None or sides.operation.method not in ("GET", "QUERY"):
        return found
    return _url(plain, sides, fields) or _link(plain, sides) or _counted(base, sides, fields)


def _with_end(base: Pagination, fields: list[Field]) -> Pagination:
    """With the fields that tell the end: has more, done, totals, and the size of a page."""
    changes: dict[str, Any] = {}
    for field in fields:
        name = words.plain(field.path[-1])
        if isinstance(field.schema, BooleanSchema):
            if name in words.MORE:
                changes.setdefault("has_more", field.path)
            elif name in words.DONE and "has_more" not in changes:
                changes["has_more"] = field.path
                changes["is_done"] = True
        elif isinstance(field.schema, (IntegerSchema, NumberSchema)):
            if name in words.TOTALS:
                changes.setdefault("total", field.path)
            elif name in words.TOTAL_PAGES:
                changes.setdefault("total_pages", field.path)
            elif name in words.SIZE_FIELDS and base.size:
                changes.setdefault("size_field", field.path)
    return replace(base, **changes)


def _cursor(base: Pagination, sides: Sides, fields: list[Field]) -> Pagination | None:
    inputs = [
        item
        for item in sides.inputs
        if item.is_scalar
        and not item.is_required
        and (words.is_cursor_input(item.name) or words.plain(item.name) in words.POSITIONS)
    ]
    pairs = [
        (field, item)
        for field in fields
        if isinstance(field.schema, (StringSchema, IntegerSchema, NumberSchema))
        and not _is_url(field)
        for item in inputs
        if words.agree(field.path, item.name) and _fits(field.schema, item)
    ]
    if pairs:
        field, item = min(pairs, key=lambda pair: len(pair[0].path))
        takers = {(pair[1].name, pair[1].location) for pair in pairs}
        if len(takers) > 1 or _ambiguous(field, pairs):
            return None
        return replace(
            base, style="cursor", parameter=item.name, location=item.location, next=field.path
        )
    after = _only(item for item in inputs if words.plain(item.name) in words.AFTER)
    if after is None or not base.has_more or base.is_done:
        return None
    last = _only(
        f
        for f in fields
        if words.plain(f.path[-1]) in words.LAST_ID
        and isinstance(f.schema, (StringSchema, IntegerSchema))
        and _fits(f.schema, after)
    )
    cursor = replace(base, style="cursor", parameter=after.name, location=after.location)
    if last is not None:
        return replace(cursor, next=last.path)
    assert base.item is not None
    item_schema = sides.schema(base.item)
    if isinstance(item_schema, ObjectSchema) and any(
        member.name == "id"
        and isinstance(sides.schema(member.type), (StringSchema, IntegerSchema))
        and _fits(sides.schema(member.type), after)
        for member in item_schema.properties
    ):
        return replace(cursor, last_item=("id",))
    return None


def _fits(schema: Schema, item: Input) -> bool:
    """Whether values of a field can be given to the parameter.

    Any can be given as text, but a position, as `page` or `from`, counts, or it does not.
    """
    is_number = isinstance(schema, (IntegerSchema, NumberSchema))
    if words.plain(item.name) in words.POSITIONS:
        return item.is_integer == is_number
    return is_number or not item.is_integer


def _ambiguous(field: Field, pairs: list[tuple[Field, Input]]) -> bool:
    same_depth = {pair[0].path for pair in pairs if len(pair[0].path) == len(field.path)}
    return len(same_depth) > 1


def _url(base: Pagination, sides: Sides, fields: list[Field]) -> Pagination | None:
    named = [f for f in fields if isinstance(f.schema, StringSchema)]
    has_paging = any(words.plain(i.name) in words.PAGING_INPUTS for i in sides.inputs)
    if not has_paging and sides.operation.path.rstrip("/").endswith("}"):
        # A single thing in an envelope that all answers share.
        return None
    certain = [f for f in named if words.is_next_url(f.path)]
    if not certain:
        certain = [f for f in named if words.is_next(f.path) and _is_url(f) and has_paging]
    if not certain:
        return None
    field = min(certain, key=lambda f: len(f.path))
    if sum(len(f.path) == len(field.path) for f in certain) > 1:
        return None
    return replace(base, style="url", next=field.path)


def _is_url(field: Field) -> bool:
    """Whether a string is a URL by its format, or by what is said about it."""
    if not isinstance(field.schema, StringSchema):
        return False
    if field.schema.format in ("uri", "url", "uri-reference", "iri", "link"):
        return True
    docs = field.property.docs
    said = words.sentence(f"{docs.title} {docs.description} {field.schema.docs.description}")
    return not said.isdisjoint(("url", "uri", "link", "href"))


def _link(base: Pagination, sides: Sides) -> Pagination | None:
    if not sides.has_link_header:
        return None
    inputs = [i for i in sides.inputs if words.plain(i.name) in words.PAGING_INPUTS]
    if not inputs:
        return None
    page = _only(i for i in inputs if words.plain(i.name) in words.PAGES)
    return replace(base, style="link", parameter=page.name if page else "", has_more=())


def _counted(base: Pagination, sides: Sides, fields: list[Field]) -> Pagination | None:
    """Page numbers or offsets."""
    inputs = [i for i in sides.inputs if i.is_integer]
    page = _only(i for i in inputs if words.plain(i.name) in words.PAGES)
    offset = _only(i for i in inputs if words.plain(i.name) in words.OFFSETS)
    if (page is None) == (offset is None) or any(
        i.is_scalar and words.is_cursor_input(i.name) for i in sides.inputs
    ):
        return None
    if offset is not None and words.plain(offset.name) in words.RANGES:
        if any(words.plain(i.name) in words.RANGE_ENDS for i in sides.inputs):
            return None  # a span of time, or of something else
    tells_end = bool(base.has_more or base.total or base.total_pages)
    moving = page or offset
    assert moving is not None
    if not base.size and not (page is not None and tells_end):
        return None
    current = _only(
        f
        for f in fields
        if isinstance(f.schema, (IntegerSchema, NumberSchema))
        and (
            words.plain(f.path[-1]) in words.CURRENT_PAGE
            if page
            else words.plain(f.path[-1]) == words.plain(moving.name)
        )
    )
    first = _first(moving, is_page=page is not None)
    if first is None and current is None:
        return None
    return replace(
        base,
        style="page" if page else "offset",
        parameter=moving.name,
        location=moving.location,
        current=current.path if current else (),
        first=first,
    )


def first_number(sides: Sides, parameter: str, style: str) -> int:
    """The number of the first page (`style` is `page`) or item; what is usual where nothing says."""
    moving = next((item for item in sides.inputs if item.name == parameter), None)
    is_page = style == "page"
    found = _first(moving, is_page=is_page) if moving is not None else None
    return found if found is not None else int(is_page)


def _first(moving: Input, *, is_page: bool) -> int | None:
    """The number of the first page or item, None where the document leaves it open."""
    default, minimum = moving.number("default"), moving.number("minimum")
    if default is not None and default in (0, 1):
        return default
    said = words.first_number(as_text(moving.rules.get("description")))
    if said is not None:
        return said
    if not is_page:
        # An index of an item may count from 1, and only the document knows.
        return 0 if words.plain(moving.name) != "startindex" or minimum == 0 else None
    return 1 if minimum == 1 else None


def _only(found: Iterator[Any]) -> Any:
    """The one element, or None where there are none or several."""
    listed = list(found)
    return listed[0] if len(listed) == 1 else None
