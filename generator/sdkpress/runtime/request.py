"""``Request`` and ``StreamRequest``: a call that has been described and not yet made.

Generated methods and request builders make them; ``client.execute`` and ``client.send`` take them.
They can be sent any number of times, as far as their body can.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .operation import Operation
    from .options import Options

T_co = TypeVar("T_co", covariant=True)
F_co = TypeVar("F_co", covariant=True)

NO_BODY: Any = object()
"""The body of a request that has none; None would be the JSON value null."""


class _Described:
    __slots__ = ("body", "cookies", "headers", "operation", "options", "path", "query")

    def __init__(
        self,
        operation: Operation,
        *,
        path: Mapping[str, Any] | None = None,
        query: Mapping[str, Any] | None = None,
        headers: Mapping[str, Any] | None = None,
        cookies: Mapping[str, Any] | None = None,
        body: Any = NO_BODY,
        options: Options | None = None,
    ) -> None:
        self.operation: Operation = operation
        self.path: Mapping[str, Any] | None = path
        """Path parameters by the names of the document; the same holds for the next three."""
        self.query: Mapping[str, Any] | None = query
        self.headers: Mapping[str, Any] | None = headers
        self.cookies: Mapping[str, Any] | None = cookies
        self.body: Any = body
        self.options: Options | None = options

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.operation.method} {self.operation.path}>"


class Request(_Described, Generic[T_co]):
    """A call whose answer is a ``T_co``."""

    __slots__ = ()


class StreamRequest(_Described, Generic[T_co, F_co]):
    """A call whose answer is a stream of ``T_co`` that adds up to an ``F_co``."""

    __slots__ = ()


if TYPE_CHECKING:
    from typing import TypeAlias

    AnyRequest: TypeAlias = Request[Any] | StreamRequest[Any, Any]
