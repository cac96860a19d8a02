"""Requests as comparable facts: what is on the wire, read back, with nothing of either client in it."""

from __future__ import annotations

import email.parser
import email.policy
import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, unquote_plus

__all__ = ["WireRequest", "read_request"]

CLIENT_HEADERS = frozenset(
    {
        "accept", "accept-encoding", "connection", "content-length", "host", "transfer-encoding",
        "user-agent", "x-retry-count", "content-type", "cookie", "idempotency-key",
    }
)  # fmt: skip
"""What a client sends of its own accord, and what is compared elsewhere."""


@dataclass(frozen=True, slots=True)
class WireRequest:
    """A request, read back."""

    method: str
    path: str
    query: tuple[tuple[str, str], ...]
    headers: tuple[tuple[str, str], ...]
    cookies: tuple[tuple[str, str], ...]
    media_type: str
    body: Any


def read_request(
    method: str,
    raw_path: str,
    headers: Iterable[tuple[str, str]],
    body: bytes,
    ignored: frozenset[str] = frozenset(),
) -> WireRequest:
    """`ignored` has names in lower case: those of credentials."""
    path, _, query = raw_path.partition("?")
    fields = [(name.lower(), value) for name, value in headers]
    content_type = next((value for name, value in fields if name == "content-type"), "")
    cookies: list[tuple[str, str]] = []
    for name, value in fields:
        if name == "cookie":
            for pair in value.split(";"):
                key, _, text = pair.strip().partition("=")
                if key.lower() not in ignored:
                    cookies.append((key, unquote_plus(text)))
    return WireRequest(
        method.upper(),
        path,
        tuple(
            (name, value)
            for name, value in parse_qsl(query, keep_blank_values=True)
            if name.lower() not in ignored
        ),
        tuple(
            sorted(
                (name, value)
                for name, value in fields
                if name not in CLIENT_HEADERS and name not in ignored
            )
        ),
        tuple(sorted(cookies)),
        content_type.partition(";")[0].strip().lower(),
        _read_body(content_type, body),
    )


def _read_body(content_type: str, body: bytes) -> Any:
    media = content_type.partition(";")[0].strip().lower()
    if not body:
        return None
    if media.endswith("json"):
        try:
            return json.loads(body)
        except ValueError:
            return body
    if media == "application/x-www-form-urlencoded":
        return tuple(parse_qsl(body.decode("latin-1"), keep_blank_values=True, encoding="utf-8"))
    if media.startswith("multipart/"):
        return _read_parts(content_type, body)
    return body


def _read_parts(content_type: str, body: bytes) -> Any:
    text = b"Content-Type: " + content_type.encode() + b"\r\n\r\n" + body
    message = email.parser.BytesParser(policy=email.policy.HTTP).parsebytes(text)
    if not message.is_multipart():
        return body
    parts: list[tuple[str, bool, str, bytes]] = []
    for part in message.iter_parts():
        name = part.get_param("name", header="content-disposition")
        data = part.get_payload(decode=True)
        parts.append(
            (
                str(name),
                part.get_filename() is not None,
                part.get_content_type() if "content-type" in part else "",
                data if isinstance(data, bytes) else b"",
            )
        )
    return tuple(parts)
