"""The `Prefer` header (RFC 7240) with the preferences that mock servers understand.

Who cannot set a header (a browser, a link) writes them into the query: `?__code=404`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from .exchanges import ReceivedRequest

__all__ = ["Preferences", "preferences_of", "read_preferences"]

_PREFERENCE = re.compile(r'\s*([\w-]+)\s*=\s*("(?:[^"\\]|\\.)*"|[^,;]*)')


@dataclass(frozen=True, slots=True)
class Preferences:
    """`code` is the wanted status (0 for none), `example` the name of an example ("" for none).

    `is_dynamic` asks for a made value where the document has an example.
    """

    code: int = 0
    example: str = ""
    is_dynamic: bool = False


_NONE = Preferences()


def preferences_of(request: ReceivedRequest) -> Preferences:
    """What a request prefers."""
    query = request.query if "__" in request.query_string else {}
    return read_preferences(request.header("prefer"), query)


def read_preferences(header: str, query: Mapping[str, list[str]]) -> Preferences:
    """Preferences such as `code=404, example=missing`; what is not understood is ignored.

    The query goes before the header.
    """
    found = {name.lower(): value.strip().strip('"') for name, value in _PREFERENCE.findall(header)}
    for name in ("code", "example", "dynamic"):
        if given := query.get(f"__{name}"):
            found[name] = given[0]
    if not found:
        return _NONE
    code = found.get("code", "")
    status = int(code) if re.fullmatch(r"[2-5]\d\d", code, re.ASCII) else 0
    return Preferences(status, found.get("example", ""), found.get("dynamic") == "true")
