"""``Stream`` and ``AsyncStream``: the items of a streamed answer, as they arrive.

Iterate once, in a ``with`` block or without: leaving a ``for`` loop early closes the connection, so
does ``close()``, and garbage collection at the latest. After the last item the rest of the answer
is read for a moment, so that the connection can be used again.
"""

from __future__ import annotations

from .assembling import Assembler
from .events import REFUSED
from .stream_reading import AsyncReader, Reader

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterator
    from types import TracebackType
    from typing import Any, Generic, Self, TypeVar

    from .call import Call
    from .headers import Headers
    from .steps import Opened, Steps

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
        self._reader = Reader(self._assembler, run)

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


class AsyncStream(_Base, _Typed["T", "F"]):
    """The async twin of Stream."""

    __slots__ = ("__weakref__", "_reader")

    def __init__(
        self, call: Call, opened: Opened, run: Callable[[Call, Steps], Awaitable[Any]]
    ) -> None:
        super().__init__(call, opened)
        self._reader = AsyncReader(self._assembler, run)

    def __aiter__(self) -> AsyncIterator[T]:
        """The items; leaving the loop early closes the stream."""
        return _AsyncItems(self, self._reader)

    def __anext__(self) -> Coroutine[Any, Any, T]:
        return self._reader.item(self)

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


class _AsyncItems:
    """What ``async for`` goes through; closes the stream when it is dropped before the end.

    Not an async generator: an event loop closes those by a task, which comes too late, and is
    complained of, where the loop ends in the next moment.
    """

    __slots__ = ("_reader", "_stream")

    def __init__(self, stream: AsyncStream[Any, Any], reader: AsyncReader) -> None:
        self._stream = stream
        self._reader = reader

    def __aiter__(self) -> Self:
        return self

    def __anext__(self) -> Coroutine[Any, Any, Any]:
        return self._reader.item(self)

    def __del__(self) -> None:
        if self._reader.begun:
            self._reader.abandon()
