"""The file name in a Content-Disposition header (RFC 6266), which a server chose: untrusted."""

from __future__ import annotations

import re
from urllib.parse import unquote

_EXTENDED = re.compile(r"filename\*\s*=\s*([\w!#$&+.^`|~-]*)'[^']*'([^;\s]+)", re.IGNORECASE)
_QUOTED = re.compile(r'filename\s*=\s*"((?:[^"\\]|\\.)*)"', re.IGNORECASE)
_PLAIN = re.compile(r"filename\s*=\s*([^;\s\"]+)", re.IGNORECASE)


def file_name(disposition: str) -> str | None:
    """The last part of the suggested path; None where there is none that is safe."""
    name = ""
    if found := _EXTENDED.search(disposition):
        charset = found[1].lower() if found[1].lower() in ("utf-8", "iso-8859-1") else "utf-8"
        name = unquote(found[2], encoding=charset, errors="replace")
    elif found := _QUOTED.search(disposition):
        name = re.sub(r"\\(.)", r"\1", found[1])
    elif found := _PLAIN.search(disposition):
        name = found[1]
    name = name.replace("\\", "/").rpartition("/")[2].strip()
    if name in ("", ".", "..") or not name.isprintable():
        return None
    return name
