"""`openapi-spec/sources.lock`: where each document came from.

TOML, one `[[source]]` table per document, sorted by document:

    [[source]]
    document = "petstore.yaml"          # file in this folder
    source = "https://example.com/petstore.md"   # URL, or posix path relative to the project
    sha256 = "..."                      # of the bytes of the document
    canonical_sha256 = "..."            # of its content: order of keys and format do not matter
    etag = "..."                        # of the source, if its server gave one
    last_modified = "..."               # likewise
"""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from sdkpress.diagnostics import Location, SdkpressError, fatal
from sdkpress.source_text import decode, read_bytes
from sdkpress.trees import is_mapping, is_sequence

__all__ = ["LockedSource", "format_lock", "read_lock"]

_HEADER = """\
# Where each document of this folder came from. Written by `sdkpress pull`; do not edit.
# sha256 is of the bytes, canonical_sha256 of the content whatever its format and order of keys.
"""


@dataclass(frozen=True, slots=True)
class LockedSource:
    """One entry; the fields are those of the file."""

    document: str
    source: str
    sha256: str
    canonical_sha256: str
    etag: str = ""
    last_modified: str = ""


_FIELDS = tuple(field.name for field in fields(LockedSource))
_OPTIONAL = ("etag", "last_modified")


def read_lock(path: Path, display: str) -> dict[str, LockedSource]:
    """The entries by document; none without a file. Raises `SdkpressError` (invalid-lock)."""
    if not path.exists():
        return {}
    text = decode(read_bytes(path, display), display)
    try:
        tables = tomllib.loads(text).get("source", [])
    except tomllib.TOMLDecodeError as error:
        place = re.search(r" \(at line (\d+), column (\d+)\)$", str(error))
        line, column = (int(place[1]), int(place[2])) if place else (1, 1)
        reason = str(error)[: place.start()] if place else str(error)
        raise _invalid(display, reason, line, column) from None
    if not is_sequence(tables):
        raise _invalid(display, "`source` is not an array of tables")
    entries = [_entry(table, display) for table in tables]
    if len({entry.document for entry in entries}) != len(entries):
        raise _invalid(display, "a document is listed twice")
    return {entry.document: entry for entry in entries}


def format_lock(entries: Iterable[LockedSource]) -> bytes:
    """The file's content; the same entries give the same bytes."""
    parts = [_HEADER]
    for entry in sorted(entries, key=lambda entry: entry.document):
        parts.append("\n[[source]]\n")
        for name in _FIELDS:
            value: str = getattr(entry, name)
            if value or name not in _OPTIONAL:
                parts.append(f"{name} = {_basic_string(value)}\n")
    return "".join(parts).encode()


def _entry(table: Any, display: str) -> LockedSource:
    if not is_mapping(table):
        raise _invalid(display, "`source` is not an array of tables")
    for name in _FIELDS:
        if not isinstance(table.get(name, "" if name in _OPTIONAL else None), str):
            raise _invalid(display, f"an entry lacks the text field `{name}`")
    entry = LockedSource(**{name: table[name] for name in _FIELDS if name in table})
    if entry.document in ("", ".", "..") or not set(entry.document).isdisjoint("/\\:\0"):
        raise _invalid(display, f"{json.dumps(entry.document)} is not a file name")
    return entry


def _basic_string(value: str) -> str:
    """A TOML basic string; its escapes are those of JSON, save that U+007F needs one too."""
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def _invalid(display: str, reason: str, line: int = 1, column: int = 1) -> SdkpressError:
    place = Location(display, line, column)
    return fatal("invalid-lock", f"The file cannot be used: {reason}.", place)
