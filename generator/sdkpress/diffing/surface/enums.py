"""Values that an annotation lists: `Literal["a", "b"] | str` with one more, or one less.

Enums of a client are open: any other text passes a type checker and survives decoding. So a value
that came breaks nobody, and one that is gone only where its users meet the server.
"""

from __future__ import annotations

from sdkpress.diffing.surface.drafting import Drafts
from sdkpress.diffing.surface.types import parse_type

__all__ = ["tell_values"]

_OPEN = frozenset(("str", "int", "float", "bool"))


def tell_values(subject: str, name: str, old: str, new: str, drafts: Drafts) -> None:
    """Tell the values that came and that are gone, where both annotations are open enums."""
    before, after = parse_type(old), parse_type(new)
    was = [item.value for item in before if item.name == "Literal"]
    now = [item.value for item in after if item.name == "Literal"]
    is_open = all(any(item.name in _OPEN for item in side) for side in (before, after))
    if not was or not now or not is_open:
        return
    known, present = set(was), set(now)
    for value in was:
        if value not in present:
            message = f"{name} no longer lists {value}"
            drafts.add("python-enum-value-removed", subject, message, typing="risky", before=value)
    for value in now:
        if value not in known:
            message = f"{name} lists {value} too"
            drafts.add(
                "python-enum-value-added", subject, message, typing="compatible", after=value
            )
