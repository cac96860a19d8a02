"""Bounded GETs: the only way by which the generator reaches the network; the only import of
`httpx2`.

Time, bytes, redirects, hosts and attempts have limits, and every failure is one located diagnostic.
No address is shown or recorded with its user, password, query or fragment of a redirect.
"""

from __future__ import annotations

import base64
import functools
import http
import os
import re
import ssl
import threading
import time
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from types import TracebackType

import httpx2

import sdkpress
from sdkpress.diagnostics import Location, SdkpressError, fatal

__all__ = ["DEFAULT_LIMITS", "MAX_REDIRECTS", "Fetched", "Fetcher", "Limits", "fetch", "shown_url"]

MAX_REDIRECTS = 5


@dataclass(frozen=True, slots=True)
class Limits:
    """What a run may cost: bytes after decompression, seconds, attempts."""

    max_bytes: int = 32 * 1024 * 1024
    """Of one answer; the largest published document we know of has 12 MB."""
    total_bytes: int = 256 * 1024 * 1024
    """Of all answers of a run."""
    request_seconds: float = 45.0
    """Of one request, from the connection to the last byte, redirects included."""
    total_seconds: float = 300.0
    """Of all requests of a run, attempts and pauses included."""
    read_seconds: float = 15.0
    """Without a byte."""
    attempts: int = 3
    """At a server that answers 408, 429 or 5xx, or does not answer to the end; of a server that is
    silent for `read_seconds`, the first two."""
    pause_seconds: float = 0.25
    """Before the second attempt; three times as long before each further one."""


DEFAULT_LIMITS = Limits()

_ACCEPT = "application/yaml, application/json, text/markdown, text/plain;q=0.9, */*;q=0.5"
_RETRIED = frozenset((408, 425, 429, 500, 502, 503, 504))
_GONE = frozenset((404, 410))
_MAX_RETRY_AFTER = 5.0


@dataclass(frozen=True, slots=True)
class Fetched:
    """An answer. `content` is None when the server said 304 (what the caller has is current), and
    also when `is_gone` (404 or 410, where the caller wished to know)."""

    url: str
    """Where the answer came from, after redirects."""
    content: bytes | None
    media_type: str = ""
    etag: str = ""
    last_modified: str = ""
    links: tuple[str, ...] = ()
    """Absolute addresses of `Link` headers with the relation `service-desc` (RFC 8631)."""
    is_gone: bool = False


class _Passing(Exception):
    """A failure that may be over in a moment; carries the error to raise if it is not."""

    def __init__(
        self, error: SdkpressError, wait: float | None = None, *, is_slow: bool = False
    ) -> None:
        super().__init__(str(error))
        self.error = error
        self.wait = wait
        self.is_slow = is_slow


