"""``Stream`` and ``AsyncStream``: the items of a streamed answer, as they arrive.

Iterate once, in a ``with`` block or without: leaving a ``for`` loop early closes the connection, so
does ``close()``, and garbage collection at the latest. After the last item the rest of the answer
is read for a moment, so that the connection can be used again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Generic, TypeVar

from .assembling import Assembler
from .call import Call
from .errors import SDKError, StreamTruncatedError
from .transport import TransportError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
    from types import TracebackType
    from typing import Self

    from .headers import Headers
    from .steps import Opened, Steps
    from .transport import AsyncExchange, Exchange

T = TypeVar("T")
F = TypeVar("F")

_DRAIN_BYTES = 64 * 1024
_DRAIN_SECONDS = 0.1


class _Base:
    __slots__ = ("_assembler", "_call")

    def __init__(self, call: Call, opened: Opened) -> None:
        self._call = call
        self._assembler = Assembler(call, opened)

    @property
    def status_code(self) -> int:
        """The status of the answer."""
        return self._assembler.head.status

    @property
    def headers(self) -> Headers:
        """The headers of the answer."""
        return self._assembler.head.headers

    @property
    def request_id(self) -> str | None:
        """The server's id of the request."""
        return self._assembler.head.request_id

    @property
    def attempts(self) -> int:
        """How many times the request was sent."""
        return self._call.attempts

    @property
    def last_event_id(self) -> str:
        """The id of the last event that had one, empty where none had."""
        return self._assembler.last_event_id

    @property
    def retry(self) -> int | None:
        """Milliseconds the server asks to wait before reconnecting, where it does."""
        return self._assembler.retry

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.status_code}>"


class Stream(_Base, Generic[T, F]):
    """The items (``T``) of an answer; ``final()`` is what they add up to (``F``)."""

    __slots__ = ("__weakref__", "_batch", "_reader")

    def __init__(self, call: Call, opened: Opened, run: Callable[[Call, Steps], Any]) -> None:
        super().__init__(call, opened)
        self._reader = _Reader(self._assembler, run)
        self._batch: Iterator[Any] = iter(())

    def __iter__(self) -> Iterator[T]:
        """The items; leaving the loop early closes the stream."""
        try:
            while True:
                yield from self._batch
                batch = self._reader.advance()
                if batch is None:
                    return
                self._batch = batch
        except GeneratorExit:
            # Perhaps from the garbage collector, in the middle of anything.
            self._reader.abandon()
            raise
        except BaseException:
            self.close()
            raise

    def __next__(self) -> T:
        try:
            while True:
                for item in self._batch:
                    return item  # type: ignore[no-any-return]
                batch = self._reader.advance()
                if batch is None:
                    raise StopIteration
                self._batch = batch
        except StopIteration:
            raise
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connection, unless the answer has been read to its end. May be called again."""
        self._reader.close()

    def __del__(self) -> None:
        reader = getattr(self, "_reader", None)
        if reader is not None:
            reader.abandon()

    def final(self) -> F:
        """Read the rest, and return the whole: text, tool calls, usage put together.

        Raises what the stream raises, and StreamTruncatedError after it was closed early.
        """
        for _ in self:
            pass
        whole: F = self._assembler.final()
        return whole


class _Reader:
    """Takes blocks from an exchange; knows nothing of its Stream, so that no cycle keeps that alive."""

    __slots__ = ("_assembler", "_begun", "_count", "_ended", "_run", "exchange")

    def __init__(self, assembler: Assembler, run: Callable[[Call, Steps], Any]) -> None:
        self._assembler = assembler
        self._run = run
        self._begun = False
        self._ended = False
        self._count = 0
        self.exchange: Exchange | None = assembler.opened.exchange

    def advance(self) -> Iterator[Any] | None:
        """The items of the next block (perhaps none), or None at the end."""
        assembler = self._assembler
        if not self._begun:
            self._begun = True
            assembler.call.budget.resume()
            return assembler.first_block()
        exchange = self.exchange
        if exchange is None:
            return None
        if assembler.done:
            self._drain(exchange)
            self.close()
            return None
        if len(assembler.items) > self._count:
            self._count = len(assembler.items)
            assembler.call.budget.await_event()
        try:
            if not self._ended:
                block = exchange.read()
                if block:
                    return assembler.feed(block)
                self._ended = True
                if rest := assembler.leftover():
                    return iter(rest)
            assembler.end()
        except (TransportError, StreamTruncatedError) as failure:
            return self._reopen(failure)
        self.close()
        return None

    def _reopen(self, failure: TransportError | StreamTruncatedError) -> Iterator[Any]:
        assembler, call = self._assembler, self._assembler.call
        error, cause = _judged(assembler, failure)
        call.exchange, self.exchange = self.exchange, None
        try:
            opened = self._run(call, call.reopen(error, cause))
        except SDKError as final:
            assembler.error = final
            raise
        _restart(assembler, opened)
        self.exchange = opened.exchange
        self._ended = False
        return assembler.first_block()

    def _drain(self, exchange: Exchange) -> None:
        budget = self._assembler.call.budget
        budget.allow(_DRAIN_SECONDS)
        size = 0
        try:
            while size < _DRAIN_BYTES and not budget.expired():
                block = exchange.read()
                if not block:
                    break
                size += len(block)
        except TransportError:
            pass

    def close(self) -> None:
        exchange, self.exchange = self.exchange, None
        if exchange is not None:
            exchange.close()

    def abandon(self) -> None:
        exchange, self.exchange = self.exchange, None
        if exchange is not None:
            exchange.abandon()


def _judged(
    assembler: Assembler, failure: TransportError | StreamTruncatedError
) -> tuple[SDKError, TransportError | None]:
    """Our error for what happened, and its cause; raised at once when an item has been delivered."""
    if isinstance(failure, StreamTruncatedError):
        if assembler.items:
            raise failure
        return failure, None
    error = assembler.broken(failure)
    if assembler.items:
        raise error from (failure.__cause__ or failure)
    return error, failure


def _restart(assembler: Assembler, opened: Opened) -> None:
    assembler.call.exchange = None
    assembler.error = None
    assembler.start(opened)


class AsyncStream(_Base, Generic[T, F]):
    """The async twin of Stream."""

    __slots__ = ("__weakref__", "_batch", "_reader")

    def __init__(
        self, call: Call, opened: Opened, run: Callable[[Call, Steps], Awaitable[Any]]
    ) -> None:
        super().__init__(call, opened)
        self._reader = _AsyncReader(self._assembler, run)
        self._batch: Iterator[Any] = iter(())

    async def __aiter__(self) -> AsyncIterator[T]:
        """The items; leaving the loop early closes the stream."""
        try:
            while True:
                for item in self._batch:
                    yield item
                batch = await self._reader.advance()
                if batch is None:
                    return
                self._batch = batch
        finally:
            await self.aclose()

    async def __anext__(self) -> T:
        try:
            while True:
                for item in self._batch:
                    return item  # type: ignore[no-any-return]
                batch = await self._reader.advance()
                if batch is None:
                    raise StopAsyncIteration
                self._batch = batch
        except StopAsyncIteration:
            raise
        except BaseException:
            await self.aclose()
            raise

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Close the connection, unless the answer has been read to its end. May be called again."""
        await self._reader.close()

    def __del__(self) -> None:
        reader = getattr(self, "_reader", None)
        if reader is not None:
            reader.abandon()

    async def final(self) -> F:
        """Read the rest, and return the whole, as ``Stream.final``."""
        async for _ in self:
            pass
        whole: F = self._assembler.final()
        return whole


