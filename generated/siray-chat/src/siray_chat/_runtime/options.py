"""What one call may set differently from its client: ``options={...}``."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any, TypedDict

    from .timeouts import Timeout

    class Options(TypedDict, total=False):
        """Every key is optional."""

        timeout: Timeout | float | None
        """Seconds, or a ``Timeout``; None means the defaults of ``Timeout()``."""
        headers: Mapping[str, str | None]
        """Added to the request, in place of those of the same name; None removes one."""
        query: Mapping[str, object]
        """Added to the query, in place of parameters of the same name."""
        body: Mapping[str, Any]
        """Merged into a JSON object or form body, for fields the document does not know."""
        max_retries: int
        idempotency_key: str
        """Sent with every attempt, in place of a fresh one."""
        replay: bool
        """Whether a request that may have been executed may be sent again; default: as declared."""
        strict: bool
        """Raise ResponseValidationError where an answer does not match the document."""
        allow_truncated: bool
        """Take a stream that ends without its terminator for whole."""
        keep: bool
        """False: keep nothing of a stream, so that any length of it takes the same memory.

        Then ``final()`` is there only for a stream that is not iterated, and errors have no
        ``partial``.
        """

else:

    def __getattr__(name):
        """Give ``Options`` as the plain class of its values, to those who ask at run time."""
        if name == "Options":
            return dict
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
