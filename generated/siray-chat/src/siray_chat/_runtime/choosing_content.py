"""Which of an operation's media types a body is written as."""

from __future__ import annotations

from .errors import InvalidRequestError
from .operation import Content


def choose_content(content_type: str, declared: tuple[Content, ...]) -> Content:
    """The declared content for a media type, which is sent as it is given.

    The same type (parameters aside) goes before a range, `image/*` before `*/*`. Raises
    InvalidRequestError for what fits nothing.
    """
    name = content_type.partition(";")[0].strip().lower()
    ranked = sorted(declared, key=lambda content: -_fits(content.media_type or "", name))
    best = ranked[0]
    if "/" not in name or not _fits(best.media_type or "", name):
        known = ", ".join(content.media_type or "?" for content in declared)
        raise InvalidRequestError(f"content_type {content_type!r} is none of: {known}")
    return Content(best.kind, content_type, best.encoding)


def _fits(declared: str, name: str) -> int:
    declared = declared.partition(";")[0].strip().lower()
    if declared == name:
        return 4
    kind, _, subtype = declared.partition("/")
    if subtype.startswith("*+") and name.startswith(f"{kind}/") and name.endswith(subtype[1:]):
        return 3
    if subtype == "*":
        return 2 if kind == name.partition("/")[0] else int(kind == "*")
    return 0
