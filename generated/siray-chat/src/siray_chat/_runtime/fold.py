"""``Fold``: how the items of a stream make a whole, as an operation states it.

A chat completion streams as chunks whose choices carry a ``delta``; the whole has a ``message`` in
its place. :mod:`.folding` has the rules and does the work.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


class Fold:
    """How the items of a stream make a whole; immutable."""

    __slots__ = ("constants", "keys", "rename", "replace", "whole")

    rename: Mapping[str, str]
    """The object that holds a piece, and its name in the whole: ``{"delta": "message"}``."""
    keys: Mapping[str, str]
    """Arrays whose objects are told apart by an index, and its name: ``{"choices": "index"}``.

    Without a name (``{"tool_calls": ""}``) each piece has objects of its own.
    """
    replace: frozenset[str]
    """Names of values that are no text: ids, roles, types."""
    whole: str
    """Where items carry the whole as it is by then, its name; the last one is what they add up to."""
    constants: Mapping[str, str | int]
    """Values that every whole has, whatever its pieces have there: ``{"object": "completion"}``.

    Those that its type has for constants need not be named.
    """

    def __init__(
        self,
        rename: Mapping[str, str] | None = None,
        keys: Mapping[str, str] | None = None,
        replace: Iterable[str] = (),
        whole: str = "",
        constants: Mapping[str, str | int] | None = None,
    ) -> None:
        object.__setattr__(self, "rename", dict(rename or ()))
        object.__setattr__(self, "keys", dict(keys or ()))
        object.__setattr__(self, "replace", frozenset(replace))
        object.__setattr__(self, "whole", whole)
        object.__setattr__(self, "constants", dict(constants or ()))

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError("a Fold is immutable")

    def __repr__(self) -> str:
        return (
            f"Fold(rename={self.rename}, keys={self.keys}, replace={sorted(self.replace)}, "
            f"whole={self.whole!r}, constants={self.constants})"
        )
