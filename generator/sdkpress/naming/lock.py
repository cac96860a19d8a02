"""The names lock: names once decided stay, whatever changes in the document or in the heuristics.

A JSON file beside the document, one section per client, one name a line, sorted.
"""

from __future__ import annotations

import json
import keyword
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, cast

from sdkpress.model import SchemaId
from sdkpress.naming.resources import Place

FORMAT = 1


@dataclass(frozen=True, slots=True)
class PinnedNames:
    """Names from an earlier run: operations by `POST /path`, schemas by JSON pointer.

    Webhooks go by their key, members (arguments and attributes that the document names) by that of
    `suggestions.suggested_members`.
    """

    operations: Mapping[str, Place] = field(default_factory=dict[str, Place])
    schemas: Mapping[SchemaId, str] = field(default_factory=dict[SchemaId, str])
    webhooks: Mapping[str, str] = field(default_factory=dict[str, str])
    members: Mapping[str, str] = field(default_factory=dict[str, str])


def parse_place(text: str) -> Place | None:
    """`chat.completions.create` as a place, or None where it is no such name."""
    parts = text.split(".")
    if len(parts) < 2 or not all(map(_is_name, parts)):
        return None
    return Place(tuple(parts[:-1]), parts[-1])


def _is_name(part: str) -> bool:
    return part.isidentifier() and not keyword.iskeyword(part) and not part.startswith("_")


def read_lock(content: bytes | None, client: str) -> PinnedNames:
    """The section of a client; anything unreadable pins nothing.

    Raises ValueError when the file is not a names lock.
    """
    if content is None:
        return PinnedNames()
    sections = _sections(content)
    section = sections.get(client)
    if not isinstance(section, dict):
        return PinnedNames()
    listed = cast("dict[str, Any]", section)
    operations: dict[str, Place] = {}
    for key, text in _texts(listed.get("operations")).items():
        place = parse_place(text)
        if place is not None:
            operations[key] = place
    schemas = {
        SchemaId(pointer): name
        for pointer, name in _texts(listed.get("schemas")).items()
        if name.isidentifier()
    }
    webhooks = {
        key: name for key, name in _texts(listed.get("webhooks")).items() if name.isidentifier()
    }
    return PinnedNames(operations, schemas, webhooks, _texts(listed.get("members")))


def pinned_section(content: bytes | None, client: str) -> dict[str, Any] | None:
    """The section of a client as it stands in the file, None where it has none.

    Raises ValueError when the file is not a names lock.
    """
    section = _sections(content).get(client) if content is not None else None
    return cast("dict[str, Any]", section) if isinstance(section, dict) else None


def write_lock(
    content: bytes | None,
    client: str,
    operations: Mapping[str, Place],
    schemas: Mapping[SchemaId, str],
    webhooks: Mapping[str, str],
    members: Mapping[str, str] = MappingProxyType({}),
) -> bytes:
    """The file with the section of a client replaced and those of other clients kept."""
    try:
        sections = _sections(content) if content is not None else {}
    except ValueError:
        sections = {}
    sections[client] = {
        "operations": {key: place.dotted() for key, place in sorted(operations.items())},
        "schemas": {str(pointer): name for pointer, name in sorted(schemas.items())},
    }
    if webhooks:
        sections[client]["webhooks"] = dict(sorted(webhooks.items()))
    if members:
        sections[client]["members"] = dict(sorted(members.items()))
    whole = {"format": FORMAT, "clients": dict(sorted(sections.items()))}
    return (json.dumps(whole, indent=2, ensure_ascii=False) + "\n").encode()


def _sections(content: bytes) -> dict[str, Any]:
    text = content.decode("utf-8-sig")
    conflict = f"\n{text}".find("\n<<<<<<< ")
    if conflict >= 0:
        raise json.JSONDecodeError("a conflict of a merge; keep one side of it", text, conflict)
    try:
        whole = json.loads(text)
    except RecursionError:
        raise ValueError("nested too deeply") from None
    if not isinstance(whole, dict):
        raise ValueError("a names lock is a JSON object")
    clients = cast("dict[str, Any]", whole).get("clients")
    if not isinstance(clients, dict):
        raise ValueError("a names lock has an object `clients`")
    return cast("dict[str, Any]", clients)


def _texts(value: object) -> dict[str, str]:
    if not isinstance(value, dict):
        return {}
    listed = cast("dict[str, Any]", value)
    return {key: item for key, item in listed.items() if isinstance(item, str)}
