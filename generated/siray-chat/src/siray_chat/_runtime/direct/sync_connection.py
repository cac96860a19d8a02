"""One connection, sync: bytes out, answers in, each wait within its limit.

Where the system offers it, the socket blocks and the kernel keeps the limit (``SO_RCVTIMEO``), so that
a read costs one system call. Elsewhere, and where a library has put its own sockets in place of those
of Python (gevent), the limit is Python's, which asks ``poll`` first. So it is where a timer of the
process ticks (``setitimer``): each signal that Python handles has the kernel begin its wait anew.
"""

from __future__ import annotations

import select
import socket
import sys
from struct import calcsize, pack
from time import monotonic
from typing import TYPE_CHECKING, Any

from ..transport import TransportError
from .failures import UnsentError, broken, closed, overdue, timed_out
from .framing import READ_SIZE, AnswerParser, BodyWriter
from .keep_alive import keep_alive_seconds

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ..timeouts import Budget
    from ..transport import Phase, PreparedRequest
    from .pool import Pool
    from .sync_connecting import QuietSocket
    from .tls import Session

JOINED = 256 * 1024
"""Bodies up to this many bytes go out with the head in one piece."""
EARLY = 1024 * 1024
"""Bytes of an answer that are taken while the request is still being sent."""

_native = getattr(socket.socket.recv, "__objclass__", None) is socket.socket.__mro__[1]
_KERNEL_LIMITS = _native and sys.platform == "linux" and calcsize("l") == 8
_AT_ONCE = getattr(socket, "MSG_DONTWAIT", 0)
"""Flag of a call that is not to wait; only used where the kernel keeps the limits."""
_SLACK = 0.75
"""A limit that comes nearer all the time is set to this part of it, and again only when it is near."""
_LOST = (BrokenPipeError, ConnectionResetError, ConnectionAbortedError)


_NO_BUFFER = memoryview(b"")
_SPARE = 32
_buffers: list[memoryview] = []
"""For reading, used again: a block that is allocated for each read, and cut, leaves holes in memory.
Who takes one has it alone, since ``list.pop`` cannot give it twice."""


