"""From a described request to the bytes of its head: URL, query, headers, cookies, credentials.

Nothing here does I/O. What cannot be sent safely (a line break in a header, a path value that would
leave its segment) is an InvalidRequestError.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote_plus

from .errors import InvalidRequestError, MissingCredentialsError
from .parameters import cookie_pairs, header_text, path_text, query_pairs, querystring_pairs
from .percent import quote, quote_template, to_text
from .request import NO_BODY, StreamRequest
from .transport import PreparedRequest

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .api import Scheme
    from .bodies import Body
    from .operation import Operation
    from .options import Options
    from .request import AnyRequest
    from .settings import Settings

ATTEMPT_HEADER = "x-retry-count"
"""Sent with every request: 0 for the first attempt."""

_TOKEN = frozenset("!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyz")
_IN_TEMPLATE = frozenset(
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~:/?@!$&'()*+,;=%{}"
)


class Draft:
    """A request in the making; credentials are put into it by their schemes."""

    __slots__ = (
        "_cookies",
        "_headers",
        "_path",
        "_query",
        "body",
        "method",
        "own_cookies",
        "own_headers",
        "own_query",
        "secrets",
    )

    def __init__(self, method: str, path: str) -> None:
        self.method = method
        self._path = path
        self._query: list[str] = []
        self._headers: dict[str, tuple[str, str]] = {}
        self._cookies: list[str] = []
        self.body: Body | None = None
        self.secrets: list[str] = []
        self.own_headers: Mapping[str, str] = {}
        """What the caller set or removed, by lower-case name: it goes before credentials."""
        self.own_query: frozenset[str] = frozenset()
        self.own_cookies: frozenset[str] = frozenset()

    def set_header(self, name: str, value: str) -> None:
        """Set a field, in place of one of that name."""
        lower = name.lower()
        if not lower or not _TOKEN.issuperset(lower):
            raise InvalidRequestError(f"{name!r} is no header name")
        if not (value.isascii() and value.isprintable()):
            # A line end after a value is of the file that it was read from.
            value = value.rstrip("\r\n")
            _check_header(name, value)
        self._headers[lower] = (name, value.strip(" \t"))

    def remove_header(self, name: str) -> None:
        """Send no field of that name."""
        self._headers.pop(name.lower(), None)

    def add_header(self, name: str, value: str) -> None:
        """Set a field, unless the caller has set it."""
        if name.lower() not in self.own_headers:
            self.set_header(name, value)

    def sets(self, location: str, name: str) -> bool:
        """Whether the caller has set (or removed) a header, query parameter or cookie."""
        if location == "header":
            return name.lower() in self.own_headers
        if location == "query":
            return name in self.own_query
        _, own = self._headers.get("cookie", ("", ""))
        return name in self.own_cookies or f"; {name}=" in f"; {own}"

    def add_query(self, name: str, value: str) -> None:
        """Append a query parameter."""
        self._query.append(f"{quote(name)}={quote(value)}")

    def add_query_pairs(self, pairs: list[str]) -> None:
        """Append encoded ``name=value`` pairs."""
        self._query += pairs

    def add_cookie(self, name: str, value: str) -> None:
        """Append a cookie."""
        # RFC 6265 section 4.1.1: what a cookie may hold goes as it is, since servers do not decode.
        plain = all("!" <= char <= "~" and char not in '",;\\' for char in value)
        self.add_cookie_pairs([f"{name}={value if plain else quote(value)}"])

    def add_cookie_pairs(self, pairs: list[str]) -> None:
        """Append ``name=value`` pairs to the Cookie header."""
        for pair in pairs:
            if not pair.isascii() or not pair.isprintable() or ";" in pair:
                raise InvalidRequestError("a cookie has characters that cannot be sent")
        self._cookies += pairs

    def add_secret(self, value: str) -> None:
        """Keep ``value`` out of messages and logs."""
        self.secrets.append(value)
        encoded = quote(value)
        if encoded != value:
            self.secrets.append(encoded)

    def redact(self, text: str) -> str:
        """``text`` without credentials."""
        for secret in self.secrets:
            if len(secret) > 3 and secret in text:
                text = text.replace(secret, "***")
        return text

    @property
    def address(self) -> str:
        """Method and URL without the query, for messages."""
        return f"{self.method} {self._path.partition('?')[0]}"

    def prepare(self, attempt: int) -> PreparedRequest:
        """The request as attempt number ``attempt`` (from 1) sends it."""
        url = self._path
        if self._query:
            url += ("&" if "?" in url else "?") + "&".join(self._query)
        headers = list(self._headers.values())
        body = self.body
        if "content-length" in self._headers and (body is None or body.length is not None):
            # A parameter of that name; the length is known better here.
            headers.remove(self._headers["content-length"])
        if self._cookies:
            own = self._headers.get("cookie")
            if own is not None:
                headers.remove(own)
            cookies = self._cookies if own is None else [own[1], *self._cookies]
            headers.append(("Cookie", "; ".join(cookies)))
        headers.append((ATTEMPT_HEADER, str(attempt - 1)))
        if body is not None:
            if body.length is None and "content-length" in self._headers:
                pass
            elif body.length is None:
                headers.append(("Transfer-Encoding", "chunked"))
            else:
                headers.append(("Content-Length", str(body.length)))
        elif self.method in ("POST", "PUT", "PATCH") or "content-length" in self._headers:
            headers.append(("Content-Length", "0"))
        return PreparedRequest(self.method, url, headers, body)


def draft_request(settings: Settings, request: AnyRequest) -> Draft:
    """Everything but the credentials. Raises InvalidRequestError."""
    operation = request.operation
    options: Options = request.options or {}
    url, _, base_query = address_of(settings, request).partition("?")
    draft = Draft(operation.method, url)
    if base_query:
        draft.add_query_pairs([piece for piece in base_query.split("&") if piece])
    if request.url is None:
        _add_query(draft, settings, request, options)
        if base_query:
            draft.own_query |= _names(base_query)
    else:
        own = settings.base_url.partition("?")[2]
        _complete_query(draft, base_query, own, {**settings.query, **options.get("query", {})})
    _add_headers(draft, settings, request, options)
    draft.own_cookies = frozenset(request.cookies or ())
    for name, value in (request.cookies or {}).items():
        draft.add_cookie_pairs(cookie_pairs(name, value, operation.parameter(name, "cookie")))
    return draft


def address_of(settings: Settings, request: AnyRequest) -> str:
    """The URL of a request, without the query that comes from its parameters."""
    if request.url is not None:
        return request.url
    operation = request.operation
    base = settings.base_url
    if operation.servers:
        base = settings.operation_url(operation.servers[0])
    base, question, query = base.partition("?")
    return base.rstrip("/") + _path(operation, request.path or {}) + question + query


def _complete_query(draft: Draft, query: str, own: str, extra: Mapping[str, Any]) -> None:
    """Add what every request has (``own`` is that of the base URL) to one the server has written."""
    names = _names(query)
    for piece in own.split("&"):
        if piece and not names & _names(piece):
            draft.add_query_pairs([piece])
    names |= _names(own)
    for name, value in extra.items():
        if name not in names:
            draft.add_query_pairs(query_pairs(name, value, None))
    draft.own_query = names.union(extra)


def _names(query: str) -> frozenset[str]:
    return frozenset(unquote_plus(piece.partition("=")[0]) for piece in query.split("&") if piece)


def _path(operation: Operation, values: Mapping[str, Any]) -> str:
    # What is behind a `#` tells operations apart in a document; no request carries it.
    template = operation.path.partition("#")[0]
    if not _IN_TEMPLATE.issuperset(template):
        template = quote_template(template)
    if "{" in template:
        segments: list[str] = []
        for segment in template.split("/"):
            if "{" in segment:
                filled = _fill(segment, operation, values)
                # Dots are unreserved: encoding them would not keep servers from resolving them.
                if filled in ("", ".", ".."):
                    raise InvalidRequestError(
                        f"a path parameter of {operation.path} must not be empty, '.' or '..'"
                    )
                segment = filled
            segments.append(segment)
        template = "/".join(segments)
    return template if template.startswith("/") else "/" + template


def _fill(segment: str, operation: Operation, values: Mapping[str, Any]) -> str:
    text, _, rest = segment.partition("{")
    while rest:
        name, _, rest = rest.partition("}")
        if name not in values:
            raise InvalidRequestError(f"path parameter {name!r} is missing")
        value = path_text(name, values[name], operation.parameter(name, "path"))
        if not value:
            raise InvalidRequestError(f"path parameter {name!r} must not be empty")
        before, _, rest = rest.partition("{")
        text += value + before
    return text


def _add_query(draft: Draft, settings: Settings, request: AnyRequest, options: Options) -> None:
    operation = request.operation
    query = request.query
    extra = options.get("query")
    if not query and not extra and not settings.query:
        return
    merged: dict[str, Any] = {**settings.query, **(query or {}), **(extra or {})}
    draft.own_query = frozenset(merged)
    for name, value in merged.items():
        whole = operation.parameter(name, "querystring")
        if whole is None:
            draft.add_query_pairs(query_pairs(name, value, operation.parameter(name, "query")))
        elif value is not None:
            draft.add_query_pairs(querystring_pairs(value, whole))


def _add_headers(draft: Draft, settings: Settings, request: AnyRequest, options: Options) -> None:
    operation = request.operation
    set_header = draft.set_header
    set_header("User-Agent", settings.api.user_agent)
    if isinstance(request, StreamRequest) and operation.stream is not None:
        set_header("Accept", operation.stream.media_type)
        # A compressing server would hold events back until a block is full.
        set_header("Accept-Encoding", "identity")
    else:
        set_header("Accept", request.accept or operation.accept)
        set_header("Accept-Encoding", "gzip, deflate")
    if request.body is not NO_BODY:
        from .bodies import build_body

        draft.body = build_body(
            operation.content(request.content_type), request.body, options.get("body")
        )
        if draft.body.content_type:
            set_header("Content-Type", draft.body.content_type)
    own: dict[str, str] = {}
    for given in (settings.headers, options.get("headers")):
        for name, value in (given or {}).items():
            if value is None:
                draft.remove_header(name)
                own[name.lower()] = name
            else:
                set_header(name, to_text(value))
                own[name.lower()] = name
    for name, value in (request.headers or {}).items():
        if value is not None:
            set_header(name, header_text(value, operation.parameter(name, "header")))
            own[name.lower()] = name
    draft.own_headers = own
    key = options.get("idempotency_key")
    header = operation.idempotency_header or ("Idempotency-Key" if key else None)
    if header:
        if key:
            set_header(header, key)
        else:
            draft.add_header(header, os.urandom(16).hex())


def _check_header(name: str, value: str) -> None:
    # RFC 9110 section 5.5: visible characters, spaces, tabs and obs-text.
    if any(
        (ord(char) < 32 and char != "\t") or ord(char) == 127 or ord(char) > 255 for char in value
    ):
        raise InvalidRequestError(
            f"the value of header {name!r} has characters that cannot be sent"
        )


def choose_schemes(
    settings: Settings, operation: Operation, draft: Draft
) -> list[tuple[Scheme, Any]]:
    """The schemes to authenticate with, and their credentials, callables not yet called.

    The first alternative of the document for which there is everything. Raises
    MissingCredentialsError where there is none and the operation needs one.
    """
    if not operation.security:
        return []
    known = settings.api.security
    optional = False
    missing: list[str] = []
    for names in operation.security:
        if not names:
            optional = True
            continue
        schemes = [known[name] for name in names if name in known]
        if len(schemes) < len(names):
            continue
        chosen: list[tuple[Scheme, Any]] = []
        lacking: list[Scheme] = []
        for name, scheme in zip(names, schemes, strict=True):
            credential = settings.credentials.get(name)
            if scheme.provided(draft):
                continue
            if credential is None or credential == "":
                lacking.append(scheme)
            else:
                chosen.append((scheme, credential))
        if not lacking:
            return chosen
        missing.append(" and ".join(scheme.needs for scheme in lacking))
    if optional or not missing:
        return []
    needs = "; or ".join(dict.fromkeys(missing))
    raise MissingCredentialsError(f"Missing credentials: {needs}")
