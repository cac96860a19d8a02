"""Deprecated operations: seen by type checkers and editors (PEP 702), and warned of when called."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    # Type checkers bring this module; nothing needs it when the package runs.
    from typing_extensions import (  # pyright: ignore[reportMissingModuleSource]
        deprecated as deprecated,
    )
else:

    def deprecated(message):
        """Return a decorator that changes nothing: the call itself warns."""
        return _unchanged


def _unchanged(function: object) -> object:
    return function


def warn_deprecated(message: str) -> None:
    """Warn whoever calls the operation that calls this."""
    from warnings import warn

    warn(message, DeprecationWarning, stacklevel=3)