class Fetcher:
    """GETs that share their limits and connections; a context manager. Safe in several threads."""

    def __init__(
        self, limits: Limits = DEFAULT_LIMITS, allowed_hosts: Iterable[str] = frozenset()
    ) -> None:
        self._limits = limits
        self._allowed = frozenset(host.lower().rstrip(".") for host in allowed_hosts)
        self._deadline = time.monotonic() + limits.total_seconds
        self._bytes = 0
        self._lock = threading.Lock()
        self._client: httpx2.Client | None = None

    def __enter__(self) -> Fetcher:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        # Where a thread hangs in a read, closing its connection from here ends it.
        if self._client is not None:
            self._client.close()

    def may_lead_to(self, source: str, target: str) -> bool:
        """Whether an address that `source` names may be fetched: http or https without credentials,
        on the same host and port or on an allowed host, and never from https to http."""
        try:
            return _is_allowed(_parsed(source), _parsed(target), self._allowed)
        except (httpx2.InvalidURL, ValueError, UnicodeError):
            return False

    def get(
        self,
        url: str,
        *,
        etag: str = "",
        last_modified: str = "",
        reports_gone: bool = False,
        accept: str = _ACCEPT,
        credentials: tuple[str, str] | None = None,
        leads_anywhere: bool = False,
    ) -> Fetched:
        """GET `url` (http or https), with a few further attempts where the server fails.

        `credentials` are a user name and a password (RFC 7617); no other host is told them.
        With `leads_anywhere` redirects may lead to any host: for content whose hash is known.

        With `etag` or `last_modified` the request is conditional (RFC 9110 section 13.1). Redirects
        are followed within the same host, to allowed hosts, and never from https to http. With
        `reports_gone` 404 and 410 are an answer. Raises `SdkpressError`: invalid-source,
        fetch-failed, fetch-refused-redirect, fetch-too-large.
        """
        start = _checked_url(url, shown_url(url))
        headers = {
            "accept": accept,
            "accept-encoding": "gzip",  # the one encoding that is decoded here, with a limit
            "user-agent": f"sdkpress/{sdkpress.__version__}",
        }
        if credentials is not None:
            token = base64.b64encode(":".join(credentials).encode()).decode("ascii")
            headers["authorization"] = f"Basic {token}"
        if etag and _VALIDATOR.fullmatch(etag):
            headers["if-none-match"] = etag
        if last_modified and _VALIDATOR.fullmatch(last_modified):
            headers["if-modified-since"] = last_modified
        pause = self._limits.pause_seconds
        for attempt in range(self._limits.attempts):
            try:
                found = self._watched(
                    start, headers, reports_gone=reports_gone, leads_anywhere=leads_anywhere
                )
            except _Passing as failure:
                wait = pause if failure.wait is None else failure.wait
                pause *= 3
                is_last = attempt + 1 >= (2 if failure.is_slow else self._limits.attempts)
                if is_last or time.monotonic() + wait > self._deadline:
                    raise failure.error from None
                time.sleep(wait)
            else:
                return found
        raise AssertionError("at least one attempt is made")

    def _watched(
        self,
        start: httpx2.URL,
        headers: dict[str, str],
        *,
        reports_gone: bool,
        leads_anywhere: bool,
    ) -> Fetched:
        """One attempt, given up when its time is over.

        The library has limits per read only; a server that sends a byte now and then passes those.
        """
        shown = shown_url(str(start))
        seconds = min(self._limits.request_seconds, self._deadline - time.monotonic())
        if seconds <= 0:
            total = f"{self._limits.total_seconds:g}"
            raise _failed(shown, f"all requests together take more than {total} seconds")
        result: list[Fetched | BaseException] = []
        deadline = time.monotonic() + seconds

        def work() -> None:
            try:
                found = self._follow(
                    start,
                    headers,
                    deadline,
                    reports_gone=reports_gone,
                    leads_anywhere=leads_anywhere,
                )
                result.append(found)
            except BaseException as error:  # handed to the waiting thread, whatever it is
                result.append(error)

        thread = threading.Thread(target=work, name="sdkpress-fetch", daemon=True)
        thread.start()
        thread.join(seconds)
        if not result:
            raise _failed(shown, f"no complete answer within {seconds:.3g} seconds")
        outcome = result[0]
        if isinstance(outcome, Fetched):
            return outcome
        raise outcome

    def _follow(
        self,
        url: httpx2.URL,
        headers: dict[str, str],
        deadline: float,
        *,
        reports_gone: bool,
        leads_anywhere: bool,
    ) -> Fetched:
        shown = shown_url(str(url))
        try:
            for _ in range(MAX_REDIRECTS + 1):
                with self._open().stream("GET", url, headers=headers) as response:
                    if response.status_code not in (301, 302, 303, 307, 308):
                        return self._answer(response, deadline, reports_gone=reports_gone)
                    there = self._redirected(response, leads_anywhere=leads_anywhere)
                    if (there.scheme, there.host, _port(there)) != (
                        *(url.scheme, url.host),
                        _port(url),
                    ):
                        headers = {k: v for k, v in headers.items() if k != "authorization"}
                    url = there
        except httpx2.InvalidURL as error:
            raise _failed(shown, str(error)) from None
        except httpx2.TimeoutException:
            reason = f"no answer within {self._limits.read_seconds:g} seconds"
            raise _Passing(_failed(shown, reason), is_slow=True) from None
        except httpx2.TransportError as error:
            reason = str(error) or type(error).__name__
            raise _Passing(_failed(shown, reason)) from None
        raise _failed(shown, f"more than {MAX_REDIRECTS} redirects")

    def _open(self) -> httpx2.Client:
        with self._lock:
            if self._client is None:
                try:
                    trust = tuple(os.environ.get(name) for name in _TRUST)
                    self._client = httpx2.Client(
                        verify=_tls_context(*trust),
                        timeout=self._limits.read_seconds,
                        follow_redirects=False,
                    )
                except (ValueError, OSError, httpx2.InvalidURL, ImportError) as error:
                    message = (
                        f"The proxies or certificates of the environment cannot be used: {error}"
                    )
                    raise fatal("fetch-failed", message, Location("<environment>", 1, 1)) from None
            return self._client

    def _answer(self, response: httpx2.Response, deadline: float, *, reports_gone: bool) -> Fetched:
        url = str(response.url)
        status = response.status_code
        sent = response.request.headers
        etag = _validator(response, "etag")
        last_modified = _validator(response, "last-modified")
        if status == 304 and ("if-none-match" in sent or "if-modified-since" in sent):
            return Fetched(url, None, "", etag, last_modified)
        if status in _GONE and reports_gone:
            return Fetched(url, None, is_gone=True)
        if status != 200:
            error = _failed(shown_url(url), f"the server answered {_status_text(status)}")
            if status in _RETRIED:
                raise _Passing(error, _retry_after(response))
            raise error
        media_type = response.headers.get("content-type", "").partition(";")[0].strip().lower()
        content = b"".join(self._decoded(response, deadline))
        return Fetched(url, content, media_type, etag, last_modified, _described_by(response))

    def _decoded(self, response: httpx2.Response, deadline: float) -> Iterator[bytes]:
        """The body in blocks, decompressed, until a limit is passed."""
        limits = self._limits
        url = shown_url(str(response.url))
        encoding = response.headers.get("content-encoding", "identity").strip().lower()
        if encoding not in ("identity", "", "gzip", "x-gzip"):
            raise _failed(url, f"the server used the content encoding {encoding}, unasked")
        length = response.headers.get("content-length", "")
        if length.isascii() and length.isdigit() and int(length[:20]) > limits.max_bytes:
            raise _too_large(url, limits.max_bytes)
        unpack = _Gunzip(limits.max_bytes + 1) if "gzip" in encoding else None
        total = 0
        for block in response.iter_raw():
            if time.monotonic() > deadline:
                raise _failed(url, "the answer takes too long")
            if unpack is not None:
                try:
                    block = unpack.feed(block)
                except zlib.error:
                    raise _failed(url, "the answer is not gzip, as it says it is") from None
            total += len(block)
            if total > limits.max_bytes:
                raise _too_large(url, limits.max_bytes)
            with self._lock:
                self._bytes += len(block)
                is_over = self._bytes > limits.total_bytes
            if is_over:
                raise fatal(
                    "fetch-too-large",
                    f"All answers together have more than {limits.total_bytes:,} bytes.",
                    Location(url, 1, 1),
                )
            yield block
        if unpack is not None and not unpack.is_whole:
            raise _Passing(_failed(url, "the answer is cut off"))

    def _redirected(self, response: httpx2.Response, *, leads_anywhere: bool) -> httpx2.URL:
        """Where a redirect leads, if that is allowed."""
        here = response.url
        shown = shown_url(str(here))
        target = response.headers.get("location", "")
        if not target:
            raise _failed(shown, f"the server answered {response.status_code} without a location")
        try:
            joined = str(here.join(target))
        except (httpx2.InvalidURL, ValueError, UnicodeError):
            raise _failed(shown, "the server redirects to what is no address") from None
        there = _checked_url(joined, shown)
        if here.scheme == "https" and there.scheme != "https":
            raise fatal(
                "fetch-refused-redirect",
                f"The server redirects from https to http: {shown_url(str(there))}.",
                Location(shown, 1, 1),
            )
        if not leads_anywhere and not _is_allowed(here, there, self._allowed):
            raise fatal(
                "fetch-refused-redirect",
                f"The server redirects to another host: {shown_url(str(there))}.",
                Location(shown, 1, 1),
                "If that is right, pull from it directly, or allow it with --allow-host.",
            )
        return there


