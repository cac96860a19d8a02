"""What is told about pagination: to the runtime, to readers and to the fake server."""

from __future__ import annotations

from sdkpress.model import Pagination
from sdkpress.text import literal


def pagination_fact(pagination: Pagination) -> str:
    """The argument of `Operation(…)`."""
    parts = [literal(pagination.style)]
    for name in ("items", "next", "last_item", "has_more", "total", "total_pages", "current"):
        path: tuple[str, ...] = getattr(pagination, name)
        if path:
            parts.append(f"{name}={_tuple(path)}")
    if pagination.parameter:
        parts.append(f"parameter={literal(pagination.parameter)}")
    if pagination.location == "body":
        parts.append("in_body=True")
    if pagination.is_done:
        parts.append("is_done=True")
    if pagination.size:
        parts.append(f"size={literal(pagination.size)}")
    if pagination.size_field:
        parts.append(f"size_field={_tuple(pagination.size_field)}")
    if pagination.maximum is not None:
        parts.append(f"maximum={pagination.maximum}")
    if pagination.first != 0 and pagination.style in ("page", "offset"):
        parts.append(f"first={pagination.first}")
    return f"pagination=Pagination({', '.join(parts)}),"


def pagination_facts(pagination: Pagination) -> dict[str, object]:
    """Pagination as plain data, for `inspect` and for the fake server; what is empty is left out."""
    found: dict[str, object] = {"style": pagination.style, "items": list(pagination.items)}
    for name in (
        "parameter", "next", "last_item", "has_more", "total", "total_pages", "size",
    ):  # fmt: skip
        value: str | tuple[str, ...] = getattr(pagination, name)
        if value:
            found[name] = value if isinstance(value, str) else list(value)
    if pagination.location == "body":
        found["in"] = "body"
    if pagination.is_done:
        found["is_done"] = True
    if pagination.style in ("page", "offset"):
        found["first"] = pagination.first
    return found


def _tuple(values: tuple[str, ...]) -> str:
    inner = ", ".join(literal(value) for value in values)
    return f"({inner},)" if len(values) == 1 else f"({inner})"
