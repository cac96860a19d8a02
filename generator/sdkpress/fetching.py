"""A bounded GET: the only way by which the generator reaches the network; the only import of
`httpx2`.

Time, size, redirects and hosts have limits, and every failure is one located diagnostic.
"""

from __future__ import annotations

import http
import threading
import time
import zlib
from collections.abc import Iterator
from dataclasses import dataclass

import httpx2

import sdkpress
from sdkpress.diagnostics import Location, SdkpressError, fatal
from sdkpress.source_text import MAX_BYTES

__all__ = ["Fetched", "fetch"]

TOTAL_SECONDS = 60.0
"""How long a fetch may take from the first connection to the last byte, redirects included."""

MAX_REDIRECTS = 5

_READ_SECONDS = 20.0
_ACCEPT = "application/yaml, application/json, text/markdown, text/plain;q=0.9, */*;q=0.5"


@dataclass(frozen=True, slots=True)
class Fetched:
    """An answer. `content` is None when the server said 304: what the caller has is current."""

    url: str
    """Where the answer came from, after redirects."""
    content: bytes | None
    media_type: str = ""
    etag: str = ""
    last_modified: str = ""


@dataclass(frozen=True, slots=True)
class _Limits:
    max_bytes: int
    deadline: float
    allowed_hosts: frozenset[str]


def fetch(
    url: str,
    *,
    etag: str = "",
    last_modified: str = "",
    allowed_hosts: frozenset[str] = frozenset(),
    max_bytes: int = MAX_BYTES,
    total_seconds: float = TOTAL_SECONDS,
) -> Fetched:
    """GET `url` (http or https).

    With `etag` or `last_modified` the request is conditional (RFC 9110 section 13.1). Redirects
    are followed within the same host, to `allowed_hosts`, and never from https to http. At most
    `max_bytes` are kept, counted after decompression. Raises `SdkpressError`: invalid-source,
    fetch-failed, fetch-refused-redirect, fetch-too-large.
    """
    start = _checked_url(url, url)
    headers = {
        "accept": _ACCEPT,
        "accept-encoding": "gzip",  # the one encoding that is decoded here, with a limit
        "user-agent": f"sdkpress/{sdkpress.__version__}",
    }
    if etag:
        headers["if-none-match"] = etag
    if last_modified:
        headers["if-modified-since"] = last_modified
    limits = _Limits(max_bytes, time.monotonic() + total_seconds, allowed_hosts)
    result: list[Fetched | BaseException] = []

    def work() -> None:
        try:
            result.append(_follow(start, headers, limits))
        except BaseException as error:  # handed to the waiting thread, whatever it is
            result.append(error)

    # The library has limits per read only; a server that sends a byte now and then passes those.
    thread = threading.Thread(target=work, name="sdkpress-fetch", daemon=True)
    thread.start()
    thread.join(total_seconds)
    if not result:
        raise _failed(url, f"no complete answer within {total_seconds:g} seconds")
    outcome = result[0]
    if isinstance(outcome, Fetched):
        return outcome
    raise outcome


def _follow(url: httpx2.URL, headers: dict[str, str], limits: _Limits) -> Fetched:
    shown = str(url)
    try:
        with httpx2.Client(timeout=_READ_SECONDS, follow_redirects=False) as client:
            for _ in range(MAX_REDIRECTS + 1):
                with client.stream("GET", url, headers=headers) as response:
                    if response.status_code not in (301, 302, 303, 307, 308):
                        return _answer(response, limits)
                    url = _redirected(response, limits)
    except httpx2.InvalidURL as error:
        raise _failed(shown, str(error)) from None
    except httpx2.TimeoutException:
        raise _failed(shown, f"no answer within {_READ_SECONDS:g} seconds") from None
    except httpx2.TransportError as error:
        raise _failed(shown, str(error) or type(error).__name__) from None
    raise _failed(shown, f"more than {MAX_REDIRECTS} redirects")


