"""``UNSET``: the value of an argument or a field that was not given, where ``None`` means null."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    import enum
    from typing import Final, Literal

    class UnsetType(enum.Enum):
        """The type of ``UNSET``; false in a condition, so that ``if value:`` rules it out.

        Checkers see an enum of one member, hence ``value is UNSET`` narrows as well. At run time
        it is msgspec's own class, which is no enum.
        """

        UNSET = "UNSET"

        def __bool__(self) -> Literal[False]: ...

    UNSET: Final = UnsetType.UNSET
else:
    from msgspec import UNSET, UnsetType

__all__ = ["UNSET", "UnsetType"]
