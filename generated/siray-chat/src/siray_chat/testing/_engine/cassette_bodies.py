"""The bodies of a cassette: which readable form some bytes have, and the bytes again.

A body is one of these fields, none of them where it is empty:

`json`    a JSON value, where nothing but white space is lost by that
`form`    the fields of an URL-encoded form
`parts`   those of a multipart request, without the boundary, which is another one each time
`events`  the events of an event stream, without the empty line behind each
`lines`   those of newline-delimited JSON and the like
`text`    anything else that can be read
`base64`  everything else
`omitted` size and digest of what is too large to be kept

`rest` (or `rest_base64`) beside `events` and `lines` is what came of one more before the end, and
`line_ends: crlf` says how lines ended. In memory what is base64 in the file is `bytes`.
"""

from __future__ import annotations

import hashlib
import json
import re
from decimal import Decimal
from email.message import Message
from typing import Any, cast
from urllib.parse import parse_qsl, urlencode

from .media_types import bare, kind_of

__all__ = ["FORMS", "blocks_of", "describe", "grouped"]

FORMS = ("json", "form", "parts", "events", "lines", "text", "base64", "omitted")
_DEEPEST = 100
_UNREADABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_OPAQUE = ("image/", "audio/", "video/", "font/")
_SEPARATORS = {"events": b"\n\n", "lines": b"\n"}


def describe(
    content: bytes, media_type: str, *, largest: int, is_request: bool = False
) -> dict[str, Any]:
    """The fields of a body. What is larger than `largest` bytes is described by its digest."""
    if not content:
        return {}
    kind = kind_of(media_type)
    if kind == "multipart" and is_request:
        parts = _parts(content, media_type, largest)
        if parts is not None:
            return {"parts": parts}
    if len(content) > largest:
        digest = hashlib.sha256(content).hexdigest()
        return {"omitted": {"bytes": len(content), "sha256": digest}}
    if kind in ("sse", "ndjson", "json-seq"):
        fields = _pieces(content, "events" if kind == "sse" else "lines")
        if fields is not None:
            return fields
    try:
        text = content.decode()
    except UnicodeDecodeError:
        return {"base64": content}
    if kind == "form":
        fields = grouped(parse_qsl(text, keep_blank_values=True))
        if fields and (is_request or _form_text(fields) == text):
            return {"form": fields}
    if kind == "json" or (not bare(media_type) and text[:1] in ("{", "[")):
        try:
            return {"json": _lossless(text)}
        except (ValueError, RecursionError):
            return {"text": text}
    if kind == "binary" and (bare(media_type).startswith(_OPAQUE) or _UNREADABLE.search(text)):
        return {"base64": content}
    return {"text": text}


def blocks_of(fields: dict[str, Any]) -> list[bytes]:
    """The body in the blocks that it is sent in. Raises LookupError for one that was not kept."""
    for name in ("events", "lines"):
        if name in fields:
            return _joined(fields, name)
    if "json" in fields:
        return [json.dumps(fields["json"], ensure_ascii=False, separators=(",", ":")).encode()]
    if "form" in fields:
        return [_form_text(fields["form"]).encode()]
    if "text" in fields:
        return [str(fields["text"]).encode()]
    if "base64" in fields:
        return [cast("bytes", fields["base64"])]
    if "omitted" in fields or "parts" in fields:
        raise LookupError("its body was too large to be kept")
    return []


def grouped(pairs: list[tuple[str, str]]) -> dict[str, Any]:
    """Names and values as a mapping; several values of a name are a list."""
    found: dict[str, Any] = {}
    for name, value in pairs:
        if name not in found:
            found[name] = value
        elif isinstance(found[name], list):
            cast("list[str]", found[name]).append(value)
        else:
            found[name] = [found[name], value]
    return found


def _form_text(fields: dict[str, Any]) -> str:
    return urlencode(fields, doseq=True)


# -- JSON


def _lossless(text: str) -> Any:
    """The JSON value. Raises ValueError where YAML, or Python, would not keep all of it."""
    value: Any = json.loads(
        text, object_pairs_hook=_unique, parse_float=_exact, parse_constant=_refuse
    )
    # Half of a surrogate pair can be escaped in JSON, and is no text.
    json.dumps(value, ensure_ascii=False).encode()
    if _is_deep(value, _DEEPEST):
        raise ValueError("too deep")
    return value


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError("a name is there twice")
    return members


