"""The `Prefer` header (RFC 7240) with the preferences that mock servers understand."""

from __future__ import annotations

import re
from dataclasses import dataclass

__all__ = ["Preferences", "read_preferences"]

_PREFERENCE = re.compile(r'\s*([\w-]+)\s*=\s*("(?:[^"\\]|\\.)*"|[^,;]*)')


@dataclass(frozen=True, slots=True)
class Preferences:
    """`code` is the wanted status (0 for none), `example` the name of an example ("" for none).

    `is_dynamic` asks for a made value where the document has an example.
    """

    code: int = 0
    example: str = ""
    is_dynamic: bool = False


def read_preferences(header: str) -> Preferences:
    """Preferences such as `code=404, example=missing`; what is not understood is ignored."""
    found = {name.lower(): value.strip().strip('"') for name, value in _PREFERENCE.findall(header)}
    code = found.get("code", "")
    status = int(code) if re.fullmatch(r"[2-5]\d\d", code, re.ASCII) else 0
    return Preferences(status, found.get("example", ""), found.get("dynamic") == "true")
