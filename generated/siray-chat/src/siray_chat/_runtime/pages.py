"""``Page`` and ``AsyncPage``: one page of a list, and from it the way to all others."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Generic, TypeVar, cast

from .pagination import Chain, Position, items_of, next_request

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Generator, Iterator

    from .async_client import AsyncClient
    from .request import Request
    from .response import Response
    from .settings import Settings
    from .sync_client import SyncClient

T = TypeVar("T")
B = TypeVar("B")

_UNKNOWN: Any = object()


def settings_of(client: SyncClient | AsyncClient) -> Settings:
    """What a client was constructed with."""
    return client._settings  # pyright: ignore[reportPrivateUsage]


class _AnyPage(Generic[T, B]):
    __slots__ = ("_next", "_position", "_request", "body", "items", "response")

    def __init__(
        self,
        settings: Settings,
        request: Request[B],
        response: Response[B],
        position: Position | None,
    ) -> None:
        pagination = request.operation.pagination
        assert pagination is not None
        self.response: Response[B] = response
        """The full answer: status, headers, request id."""
        self.body: B = response.parsed
        """The answer as the document describes it."""
        self.items: list[T] = items_of(response.parsed, pagination)
        """The items of this page."""
        if position is None:
            position = Position(Chain(settings, request, pagination), 0, 0)
        position.counted += len(self.items)
        self._position = position
        self._request = request
        self._next: Request[B] | None = _UNKNOWN

    @property
    def has_next(self) -> bool:
        """Whether another page follows. Raises PaginationError where it cannot be fetched."""
        return self._following() is not None

    def _following(self) -> Request[B] | None:
        if self._next is _UNKNOWN:
            self._next = next_request(self._request, self.response, self.items, self._position)
        return self._next

    def _behind(self) -> Position:
        here = self._position
        return Position(here.chain, here.index + 1, here.counted, self.response.content)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self._position.index + 1}: {len(self.items)} items>"

    if not TYPE_CHECKING:

        def __getattr__(self, name):
            """Give what the body has, so that ``page.data`` works."""
            if name.startswith("_"):
                raise AttributeError(name)
            return getattr(self.body, name)


class Page(_AnyPage[T, B]):
    """One page of a list. Iterating yields its items and those of all pages behind it.

    Attributes that a page does not have itself are those of its ``body``.
    """

    __slots__ = ("_client",)

    def __init__(
        self,
        client: SyncClient,
        request: Request[B],
        response: Response[B],
        position: Position | None = None,
    ) -> None:
        super().__init__(settings_of(client), request, response, position)
        self._client = client

    def next_page(self) -> Page[T, B] | None:
        """Fetch the page behind this one, None behind the last. Raises PaginationError."""
        request = self._following()
        if request is None:
            return None
        return Page(self._client, request, self._client.send(request), self._behind())

    def pages(self) -> Iterator[Page[T, B]]:
        """This page and those behind it, each fetched when it is asked for."""
        page: Page[T, B] | None = self
        while page is not None:
            yield page
            page = page.next_page()

    def __iter__(self) -> Iterator[T]:
        for page in self.pages():
            yield from page.items


class AsyncPage(_AnyPage[T, B]):
    """One page of a list; ``async for`` yields its items and those of all pages behind it.

    Attributes that a page does not have itself are those of its ``body``.
    """

    __slots__ = ("_client",)

    def __init__(
        self,
        client: AsyncClient,
        request: Request[B],
        response: Response[B],
        position: Position | None = None,
    ) -> None:
        super().__init__(settings_of(client), request, response, position)
        self._client = client

    async def next_page(self) -> AsyncPage[T, B] | None:
        """Fetch the page behind this one, None behind the last. Raises PaginationError."""
        request = self._following()
        if request is None:
            return None
        return AsyncPage(self._client, request, await self._client.send(request), self._behind())

    async def pages(self) -> AsyncIterator[AsyncPage[T, B]]:
        """This page and those behind it, each fetched when it is asked for."""
        page: AsyncPage[T, B] | None = self
        while page is not None:
            yield page
            page = await page.next_page()

    async def __aiter__(self) -> AsyncIterator[T]:
        async for page in self.pages():
            for item in page.items:
                yield item


class AsyncPages(Generic[T, B]):
    """A list that has not been asked for yet: await its first page, or iterate over its items."""

    __slots__ = ("_client", "_request")

    def __init__(self, client: AsyncClient, request: Request[B]) -> None:
        self._client = client
        self._request = request

    def __await__(self) -> Generator[Any, Any, AsyncPage[T, B]]:
        return self._first().__await__()

    async def _first(self) -> AsyncPage[T, B]:
        response = await self._client.send(self._request)
        return AsyncPage(self._client, self._request, response)

    async def pages(self) -> AsyncIterator[AsyncPage[T, B]]:
        """All pages, each fetched when it is asked for."""
        first: AsyncPage[T, B] = await self._first()
        async for page in first.pages():
            yield page

    async def __aiter__(self) -> AsyncIterator[T]:
        async for page in self.pages():
            for item in page.items:
                yield item

    def __repr__(self) -> str:
        return f"<AsyncPages of {self._request!r}>"


def first_page(client: SyncClient, request: Request[B]) -> Page[Any, B]:
    """The first page of a list; what ``accept`` asks for comes as it is, if it has no pages."""
    response = client.send(request)
    if not request.has_pages:
        plain: Any = response.parsed
        return cast("Page[Any, B]", plain)
    return Page(client, request, response)


def every_page(client: AsyncClient, request: Request[B]) -> AsyncPages[Any, B]:
    """A list to await or iterate; a coroutine for what ``accept`` asks for, if it has no pages."""
    if not request.has_pages:
        plain: Any = client.execute(request)
        return cast("AsyncPages[Any, B]", plain)
    return AsyncPages(client, request)
