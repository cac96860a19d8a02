"""One connection in an event loop: an asyncio.BufferedProtocol with one waiter and one timer.

What is received goes through TLS, if there is any, into the parser; whoever waits is woken once for
each read of the socket. One timer serves all waits of a connection: it is only set again when a wait
ends earlier than it would ring, and looks at the clock when it does.
"""

from __future__ import annotations

import asyncio
import select
from time import monotonic
from typing import TYPE_CHECKING

from ..transport import TransportError
from .async_sending import JOINED, send_large
from .failures import UnsentError, broken, closed, overdue, timed_out
from .framing import AnswerParser
from .keep_alive import keep_alive_seconds

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable

    from ..timeouts import Budget, LimitName
    from ..transport import Phase, PreparedRequest
    from .async_pool import Lane, LoopPool
    from .tls import Session

MAX_HELD = 256 * 1024
"""Bytes received and not asked for, beyond which the socket is not read."""
_NEVER = float("inf")
_POLL = getattr(select, "poll", None)

# What a wait ends for, beside the end of the answer or of the connection.
_EVENT, _HEAD, _CONTENT, _ROOM = range(4)


_inherited: list[object] = []
"""What is of the parent process, and must not be collected in this one."""


class Connection(asyncio.BufferedProtocol):
    """An open connection, or one that is being opened."""

    __slots__ = (
        "_blocks",
        "_budget",
        "_deadline",
        "_early",
        "_held",
        "_is_overdue",
        "_is_paused",
        "_loop",
        "_pieces",
        "_poll",
        "_seconds",
        "_session",
        "_socket",
        "_timer",
        "_timer_at",
        "_transport",
        "_unsent",
        "_waiter",
        "_wanted",
        "failure",
        "idle_since",
        "is_idle",
        "is_lost",
        "is_reused",
        "lane",
        "parser",
        "pool",
    )

    def __init__(self, pool: LoopPool, lane: Lane) -> None:
        self.pool: LoopPool = pool
        self.lane: Lane = lane
        self.parser: AnswerParser = AnswerParser()
        self.failure: TransportError | None = None
        """Why there is nothing more to be expected, apart from what the parser says."""
        self.is_lost: bool = False
        self.is_idle: bool = False
        self.is_reused: bool = False
        self.idle_since: float = 0.0
        self._loop = pool.loop
        self._transport: asyncio.Transport | None = None
        self._socket: socket.socket | None = None
        self._session: Session | None = None
        self._poll: Callable[[int], list[tuple[int, int]]] | None = None
        self._blocks: list[bytes] = []
        self._held = 0
        self._is_paused = False
        self._waiter: asyncio.Future[None] | None = None
        self._wanted = _EVENT
        self._timer: asyncio.TimerHandle | None = None
        self._timer_at = _NEVER
        self._deadline = _NEVER
        self._seconds: float | None = None
        self._budget: Budget | None = None
        self._is_overdue = False
        self._unsent = 0
        self._pieces = 0
        self._early: bytes | None = b""
        """What came before anything was asked; None afterwards."""

    def attach(self, connected: socket.socket) -> None:
        """Know the socket below, which is asked whether a resting connection is alive."""
        self._socket = connected
        if _POLL is not None and not self.is_lost:
            poll = _POLL()
            poll.register(connected.fileno(), select.POLLIN)
            self._poll = poll.poll

    # -- what the event loop calls

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The transport is there."""
        self._transport = transport  # type: ignore[assignment]

    def get_buffer(self, sizehint: int) -> memoryview:
        """Where to put what comes: one place for all connections of the loop, as it is used at once.

        Memory for each read would be large, and what is kept of it would leave holes.
        """
        return self.pool.buffer

    def buffer_updated(self, nbytes: int) -> None:
        """Bytes have come."""
        data: bytes | memoryview = self.pool.buffer[:nbytes]
        session = self._session
        if session is not None:
            data = self._decrypt(session, data)
            if not data:
                return
        parser = self.parser
        if self._early is not None:
            self._early += data
            if len(self._early) > MAX_HELD:
                self._pause()
            return
        content = parser.feed(data)
        if content:
            self._blocks.append(content)
            self._held += len(content)
        if self._waiter is None:
            if self.is_idle:
                self.discard()  # nobody has asked for anything
            elif self._held > MAX_HELD:
                self._pause()
            return
        wanted = self._wanted
        if (
            wanted == _EVENT
            or parser.complete
            or parser.failure is not None
            or (parser.status and (wanted == _HEAD or (wanted == _ROOM and parser.status >= 300)))
            or (wanted == _CONTENT and content)
        ):
            self._wake()
        elif wanted != _ROOM:
            # Some bytes have moved; the deadline of the call has not.
            self._set_deadline(monotonic())
        elif self._held > MAX_HELD:
            self._pause()

    def _pause(self) -> None:
        transport = self._transport
        if transport is not None and not self._is_paused and not transport.is_closing():
            self._is_paused = True
            transport.pause_reading()

    def eof_received(self) -> None:
        """The other side sends no more, and what waits to be sent to it is of no use any more."""
        self._end()

    def connection_lost(self, exc: Exception | None) -> None:
        """The connection is closed, by whomever."""
        parser = self.parser
        if not self.is_lost:
            self.is_lost = True
            if exc is not None and self.failure is None and not parser.complete:
                self._drain()
            session = self._session
            if not parser.complete and self.failure is None and not self._early:
                if exc is None:
                    parser.end(is_orderly=session is None or session.is_ended)
                elif isinstance(exc, OSError):
                    self.failure = broken(exc, "reading" if parser.status else "waiting")
                else:
                    self.failure = TransportError(str(exc), "waiting")
        parser.is_clean = False
        parser.release()
        self._transport = self._socket = self._poll = None
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self.pool.forget(self)
        self._wake()

    def pause_writing(self) -> None:
        """More waits to be sent than should; ``make_room`` sees for itself."""

    def resume_writing(self) -> None:
        """Enough of it is gone."""
        if self._wanted == _ROOM:
            self._wake()

    def _decrypt(self, session: Session, data: bytes | memoryview) -> bytes:
        """What was received, in plain; while the handshake goes on, nothing."""
        try:
            if session.is_ready:
                content = session.decrypt(data)
            else:
                content = b""
                session.handshake(data)
                if self._wanted == _EVENT:
                    self._wake()
        except Exception as error:
            # The first byte of an answer may have gone before: what was received is used first.
            phase: Phase = "reading" if self.parser.status else "waiting"
            self.failure = TransportError(f"TLS failed: {error}", phase)
            self.failure.__cause__ = error
            self.parser.is_clean = False
            self._wake()
            content = b""
        pending = session.pending()
        if pending and self._transport is not None:
            self._transport.write(pending)
        if session.is_ended:
            self.parser.is_clean = False
            if self.is_idle:
                self.discard()
            elif not content:
                self._end()
            else:
                self._loop.call_soon(self._end)
        return content

    def _end(self) -> None:
        """Nothing follows, as the server has said."""
        transport = self._transport
        if transport is not None:
            transport.abort()
            self.connection_lost(None)

    def _drain(self) -> None:
        """What came before the connection broke may be the answer; the event loop would drop it."""
        connected = self._socket
        while connected is not None and not self.parser.complete:
            try:
                count = connected.recv_into(self.pool.buffer)
            except (OSError, ValueError):
                return
            if not count:
                return
            self.buffer_updated(count)

    # -- waiting

    def _wake(self) -> None:
        waiter = self._waiter
        if waiter is not None:
            self._waiter = None
            if not waiter.done():
                waiter.set_result(None)

    async def _wait(self, wanted: int, limit: LimitName, budget: Budget, phase: Phase) -> None:
        """Until what is wanted may be there. Raises TransportError when a limit passes."""
        if self._waiter is not None:
            raise TransportError("another task is reading this answer", phase, permanent=True)
        self._seconds = seconds = getattr(budget.timeout, limit)
        self._budget = budget
        self._is_overdue = False
        self._wanted = wanted
        now = monotonic()
        if seconds is None or budget.deadline is not None or now + seconds < self._timer_at:
            self._set_deadline(now)
        else:
            self._deadline = now + seconds
        waiter = self._waiter = self._loop.create_future()
        try:
            await waiter
        finally:
            if self._waiter is waiter:
                self._waiter = None
        if self._is_overdue:
            raise timed_out(budget, limit, phase)

    def _set_deadline(self, now: float) -> None:
        budget = self._budget
        seconds = self._seconds
        deadline = _NEVER if seconds is None else now + seconds
        if budget is not None and budget.deadline is not None and budget.deadline < deadline:
            deadline = budget.deadline
        self._deadline = deadline
        if deadline < self._timer_at:
            if self._timer is not None:
                self._timer.cancel()
            self._timer_at = deadline
            self._timer = self._loop.call_later(max(deadline - now, 0.0), self._ring)

    def _ring(self) -> None:
        self._timer = None
        self._timer_at = _NEVER
        waiter = self._waiter
        if waiter is None:
            return
        now = monotonic()
        if now >= self._deadline - 0.001 and not self._has_moved(now):
            self._is_overdue = True
            self._wake()
        elif self._deadline < _NEVER:
            self._timer_at = self._deadline
            self._timer = self._loop.call_later(max(self._deadline - now, 0.0), self._ring)

    def _has_moved(self, now: float) -> bool:
        """Whether some of what waits to be sent has gone; if so, there is a new deadline."""
        if self._wanted != _ROOM or self._transport is None:
            return False
        budget = self._budget
        if budget is not None and budget.expired():
            return False
        unsent = self._transport.get_write_buffer_size()
        if unsent >= self._unsent or self._seconds is None:
            return False
        self._unsent = unsent
        self._set_deadline(now)
        return True

    async def event(self) -> None:
        """While the connection is being opened: until anything has happened."""
        if self.is_lost or self.failure is not None:
            if self.failure is None:
                self.failure = self.parser.failure or TransportError(
                    "the connection was closed", "connecting"
                )
            return
        self._wanted = _EVENT
        waiter = self._waiter = self._loop.create_future()
        try:
            await waiter
        finally:
            if self._waiter is waiter:
                self._waiter = None
        if self.parser.failure is not None and self.failure is None:
            self.failure = self.parser.failure

    # -- the opening

    def ask_proxy(self, head: bytes) -> None:
        """Ask a proxy for a tunnel; the answer is for the parser."""
        self._early = None
        self.parser.begin("CONNECT")
        self.write(head)

    def parse_anew(self) -> None:
        """What follows is another server's: forget the one before."""
        self.parser.release()
        self.parser = AnswerParser()
        self._early = b""

    def secure(self, session: Session) -> None:
        """Begin to speak TLS."""
        self._session = session
        session.handshake()
        self.write(session.pending())

    def write(self, data: bytes | memoryview) -> None:
        """Send as they are; what the system does not take at once is sent by the event loop."""
        if self._transport is not None:
            self._transport.write(data)

    # -- requests

    def is_stale(self, now: float) -> bool:
        """Whether a resting connection cannot be used: closed, or about to be, or spoken on unasked."""
        transport = self._transport
        if self.is_lost or transport is None:
            return True
        # The event loop may not have looked since.
        poll = self._poll
        if poll(0) if poll is not None else transport.is_closing():
            return True
        rested = now - self.idle_since
        return rested > 1.0 and rested > keep_alive_seconds(self.parser.head) - 1.0

    async def request(self, request: PreparedRequest, head: bytes, budget: Budget) -> None:
        """Send, and wait for the head of the answer.

        Raises UnsentError, TransportError, and what the caller's own body raises.
        """
        parser = self.parser
        transport = self._transport
        parser.begin(request.method)
        if self._early is not None and self._take_early():
            return
        if transport is None:
            raise UnsentError
        body = request.body
        content = b"" if body is None else body.content
        if content is not None and len(content) <= JOINED:
            if content:
                head += content
            session = self._session
            transport.write(head if session is None else session.encrypt(head))
            if transport.is_closing():
                raise UnsentError
        else:
            await send_large(self, request, head, budget)
        while not parser.status:
            failure = parser.failure or self.failure
            if failure is not None:
                raise failure
            if self.is_lost:
                raise self._ended("waiting")
            timeout = budget.timeout
            if timeout.write != timeout.read and transport.get_write_buffer_size():
                await self.make_room(0, budget)
            else:
                await self._wait(_HEAD, "read", budget, "waiting")

    def _take_early(self) -> bool:
        """Whether the server has answered before it was asked, as one does that takes no more clients."""
        early, self._early = self._early, None
        parser = self.parser
        if early:
            content = parser.feed(early)
            if content:
                self._blocks.append(content)
                self._held += len(content)
            if self.is_lost:
                parser.end(is_orderly=self._session is None or self._session.is_ended)
            parser.is_clean = False
        return bool(parser.status)

    async def send_piece(self, data: bytes | memoryview, budget: Budget) -> bool:
        """Send a piece; False where an answer says that the rest is not wanted."""
        session = self._session
        transport = self._transport
        if transport is not None and not self.is_lost:
            transport.write(data if session is None else session.encrypt(data))
        self._pieces += 1
        if self._pieces % 4 == 0:
            # Others want the event loop too, and an answer may be there.
            await asyncio.sleep(0)
        return await self.make_room(JOINED, budget)

    async def make_room(self, most: int, budget: Budget) -> bool:
        """Until no more than ``most`` bytes wait to be sent; False as ``send_piece``.

        A final answer that is no success ends it: the server may not read the rest. A success does
        not, since some servers send their head first.
        """
        parser = self.parser
        while True:
            transport = self._transport
            if self.is_lost or transport is None:
                parser.is_clean = False
                if parser.status or parser.has_begun:
                    return False
                failure = self.failure
                if failure is not None and failure.phase != "waiting":
                    raise failure
                text = "the server closed the connection before the request was sent"
                raise TransportError(str(failure or text), "sending") from failure
            if parser.failure is not None or parser.status >= 300:
                parser.is_clean = False
                return False
            self._unsent = transport.get_write_buffer_size()
            if self._unsent <= most and not transport.is_closing():
                return True
            if budget.expired():
                raise overdue(budget, "sending")
            transport.set_write_buffer_limits(high=most, low=most)
            try:
                await self._wait(_ROOM, "write", budget, "sending")
            finally:
                if self._transport is not None:
                    self._transport.set_write_buffer_limits()

    def _ended(self, phase: Phase) -> TransportError:
        if self.failure is not None:
            return self.failure
        if self.pool.is_closed:
            return closed(phase)
        return TransportError("the connection was closed", phase)

    def take(self) -> bytes:
        """What has come of the body and was not taken yet."""
        blocks = self._blocks
        if not blocks:
            return b""
        content = blocks[0] if len(blocks) == 1 else b"".join(blocks)
        blocks.clear()
        self._held = 0
        if self._is_paused:
            self._is_paused = False
            if self._transport is not None and not self._transport.is_closing():
                self._transport.resume_reading()
        return content

    async def content(self, budget: Budget) -> bytes:
        """Wait for more of the body: ``b""`` at its end. Raises TransportError."""
        parser = self.parser
        while not self._blocks:
            if parser.complete:
                return b""
            failure = parser.failure or self.failure
            if failure is not None:
                raise failure
            if self.is_lost:
                raise self._ended("reading")
            await self._wait(_CONTENT, "read", budget, "reading")
        return self.take()

    # -- the end

    def discard(self, failure: TransportError | None = None) -> None:
        """Close at once, whatever is going on; a waiter is told why. May be called repeatedly."""
        if failure is not None and self.failure is None:
            self.failure = failure
        self.pool.forget(self)
        transport = self._transport
        if transport is not None:
            session = self._session
            if self.is_idle and session is not None and session.is_ready:
                transport.write(session.goodbye())
                transport.close()
            else:
                transport.abort()
        self._wake()

    def disown(self) -> None:
        """Close the socket where no event loop can do it any more: it is closed, or another process's."""
        self.is_lost = True
        self.parser.release()
        transport, self._transport = self._transport, None
        connected, self._socket = self._socket, None
        self._poll = None
        self._timer = self._waiter = None
        if connected is None:
            return
        if not hasattr(transport, "_sock") and not self._loop.is_closed():
            # A loop that is not of Python, in a child process: it would close the socket once more
            # when it is collected, and by then the number may be that of another file.
            _inherited.append((transport, connected))
            return
        if getattr(transport, "_sock", None) is not None:
            # asyncio's transport would find its loop closed when it is collected, and complain.
            transport._sock = None  # type: ignore[union-attr]
        try:
            connected.close()
        except OSError:
            pass
