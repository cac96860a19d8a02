"""From the name of a host to addresses, and how the sockets to them are set up."""

from __future__ import annotations

import socket

from ..transport import TransportError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, TypeAlias

    Address: TypeAlias = tuple[Any, int, int, Any]
    """Family, type, protocol and the address itself."""

HEAD_START = 0.25
"""Seconds that an address has before the next one is tried beside it (RFC 8305 section 5)."""
_KEEPALIVE = (("TCP_KEEPIDLE", 60), ("TCP_KEEPINTVL", 60), ("TCP_KEEPCNT", 5))
"""Seconds, seconds, times: a peer that is gone for five minutes is noticed, and NATs keep the way."""


def is_literal(host: str) -> bool:
    """Whether this is an address, or a name that is in the machine's own table: quickly looked up."""
    return host == "localhost" or ":" in host or host.replace(".", "").isdecimal()


def look_up(host: str, port: int) -> list[Address]:
    """The addresses of a host in the order in which to try them. Raises TransportError.

    Blocks for as long as the system's resolver does.
    """
    try:
        socket.inet_pton(socket.AF_INET, host)
        return [(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP, (host, port))]
    except (OSError, ValueError):
        pass
    ask = socket.getaddrinfo
    name: str | bytes = host
    if host.isascii() and getattr(ask, "__module__", "") == "socket":
        # As bytes: text would be encoded by a codec whose modules take longer to load than a look-up.
        # What another library or a test puts in its place may only know text.
        name = host.encode("ascii")
    try:
        results = ask(name, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise TransportError(f"{host}: {reason}", "connecting") from error
    if not results:
        raise TransportError(f"{host} has no address", "connecting")
    return _in_turn([(family, kind, number, place) for family, kind, number, _, place in results])


def _in_turn(addresses: list[Address]) -> list[Address]:
    """The families by turns, beginning with the one that the system prefers (RFC 8305 section 4)."""
    preferred = [entry for entry in addresses if entry[0] == addresses[0][0]]
    others = [entry for entry in addresses if entry[0] != addresses[0][0]]
    if not others:
        return addresses
    mixed: list[Address] = []
    while preferred or others:
        if preferred:
            mixed.append(preferred.pop(0))
        if others:
            mixed.append(others.pop(0))
    return mixed


def set_up(connected: socket.socket) -> None:
    """Options of a TCP connection."""
    try:
        connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connected.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        for name, value in _KEEPALIVE:
            option = getattr(socket, name, None)
            if option is not None:
                connected.setsockopt(socket.IPPROTO_TCP, option, value)
    except OSError:
        pass  # what a system does not offer is not needed
