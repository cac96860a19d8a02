"""Readers of streams: they take blocks from an exchange, hand them to the assembler, and see to the end.

Sync and async. A stream that fails before its first item is opened again; one whose items are all
there is read on for a moment, so that its connection can be used again.
"""

from __future__ import annotations

from .errors import SDKError, StreamTruncatedError
from .events import REFUSED
from .transport import TransportError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from typing import Any

    from .assembling import Assembler
    from .call import Call
    from .steps import Opened, Steps
    from .transport import AsyncExchange, Exchange

_DRAIN_BYTES = 64 * 1024
_DRAIN_SECONDS = 0.1
_FINISHED_SECONDS = 2.0
"""How long anything (the terminator, token counts) is waited for once all items are there."""


class Reading:
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


class Reader(Reading):
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


class AsyncReader(Reading):
    """The async twin of Reader."""

    __slots__ = ("_run", "exchange")

    def __init__(self, assembler: Assembler, run: Callable[[Call, Steps], Awaitable[Any]]) -> None:
        super().__init__(assembler)
        self._run = run
        self.exchange: AsyncExchange | None = assembler.opened.exchange

    async def item(self, owner: object) -> Any:
        """The next item. The stream is closed when its ``owner`` goes, so that is held meanwhile."""
        assembler = self._assembler
        try:
            while True:
                refusal: Exception | None = None
                try:
                    for item in assembler.batch:
                        return item
                except REFUSED as error:
                    refusal = error
                if refusal is not None:
                    assembler.recover(refusal)
                elif not await self.advance():
                    break
        except GeneratorExit:
            # The task is garbage: its loop has ended without it.
            self.abandon()
            raise
        except BaseException:
            await self.close()
            raise
        raise StopAsyncIteration

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
