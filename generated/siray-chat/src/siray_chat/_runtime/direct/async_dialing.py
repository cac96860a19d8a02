"""Opens connections in an event loop: names to addresses, TCP, tunnels through proxies, TLS.

Addresses are tried as RFC 8305 has it: the families in turn, the next one as soon as one fails or
has had a short head start. Calls that ask for the same name at once share one look-up.
"""

from __future__ import annotations

import asyncio
import os
import socket
from typing import TYPE_CHECKING

from ..transport import TransportError
from .addresses import HEAD_START, is_literal, look_up, set_up
from .failures import closed, not_reached, timed_out

if TYPE_CHECKING:
    import ssl

    from ..timeouts import Budget
    from .addresses import Address
    from .async_connection import Connection
    from .async_pool import LoopPool
    from .routes import Route


class Dialer:
    """Opens a connection, in the event loop of a pool."""

    __slots__ = ("_context", "_look_ups", "_loop")

    def __init__(self, pool: LoopPool, context: ssl.SSLContext | None) -> None:
        self._loop = pool.loop
        self._context = context
        self._look_ups: dict[tuple[str, int], asyncio.Future[list[Address]]] = pool.look_ups

    async def open(self, made: Connection, route: Route, budget: Budget) -> None:
        """Connect ``made`` within the limit for that. Raises TransportError, ConfigurationError."""
        seconds = budget.timeout.connect
        remaining = budget.remaining()
        if remaining is not None:
            seconds = remaining if seconds is None else min(seconds, remaining)
        context: ssl.SSLContext | None = None
        if route.is_tls:
            context = self._context
            if context is None:
                from .tls import shared_context

                context = shared_context()
        try:
            async with asyncio.timeout(seconds):
                try:
                    connected = await self._connect(route)
                except TransportError as error:
                    raise not_reached(error, route) from error
                try:
                    await self._loop.create_connection(lambda: made, sock=connected)
                except BaseException:
                    connected.close()
                    raise
                made.attach(connected)
                if route.tunnel_head:
                    await self._tunnel(made, route)
                if context is not None:
                    await self._secure(made, route, context)
        except TimeoutError as error:
            made.discard()
            raise timed_out(budget, "connect", "connecting") from error
        except BaseException as error:
            made.discard()
            if isinstance(error, OSError):
                reason = error.strerror or str(error)
                raise TransportError(reason, "connecting") from error
            raise

    # -- sockets

    async def _connect(self, route: Route) -> socket.socket:
        if route.unix_socket is not None:
            return await self._connect_unix(route.unix_socket)
        host, port = route.host, route.port
        addresses = look_up(host, port) if is_literal(host) else await self._resolve(host, port)
        if len(addresses) == 1:
            return await self._connect_to(addresses[0])
        return await self._race(addresses)

    async def _connect_unix(self, path: str) -> socket.socket:
        family = getattr(socket, "AF_UNIX", None)
        if family is None:
            raise TransportError("this system has no unix sockets", "connecting", permanent=True)
        while True:
            made = socket.socket(family, socket.SOCK_STREAM)
            made.setblocking(False)
            try:
                made.connect(path)
                return made
            except BlockingIOError:
                # The listener's queue is full: unlike TCP, nothing tells when it no longer is.
                made.close()
                await asyncio.sleep(0.01)
            except OSError as error:
                made.close()
                reason = error.strerror or str(error)
                raise TransportError(f"{path}: {reason}", "connecting") from error

    async def _resolve(self, host: str, port: int) -> list[Address]:
        key = (host, port)
        pending = self._look_ups.get(key)
        if pending is None:
            pending = self._loop.run_in_executor(None, look_up, host, port)
            self._look_ups[key] = pending
            pending.add_done_callback(lambda done: self._looked_up(key, done))
        # A call that is given up does not take the answer from the others.
        return await asyncio.shield(pending)

    def _looked_up(self, key: tuple[str, int], done: asyncio.Future[list[Address]]) -> None:
        self._look_ups.pop(key, None)
        if not done.cancelled():
            done.exception()  # perhaps nobody waits for it any more

    async def _connect_to(self, address: Address) -> socket.socket:
        family, kind, protocol, place = address
        made = socket.socket(family, kind, protocol)
        try:
            made.setblocking(False)
            await self._loop.sock_connect(made, place)
            set_up(made)
        except OSError as error:
            made.close()
            code = error.errno
            # The words of asyncio's own errors repeat the address.
            reason = os.strerror(code) if isinstance(code, int) and code > 0 else str(error)
            raise TransportError(reason, "connecting") from error
        except OverflowError as error:
            made.close()
            raise TransportError(str(error), "connecting", permanent=True) from error
        except BaseException:
            made.close()
            raise
        return made

    async def _race(self, addresses: list[Address]) -> socket.socket:
        """The first socket that connects."""
        attempts: set[asyncio.Task[socket.socket]] = set()
        reasons: dict[str, None] = {}
        waiting = list(addresses)
        winner: socket.socket | None = None
        try:
            while True:
                if waiting:
                    attempts.add(self._loop.create_task(self._try(waiting.pop(0))))
                if not attempts:
                    raise TransportError("; ".join(reasons), "connecting")
                done, attempts = await asyncio.wait(
                    attempts,
                    timeout=HEAD_START if waiting else None,
                    return_when=asyncio.FIRST_COMPLETED,
                )
                for task in done:
                    if task.cancelled():
                        continue
                    error = task.exception()
                    if error is None:
                        if winner is None:
                            winner = task.result()
                        else:
                            task.result().close()
                    elif isinstance(error, (TransportError, OSError)):
                        reasons[str(error)] = None
                    else:
                        raise error
                if winner is not None:
                    return winner
        except BaseException:
            if winner is not None:
                winner.close()
            raise
        finally:
            for task in attempts:
                task.add_done_callback(_close_result)
                task.cancel()

    async def _try(self, address: Address) -> socket.socket:
        return await self._connect_to(address)

    # -- what is done before the first request

    async def _tunnel(self, made: Connection, route: Route) -> None:
        """Have a proxy connect to the server (RFC 9110 section 9.3.6)."""
        proxy = route.proxy.shown if route.proxy is not None else ""
        parser = made.parser
        made.ask_proxy(route.tunnel_head)
        while not parser.complete:
            if made.failure is not None:
                text = f"proxy {proxy}: {made.failure}"
                raise TransportError(text, "connecting") from made.failure
            await made.event()
        status = parser.status
        if not 200 <= status < 300:
            what = "wants user and password" if status == 407 else "refused to connect"
            raise TransportError(
                f"proxy {proxy} {what} (status {status})",
                "connecting",
                permanent=400 <= status < 500,
            )
        if not parser.is_clean:
            # In TLS the client speaks first: these bytes are not the server's.
            raise TransportError(f"proxy {proxy} sent more than its answer", "connecting")
        made.parse_anew()

    async def _secure(self, made: Connection, route: Route, context: ssl.SSLContext) -> None:
        """TLS (RFC 8446), with the certificate checked for the host of the URL."""
        import ssl

        from . import tls

        try:
            session = tls.Session(context, route.name)
            made.secure(session)
            while not session.is_ready:
                if made.failure is not None:
                    reason = made.failure.__cause__
                    if isinstance(reason, ssl.SSLError):
                        raise reason
                    text = f"no TLS connection to {route.name}: {made.failure}"
                    raise TransportError(text, "connecting") from made.failure
                await made.event()
        except (ssl.SSLError, ValueError) as error:
            has_own_context = self._context is not None
            raise tls.failure(error, route.name, has_own_context=has_own_context) from error
        tls.check_protocol(session.protocol, route.name)
        if made.is_lost:
            raise (
                closed()
                if made.pool.is_closed
                else TransportError(f"{route.name} closed the connection", "connecting")
            )


def _close_result(task: asyncio.Task[socket.socket]) -> None:
    """A socket that connected although it was given up."""
    if not task.cancelled() and task.exception() is None:
        task.result().close()
