"""The `content` of a request or an answer, compared: media types, their schemas, form encodings."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from sdkpress.diffing.wire.comparison import Comparison
from sdkpress.diffing.wire.media_types import MediaTypes, covers, is_json, match_media_types
from sdkpress.diffing.wire.nodes import MISSING, Node
from sdkpress.diffing.wire.roles import Role
from sdkpress.diffing.wire.schemas import compare_schemas

__all__ = ["Side", "compare_contents"]


@dataclass(frozen=True, slots=True)
class Side:
    """Which way a content goes, and its name in messages: "the request body", "answer 200"."""

    way: Literal["request", "response"]
    what: str
    stability: str = ""


def compare_contents(
    comparison: Comparison, subject: str, side: Side, old: Node, new: Node
) -> None:
    """Compare the `content` of two resolved request bodies or answers."""
    before, after = old.members("content"), new.members("content")
    matched = match_media_types(before, after)
    if side.way == "request":
        pairs = _compare_request_names(comparison, subject, side, (old, new), matched)
    else:
        pairs = _compare_response_names(comparison, subject, side, (old, new), matched)
    for old_name, new_name in pairs:
        compared = comparison.old.resolve(before[old_name]), comparison.new.resolve(after[new_name])
        if comparison.same(*compared):
            continue
        _compare_schemas(comparison, subject, side, *compared, new_name)
        if side.way == "request":
            _compare_encodings(comparison, subject, *compared, new_name)


def _compare_request_names(
    comparison: Comparison, subject: str, side: Side, nodes: tuple[Node, Node], found: MediaTypes
) -> list[tuple[str, str]]:
    """Report what media types a request may have no longer or in addition; the others as pairs."""
    old, new = nodes
    before, after = old.members("content"), new.members("content")
    pairs: list[tuple[str, str]] = []
    removed, added = list(found.removed), list(found.added)
    for old_name, new_name, relation in found.pairs:
        if relation == "specialized":
            removed.append(old_name)
            added.append(new_name)
        else:
            pairs.append((old_name, new_name))
            if relation == "generalized":
                added.append(new_name)
    for name in removed:
        wider = next((other for other in after if covers(other, name)), None)
        if wider is not None:
            pairs.append((name, wider))
            continue
        comparison.add(
            subject,
            "request-body-media-type-removed",
            f"{side.what} may no longer be `{name}`",
            before[name],
            new.get("content") or new,
            before=name,
        )
    for name in added:
        comparison.add(
            subject,
            "request-body-media-type-added",
            f"{side.what} may also be `{name}`",
            old.get("content") or old,
            after[name],
            after=name,
        )
    return pairs


def _compare_response_names(
    comparison: Comparison, subject: str, side: Side, nodes: tuple[Node, Node], found: MediaTypes
) -> list[tuple[str, str]]:
    """Report what media types an answer has no longer or in addition; the others as pairs."""
    old, new = nodes
    before, after = old.members("content"), new.members("content")
    words = {
        "changed": "with other parameters",
        "generalized": "which takes in more",
        "specialized": "which is a part of it",
    }
    for old_name, new_name, relation in found.pairs:
        if relation != "same":
            comparison.add(
                subject,
                f"response-media-type-name-{relation}",
                f"{side.what} was `{old_name}` and is `{new_name}`, {words[relation]}",
                before[old_name],
                after[new_name],
                before=old_name,
                after=new_name,
            )
    for name in found.removed:
        comparison.add(
            subject,
            "response-media-type-removed",
            f"{side.what} is no longer given as `{name}`",
            before[name],
            new.get("content") or new,
            before=name,
        )
    for name in found.added:
        comparison.add(
            subject,
            "response-media-type-added",
            f"{side.what} may also be given as `{name}`",
            old.get("content") or old,
            after[name],
            after=name,
        )
    return [(old_name, new_name) for old_name, new_name, _ in found.pairs]


def _compare_schemas(
    comparison: Comparison, subject: str, side: Side, old: Node, new: Node, name: str
) -> None:
    """Compare the schemas of a media type: of the whole, and of the items of a stream."""
    role = Role(
        area="request-body" if side.way == "request" else "response-body",
        what=side.what,
        stability=side.stability,
        media_type=name,
    )
    before, after = old.get("schema"), new.get("schema")
    old_item, new_item = old.get("itemSchema"), new.get("itemSchema")
    # A stream was described by `schema` before OpenAPI 3.2 had a word for its items: by an array
    # of them, or by one of them.
    if old_item is None and new_item is not None and after is None and before is not None:
        item = _items(comparison.old.resolve(before)) or before
        before, old_item = None, item
    elif new_item is None and old_item is not None and before is None and after is not None:
        item = _items(comparison.new.resolve(after)) or after
        after, new_item = None, item
    _compare_optional(comparison, subject, role, (old, new), (before, after))
    items = replace(role, what=f"an item of {side.what}")
    _compare_optional(comparison, subject, items, (old, new), (old_item, new_item))


def _items(schema: Node) -> Node | None:
    return schema.get("items") if schema.at("type") == "array" else None


def _compare_optional(
    comparison: Comparison,
    subject: str,
    role: Role,
    media_types: tuple[Node, Node],
    schemas: tuple[Node | None, Node | None],
) -> None:
    before, after = schemas
    if before is not None and after is not None:
        compare_schemas(comparison, subject, role, before, after)
        return
    if before is not None:
        only = comparison.old.resolve(before)
    elif after is not None:
        only = comparison.new.resolve(after)
    else:
        return
    if _says_nothing(only, role.media_type):
        return
    action = "added" if before is None else "removed"
    comparison.add(
        subject,
        f"{role.area}-media-type-schema-{action}",
        f"{role.what} {'has got a' if before is None else 'lost its'} schema"
        f" for `{role.media_type}`",
        before or media_types[0],
        after or media_types[1],
    )


def _says_nothing(schema: Node, media_type: str) -> bool:
    """Whether a schema says no more than its absence: it takes everything, or bytes where
    everything is bytes (`format: binary` in OpenAPI 3.0, no schema in 3.1)."""
    if schema.value is True or schema.value == {}:
        return True
    return (
        schema.at("type") == "string"
        and schema.text("format") == "binary"
        and not is_json(media_type)
    )


def _compare_encodings(
    comparison: Comparison, subject: str, old: Node, new: Node, name: str
) -> None:
    """How the parts of a form are written (`encoding`). A part that one side says nothing of is
    written there as by default."""
    if not name.lower().startswith(("multipart/", "application/x-www-form-urlencoded")):
        return
    before, after = old.members("encoding"), new.members("encoding")
    for part in dict.fromkeys((*before, *after)):
        a, b = before.get(part, MISSING), after.get(part, MISSING)
        places = (a if part in before else old, b if part in after else new)
        styles = _style(a), _style(b)
        if styles[0] != styles[1]:
            comparison.add(
                subject,
                "request-body-encoding-style-changed",
                f"the part `{part}` of the request body is written in another style",
                *places,
                before=styles[0],
                after=styles[1],
            )
        _compare_content_types(comparison, subject, part, (a, b), places)


def _compare_content_types(
    comparison: Comparison,
    subject: str,
    part: str,
    encodings: tuple[Node, Node],
    places: tuple[Node, Node],
) -> None:
    old, new = (_listed(encoding.text("contentType")) for encoding in encodings)
    texts = ", ".join(old), ", ".join(new)
    gone = [name for name in old if not any(covers(other, name) for other in new)]
    more = [name for name in new if not any(covers(other, name) for other in old)]
    # Without a list a part has the type that its schema asks for, so that the documents cannot
    # tell whether a first list changes anything.
    if old and new and gone:
        comparison.add(
            subject,
            "request-body-encoding-content-type-narrowed",
            f"the part `{part}` of the request body may no longer be `{', '.join(gone)}`",
            *places,
            before=texts[0],
            after=texts[1],
        )
    if old and new and more:
        comparison.add(
            subject,
            "request-body-encoding-content-type-widened",
            f"the part `{part}` of the request body may also be `{', '.join(more)}`",
            *places,
            before=texts[0],
            after=texts[1],
        )


def _listed(content_type: str) -> list[str]:
    return [name.strip() for name in content_type.split(",") if name.strip()]


def _style(encoding: Node) -> str:
    """`style` and `explode` as they count (OpenAPI 3.1, 4.8.15): "form, explode" by default."""
    style = encoding.text("style") or "form"
    explode = encoding.at("explode")
    explodes = explode if isinstance(explode, bool) else style == "form"
    return f"{style}, explode" if explodes else style
