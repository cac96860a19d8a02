"""Bodies to values and values to bodies, by media type."""

from __future__ import annotations

import base64
import binascii
import re
from email.parser import BytesParser
from email.policy import HTTP
from typing import Any, cast
from urllib.parse import parse_qsl, urlencode

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
from .media_types import bare, kind_of
from .merging import flatten
from .references import References
from .xml_bodies import NotReadable, read_xml, write_xml

__all__ = ["NotReadable", "read_body", "with_empty", "write_body"]


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
    if kind == "xml":
        return read_xml(body, schema, references)
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


def with_empty(members: dict[str, Any], schema: Any, references: References) -> dict[str, Any]:
    """A form with the arrays and objects that it does not have, for empty they are not written."""
    filled = dict(members)
    for name, member in properties_of(schema, references).items():
        types = types_of(member, references) - {"null"}
        if len(types) == 1 and (name not in members or members[name] == ""):
            if "array" in types and name not in members:
                filled[name] = []
            elif "object" in types:
                filled[name] = {}
    return filled


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
    is_form = bare(media_type) == "multipart/form-data"  # RFC 7578, section 4.2
    pairs: list[tuple[str, Any]] = []
    for part in message.iter_parts():
        name = part.get_param("name", header="content-disposition")
        content = cast("bytes", part.get_payload(decode=True) or b"")
        label = name if isinstance(name, str) else ""
        if name is None and is_form:
            raise NotReadable("has a part without a name")
        if part.get_filename() is None:
            pairs.append((label, content.decode("utf-8", "replace")))
        else:
            pairs.append((label, content))
    return pairs


def write_body(value: Any, media_type: str, schema: Any, references: References) -> bytes:
    """A value as the bytes of a body; JSON for everything that has no better form."""
    kind = kind_of(media_type)
    if kind == "xml" and not isinstance(value, str):
        return write_xml(value, schema, references).encode()
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