class Connection:
    """An open connection, or one that is yet to be opened."""

    __slots__ = (
        "__weakref__",
        "_armed",
        "_buffer",
        "_early",
        "_is_reused",
        "_poll",
        "_pool",
        "_recv_into",
        "_session",
        "_socket",
        "idle_since",
        "is_interrupted",
        "key",
        "parser",
        "written",
    )

    def __init__(self, key: str, pool: Pool[Connection]) -> None:
        self._pool = pool
        self._socket: QuietSocket | None = None
        self.parser: AnswerParser = AnswerParser()
        self.key: str = key
        self.idle_since: float = 0.0
        self._is_reused = False
        self.is_interrupted: bool = False
        self.written: int = 0
        """Bytes of the current request that went to the system."""
        self._session: Session | None = None
        self._recv_into: Callable[[memoryview], int] = _not_open
        self._buffer: memoryview = _NO_BUFFER
        self._armed: float | None = None
        self._poll: Callable[[int], list[tuple[int, int]]] | None = None
        self._early = b""

    def attach(self, connected: QuietSocket, session: Session | None) -> None:
        """Use a connected socket from now on, and speak TLS if there is a session."""
        self._socket = connected
        self._session = session
        self._recv_into = connected.recv_into
        self._buffer = _take_buffer()
        connected.setblocking(True)
        if hasattr(select, "poll"):
            poll = select.poll()
            poll.register(connected, select.POLLIN)
            self._poll = poll.poll

    # -- the life of a connection

    def is_stale(self, now: float) -> bool:
        """Whether the server has closed a resting connection, is about to, or has sent unasked."""
        connected = self._socket
        session = self._session
        if connected is None or (session is not None and session.is_ended):
            return True
        try:
            poll = self._poll
            if not (self._has_more(0) if poll is None else poll(0)):
                rested = now - self.idle_since
                return rested > 1.0 and rested > keep_alive_seconds(self.parser.head) - 1.0
            if session is None:
                return True
            # TLS has things to say of its own, as new session tickets.
            while True:
                data = self._peek_now(connected)
                if data is None:
                    return False
                if not data or session.decrypt(data) or session.is_ended:
                    return True
        except (OSError, TransportError, ValueError):
            return True

    def _peek_now(self, connected: QuietSocket) -> bytes | None:
        """What has arrived; None: nothing."""
        try:
            if _KERNEL_LIMITS:
                return connected.recv(READ_SIZE, socket.MSG_DONTWAIT)
            connected.settimeout(0.0)
            self._armed = 0.0
            return connected.recv(READ_SIZE)
        except BlockingIOError:
            return None

    def close(self) -> None:
        """Close the socket and leave the pool. Takes no lock and waits for nothing."""
        connected, self._socket = self._socket, None
        self._recv_into = _not_open
        self._poll = None
        # Not for others: whoever closes may not be the one who reads into it.
        self._buffer = _NO_BUFFER
        self.parser.release()
        if connected is not None:
            try:
                connected.close()
            except OSError:
                pass
        self._pool.forget(id(self))

    def retire(self) -> None:
        """Close, when nobody can be reading: another connection may use the buffer."""
        buffer, self._buffer = self._buffer, _NO_BUFFER
        if buffer and len(_buffers) < _SPARE:
            _buffers.append(buffer)
        self.close()

    def take_leave(self) -> None:
        """Close a resting connection; a TLS server is told so, if that needs no waiting."""
        connected, session = self._socket, self._session
        if connected is not None and session is not None:
            try:
                connected.settimeout(0.0)
                connected.send(session.goodbye())
            except OSError:
                pass
        self.retire()

    def interrupt(self) -> None:
        """From another thread: whoever reads or writes here finds the connection ended."""
        self.is_interrupted = True
        connected = self._socket
        if connected is not None:
            try:
                connected.shutdown(socket.SHUT_RDWR)
            except (OSError, ValueError):
                pass

    def __del__(self) -> None:
        try:
            self.close()
        except AttributeError:
            pass  # interrupted while it was made

    # -- receiving

    def advance(self, budget: Budget, phase: Phase) -> bytes:
        """Take what has come, or comes within the limits; gives what of it is content.

        What else has come the parser says. Raises TransportError.
        """
        parser = self.parser
        if parser.failure is not None:
            raise parser.failure
        # What is left of a deadline has to be looked at each time, a limit of its own does not.
        if budget.deadline is not None or budget.timeout.read != self._armed:
            self._arm(budget, phase)
        session = self._session
        if session is not None and session.is_ended:
            # The end came with what was returned last; the server may wait for ours now.
            return self._end(phase)
        buffer = self._buffer
        try:
            count = self._recv_into(buffer)
        except OSError as error:
            count = self._receive_late(error, buffer, budget, phase)
        if not count:
            return self._end(phase)
        if session is None:
            return parser.feed(buffer[:count])
        data = self._decrypted(session, buffer[:count], phase)
        return parser.feed(data) if data else b""

    def _end(self, phase: Phase) -> bytes:
        if self.is_interrupted:
            raise closed(phase)
        session = self._session
        self.parser.end(is_orderly=session is None or session.is_ended)
        return b""

    def _decrypted(self, session: Session, data: bytes | memoryview, phase: Phase) -> bytes:
        try:
            return session.decrypt(data)
        except OSError as error:  # ssl.SSLError is one
            reason = getattr(error, "reason", None) or str(error)
            raise TransportError(f"TLS failed: {reason}", phase) from error

    def _arm(self, budget: Budget, phase: Phase) -> None:
        """Set the socket's limit for reading."""
        seconds = budget.timeout.read
        deadline = budget.deadline
        if deadline is not None:
            left = deadline - monotonic()
            if left <= 0:
                raise overdue(budget, phase)
            if seconds is None or left < seconds:
                armed = self._armed
                if armed is not None and left / 2 <= armed <= left:
                    return
                seconds = left * _SLACK
            elif seconds == self._armed:
                return
        self._set_limit(seconds)

    def _set_limit(self, seconds: float | None) -> None:
        connected = self._socket
        if connected is None:
            return
        self._armed = seconds
        if _KERNEL_LIMITS and not _has_ticking_timer():
            micros = 0 if seconds is None else max(int(seconds * 1e6), 1000)
            value = pack("ll", micros // 1_000_000, micros % 1_000_000)
            try:
                connected.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, value)
                if connected.gettimeout() is not None:
                    connected.settimeout(None)
                return
            except OSError:
                pass  # a sandbox that does not know it
        connected.settimeout(seconds)

    def _receive_late(
        self, error: OSError, buffer: memoryview, budget: Budget, phase: Phase
    ) -> int:
        """The socket's limit has passed, which may have been set too low; or something is wrong."""
        waited = self._armed or 0.0
        while True:
            is_late = isinstance(error, BlockingIOError) or (
                isinstance(error, TimeoutError) and error.errno is None
            )
            if not is_late:
                raise self._failure(error, phase) from error
            limit = budget.timeout.read
            if limit is not None and waited >= limit:
                raise timed_out(budget, "read", phase)
            remaining = budget.remaining()
            if remaining is not None and remaining <= 0:
                raise overdue(budget, phase)
            left = [each for each in (remaining, limit and limit - waited) if each is not None]
            seconds = max(min(left), 0.001) if left else None
            self._set_limit(seconds)
            try:
                return self._recv_into(buffer)
            except OSError as again:
                error = again
                waited += seconds or 0.0

    def _failure(self, error: OSError, phase: Phase) -> TransportError:
        if self.is_interrupted or self._socket is None:
            return closed(phase)
        return broken(error, phase)

    # -- sending

    def request(self, request: PreparedRequest, head: bytes, budget: Budget) -> bytes:
        """Send a request; gives content of an answer that came before all was sent.

        Raises UnsentError, TransportError, and what the caller's own body raises.
        """
        self._is_reused = self.written > 0
        self.written = 0
        self.parser.begin(request.method)
        body = request.body
        content = b"" if body is None else body.content
        if content is None:
            self._send_blocks(head, request.blocks(), budget)
        elif len(content) <= JOINED:
            self._send(head + content, budget)
        else:
            view = memoryview(content)
            # In pieces, because TLS makes a copy of each.
            if self._send(head, budget):
                for start in range(0, len(view), JOINED):
                    if not self._send(view[start : start + JOINED], budget):
                        break
        early = self._early
        if early:
            self._early = b""
        return early

    def _send_blocks(self, head: bytes, blocks: Iterator[bytes], budget: Budget) -> None:
        writer = BodyWriter(head)
        if not self._send(head, budget):
            return
        for block in blocks:
            if block and not self._send(writer.write(block), budget, watch=True):
                return
        end = writer.end()
        if end:
            self._send(end, budget)

    def _send(self, data: bytes | memoryview, budget: Budget, *, watch: bool = False) -> bool:
        """Send it all; False where an answer says that it is not wanted any more."""
        session = self._session
        wire = data if session is None else self._encrypted(session, data)
        connected = self._socket
        if connected is None:
            raise closed("sending")
        if _KERNEL_LIMITS and not watch:
            try:
                sent = connected.send(wire, _AT_ONCE)
            except BlockingIOError:
                sent = 0
            except OSError as error:
                return self._after_lost_send(error)
            self.written += sent
            if sent == len(wire):
                return True
            return self._send_slowly(connected, memoryview(wire)[sent:], budget)
        return self._send_slowly(connected, memoryview(wire), budget)

    def _encrypted(self, session: Session, data: bytes | memoryview) -> bytes:
        try:
            return session.encrypt(data)
        except OSError as error:  # ssl.SSLError is one
            phase: Phase = "sending" if self.written else "connecting"
            reason = getattr(error, "reason", None) or str(error)
            raise TransportError(f"TLS failed: {reason}", phase) from error

    def _send_slowly(self, connected: QuietSocket, data: memoryview, budget: Budget) -> bool:
        """Send what does not go at once, and look for an answer meanwhile."""
        if not _KERNEL_LIMITS:
            connected.settimeout(0.0)
            self._armed = 0.0
        flags = socket.MSG_DONTWAIT if _KERNEL_LIMITS else 0
        while data:
            readable, writable = self._wait(connected, budget)
            if readable and len(self._early) < EARLY and not self._look():
                return False
            if not writable:
                continue
            try:
                sent = connected.send(data, flags)
            except BlockingIOError:
                continue
            except OSError as error:
                return self._after_lost_send(error)
            self.written += sent
            data = data[sent:]
        return True

    def _wait(self, connected: QuietSocket, budget: Budget) -> tuple[bool, bool]:
        """Wait until the socket can be read or written. Raises TransportError for a limit."""
        seconds = budget.timeout.write
        remaining = budget.remaining()
        if remaining is not None:
            if remaining <= 0:
                raise overdue(budget, "sending")
            seconds = remaining if seconds is None else min(seconds, remaining)
        watch_answer = len(self._early) < EARLY and not self.parser.complete
        if hasattr(select, "poll"):
            poll = select.poll()
            poll.register(connected, select.POLLOUT | (select.POLLIN if watch_answer else 0))
            events = poll.poll(None if seconds is None else max(int(seconds * 1000), 1))
            if events:
                event = events[0][1]
                lost = event & (select.POLLERR | select.POLLHUP)
                return bool(event & select.POLLIN), bool(event & select.POLLOUT or lost)
        else:
            reading = [connected] if watch_answer else []
            readable, writable, _ = select.select(reading, [connected], [], seconds)
            if readable or writable:
                return bool(readable), bool(writable)
        raise timed_out(budget, "write", "sending")

    def _look(self) -> bool:
        """Take what has come while sending; whether to go on sending.

        A final answer that is no success ends it: the server may not read the rest. A success does
        not, since some servers send their head first.
        """
        connected = self._socket
        if connected is None:
            return False
        parser = self.parser
        try:
            data = self._peek_now(connected)
        except OSError:
            data = b""
        if data is None:
            return True
        session = self._session
        if session is not None and data:
            content = self._decrypted(session, data, "waiting")
            if not content and not session.is_ended:
                return True
            data = content
        if data:
            self._early += parser.feed(data)
        else:
            parser.end(is_orderly=session is None or session.is_ended)
        if parser.failure is not None or parser.status >= 300 or not data:
            parser.is_clean = False
            if not data and not parser.status and not parser.has_begun:
                raise TransportError(
                    "the server closed the connection before the request was sent",
                    "sending" if self.written else "connecting",
                )
            return False
        return True

    def _after_lost_send(self, error: OSError) -> bool:
        """The server takes no more: perhaps it has said why. Raises unless it has."""
        if not self.written and self._is_reused:
            raise UnsentError from error
        if isinstance(error, _LOST) and not self.is_interrupted:
            parser = self.parser
            try:
                while not parser.status and self._look() and self._has_more(0.1):
                    pass
            except TransportError:
                pass
            if parser.status or (parser.failure is not None and parser.has_begun):
                parser.is_clean = False
                return False
        raise self._failure(error, "sending" if self.written else "connecting") from error

    def _has_more(self, seconds: float) -> bool:
        """Whether something has come, or does so within this time."""
        if self._poll is not None:
            return bool(self._poll(int(seconds * 1000)))
        connected = self._socket
        return connected is not None and bool(select.select([connected], [], [], seconds)[0])


def _has_ticking_timer() -> bool:
    # Who has set one has imported the module, which is not worth its time here.
    signal: Any = sys.modules.get("signal")
    return signal is not None and signal.getitimer(signal.ITIMER_REAL)[1] > 0.0


def _take_buffer() -> memoryview:
    try:
        return _buffers.pop()
    except IndexError:
        return memoryview(bytearray(READ_SIZE))


def _not_open(buffer: memoryview) -> int:
    raise OSError("the connection is closed")
