"""A new entry in a changelog that people write in too (Keep a Changelog): nothing else in it moves."""

from __future__ import annotations

import re

__all__ = ["with_entry"]

_HEADING = re.compile(r"^##[ \t]+\[?([^\]\s]+)\]?", re.MULTILINE)
_FENCE = re.compile(r"^(```|~~~).*?^\1", re.MULTILINE | re.DOTALL)
_TITLE = "# Changelog\n"


def with_entry(content: bytes, entry: str, version: str) -> bytes:
    """The changelog with the entry of a version above all others, below the title and what is
    not released yet. A version that has an entry keeps the one it has.

    `entry` begins with its own heading (`## [version]`) and ends in a line end. Where the newest
    version of the file stands without brackets, so does this one. Line ends stay what they are.
    """
    text = content.decode("utf-8", "surrogateescape")
    newline = "\r\n" if "\r\n" in text else "\n"
    # Headings in blocks of code are none.
    masked = _FENCE.sub(lambda match: re.sub(r"[^\n]", " ", match[0]), text)
    headings = list(_HEADING.finditer(masked))
    if any(heading[1].lower().removeprefix("v") == version.lower() for heading in headings):
        return content
    released = [item for item in headings if item[1].lower() != "unreleased"]
    new = entry.replace("\n", newline)
    if released:
        start = released[0].start()
        if "[" not in released[0][0]:
            new = new.replace(f"[{version}]", version, 1)
        return _encoded(f"{text[:start]}{new}{newline}{text[start:]}")
    text = text or _TITLE.replace("\n", newline)
    gap = "" if text.endswith(newline * 2) else newline if text.endswith("\n") else newline * 2
    return _encoded(f"{text}{gap}{new}")


def _encoded(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")