class _AsyncReader:
    """The async twin of _Reader."""

    __slots__ = ("_assembler", "_begun", "_count", "_ended", "_run", "exchange")

    def __init__(self, assembler: Assembler, run: Callable[[Call, Steps], Awaitable[Any]]) -> None:
        self._assembler = assembler
        self._run = run
        self._begun = False
        self._ended = False
        self._count = 0
        self.exchange: AsyncExchange | None = assembler.opened.exchange

    async def advance(self) -> Iterator[Any] | None:
        """The items of the next block (perhaps none), or None at the end."""
        assembler = self._assembler
        if not self._begun:
            self._begun = True
            assembler.call.budget.resume()
            return assembler.first_block()
        exchange = self.exchange
        if exchange is None:
            return None
        if assembler.done:
            await self._drain(exchange)
            await self.close()
            return None
        if len(assembler.items) > self._count:
            self._count = len(assembler.items)
            assembler.call.budget.await_event()
        try:
            if not self._ended:
                block = await exchange.read()
                if block:
                    return assembler.feed(block)
                self._ended = True
                if rest := assembler.leftover():
                    return iter(rest)
            assembler.end()
        except (TransportError, StreamTruncatedError) as failure:
            return await self._reopen(failure)
        await self.close()
        return None

    async def _reopen(self, failure: TransportError | StreamTruncatedError) -> Iterator[Any]:
        assembler, call = self._assembler, self._assembler.call
        error, cause = _judged(assembler, failure)
        call.exchange, self.exchange = self.exchange, None
        try:
            opened = await self._run(call, call.reopen(error, cause))
        except SDKError as final:
            assembler.error = final
            raise
        _restart(assembler, opened)
        self.exchange = opened.exchange
        self._ended = False
        return assembler.first_block()

    async def _drain(self, exchange: AsyncExchange) -> None:
        budget = self._assembler.call.budget
        budget.allow(_DRAIN_SECONDS)
        size = 0
        try:
            while size < _DRAIN_BYTES and not budget.expired():
                block = await exchange.read()
                if not block:
                    break
                size += len(block)
        except TransportError:
            pass

    async def close(self) -> None:
        exchange, self.exchange = self.exchange, None
        if exchange is not None:
            await exchange.close()

    def abandon(self) -> None:
        exchange, self.exchange = self.exchange, None
        if exchange is not None:
            exchange.abandon()
