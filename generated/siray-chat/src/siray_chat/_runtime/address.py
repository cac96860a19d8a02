"""An http(s) URL as a connection needs it: the origin to connect to, and the target to ask it for."""

from __future__ import annotations

_PORTS = {"http": "80", "https": "443"}
_VISIBLE = frozenset(map(chr, range(0x21, 0x7F)))


def split_url(url: str) -> tuple[str, str]:
    """Origin (RFC 6454) and request target (RFC 9112 section 3.2.1) of an absolute http(s) URL.

    The origin is ``scheme://host[:port]``, in lower case and ASCII, without the port that the scheme
    has anyway; what follows ``://`` is the Host field. The target is path and query, never empty,
    visible ASCII only; a fragment is left out. Raises ValueError for what has no usable host or port.
    """
    scheme, found, rest = url.partition("://")
    scheme = scheme.lower()
    if not found or scheme not in _PORTS:
        raise ValueError(f"{scheme or url!r} is no scheme that can be spoken")
    end = len(rest)
    for mark in "/?#":
        place = rest.find(mark, 0, end)
        if place >= 0:
            end = place
    target = rest[end:].partition("#")[0]
    if target[:1] != "/":
        target = "/" + target
    if not _VISIBLE.issuperset(target):
        from .percent import quote_visible

        target = quote_visible(target)
    return f"{scheme}://{_authority(scheme, rest[:end])}", target


def _authority(scheme: str, text: str) -> str:
    host, port = text, ""
    if text[-1:] != "]":
        before, colon, after = text.rpartition(":")
        if colon:
            host, port = before, after
    if not host.isascii():
        # UTS 46 is not in the standard library; IDNA 2003 agrees with it for what hosts are named.
        host = str(host.encode("idna"), "ascii")
    host = host.lower()
    is_literal = host[:1] == "[" and host[-1:] == "]"
    if not host or "@" in host or not _VISIBLE.issuperset(host) or (":" in host and not is_literal):
        raise ValueError(f"{text!r} is no host")
    if port:
        if not (port.isascii() and port.isdecimal() and 0 <= int(port) < 65536):
            raise ValueError(f"{port!r} is no port")
        port = str(int(port))
    return host if port in ("", _PORTS[scheme]) else f"{host}:{port}"
