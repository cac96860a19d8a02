"""Pagination as the document or the configuration declares it: one table of rules for an operation."""

from __future__ import annotations

from typing import Any

from sdkpress.config_keys import PAGINATION_KEYS
from sdkpress.lowering.inferred_pagination import infer
from sdkpress.lowering.paging_sides import Input, Path, Sides
from sdkpress.lowering.source import as_dict, as_list
from sdkpress.model import AnySchema, ArraySchema, ObjectSchema, Pagination, TypeUse, UnionSchema
from sdkpress.records import replace

KEYS = tuple(key.name for key in PAGINATION_KEYS)
"""What a declaration may say."""

STYLES = ("cursor", "page", "offset", "url", "link")


def configured(sides: Sides | None, declared: object) -> Pagination | None:
    """The pagination that a declaration describes. Raises ValueError, which says what is wrong."""
    if sides is None:
        raise ValueError("the operation has no single JSON answer that could have pages")
    if declared is True:
        found = infer(sides)
        if found is None:
            raise ValueError("parameters and answer do not tell how; say it")
        return found
    options = as_dict(declared)
    if not options:
        raise ValueError("it is `false`, or a table with at least `style`")
    for key in options:
        if key not in KEYS:
            raise ValueError(f"unknown key {key!r}; known are {', '.join(KEYS)}")
    style = options.get("style")
    if style not in STYLES:
        raise ValueError(f"`style` is one of {', '.join(STYLES)}")
    path, item = _declared_items(sides, options)
    size = _input(sides, options, "size")
    base = Pagination(
        style=str(style),
        items=path,
        item=item,
        size=size.name if size else "",
        maximum=size.number("maximum") if size else None,
        total=_field(options, "total"),
        total_pages=_field(options, "total_pages"),
    )
    more = options.get("has_more")
    if more is not None:
        is_done = isinstance(more, str) and more.startswith("!")
        stripped = {"has_more": more[1:]} if isinstance(more, str) and is_done else options
        base = replace(base, has_more=_field(stripped, "has_more"), is_done=is_done)
    moving = _input(sides, options, "parameter")
    if moving is not None:
        base = replace(base, parameter=moving.name, location=moving.location)
    elif style in ("cursor", "page", "offset"):
        raise ValueError(f"style {style!r} needs `parameter`, the one that moves on")
    base = replace(base, next=_field(options, "next"), last_item=_field(options, "last_item"))
    if style == "cursor" and not (base.next or base.last_item):
        raise ValueError("style 'cursor' needs `next` or `last_item`, where the cursor stands")
    if style == "url" and not base.next:
        raise ValueError("style 'url' needs `next`, the field with the URL")
    first = options.get("first", 1 if style == "page" else 0)
    if isinstance(first, bool) or not isinstance(first, int) or first < 0:
        raise ValueError("`first` is the number of the first page, or of the first item")
    return replace(base, first=first)


def _declared_items(sides: Sides, options: dict[str, Any]) -> tuple[Path, TypeUse | None]:
    if "items" not in options:
        found = sides.items()
        if found is None:
            raise ValueError("the answer has not exactly one array: say which by `items`")
        return found
    path = _field(options, "items")
    schema = sides.at(path)
    if isinstance(schema, ArraySchema):
        return path, schema.items
    if schema is not None and not isinstance(schema, (AnySchema, UnionSchema)):
        raise ValueError(f"there is no array at {'.'.join(path) or 'the root'} of the answer")
    if schema is None and isinstance(sides.body, ObjectSchema) and sides.body.additional is None:
        first = path[0] if path else ""
        if not any(member.name == first for member in sides.body.properties):
            raise ValueError(f"the answer has no field {first!r}")
    return path, None


def _field(options: dict[str, Any], key: str) -> Path:
    """A path: names joined by dots, or an array of names where one has a dot in it."""
    value = options.get(key)
    if value is None or value == "":
        return ()
    if isinstance(value, str) and all(value.split(".")):
        return tuple(value.split("."))
    names = as_list(value)
    if names and all(isinstance(name, str) and name for name in names):
        return tuple(names)
    raise ValueError(f"`{key}` is a field: names joined by dots, or an array of names")


def _input(sides: Sides, options: dict[str, Any], key: str) -> Input | None:
    name = options.get(key)
    if name is None:
        return None
    for item in sides.inputs:
        if item.name == name:
            return item
    raise ValueError(f"`{key}`: no query parameter and no field of the body is called {name!r}")
