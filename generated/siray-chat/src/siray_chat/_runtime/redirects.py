"""Redirects (RFC 9110 section 15.4), for a client that carries credentials.

A redirect is followed when it keeps the method, or asks for GET where the method was GET or HEAD (or
303 was said). To another origin only what describes the request goes along: no credentials, no
cookies, none of the caller's own headers. From https to http nothing is followed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import SplitResult, urljoin, urlsplit

from .transport import PreparedRequest

if TYPE_CHECKING:
    from collections.abc import Sequence

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


def same_origin(one: SplitResult, other: SplitResult) -> bool:
    """Whether two http(s) URLs have the same scheme, host and port (RFC 9110 section 4.3.1)."""
    return (
        one.scheme == other.scheme
        and one.hostname == other.hostname
        and (one.port or _PORTS[one.scheme]) == (other.port or _PORTS[other.scheme])
    )


def follow(
    request: PreparedRequest, status: int, headers: Headers, secrets: Sequence[str] = ()
) -> PreparedRequest | None:
    """The request that a redirect asks for, or None when it is not to be followed.

    An address on another origin that contains one of ``secrets`` is not: a key of the query that
    the server has copied there would be told to a stranger.
    """
    location = headers.get("location")
    if location is None or status not in (301, 302, 303, 307, 308):
        return None
    try:
        url = urljoin(request.url, location.strip())
        target, source = urlsplit(url), urlsplit(request.url)
        _ = target.port, source.port  # raises where it is no number
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
    same = same_origin(target, source)
    if not same and any(len(secret) > 3 and secret in url for secret in secrets):
        return None
    if not same:
        fields = [(name, value) for name, value in fields if name.lower() in _NEUTRAL]
    return PreparedRequest(method, url.partition("#")[0], fields, body)
