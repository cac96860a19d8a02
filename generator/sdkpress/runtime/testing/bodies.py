"""Bodies to values and values to bodies, by media type."""

from __future__ import annotations

import base64
import binascii
import re
from email.parser import BytesParser
from email.policy import HTTP
from typing import Any, cast
from urllib.parse import parse_qsl, urlencode
from xml.sax.saxutils import escape

import msgspec

from .coercion import (
    coerce,
    inner_schema,
    item_types,
    properties_of,
    scalar,
    types_of,
    unbracketed,
)
from .media_types import kind_of
from .merging import flatten
from .nodes import as_list, as_object, as_text
from .references import References

__all__ = ["NotReadable", "read_body", "write_body"]


class NotReadable(Exception):
    """The body is not what its media type says; the message says why."""


def read_body(body: bytes, media_type: str, schema: Any, references: References) -> Any:
    """The body as a JSON value; bytes where the media type has no such form.

    Raises NotReadable.
    """
    kind = kind_of(media_type)
    if kind == "json":
        try:
            return msgspec.json.decode(body)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise NotReadable(f"is not JSON: {error}") from None
    if kind == "form" and types_of(schema, references) == frozenset(("string",)):
        return body.decode("utf-8", "replace")  # whatever it holds, the caller wrote it
    if kind in ("form", "multipart"):
        pairs: list[tuple[str, Any]]
        if kind == "form":
            pairs = list(parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True))
        else:
            pairs = _multipart(body, media_type)
            if "array" in types_of(schema, references):
                # Parts by position (OpenAPI 3.2, `prefixEncoding`): multipart/mixed and the like.
                inner = item_types(schema, references)
                return [scalar(content, inner) for _, content in pairs]
            pairs = [pair for pair in pairs if pair[0]]
        return _members(pairs, schema, references)
    if kind == "text":
        return coerce(body.decode("utf-8", "replace"), types_of(schema, references))
    return body


def _members(pairs: list[tuple[str, Any]], schema: Any, references: References) -> dict[str, Any]:
    properties = properties_of(schema, references)
    extra = inner_schema(schema, "additionalProperties", references)
    members: dict[str, Any] = {}
    nested: dict[str, list[tuple[str, Any]]] = {}
    for name, given in pairs:
        # A declared name may have brackets of its own.
        base, bracket, rest = (name, "", "") if name in properties else name.partition("[")
        if bracket and base in properties and rest != "]":
            nested.setdefault(base, []).append((rest, given))
            continue
        member = properties.get(base, extra)
        types = types_of(member, references)
        if "array" in types and ("string" not in types or base in members or bracket):
            present = members.setdefault(base, [])
            types = item_types(member, references)
            value = scalar(given, types)
            if isinstance(value, str) and "string" not in types and not bracket:
                # An array of arrays or objects is written as one piece of JSON.
                whole = scalar(value, frozenset({"array"}))
                if isinstance(whole, list):
                    members[base] = whole
                    continue
            members[base] = [*(present if isinstance(present, list) else [present]), value]
        else:
            members[base] = scalar(given, types)
    for base, inner in nested.items():
        members[base] = unbracketed(inner, properties.get(base, {}), references)
    return members


def _multipart(body: bytes, media_type: str) -> list[tuple[str, Any]]:
    boundary = re.search(r";\s*boundary=\"?([^\s\";]+)", media_type, re.IGNORECASE)
    if boundary is None:
        raise NotReadable("is multipart without a boundary")
    if body.strip() == f"--{boundary[1]}--".encode():
        return []  # a form without fields
    head = f"Content-Type: {media_type}\r\n\r\n".encode("latin-1", "replace")
    message = BytesParser(policy=HTTP).parsebytes(head + body)
    if not message.is_multipart():
        raise NotReadable("has no parts between its boundaries")
    pairs: list[tuple[str, Any]] = []
    for part in message.iter_parts():
        name = part.get_param("name", header="content-disposition")
        content = cast("bytes", part.get_payload(decode=True) or b"")
        label = name if isinstance(name, str) else ""
        if part.get_filename() is None:
            pairs.append((label, content.decode("utf-8", "replace")))
        else:
            pairs.append((label, content))
    return pairs


def write_body(value: Any, media_type: str, schema: Any, references: References) -> bytes:
    """A value as the bytes of a body; JSON for everything that has no better form."""
    kind = kind_of(media_type)
    if kind == "xml" and not isinstance(value, str):
        return _xml(value, schema, references).encode()
    if kind == "form" and isinstance(value, dict):
        return urlencode(cast("dict[str, Any]", value), doseq=True).encode()
    if kind != "json" and isinstance(value, str):
        if kind == "binary" and _is_base64(schema, references):
            try:
                return base64.b64decode(value, validate=True)
            except (binascii.Error, ValueError):
                pass
        return value.encode()
    return msgspec.json.encode(value)


def _is_base64(schema: Any, references: References) -> bool:
    rules = flatten(schema, references).rules
    return rules.get("format") == "byte" or rules.get("contentEncoding") == "base64"


def _xml(value: Any, schema: Any, references: References) -> str:
    reference = as_text(as_object(schema).get("$ref"))
    name = _xml_name(schema, reference.rsplit("/", 1)[-1] or "root", references)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{_element(name, value, schema, references, 0)}'


def _xml_name(schema: Any, default: str, references: References) -> str:
    named = as_object(flatten(schema, references).rules.get("xml")).get("name")
    name = re.sub(r"[^\w.-]", "_", as_text(named, default)) or "value"
    return name if name[0].isalpha() or name[0] == "_" else f"_{name}"


def _element(name: str, value: Any, schema: Any, references: References, depth: int) -> str:
    if value is None or depth > 64:
        return f"<{name}/>"
    if isinstance(value, dict):
        properties = as_object(flatten(schema, references).rules.get("properties"))
        inner: list[str] = []
        attributes: list[str] = []
        for key, member in cast("dict[str, Any]", value).items():
            member_schema = properties.get(key, {})
            rules = flatten(member_schema, references).rules
            xml = as_object(rules.get("xml"))
            label = _xml_name(member_schema, key, references)
            if isinstance(member, list):
                items = rules.get("items", {})
                item_label = _xml_name(items, label, references)
                elements = "".join(
                    _element(item_label, item, items, references, depth + 1)
                    for item in as_list(member)
                )
                inner.append(f"<{label}>{elements}</{label}>" if xml.get("wrapped") else elements)
            elif xml.get("attribute") is True:
                attributes.append(f' {label}="{escape(_word(member), {chr(34): "&quot;"})}"')
            else:
                inner.append(_element(label, member, member_schema, references, depth + 1))
        return f"<{name}{''.join(attributes)}>{''.join(inner)}</{name}>"
    if isinstance(value, list):
        items = flatten(schema, references).rules.get("items", {})
        label = _xml_name(items, "item", references)
        elements = "".join(
            _element(label, item, items, references, depth + 1) for item in as_list(value)
        )
        return f"<{name}>{elements}</{name}>"
    return f"<{name}>{escape(_word(value))}</{name}>"


def _word(value: Any) -> str:
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()
