"""Pages as other generators are told of them, as a declaration of ours.

What comes out is what `x-sdkpress-pagination` would have to say, and is checked like it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from sdkpress.lowering.source import Source, as_dict, as_list, as_text, child

DOCUMENT_KEY = "x-fern-pagination"
"""At the top of a document it says how all pages come; operations that say `true` take it."""

_OPERATION_KEYS = (DOCUMENT_KEY, "x-speakeasy-pagination")
_PURPOSE = "x-stainless-pagination-property"
_MOST_LEVELS = 4

# `$.data[-1:].id` and `$.data[(@.length-1)].id`: the last item of an array.
_LAST = re.compile(r"\[(?:-1:?|\(@\.length ?- ?1\))\]")
_SEGMENT = re.compile(r"\.([^.\[\]]+)|\[(?:'([^']+)'|\"([^\"]+)\")\]")

Rule = dict[str, Any]


def foreign_pagination(
    source: Source, node: Mapping[str, Any], pointer: str, item: Mapping[str, Any]
) -> tuple[str, Rule] | None:
    """The extension that tells of an operation's pages, and the declaration that it comes to.

    `node` is the Operation Object at `pointer`, `item` its Path Item. None where no extension does.
    Raises ValueError, which begins with the extension, where one cannot be expressed.
    """
    for key, read in zip(_OPERATION_KEYS, (_from_expressions, _from_json_paths), strict=True):
        declared = node.get(key)
        if declared is None or declared is False:
            continue
        if declared is True and key == DOCUMENT_KEY:
            declared = source.tree.get(key)
        table = as_dict(declared)
        try:
            if not table:
                raise ValueError("there is no table that says how")
            return key, read(table)
        except ValueError as error:
            raise ValueError(f"`{key}`: {error}") from None
    rule = _from_purposes(source, node, item)
    return (_PURPOSE, rule) if rule else None


# --- expressions such as `$request.cursor` and `$response.data.next` -----------------------------


def _from_expressions(table: Rule) -> Rule:
    rule: Rule = {"items": _response(table, "results")}
    if table.get("has-next-page") is not None:
        rule["has_more"] = _response(table, "has-next-page")
    if table.get("next_cursor") is not None:
        parameter = _request(table, "cursor")
        return rule | {
            "style": "cursor", "parameter": parameter, "next": _response(table, "next_cursor")
        }  # fmt: skip
    for key in ("next_uri", "next_path"):
        if table.get(key) is not None:
            return rule | {"style": "url", "next": _response(table, key)}
    if table.get("offset") is not None:
        # With a step it counts items, else pages.
        style = "offset" if table.get("step") is not None else "page"
        rule |= {"style": style, "parameter": _request(table, "offset")}
        return rule | ({"size": _request(table, "step")} if style == "offset" else {})
    raise ValueError("it has none of `next_cursor`, `offset`, `next_uri` and `next_path`")


def _request(table: Rule, key: str) -> str:
    parts = as_text(table.get(key)).removeprefix("$request.").split(".")
    if parts[0] in ("body", "query") and len(parts) > 1:
        parts = parts[1:]
    if len(parts) != 1 or not parts[0]:
        raise ValueError(f"`{key}` is a parameter, or a property at the top of the body")
    return parts[0]


def _response(table: Rule, key: str) -> list[str]:
    value = as_text(table.get(key))
    if value in ("$response", "$response.body"):
        return []
    parts = value.removeprefix("$response.").removeprefix("body.").split(".")
    if not all(parts):
        raise ValueError(f"`{key}` is a field of the answer, as `$response.data`")
    return parts


# --- inputs and outputs with JSONPath ------------------------------------------------------------


def _from_json_paths(table: Rule) -> Rule:
    inputs: dict[str, str] = {}
    for item in as_list(table.get("inputs")):
        given = as_dict(item)
        name = as_text(given.get("name"))
        inputs[as_text(given.get("type"))] = name.removeprefix("$.").removeprefix("$request.")
    outputs = as_dict(table.get("outputs"))
    rule: Rule = {}
    if outputs.get("results") is not None:
        rule["items"] = _path(outputs, "results")
    if inputs.get("limit"):
        rule["size"] = inputs["limit"]
    match table.get("type"):
        case "offsetLimit":
            moving = next((key for key in ("page", "offset") if inputs.get(key)), "")
            if not moving:
                raise ValueError("`inputs` has neither a `page` nor an `offset`")
            rule |= {"style": moving, "parameter": inputs[moving]}
            if moving == "page" and outputs.get("numPages") is not None:
                rule["total_pages"] = _path(outputs, "numPages")
        case "cursor":
            if not inputs.get("cursor"):
                raise ValueError("`inputs` has no `cursor`")
            rule |= {"style": "cursor", "parameter": inputs["cursor"]}
            rule |= _cursor(outputs)
        case "url":
            rule |= {"style": "url", "next": _path(outputs, "nextUrl")}
        case _:
            raise ValueError("`type` is `offsetLimit`, `cursor` or `url`")
    return rule


def _cursor(outputs: Rule) -> Rule:
    text = as_text(outputs.get("nextCursor"))
    last = _LAST.search(text)
    if last is None:
        return {"next": _path(outputs, "nextCursor")}
    items, field = text[: last.start()], text[last.end() :]
    if not field:
        raise ValueError("`nextCursor` is a whole item, and a cursor is a field")
    return {"last_item": _steps("$" + field, "nextCursor"), "items": _steps(items, "nextCursor")}


def _path(outputs: Rule, key: str) -> list[str]:
    return _steps(as_text(outputs.get(key)), key)


def _steps(text: str, key: str) -> list[str]:
    if not text.startswith("$"):
        raise ValueError(f"`{key}` is a JSONPath, as `$.data`")
    found: list[str] = []
    position = 1
    while position < len(text):
        step = _SEGMENT.match(text, position)
        if step is None:
            raise ValueError(f"`{key}`: {text!r} is not a path of names")
        found.append(step[1] or step[2] or step[3])
        position = step.end()
    return found


# --- purposes of fields --------------------------------------------------------------------------


def _from_purposes(source: Source, node: Mapping[str, Any], item: Mapping[str, Any]) -> Rule:
    """The declaration that marked fields come to, empty where they do not suffice."""
    takes = dict(_marked_parameters(source, node, item))
    takes |= {
        purpose: path[0]
        for purpose, path in _marked_body(source, as_dict(node.get("requestBody")))
        if len(path) == 1 and purpose not in takes
    }
    # A URL of the next page takes no parameter; that many documents mark nothing must cost nothing.
    gives = dict(_marked_answer(source, node, _MOST_LEVELS if takes else 1))
    if not gives:
        return {}
    rule: Rule = {}
    items = gives.get("items")
    if items is not None:
        rule["items"] = list(items)
    if "has_next_page" in gives:
        rule["has_more"] = list(gives["has_next_page"])
    if "cursor_url_field" in gives:
        return rule | {"style": "url", "next": list(gives["cursor_url_field"])}
    if "next_cursor_param" in takes and "next_cursor_field" in gives:
        following = list(gives["next_cursor_field"])
        return rule | {
            "style": "cursor", "parameter": takes["next_cursor_param"], "next": following
        }  # fmt: skip
    if "next_cursor_id_param" in takes and "cursor_item_id" in gives:
        path = gives["cursor_item_id"]
        inside = items is not None and len(path) > len(items) and path[: len(items)] == items
        where = (
            {"last_item": list(path[len(items) :])} if items and inside else {"next": list(path)}
        )
        return rule | {"style": "cursor", "parameter": takes["next_cursor_id_param"]} | where
    if "page_number_param" in takes:
        if "total_page_count_field" in gives:
            rule["total_pages"] = list(gives["total_page_count_field"])
        return rule | {"style": "page", "parameter": takes["page_number_param"]}
    if "offset_count_param" in takes:
        if "offset_total_count_field" in gives:
            rule["total"] = list(gives["offset_total_count_field"])
        return rule | {"style": "offset", "parameter": takes["offset_count_param"]}
    return {}


def _marked_parameters(
    source: Source, node: Mapping[str, Any], item: Mapping[str, Any]
) -> Iterator[tuple[str, str]]:
    for value in (*as_list(item.get("parameters")), *as_list(node.get("parameters"))):
        parameter = resolved(source, value)
        schema = resolved(source, parameter.get("schema"))
        for holder in (parameter, schema):
            purpose = _purpose(holder)
            if purpose and as_text(parameter.get("name")):
                yield purpose, parameter["name"]


def _marked_body(source: Source, value: object) -> Iterator[tuple[str, tuple[str, ...]]]:
    yield from _marked_content(source, resolved(source, value).get("content"), 1)


def _marked_answer(
    source: Source, node: Mapping[str, Any], level: int
) -> Iterator[tuple[str, tuple[str, ...]]]:
    for status, value in as_dict(node.get("responses")).items():
        if status.startswith("2"):
            yield from _marked_content(source, resolved(source, value).get("content"), level)


def _marked_content(
    source: Source, content: object, level: int
) -> Iterator[tuple[str, tuple[str, ...]]]:
    for media_type, media in as_dict(content).items():
        if "json" in media_type:
            yield from _marked(source, as_dict(media).get("schema"), (), level)


def _marked(
    source: Source, value: object, path: tuple[str, ...], level: int
) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Purposes in a schema with the paths of their fields; an array's items are at its own path."""
    node = resolved(source, value)
    purpose = _purpose(node)
    if purpose:
        yield purpose, path
    if level <= 0:
        return
    for member in as_list(node.get("allOf")):
        yield from _marked(source, member, path, level - 1)
    for name, schema in as_dict(node.get("properties")).items():
        yield from _marked(source, schema, (*path, name), level - 1)
    if purpose == "items":
        yield from _marked(source, node.get("items"), path, level - 1)


def _purpose(node: Mapping[str, Any]) -> str:
    return as_text(as_dict(node.get(_PURPOSE)).get("purpose"))


def resolved(source: Source, value: object) -> dict[str, Any]:
    """What a node refers to, {} where that is nothing; lowering reports it elsewhere."""
    node = as_dict(value)
    for _ in range(8):
        target = source.target(node)
        if target is None:
            return node
        try:
            found, _place = source.find(target)
        except KeyError:
            return {}
        node = {**as_dict(found), **{k: v for k, v in node.items() if k == _PURPOSE}}
    return {}


def place_of(pointer: str, key: str, node: Mapping[str, Any]) -> str:
    """Where a diagnostic about an extension belongs: on it, or on the operation."""
    return child(pointer, key) if key in node else pointer
