"""Arguments that callers leave out, and whose meaning then changed.

A client sends only what it was given, so a default of the document is the server's, and no
signature shows it: a running program gets another answer to the same call.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from sdkpress.diffing.changes import Change
from sdkpress.diffing.surface.tracing import TracedSide
from sdkpress.pipeline import Analysis

__all__ = ["default_changes"]

_AREAS = ("request-parameter-", "request-property-", "request-body-")


def default_changes(wire: Iterable[Change], old: Analysis, new: Analysis) -> tuple[Change, ...]:
    """The changes of defaults on the wire as callers of the package meet them."""
    found = [item for item in wire if item.id.startswith(_AREAS) and "-default-value-" in item.id]
    if not found:
        return ()
    side, names = TracedSide(new), {key: name for name, key in TracedSide(new).by_name.items()}
    before = set(TracedSide(old).by_name.values())
    return tuple(
        change
        for item in found
        for key in item.operations
        if key in names and key in before
        for change in _told(item, names[key], side)
    )


def _told(wire: Change, name: str, side: TracedSide) -> Iterator[Change]:
    operation = side.operation(name)
    place = wire.new or wire.old
    if operation is None or place is None:
        return
    for argument in side.arguments(name):
        pointer = side.pointer_of(operation, argument)
        own = argument.location in ("path", "query", "header", "cookie", "field")
        if own and place.pointer in (f"{pointer}/default", f"{pointer}/schema/default"):
            before, after = wire.before or "nothing", wire.after or "nothing"
            message = f"without `{argument.name}` the server takes {after}, before {before}"
            yield Change(
                "python-omitted-default-changed", "runtime", "risky", message,
                f"client.{name}({argument.name})", old=wire.old, new=wire.new,
                before=wire.before, after=wire.after,
            )  # fmt: skip
