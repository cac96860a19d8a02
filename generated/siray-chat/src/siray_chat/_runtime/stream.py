"""``Stream`` and ``AsyncStream``: the items of a streamed answer, as they arrive.

Iterate once, in a ``with`` block or without: leaving a ``for`` loop early closes the connection, so
does ``close()``, and garbage collection at the latest. After the last item the rest of the answer
is read for a moment, so that the connection can be used again.
"""

from __future__ import annotations

from .assembling import Assembler
from .errors import SDKError, StreamTruncatedError
from .events import REFUSED
from .transport import TransportError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
    from types import TracebackType
    from typing import Any, Generic, Self, TypeVar

    from .call import Call
    from .headers import Headers
    from .steps import Opened, Steps
    from .transport import AsyncExchange, Exchange

    T = TypeVar("T")
    F = TypeVar("F")

    class _Typed(Generic[T, F]):
        __slots__ = ()

else:

    class _Typed:
        """The generic base that only type checkers see."""

        __slots__ = ()

        def __class_getitem__(cls, _):
            return cls


_DRAIN_BYTES = 64 * 1024
_DRAIN_SECONDS = 0.1
_FINISHED_SECONDS = 2.0
"""How long anything (the terminator, token counts) is waited for once all items are there."""


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


class Stream(_Base, _Typed["T", "F"]):
    """The items (``T``) of an answer; ``final()`` is what they add up to (``F``)."""

    __slots__ = ("__weakref__", "_reader")

    def __init__(self, call: Call, opened: Opened, run: Callable[[Call, Steps], Any]) -> None:
        super().__init__(call, opened)
        self._reader = _Reader(self._assembler, run)

    def __iter__(self) -> Iterator[T]:
        """The items; leaving the loop early closes the stream."""
        assembler, reader = self._assembler, self._reader
        try:
            while True:
                refusal: Exception | None = None
                try:
                    yield from assembler.batch
                except REFUSED as error:
                    refusal = error
                if refusal is not None:
                    assembler.recover(refusal)
                elif not reader.advance():
                    return
        except GeneratorExit:
            # Perhaps from the garbage collector, in the middle of anything.
            reader.abandon()
            raise
        except BaseException:
            self.close()
            raise

    def __next__(self) -> T:
        assembler, reader = self._assembler, self._reader
        try:
            while True:
                refusal: Exception | None = None
                try:
                    for item in assembler.batch:
                        return item  # type: ignore[no-any-return]
                except REFUSED as error:
                    refusal = error
                if refusal is not None:
                    assembler.recover(refusal)
                elif not reader.advance():
                    break
        except BaseException:
            self.close()
            raise
        raise StopIteration

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

        Raises what the stream raises, StreamTruncatedError after it was closed early, and
        ConfigurationError where nothing was kept (the option ``keep``) of what was read before.
        """
        if not self._reader.begun:
            self._assembler.collect()
        self._assembler.check_kept()
        for _ in self:
            pass
        whole: F = self._assembler.final()
        return whole


class _Reading:
    """What both readers know; nothing of their stream, so that no cycle keeps that alive."""

    __slots__ = ("_assembler", "_count", "_ended", "_is_limited", "begun")

    def __init__(self, assembler: Assembler) -> None:
        timeout = assembler.call.budget.timeout
        self._assembler = assembler
        self._ended = False
        self._count = 0
        self._is_limited = timeout.first_event is not None or timeout.between_events is not None
        self.begun = False
        """Somebody has asked for an item."""

    def _begin(self) -> None:
        self.begun = True
        self._assembler.call.budget.resume()
        self._assembler.first_block()

    def _limit(self) -> None:
        """Begin to wait for the next event, if there was one."""
        assembler = self._assembler
        if assembler.count > self._count:
            self._count = assembler.count
            assembler.call.budget.await_event()

    def _over(self) -> bool:
        """The bytes have ended in good order; whether that is all."""
        assembler = self._assembler
        if not self._ended:
            self._ended = True
            assembler.leftover()
            return False
        assembler.end()
        return True

    def _finished(self, failure: Exception) -> bool:
        """Whether a failure does not matter, because all items are there."""
        assembler = self._assembler
        if isinstance(failure, StreamTruncatedError) or not assembler.count:
            return False
        if assembler.answer.finished_by and assembler.is_complete():
            assembler.events.done = True
            return True
        return False

    def _judged(
        self, failure: TransportError | StreamTruncatedError
    ) -> tuple[SDKError, TransportError | None]:
        """Our error for what happened, and its cause; raised at once if an item was delivered."""
        assembler = self._assembler
        if isinstance(failure, StreamTruncatedError):
            if assembler.count:
                raise failure
            return failure, None
        error = assembler.broken(failure)
        if assembler.count:
            raise error from (failure.__cause__ or failure)
        return error, failure

    def _restart(self, opened: Opened) -> None:
        assembler = self._assembler
        assembler.call.exchange = None
        assembler.error = None
        assembler.start(opened)
        self._ended = False
        assembler.first_block()

    def _tell_end(self) -> None:
        self._assembler.close()
        watch = self._assembler.call.watch
        if watch is not None:
            watch.ended(self._assembler.error)


class _Reader(_Reading):
    """Takes blocks from an exchange."""

    __slots__ = ("_run", "exchange")

    def __init__(self, assembler: Assembler, run: Callable[[Call, Steps], Any]) -> None:
        super().__init__(assembler)
        self._run = run
        self.exchange: Exchange | None = assembler.opened.exchange

    def advance(self) -> bool:
        """Take the next block into the assembler's batch (perhaps no item); whether there is one."""
        assembler, exchange = self._assembler, self.exchange
        if not self.begun:
            self._begin()
            return True
        if exchange is None:
            self._tell_end()
            return False
        if assembler.events.done:
            self._drain(exchange)
            self.close()
            return False
        assembler.settle()
        if self._is_limited:
            self._limit()
        try:
            if not self._ended:
                if assembler.is_finished:
                    block = self._last(exchange)
                else:
                    block = exchange.read()
                if block:
                    assembler.feed(block)
                    return True
            if not self._over():
                return True
        except (TransportError, StreamTruncatedError) as failure:
            if not self._finished(failure):
                self._reopen(failure)
                return True
        self.close()
        return False

    def _last(self, exchange: Exchange) -> bytes:
        """The next block, where all that matters has come."""
        budget = self._assembler.call.budget
        before = budget.shorten(_FINISHED_SECONDS)
        block = exchange.read()
        budget.restore(before)
        return block

    def _reopen(self, failure: TransportError | StreamTruncatedError) -> None:
        assembler, call = self._assembler, self._assembler.call
        error, cause = self._judged(failure)
        call.exchange, self.exchange = self.exchange, None
        try:
            opened = self._run(call, call.reopen(error, cause))
        except SDKError as final:
            assembler.error = final
            raise
        self.exchange = opened.exchange
        self._restart(opened)

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
        self._tell_end()
        if exchange is not None:
            exchange.close()

    def abandon(self) -> None:
        exchange, self.exchange = self.exchange, None
        self._tell_end()
        if exchange is not None:
            exchange.abandon()


