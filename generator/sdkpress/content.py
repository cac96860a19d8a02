"""The one table of content kinds: how a media type is recognised and which codec serves it.

Media types are compared case-insensitively and without parameters (RFC 9110, section 8.3.1).
"""

from __future__ import annotations

import enum


class ContentKind(enum.Enum):
    """What the runtime does with a body; the value is the name of its codec."""

    JSON = "json"
    FORM = "form"
    MULTIPART = "multipart"
    TEXT = "text"
    BINARY = "binary"
    SSE = "sse"
    JSONL = "jsonl"


_EXACT: dict[str, ContentKind] = {
    "application/json": ContentKind.JSON,
    "text/json": ContentKind.JSON,
    "application/x-www-form-urlencoded": ContentKind.FORM,
    "text/event-stream": ContentKind.SSE,
    "application/geo+json-seq": ContentKind.JSONL,
    "application/json-lines": ContentKind.JSONL,
    "application/json-seq": ContentKind.JSONL,
    "application/jsonl": ContentKind.JSONL,
    "application/jsonlines": ContentKind.JSONL,
    "application/ndjson": ContentKind.JSONL,
    "application/stream+json": ContentKind.JSONL,
    "application/x-json-stream": ContentKind.JSONL,
    "application/x-jsonl": ContentKind.JSONL,
    "application/x-jsonlines": ContentKind.JSONL,
    "application/x-ndjson": ContentKind.JSONL,
    "text/jsonl": ContentKind.JSONL,
    "application/xml": ContentKind.TEXT,
    "application/yaml": ContentKind.TEXT,
    "application/x-yaml": ContentKind.TEXT,
    "application/javascript": ContentKind.TEXT,
    "application/graphql": ContentKind.TEXT,
    "application/sql": ContentKind.TEXT,
    "application/toml": ContentKind.TEXT,
}

STREAM_KINDS = frozenset({ContentKind.SSE, ContentKind.JSONL})
"""Sequential media types (OpenAPI 3.2, section 4.14.3): a sequence of items, not one value."""


def essence(media_type: str) -> str:
    """Media type without parameters, lower case: `Application/JSON; charset=utf-8` -> `application/json`."""
    return media_type.partition(";")[0].strip().lower()


def classify(media_type: str) -> ContentKind:
    """Kind of a media type; whatever is not known is bytes.

    `application/vnd.api+json` -> JSON, `image/svg+xml` -> TEXT, `image/png` -> BINARY.
    """
    name = essence(media_type)
    known = _EXACT.get(name)
    if known is not None:
        return known
    if name.endswith("+json"):
        return ContentKind.JSON
    if name.startswith("multipart/"):
        return ContentKind.MULTIPART
    if name.startswith("text/") or name.endswith(("+xml", "+yaml")):
        return ContentKind.TEXT
    return ContentKind.BINARY


def preference(media_type: str) -> int:
    """Rank of a media type where one of several has to be chosen; lower is better."""
    kind = classify(media_type)
    name = essence(media_type)
    if name == "application/json":
        return 0
    order = {
        ContentKind.JSON: 1,
        ContentKind.MULTIPART: 2,
        ContentKind.FORM: 3,
        ContentKind.SSE: 4,
        ContentKind.JSONL: 5,
        ContentKind.TEXT: 6,
        ContentKind.BINARY: 7,
    }
    return order[kind] + (10 if "*" in name else 0)
