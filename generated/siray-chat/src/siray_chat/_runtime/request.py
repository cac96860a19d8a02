"""``Request`` and ``StreamRequest``: a call that has been described and not yet made.

Generated methods and request builders make them; ``client.execute`` and ``client.send`` take them.
They can be sent any number of times, as far as their body can.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Self

    from .operation import Operation
    from .options import Options

T_co = TypeVar("T_co", covariant=True)
F_co = TypeVar("F_co", covariant=True)


class _NoBody:
    __slots__ = ()

    def __reduce__(self) -> str:
        return "NO_BODY"  # a copy of a request has the same


NO_BODY: Any = _NoBody()
"""The body of a request that has none; None would be the JSON value null."""


class _Described:
    __slots__ = (
        "accept",
        "body",
        "content_type",
        "cookies",
        "headers",
        "operation",
        "options",
        "path",
        "query",
        "url",
    )

    def __init__(
        self,
        operation: Operation,
        *,
        path: Mapping[str, Any] | None = None,
        query: Mapping[str, Any] | None = None,
        headers: Mapping[str, Any] | None = None,
        cookies: Mapping[str, Any] | None = None,
        body: Any = NO_BODY,
        content_type: str | None = None,
        accept: str | None = None,
        options: Options | None = None,
    ) -> None:
        self.operation: Operation = operation
        self.path: Mapping[str, Any] | None = path
        """Path parameters by the names of the document; the same holds for the next three."""
        self.query: Mapping[str, Any] | None = query
        self.headers: Mapping[str, Any] | None = headers
        self.cookies: Mapping[str, Any] | None = cookies
        self.body: Any = body
        self.content_type: str | None = content_type
        """A media type for the body; None means the document's preferred one."""
        self.accept: str | None = accept
        """The media type to ask for; None means those that the return type is made of."""
        self.options: Options | None = options
        self.url: str | None = None
        """Where to go instead, with path and query as the server wrote them: the next page."""

    @property
    def has_pages(self) -> bool:
        """Whether the media type that is asked for is the one that comes in pages."""
        return self.accept is None or any(
            answer.kind == "json" and answer.media_type == self.accept.lower()
            for answer in self.operation.answers
        )

    def following(
        self,
        *,
        query: Mapping[str, Any] | None = None,
        body: Any = NO_BODY,
        url: str | None = None,
    ) -> Self:
        """The same call for another page; what is not given stays."""
        copy = object.__new__(type(self))
        for name in _Described.__slots__:
            setattr(copy, name, getattr(self, name))
        if query is not None:
            copy.query = query
        if body is not NO_BODY:
            copy.body = body
        if url is not None:
            copy.url = url
        if copy.options and "idempotency_key" in copy.options:
            # It stands for one request, and this is another one.
            copy.options = copy.options.copy()
            copy.options.pop("idempotency_key")
        return copy

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
