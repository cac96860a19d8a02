"""How requests get to an origin: straight, through a proxy, or over a unix socket.

The environment says what it says to curl: ``http_proxy``, ``https_proxy``, ``all_proxy`` and
``no_proxy``, in either case, the lower one first. It is read once for each transport. Where
``REQUEST_METHOD`` is set, as for CGI scripts, ``HTTP_PROXY`` is not believed: a client of the script
could have sent it as the field ``Proxy``.
"""

from __future__ import annotations

import os

from ..errors import ConfigurationError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

_PORTS = {"http": 80, "https": 443}
_KEPT = 1000
"""Routes remembered; servers that redirect can name any number of origins."""


class Proxy:
    """An HTTP proxy: where it is, and what it wants to know about us."""

    __slots__ = ("authorization", "host", "port", "shown")

    def __init__(self, host: str, port: int, authorization: str) -> None:
        self.host: str = host
        self.port: int = port
        self.authorization: str = authorization
        """The value of Proxy-Authorization, or nothing."""
        self.shown: str = f"{_bracketed(host)}:{port}"
        """How messages name it: without user and password."""


class Route:
    """The way to one origin. Connections of equal ``key`` can take each other's place."""

    __slots__ = (
        "authority",
        "forwarded",
        "host",
        "is_tls",
        "key",
        "more",
        "name",
        "port",
        "proxy",
        "tunnel_head",
        "unix_socket",
    )

    def __init__(self, origin: str, proxy: Proxy | None, unix_socket: str | None) -> None:
        scheme, _, self.authority = origin.partition("://")
        """What the field Host says."""
        host, _, port = self.authority.rpartition(":")
        if not host or self.authority[-1] == "]":
            host, port = self.authority, ""
        number = int(port) if port else _PORTS[scheme]
        self.is_tls: bool = scheme == "https"
        host_name = host.strip("[]").replace("%25", "%")  # before the zone of an IPv6 address
        self.name: str = host_name.partition("%")[0].rstrip(".")
        """What the certificate of the server must be for, where it has to have one."""
        self.unix_socket: str | None = unix_socket
        self.proxy: Proxy | None = proxy
        self.host: str = proxy.host if proxy is not None else host_name
        """Where to connect, with ``port``, unless there is a ``unix_socket``."""
        self.port: int = proxy.port if proxy is not None else number
        self.forwarded: str = ""
        """What goes before the target of a request that a proxy forwards, else nothing."""
        self.more: str = ""
        """Further fields of requests that a proxy forwards, each with its line end."""
        self.tunnel_head: bytes = b""
        """The request to send to the proxy, and to have answered, before anything else (RFC 9110
        section 9.3.6); nothing where no tunnel is needed."""
        self.key: str = origin
        if proxy is None:
            return
        fields = ""
        if proxy.authorization:
            fields = f"Proxy-Authorization: {proxy.authorization}\r\n"
        if self.is_tls:
            place = f"{host}:{number}"
            head = f"CONNECT {place} HTTP/1.1\r\nHost: {place}\r\n{fields}\r\n"
            self.tunnel_head = head.encode("ascii")
        else:
            self.forwarded, self.more = origin, fields
            self.key = f"proxy {proxy.shown}"

    def __repr__(self) -> str:
        way = self.unix_socket or (f"proxy {self.proxy.shown}" if self.proxy else "")
        return f"<Route {self.key}{' by ' if way else ''}{way}>"


