"""Redirects (RFC 9110 section 15.4), for a client that carries credentials.

A redirect is followed when it keeps the method, or asks for GET where the method was GET or HEAD (or
303 was said). To another origin only what describes the request goes along: no credentials, no
cookies, none of the caller's own headers. From https to http nothing is followed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urljoin, urlsplit

from .transport import PreparedRequest

if TYPE_CHECKING:
    from .headers import Headers

MAX_REDIRECTS = 5

_NEUTRAL = frozenset(
    (
        "accept",
        "accept-encoding",
        "content-length",
        "content-type",
        "transfer-encoding",
        "user-agent",
    )
)
_OF_BODY = frozenset(("content-length", "content-type", "transfer-encoding"))
_PORTS = {"http": 80, "https": 443}


def follow(request: PreparedRequest, status: int, headers: Headers) -> PreparedRequest | None:
    """The request that a redirect asks for, or None when it is not to be followed."""
    location = headers.get("location")
    if location is None or status not in (301, 302, 303, 307, 308):
        return None
    try:
        url = urljoin(request.url, location.strip())
        target, source = urlsplit(url), urlsplit(request.url)
        target_port, source_port = target.port, source.port
    except ValueError:
        return None
    if target.scheme not in _PORTS or not target.hostname or not url.isprintable() or " " in url:
        return None
    if target.username is not None or target.password is not None:
        return None
    if source.scheme == "https" and target.scheme == "http":
        return None
    method, body = request.method, request.body
    if status == 303 and method != "HEAD":
        method, body = "GET", None
    elif status in (301, 302) and method not in ("GET", "HEAD"):
        # Browsers would turn this into a GET, which is not what the caller asked for.
        return None
    if body is not None and body.started and not body.replayable:
        return None
    fields = request.headers
    if body is None and request.body is not None:
        fields = [(name, value) for name, value in fields if name.lower() not in _OF_BODY]
    same = (
        target.scheme == source.scheme
        and target.hostname == source.hostname
        and (target_port or _PORTS[target.scheme]) == (source_port or _PORTS[source.scheme])
    )
    if not same:
        fields = [(name, value) for name, value in fields if name.lower() in _NEUTRAL]
    return PreparedRequest(method, url.partition("#")[0], fields, body)
