"""A stand-in for ``typing.overload``: generated modules need the name, not the ``typing`` import."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import overload as overload
else:

    def overload(function):
        """Return nothing useful: the implementation that follows replaces it."""
        return None