class Routes:
    """Finds the Route of an origin. May be shared between threads.

    Args:
        proxy: The URL of a proxy for every request; ``""`` for none, whatever the environment says.
        unix_socket: The path of a socket that stands for every host.
        environment: What is read in place of ``os.environ``.

    Raises:
        ConfigurationError: A proxy that cannot be used, or ``proxy`` and ``unix_socket`` both.
    """

    __slots__ = ("_exceptions", "_proxies", "_routes", "_unix_socket")

    def __init__(
        self,
        proxy: str | None = None,
        unix_socket: str | None = None,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self._routes: dict[str, Route] = {}
        self._unix_socket = unix_socket
        self._proxies: dict[str, tuple[str, str]] = {}
        self._exceptions = Exceptions("")
        if unix_socket is not None:
            if proxy:
                raise ConfigurationError("proxy and unix_socket exclude each other")
            if not unix_socket or "\0" in unix_socket[1:]:
                raise ConfigurationError(f"unix_socket is no path: {unix_socket!r}")
        elif proxy is not None:
            if proxy:
                parse_proxy(proxy, "proxy")
                self._proxies = {"http": ("proxy", proxy), "https": ("proxy", proxy)}
        else:
            known = os.environ if environment is None else environment
            self._proxies = _proxies_of(known)
            if self._proxies:
                self._exceptions = Exceptions(_variable(known, "no_proxy")[1])

    def find(self, origin: str) -> Route:
        """The route to ``scheme://host[:port]`` in normal form. Raises ConfigurationError."""
        route = self._routes.get(origin)
        if route is None:
            if len(self._routes) >= _KEPT:
                self._routes.clear()
            proxy = None
            scheme, _, authority = origin.partition("://")
            if scheme in self._proxies and not self._exceptions.cover(authority, _PORTS[scheme]):
                variable, url = self._proxies[scheme]
                proxy = parse_proxy(url, variable)
            route = self._routes[origin] = Route(origin, proxy, self._unix_socket)
        return route


def _variable(environment: Mapping[str, str], name: str) -> tuple[str, str]:
    """A variable's name as it is written, and its value; empty where it is not set.

    One that is set to nothing in lower case hides the other.
    """
    upper = name.upper()
    if name in environment:
        return name, environment[name].strip()
    if upper == "HTTP_PROXY" and "REQUEST_METHOD" in environment:
        return upper, ""
    return upper, environment.get(upper, "").strip()


def _proxies_of(environment: Mapping[str, str]) -> dict[str, tuple[str, str]]:
    """By scheme: the variable, and the URL of a proxy in it."""
    found: dict[str, tuple[str, str]] = {}
    for scheme in _PORTS:
        own = f"{scheme}_proxy"
        is_set = own in environment or own.upper() in environment
        name, value = _variable(environment, own if is_set else "all_proxy")
        if value:
            found[scheme] = (name, value)
    return found


def parse_proxy(url: str, source: str) -> Proxy:
    """A proxy by its URL; ``source`` is where that was found. Raises ConfigurationError.

    Without a scheme it is http. User and password may be percent-encoded. No message repeats them.
    """
    scheme, found, rest = url.strip().partition("://")
    if not found:
        scheme, rest = "http", url.strip()
    scheme = scheme.lower()
    credentials, at, place = rest.partition("/")[0].rpartition("@")
    shown = f"{scheme}://{'***@' if at else ''}{place}"
    if scheme != "http":
        if scheme.startswith("socks") or scheme == "https":
            kind = "a proxy reached over TLS" if scheme == "https" else "a SOCKS proxy"
            raise ConfigurationError(
                f"{source} names {kind} ({shown}), which only another HTTP library can speak to: "
                f"pass http_client=httpx2.Client(proxy=...) (AsyncClient in an async client), "
                f'or proxy="" to use none'
            )
        raise ConfigurationError(f"{source} names no HTTP proxy: {shown}")
    host, port = place, ""
    if place[-1:] != "]":
        before, colon, after = place.rpartition(":")
        if colon:
            host, port = before, after
    number = int(port) if port.isascii() and port.isdecimal() else -1 if port else 80
    host = host.strip("[]")
    if not host or not 0 < number < 65536 or not host.isprintable() or " " in host:
        raise ConfigurationError(f"{source} is no URL of a proxy: {shown}")
    return Proxy(host, number, _basic(credentials) if at else "")


def _basic(credentials: str) -> str:
    from base64 import b64encode
    from urllib.parse import unquote_to_bytes

    user, _, password = credentials.partition(":")
    token = b64encode(unquote_to_bytes(user) + b":" + unquote_to_bytes(password))
    return f"Basic {token.decode('ascii')}"


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host


class Exceptions:
    """The hosts of NO_PROXY, to which one connects straight.

    Separated by commas or blanks: ``*`` for all; a host, which also stands for those below it, with
    or without a leading dot or ``*.``; an address or a network (``10.0.0.0/8``, ``fd00::/8``). A host
    or an address may have a port. Names are never looked up: an address covers only itself.
    """

    __slots__ = ("_all", "_hosts", "_networks")

    def __init__(self, text: str) -> None:
        self._all = False
        self._hosts: list[tuple[str, str]] = []
        self._networks: list[tuple[str, str]] = []
        for entry in text.replace(",", " ").lower().split():
            if entry == "*":
                self._all = True
                continue
            _, found, rest = entry.partition("://")
            host, port = _host_and_port(rest.partition("/")[0] if found else entry)
            if "/" in host or _is_address(host):
                self._networks.append((host, port))
            else:
                host = host.removeprefix("*").strip(".")
                if not host.isascii():
                    host = _in_ascii(host)
                if host:
                    self._hosts.append((host, port))

    def cover(self, authority: str, default_port: int) -> bool:
        """Whether ``host[:port]`` is to be reached without a proxy."""
        if self._all:
            return True
        if not self._hosts and not self._networks:
            return False
        name, port = _host_and_port(authority)
        name = name.rstrip(".")
        port = port or str(default_port)
        if not _is_address(name):
            return any(
                (name == host or name.endswith(f".{host}")) and wanted in ("", port)
                for host, wanted in self._hosts
            )
        return any(
            wanted in ("", port) and _contains(network, name) for network, wanted in self._networks
        )


def _host_and_port(text: str) -> tuple[str, str]:
    if text[:1] == "[":
        host, _, rest = text[1:].partition("]")
        # A network may be written [fd00::]/8.
        return (host + rest, "") if rest[:1] == "/" else (host, rest.lstrip(":"))
    if text.count(":") > 1:
        return text, ""
    host, _, port = text.partition(":")
    return host, port


def _in_ascii(host: str) -> str:
    try:
        return host.encode("idna").decode("ascii")
    except UnicodeError:
        return host


def _is_address(host: str) -> bool:
    """Whether this looks like an IP address; names end in a letter (RFC 3696 section 2)."""
    return ":" in host or host[-1:].isdecimal()


def _contains(network: str, address: str) -> bool:
    from ipaddress import IPv6Address, ip_address, ip_network

    try:
        one = ip_address(address.partition("%")[0])
        many = ip_network(network.partition("%")[0], strict=False)
    except ValueError:
        return network == address
    if isinstance(one, IPv6Address) and one.ipv4_mapped is not None and many.version == 4:
        one = one.ipv4_mapped
    return one in many