def _answer(response: httpx2.Response, limits: _Limits) -> Fetched:
    url = str(response.url)
    status = response.status_code
    etag = response.headers.get("etag", "")
    last_modified = response.headers.get("last-modified", "")
    if status == 304 and "if-none-match" in response.request.headers:
        return Fetched(url, None, "", etag, last_modified)
    if status == 304 and "if-modified-since" in response.request.headers:
        return Fetched(url, None, "", etag, last_modified)
    if status != 200:
        raise _failed(url, f"the server answered {_status_text(status)}")
    media_type = response.headers.get("content-type", "").partition(";")[0].strip().lower()
    content = b"".join(_decoded(response, limits))
    return Fetched(url, content, media_type, etag, last_modified)


def _decoded(response: httpx2.Response, limits: _Limits) -> Iterator[bytes]:
    """The body in blocks, decompressed, until a limit is passed."""
    url = str(response.url)
    encoding = response.headers.get("content-encoding", "identity").strip().lower()
    if encoding not in ("identity", "", "gzip", "x-gzip"):
        raise _failed(url, f"the server used the content encoding {encoding}, unasked")
    decompressor = zlib.decompressobj(wbits=31) if "gzip" in encoding else None
    total = 0
    for block in response.iter_raw():
        if time.monotonic() > limits.deadline:
            raise _failed(url, "the answer takes too long")
        if decompressor is not None:
            try:
                block = decompressor.decompress(block, limits.max_bytes - total + 1)
            except zlib.error:
                raise _failed(url, "the answer is not gzip, as it says it is") from None
        total += len(block)
        if total > limits.max_bytes:
            raise fatal(
                "fetch-too-large",
                f"The answer has more than {limits.max_bytes:,} bytes.",
                Location(url, 1, 1),
            )
        yield block
    if decompressor is not None and total and not decompressor.eof:
        raise _failed(url, "the answer is cut off")


def _redirected(response: httpx2.Response, limits: _Limits) -> httpx2.URL:
    """Where a redirect leads, if that is allowed."""
    here = response.url
    target = response.headers.get("location", "")
    if not target:
        raise _failed(str(here), f"the server answered {response.status_code} without a location")
    there = _checked_url(str(here.join(target)), str(here))
    same = there.host == here.host and (_port(there) == _port(here) or _is_upgrade(here, there))
    if not (same or there.host in limits.allowed_hosts):
        raise fatal(
            "fetch-refused-redirect",
            f"The server redirects to another host: {there}.",
            Location(str(here), 1, 1),
        )
    if here.scheme == "https" and there.scheme != "https":
        raise fatal(
            "fetch-refused-redirect",
            f"The server redirects from https to http: {there}.",
            Location(str(here), 1, 1),
        )
    return there


def _checked_url(text: str, place: str) -> httpx2.URL:
    location = Location(place, 1, 1)
    try:
        url = httpx2.URL(text)
    except (httpx2.InvalidURL, ValueError, UnicodeError) as error:
        raise fatal("invalid-source", f"This is not a URL: {error}.", location) from None
    if url.scheme not in ("http", "https") or not url.host:
        raise fatal("invalid-source", f"Not an http or https URL: {text}", location)
    if url.userinfo:
        message = "The URL holds a user name or password, which would end up in a file."
        raise fatal("invalid-source", message, Location(str(url.copy_with(userinfo=b"")), 1, 1))
    return url.copy_with(fragment=None)


def _port(url: httpx2.URL) -> int:
    return url.port or (443 if url.scheme == "https" else 80)


def _is_upgrade(here: httpx2.URL, there: httpx2.URL) -> bool:
    ports = (_port(here), _port(there))
    return here.scheme == "http" and there.scheme == "https" and ports == (80, 443)


def _status_text(status: int) -> str:
    try:
        return f"{status} {http.HTTPStatus(status).phrase}"
    except ValueError:
        return str(status)


def _failed(url: str, reason: str) -> SdkpressError:
    return fatal("fetch-failed", f"Cannot fetch this: {reason}.", Location(url, 1, 1))
