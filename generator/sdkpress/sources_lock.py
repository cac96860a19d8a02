"""`openapi-spec/sources.lock`: where each document came from.

TOML, one `[[source]]` table per document, sorted by document:

    [[source]]
    document = "petstore.yaml"          # file in this folder
    source = "https://example.com/petstore.md"   # URL, or posix path relative to the project
    sha256 = "..."                      # of the bytes of the document
    canonical_sha256 = "..."            # of its content: order of keys and format do not matter
    etag = "..."                        # of the source, if its server gave one
    last_modified = "..."               # likewise
    spec = "api/petstore.yaml"          # which of a site's documents: its path as the pages give it

and one `[[index]]` table per source that only leads to pages, sorted by source:

    [[index]]
    source = "https://example.com/llms.txt"
    etag = "..."
    pages = [
        { url = "https://example.com/pets.md", etag = "...", last_modified = "...", holds = true },
    ]

`holds` says that the page held a document or a part of one.
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

__all__ = [
    "LockedIndex",
    "LockedPage",
    "LockedSource",
    "format_lock",
    "read_indexes",
    "read_lock",
]

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
    spec: str = ""


@dataclass(frozen=True, slots=True)
class LockedPage:
    """A page that an index led to, and what its server said of its state."""

    url: str
    etag: str = ""
    last_modified: str = ""
    holds: bool = False


@dataclass(frozen=True, slots=True)
class LockedIndex:
    """One `[[index]]` entry."""

    source: str
    etag: str = ""
    last_modified: str = ""
    pages: tuple[LockedPage, ...] = ()


_FIELDS = tuple(field.name for field in fields(LockedSource))
_OPTIONAL = ("etag", "last_modified", "spec")


def read_lock(path: Path, display: str) -> dict[str, LockedSource]:
    """The entries by document; none without a file. Raises `SdkpressError` (invalid-lock)."""
    entries = [_entry(table, display) for table in _tables(path, display, "source")]
    if len({entry.document for entry in entries}) != len(entries):
        raise _invalid(display, "a document is listed twice")
    return {entry.document: entry for entry in entries}


def read_indexes(path: Path, display: str) -> dict[str, LockedIndex]:
    """The indexes by source; none without a file. Raises `SdkpressError` (invalid-lock)."""
    entries = [_index(table, display) for table in _tables(path, display, "index")]
    if len({entry.source for entry in entries}) != len(entries):
        raise _invalid(display, "an index is listed twice")
    return {entry.source: entry for entry in entries}


def _tables(path: Path, display: str, name: str) -> list[Any]:
    if not path.exists():
        return []
    text = decode(read_bytes(path, display), display).replace("\r\n", "\n")
    try:
        tables = tomllib.loads(text).get(name, [])
    except tomllib.TOMLDecodeError as error:
        place = re.search(r" \(at line (\d+), column (\d+)\)$", str(error))
        line, column = (int(place[1]), int(place[2])) if place else (1, 1)
        reason = str(error)[: place.start()] if place else str(error)
        raise _invalid(display, reason, line, column) from None
    except RecursionError:
        raise _invalid(display, "nested too deeply") from None
    if not is_sequence(tables):
        raise _invalid(display, f"`{name}` is not an array of tables")
    return tables


def format_lock(entries: Iterable[LockedSource], indexes: Iterable[LockedIndex] = ()) -> bytes:
    """The file's content; the same entries give the same bytes."""
    parts = [_HEADER]
    for entry in sorted(entries, key=lambda entry: entry.document):
        parts.append("\n[[source]]\n")
        for name in _FIELDS:
            value: str = getattr(entry, name)
            if value or name not in _OPTIONAL:
                parts.append(f"{name} = {_basic_string(value)}\n")
    for index in sorted(indexes, key=lambda index: index.source):
        parts.append("\n[[index]]\n")
        for name in ("source", "etag", "last_modified"):
            value = getattr(index, name)
            if value or name == "source":
                parts.append(f"{name} = {_basic_string(value)}\n")
        pages = "".join(f"    {_inline(page)},\n" for page in index.pages)
        parts.append(f"pages = [\n{pages}]\n")
    return "".join(parts).encode()


def _inline(page: LockedPage) -> str:
    items = [
        f"{name} = {_basic_string(getattr(page, name))}"
        for name in ("url", "etag", "last_modified")
        if getattr(page, name) or name == "url"
    ]
    return f"{{ {', '.join([*items, 'holds = true'] if page.holds else items)} }}"


def _index(table: Any, display: str) -> LockedIndex:
    if not is_mapping(table) or not isinstance(table.get("source"), str):
        raise _invalid(display, "an index lacks the text field `source`")
    pages: Any = table.get("pages", [])
    if not is_sequence(pages):
        raise _invalid(display, "`pages` of an index is not an array")
    texts = [table.get(name, "") for name in ("etag", "last_modified")]
    found: list[LockedPage] = []
    for page in pages:
        values = (
            [page.get(name, "") for name in ("url", "etag", "last_modified")]
            if is_mapping(page)
            else []
        )
        if not values or not values[0] or not all(isinstance(value, str) for value in values):
            raise _invalid(display, "a page of an index lacks the text field `url`")
        url, etag, last_modified = values
        found.append(LockedPage(url, etag, last_modified, page.get("holds") is True))
    if not all(isinstance(text, str) for text in texts):
        raise _invalid(display, "an index has a field that is no text")
    return LockedIndex(table["source"], texts[0], texts[1], tuple(found))


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