class AsyncStream(_Base, _Typed["T", "F"]):
    """The async twin of Stream."""

    __slots__ = ("__weakref__", "_reader")

    def __init__(
        self, call: Call, opened: Opened, run: Callable[[Call, Steps], Awaitable[Any]]
    ) -> None:
        super().__init__(call, opened)
        self._reader = _AsyncReader(self._assembler, run)

    async def __aiter__(self) -> AsyncIterator[T]:
        """The items; leaving the loop early closes the stream."""
        assembler, reader = self._assembler, self._reader
        try:
            while True:
                refusal: Exception | None = None
                try:
                    for item in assembler.batch:
                        yield item
                except REFUSED as error:
                    refusal = error
                if refusal is not None:
                    assembler.recover(refusal)
                elif not await reader.advance():
                    return
        finally:
            await self.aclose()

    async def __anext__(self) -> T:
        assembler, reader = self._assembler, self._reader
        try:
            while True:
                refusal: Exception | None = None
                try:
                    for item in assembler.batch:
                        return item  # type: ignore[no-any-return]
                except REFUSED as error:
                    refusal = error
                if refusal is not None:
                    assembler.recover(refusal)
                elif not await reader.advance():
                    break
        except BaseException:
            await self.aclose()
            raise
        raise StopAsyncIteration

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
        if not self._reader.begun:
            self._assembler.collect()
        self._assembler.check_kept()
        async for _ in self:
            pass
        whole: F = self._assembler.final()
        return whole


class _AsyncReader(_Reading):
    """The async twin of _Reader."""

    __slots__ = ("_run", "exchange")

    def __init__(self, assembler: Assembler, run: Callable[[Call, Steps], Awaitable[Any]]) -> None:
        super().__init__(assembler)
        self._run = run
        self.exchange: AsyncExchange | None = assembler.opened.exchange

    async def advance(self) -> bool:
        """Take the next block into the assembler's batch (perhaps no item); whether there is one."""
        assembler, exchange = self._assembler, self.exchange
        if not self.begun:
            self._begin()
            return True
        if exchange is None:
            self._tell_end()
            return False
        if assembler.events.done:
            await self._drain(exchange)
            await self.close()
            return False
        assembler.settle()
        if self._is_limited:
            self._limit()
        try:
            if not self._ended:
                if assembler.is_finished:
                    block = await self._last(exchange)
                else:
                    block = await exchange.read()
                if block:
                    assembler.feed(block)
                    return True
            if not self._over():
                return True
        except (TransportError, StreamTruncatedError) as failure:
            if not self._finished(failure):
                await self._reopen(failure)
                return True
        await self.close()
        return False

    async def _last(self, exchange: AsyncExchange) -> bytes:
        """The next block, where all that matters has come."""
        budget = self._assembler.call.budget
        before = budget.shorten(_FINISHED_SECONDS)
        block = await exchange.read()
        budget.restore(before)
        return block

    async def _reopen(self, failure: TransportError | StreamTruncatedError) -> None:
        assembler, call = self._assembler, self._assembler.call
        error, cause = self._judged(failure)
        call.exchange, self.exchange = self.exchange, None
        try:
            opened = await self._run(call, call.reopen(error, cause))
        except SDKError as final:
            assembler.error = final
            raise
        self.exchange = opened.exchange
        self._restart(opened)

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
        self._tell_end()
        if exchange is not None:
            await exchange.close()

    def abandon(self) -> None:
        exchange, self.exchange = self.exchange, None
        self._tell_end()
        if exchange is not None:
            exchange.abandon()
