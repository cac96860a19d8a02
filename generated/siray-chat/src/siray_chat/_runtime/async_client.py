"""The async client: what generated clients are made of."""

# ruff: noqa: F811 -- ``overload`` does not come from ``typing`` at run time

from __future__ import annotations

from .settings import Settings
from .transports import AsyncConnections

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from ssl import SSLContext
    from types import TracebackType
    from typing import Any, Self, TypeVar, overload

    from .api import Api
    from .async_calls import AsyncCalls
    from .download import AsyncDownload
    from .hooks import Hooks
    from .pages import AsyncPages
    from .request import Request, StreamRequest
    from .response import Response
    from .stream import AsyncStream
    from .timeouts import Timeout

    T = TypeVar("T")
    F = TypeVar("F")
else:
    from .overloads import overload


class AsyncClient:
    """The base of generated clients. Event loops may follow each other."""

    __slots__ = ("__dict__", "__weakref__", "_calls", "_connections", "_settings")

    def __init__(
        self,
        api: Api,
        *,
        credentials: Mapping[str, object],
        base_url: str | None = None,
        timeout: Timeout | float | None = None,
        max_retries: int = 2,
        http_client: object | None = None,
        proxy: str | None = None,
        ssl_context: SSLContext | None = None,
        unix_socket: str | None = None,
        default_headers: Mapping[str, str] | None = None,
        default_query: Mapping[str, object] | None = None,
        strict: bool = False,
        hooks: Hooks | None = None,
        server_variables: Mapping[str, object] | None = None,
    ) -> None:
        self._settings = Settings(
            api,
            credentials=credentials,
            base_url=base_url,
            timeout=timeout,
            max_retries=max_retries,
            default_headers=default_headers,
            default_query=default_query,
            strict=strict,
            hooks=hooks,
            server_variables=server_variables,
        )
        self._connections = AsyncConnections(http_client, proxy, ssl_context, unix_socket)
        self._calls: AsyncCalls | None = None

    @property
    def base_url(self) -> str:
        """Where requests go."""
        return self._settings.base_url

    @overload
    async def execute(self, request: Request[T]) -> T: ...
    @overload
    async def execute(self, request: StreamRequest[T, F]) -> AsyncStream[T, F]: ...
    async def execute(self, request: Any) -> Any:
        """Make a call and return what its operation returns."""
        return await (self._calls or self._calling()).execute(request)

    @overload
    async def send(self, request: Request[T]) -> Response[T]: ...
    @overload
    async def send(self, request: StreamRequest[T, F]) -> Response[AsyncStream[T, F]]: ...
    async def send(self, request: Any) -> Any:
        """Make a call and return the full answer: ``parsed``, ``status_code``, ``headers``, ..."""
        return await (self._calls or self._calling()).send(request)

    async def download(self, request: Request[Any]) -> AsyncDownload:
        """Make a call and return its answer with the body unread, for what is large.

        Errors are those of ``send``; ``await (await client.download(request)).write_to(path)``.
        """
        return await (self._calls or self._calling()).download(request)

    def paginate(self, request: Request[T]) -> AsyncPages[Any, T]:
        """A list to await or iterate. What ``accept`` asks for is awaited as it is, if it has no pages."""
        from .pages import every_page

        return every_page(self, request)

    def _calling(self) -> AsyncCalls:
        """What makes the calls, loaded by the first one."""
        from .undisturbed import load_msgspec

        load_msgspec()
        from .async_calls import AsyncCalls

        calls = self._calls = AsyncCalls(self._settings, self._connections)
        return calls

    def with_options(
        self,
        *,
        timeout: Timeout | float | None = None,
        max_retries: int | None = None,
        default_headers: Mapping[str, str | None] | None = None,
        default_query: Mapping[str, object] | None = None,
        strict: bool | None = None,
        hooks: Hooks | None = None,
    ) -> Self:
        """A client with other defaults over the same connections; None leaves a default as it is.

        Headers and query are added to those there are. Closing either closes the connections of both.
        """
        copy = object.__new__(type(self))
        copy.__dict__.update(self.__dict__)
        copy._settings = self._settings.changed(
            timeout=timeout,
            max_retries=max_retries,
            headers=default_headers,
            query=default_query,
            strict=strict,
            hooks=hooks,
        )
        copy._connections = self._connections
        copy._calls = None
        return copy

    async def aclose(self) -> None:
        """Close all connections; a client given as ``http_client`` stays open."""
        await self._connections.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.aclose()