_TRUST = ("SSL_CERT_FILE", "SSL_CERT_DIR")


@functools.cache
def _tls_context(*trust: str | None) -> ssl.SSLContext:
    """The library's own, which takes 40 ms of CPU to make; `trust` is what it reads from the
    environment."""
    return httpx2.create_ssl_context()


def fetch(
    url: str,
    *,
    etag: str = "",
    last_modified: str = "",
    allowed_hosts: Iterable[str] = frozenset(),
    limits: Limits = DEFAULT_LIMITS,
) -> Fetched:
    """One GET; as `Fetcher.get`."""
    with Fetcher(limits, allowed_hosts) as fetcher:
        return fetcher.get(url, etag=etag, last_modified=last_modified)


def shown_url(url: str) -> str:
    """An address for messages: without user and password, and without query and fragment, where
    signatures and tokens stand."""
    scheme, separator, rest = url.partition("://")
    if not separator:
        return url
    authority, slash, path = rest.partition("/")
    for mark in "?#":
        authority, path = authority.partition(mark)[0], path.partition(mark)[0]
    return f"{scheme}://{authority.rpartition('@')[2]}{slash}{path}"


# ---------------------------------------------------------------- addresses


def _parsed(text: str) -> httpx2.URL:
    url = httpx2.URL(text)
    if url.scheme not in ("http", "https") or not url.host or url.userinfo:
        raise ValueError("not an http or https address")
    return url