def _exact(text: str) -> float:
    number = float(text)
    # Fifteen digits always come back.
    if (len(text) > 15 or "e" in text.lower()) and Decimal(repr(number)) != Decimal(text):
        raise ValueError("a number that loses digits")
    return number


def _refuse(word: str) -> Any:
    raise ValueError(f"{word} is no JSON")


def _is_deep(value: Any, left: int) -> bool:
    if isinstance(value, dict):
        inner: Any = cast("dict[str, Any]", value).values()
    elif isinstance(value, list):
        inner = cast("list[Any]", value)
    else:
        return False
    return left == 0 or any(_is_deep(item, left - 1) for item in inner)


# -- streams


def _pieces(content: bytes, name: str) -> dict[str, Any] | None:
    """Events or lines; None where the bytes would not come back from them."""
    separator = _SEPARATORS[name]
    crlf = separator.replace(b"\n", b"\r\n")
    fields: dict[str, Any] = {}
    if crlf in content:
        separator, fields["line_ends"] = crlf, "crlf"
    *whole, rest = content.split(separator)
    texts: list[str] = []
    for piece in whole:
        try:
            text = piece.decode()
        except UnicodeDecodeError:
            return None
        if "line_ends" in fields:
            shorter = text.replace("\r\n", "\n")
            if shorter.replace("\n", "\r\n") != text:
                return None
            text = shorter
        texts.append(text)
    found: dict[str, Any] = {name: texts, **fields}
    if rest:
        try:
            found["rest"] = rest.decode()
        except UnicodeDecodeError:
            found["rest_base64"] = rest  # cut in the middle of a character
    return found


def _joined(fields: dict[str, Any], name: str) -> list[bytes]:
    separator = _SEPARATORS[name].decode()
    ends = fields.get("line_ends") == "crlf"
    blocks: list[bytes] = []
    for text in fields[name]:
        block = f"{text}{separator}"
        blocks.append((block.replace("\n", "\r\n") if ends else block).encode())
    if "rest" in fields:
        blocks.append(str(fields["rest"]).encode())
    elif "rest_base64" in fields:
        blocks.append(cast("bytes", fields["rest_base64"]))
    return blocks


# -- multipart


def _parts(content: bytes, media_type: str, largest: int) -> list[dict[str, Any]] | None:
    """The parts of a multipart body (RFC 2046, section 5.1.1); None where it is none."""
    boundary = _parameter("content-type", media_type, "boundary")
    if not boundary:
        return None
    preamble, *pieces = (b"\r\n" + content).split(b"\r\n--" + boundary.encode("latin-1", "replace"))
    if preamble.strip() or not pieces or not pieces[-1].startswith(b"--"):
        return None
    found: list[dict[str, Any]] = []
    for piece in pieces[:-1]:
        head, empty, inner = piece.lstrip(b" \t").removeprefix(b"\r\n").partition(b"\r\n\r\n")
        if not empty:
            return None
        fields = {
            name.strip().lower(): value.strip()
            for name, _, value in (
                line.partition(":") for line in head.decode("utf-8", "replace").split("\r\n")
            )
        }
        disposition = fields.get("content-disposition", "")
        part: dict[str, Any] = {}
        for name in ("name", "filename"):
            value = _parameter("content-disposition", disposition, name)
            if value:
                part[name] = value
        kind = fields.get("content-type", "")
        if kind:
            part["type"] = kind
        found.append(part | describe(inner, kind or "text/plain", largest=largest))
    return found


def _parameter(header: str, value: str, name: str) -> str:
    message = Message()
    message[header] = re.sub(r"[\r\n]", " ", value)
    found: Any = message.get_param(name, "", header)
    if isinstance(found, tuple):
        charset, _, encoded = cast("tuple[str | None, str | None, str]", found)
        try:
            return encoded.encode("latin-1", "replace").decode(charset or "utf-8", "replace")
        except LookupError:
            return encoded
    return str(found)
