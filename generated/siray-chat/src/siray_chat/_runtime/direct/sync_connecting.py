"""Opens sockets: names to addresses, then the first address that answers, within a limit.

``getaddrinfo`` cannot be interrupted, neither by a limit nor by Ctrl-C, so a thread of its own asks
for what is not an address already; when it takes too long it is left to itself, and ends with its
answer. Addresses are tried as RFC 8305 has it: the families in turn, the next one as soon as one
fails or has had a short head start.
"""

from __future__ import annotations

import errno
import os
import selectors
import socket
from _thread import allocate_lock, start_new_thread
from contextlib import suppress
from time import monotonic

from ..transport import TransportError
from .addresses import HEAD_START, is_literal, look_up, set_up
from .framing import READ_SIZE

TYPE_CHECKING = False
if TYPE_CHECKING:
    import ssl

    from .addresses import Address
    from .framing import AnswerParser
    from .routes import Route
    from .tls import Session

_PENDING = (errno.EINPROGRESS, errno.EWOULDBLOCK, errno.EALREADY, getattr(errno, "WSAEINVAL", 0))


class QuietSocket(socket.socket):
    """A socket that needs no ``close()`` before it is collected; which goes first in a cycle is chance."""

    __slots__ = ()

    def __del__(self) -> None:
        try:
            self.close()
        except AttributeError:
            pass  # interrupted while it was made


class TooLateError(Exception):
    """The limit has passed."""


def connect_tcp(host: str, port: int, deadline: float | None) -> QuietSocket:
    """A connected socket, not blocking. Raises TransportError, TooLateError (monotonic deadline)."""
    return _race(_resolve(host, port, deadline), deadline)


def connect_unix(path: str, deadline: float | None) -> QuietSocket:
    """The same to a unix socket."""
    family = getattr(socket, "AF_UNIX", None)
    if family is None:
        raise TransportError("this system has no unix sockets", "connecting", permanent=True)
    address = "\0" + path[1:] if path[:1] == "\0" else path
    made = QuietSocket(family, socket.SOCK_STREAM)
    try:
        made.setblocking(False)
        while True:
            code = made.connect_ex(address)
            if code not in (errno.EAGAIN, errno.EWOULDBLOCK):
                break
            # The listener's queue is full: unlike TCP, nothing tells when it no longer is.
            if deadline is not None and monotonic() >= deadline:
                raise TooLateError
            from time import sleep

            sleep(0.01)
        if code == 0:
            return made
    except OSError as error:
        made.close()
        raise TransportError(f"{path}: {error.strerror or error}", "connecting") from error
    except BaseException:
        made.close()
        raise
    made.close()
    raise TransportError(f"{path}: {os.strerror(code)}", "connecting")


def tunnel(
    connected: QuietSocket, route: Route, parser: AnswerParser, deadline: float | None
) -> None:
    """Have a proxy connect to the server (RFC 9110 section 9.3.6)."""
    proxy = route.proxy.shown if route.proxy is not None else ""
    parser.begin("CONNECT")
    try:
        send_all(connected, route.tunnel_head, deadline)
        while not parser.complete and parser.failure is None:
            data = receive_some(connected, deadline)
            if data:
                parser.feed(data)
            else:
                parser.end()
    except OSError as error:
        raise TransportError(f"proxy {proxy}: {error.strerror or error}", "connecting") from error
    status = parser.status
    if parser.failure is not None:
        text = str(parser.failure)
        raise TransportError(f"proxy {proxy}: {text}", "connecting") from parser.failure
    if not 200 <= status < 300:
        what = "wants user and password" if status == 407 else "refused to connect"
        raise TransportError(
            f"proxy {proxy} {what} (status {status})", "connecting", permanent=400 <= status < 500
        )
    if not parser.is_clean:
        # In TLS the client speaks first: these bytes are not the server's.
        raise TransportError(f"proxy {proxy} sent more than its answer", "connecting")
    parser.release()


def secure(
    connected: QuietSocket, route: Route, context: ssl.SSLContext | None, deadline: float | None
) -> Session:
    """Begin to speak TLS; ``context`` is the caller's own, if there is one."""
    import ssl

    from . import tls

    name = route.name
    session = tls.Session(context or tls.shared_context(), name)
    try:
        session.handshake()
        while True:
            send_all(connected, session.pending(), deadline)
            if session.is_ready:
                break
            data = receive_some(connected, deadline)
            if not data:
                message = f"{name} closed the connection during the TLS handshake"
                raise TransportError(message, "connecting")
            try:
                session.handshake(data)
            except ssl.SSLError:
                # Tell the server why, if it can be told at once.
                with suppress(OSError):
                    connected.send(session.pending())
                raise
    except ssl.SSLError as error:
        raise tls.failure(error, name, has_own_context=context is not None) from error
    except OSError as error:
        text = f"no TLS connection to {name}: {error.strerror or error}"
        raise TransportError(text, "connecting") from error
    tls.check_protocol(session.protocol, name)
    return session