def _checked_url(text: str, place: str) -> httpx2.URL:
    location = Location(place, 1, 1)
    try:
        url = httpx2.URL(text)
    except (httpx2.InvalidURL, ValueError, UnicodeError) as error:
        message = f"This is not a URL: {str(error).rstrip('.')}."
        raise fatal("invalid-source", message, location) from None
    if url.scheme not in ("http", "https") or not url.host:
        message = f"Not an http or https URL: {shown_url(text)}"
        raise fatal("invalid-source", message, location)
    if url.userinfo:
        message = "The URL holds a user name or password, which would end up in a file."
        raise fatal("invalid-source", message, location)
    return url.copy_with(fragment=None)


def _is_allowed(here: httpx2.URL, there: httpx2.URL, allowed_hosts: frozenset[str]) -> bool:
    if here.scheme == "https" and there.scheme != "https":
        return False
    is_upgrade = here.scheme == "http" and there.scheme == "https"
    same_port = _port(there) == _port(here)
    upgraded_port = is_upgrade and (_port(here), _port(there)) == (80, 443)
    host = there.host.lower().rstrip(".")
    if f"{host}:{_port(there)}" in allowed_hosts:
        return True
    if there.host == here.host:
        return same_port or upgraded_port
    return host in allowed_hosts and (there.port is None or same_port)


def _port(url: httpx2.URL) -> int:
    return url.port or (443 if url.scheme == "https" else 80)


# ---------------------------------------------------------------- answers


_VALIDATOR = re.compile(r"[\x21-\x7e](?:[\x20-\x7e]{0,500}[\x21-\x7e])?")


def _validator(response: httpx2.Response, name: str) -> str:
    """An ETag or a date to send back later; "" for what no request could carry."""
    value = response.headers.get(name, "").strip()
    return value if _VALIDATOR.fullmatch(value) else ""


def _described_by(response: httpx2.Response) -> tuple[str, ...]:
    try:
        links = response.links.values()
    except ValueError:
        return ()
    found: list[str] = []
    for link in links:
        if "service-desc" in link.get("rel", "").lower().split() and link.get("url"):
            try:
                found.append(str(response.url.join(link["url"])))
            except (httpx2.InvalidURL, ValueError, UnicodeError):
                continue
    return tuple(found)


class _Gunzip:
    """Decompresses gzip of any number of members (RFC 1952 section 2.2), up to `limit` bytes."""

    def __init__(self, limit: int) -> None:
        self._left = limit
        self._member = zlib.decompressobj(wbits=31)
        self._is_begun = False

    @property
    def is_whole(self) -> bool:
        """Whether the input ended where a member ends."""
        return not self._is_begun or self._member.eof

    def feed(self, data: bytes) -> bytes:
        """What the next bytes give. Raises zlib.error for what is not gzip."""
        blocks: list[bytes] = []
        while data and self._left > 0:
            if self._member.eof:
                self._member = zlib.decompressobj(wbits=31)
            self._is_begun = True
            block = self._member.decompress(data, self._left)
            self._left -= len(block)
            blocks.append(block)
            data = self._member.unused_data
        return b"".join(blocks)


def _retry_after(response: httpx2.Response) -> float | None:
    """Seconds of `Retry-After`, up to a few; dates are not read."""
    text = response.headers.get("retry-after", "").strip()
    if text.isascii() and text.isdigit():
        return min(float(text[:6]), _MAX_RETRY_AFTER)
    return None


def _status_text(status: int) -> str:
    try:
        return f"{status} {http.HTTPStatus(status).phrase}"
    except ValueError:
        return str(status)


def _failed(url: str, reason: str) -> SdkpressError:
    message = f"Cannot fetch this: {reason.rstrip('.')}."
    return fatal("fetch-failed", message, Location(url, 1, 1))


def _too_large(url: str, limit: int) -> SdkpressError:
    message = f"The answer has more than {limit:,} bytes."
    return fatal("fetch-too-large", message, Location(url, 1, 1))