def send_all(connected: QuietSocket, data: bytes, deadline: float | None) -> None:
    """Send on a socket that does not block. Raises OSError, TooLateError."""
    view = memoryview(data)
    while view:
        try:
            view = view[connected.send(view) :]
        except BlockingIOError:
            _wait(connected, selectors.EVENT_WRITE, deadline)


def receive_some(connected: QuietSocket, deadline: float | None) -> bytes:
    """Receive on a socket that does not block. Raises OSError, TooLateError."""
    while True:
        try:
            return connected.recv(READ_SIZE)
        except BlockingIOError:
            _wait(connected, selectors.EVENT_READ, deadline)


def _wait(connected: QuietSocket, event: int, deadline: float | None) -> None:
    with selectors.DefaultSelector() as selector:
        selector.register(connected, event)
        left = None if deadline is None else deadline - monotonic()
        if (left is not None and left <= 0) or not selector.select(left):
            raise TooLateError


def _resolve(host: str, port: int, deadline: float | None) -> list[Address]:
    """Every address of a host."""
    if is_literal(host):
        return look_up(host, port)
    found: list[list[Address]] = []
    failed: list[Exception] = []
    done = allocate_lock()
    done.acquire()

    def ask() -> None:
        try:
            found.append(look_up(host, port))
        except Exception as error:
            failed.append(error)
        finally:
            done.release()

    try:
        start_new_thread(ask, ())
    except RuntimeError:  # no more threads, or the interpreter is about to end
        return look_up(host, port)
    if not done.acquire(timeout=-1 if deadline is None else max(deadline - monotonic(), 0.0)):
        raise TooLateError
    if failed:
        raise failed[0]
    return found[0]


def _race(addresses: list[Address], deadline: float | None) -> QuietSocket:
    pending: set[QuietSocket] = set()
    failures: list[str] = []
    waiting = list(addresses)
    selector: selectors.BaseSelector | None = None
    winner: QuietSocket | None = None
    next_start = 0.0
    try:
        while winner is None:
            now = monotonic()
            if waiting and (not pending or now >= next_start):
                made = _begin(waiting.pop(0), failures)
                if made is None:
                    continue
                candidate, is_connected = made
                if is_connected:
                    winner = candidate
                    break
                pending.add(candidate)
                if selector is None:
                    selector = selectors.DefaultSelector()
                selector.register(candidate, selectors.EVENT_WRITE, candidate)
                next_start = now + HEAD_START
            if not pending:
                reasons = "; ".join(dict.fromkeys(failures))
                raise TransportError(reasons or "no address answers", "connecting")
            if deadline is not None and now >= deadline:
                raise TooLateError
            ends = [time for time in (deadline, next_start if waiting else None) if time]
            assert selector is not None
            for key, _ in selector.select(max(min(ends) - now, 0.0) if ends else None):
                candidate = key.data
                selector.unregister(candidate)
                pending.discard(candidate)
                code = candidate.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
                if code == 0 and winner is None:
                    winner = candidate
                    continue
                candidate.close()
                if code:
                    failures.append(os.strerror(code))
                next_start = 0.0
        set_up(winner)
        return winner
    except BaseException:
        if winner is not None:
            winner.close()
        raise
    finally:
        if selector is not None:
            selector.close()
        for candidate in pending:
            candidate.close()


def _begin(address: Address, failures: list[str]) -> tuple[QuietSocket, bool] | None:
    """A socket that is connecting to an address, and whether it has connected already."""
    family, kind, protocol, place = address
    try:
        made = QuietSocket(family, kind, protocol)
    except OSError as error:  # a family that this machine lacks, or no more files
        failures.append(error.strerror or str(error))
        return None
    try:
        made.setblocking(False)
        code = made.connect_ex(place)
    except (OSError, OverflowError) as error:
        made.close()
        failures.append(getattr(error, "strerror", None) or str(error))
        return None
    if code == 0 or code in _PENDING:
        return made, code == 0
    made.close()
    failures.append(os.strerror(code))
    return None
