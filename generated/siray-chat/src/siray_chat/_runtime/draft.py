"""``Draft``: a request in the making, and from it what each attempt sends.

What cannot be sent safely, as a line break in a header, is an InvalidRequestError. The fields are
kept as the lines they will be on the wire; what is the same for every call of an operation is
written once (:mod:`.preparing`).
"""

from __future__ import annotations

from .errors import InvalidRequestError
from .percent import quote
from .transport import PreparedRequest

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    from .api import Scheme
    from .bodies import Body

ATTEMPT_HEADER = "x-retry-count"
"""Sent with every request: 0 for the first attempt."""

_TOKEN = frozenset("!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyz")
_NOTHING: frozenset[str] = frozenset()


class Kept:
    """What drafts have in common that differ in their address and body alone."""

    __slots__ = (
        "cookies",
        "headers",
        "host",
        "lines",
        "method",
        "origin",
        "own_cookies",
        "own_headers",
        "own_query",
        "secrets",
        "unsigned",
    )

    def __init__(self, method: str) -> None:
        self.method: str = method
        self.origin: str = ""
        """That of the URL, where it is known."""
        self.headers: dict[str, tuple[str, str]] = {}
        self.cookies: list[str] = []
        self.lines: str | None = None
        """Both as written, but for the length of the body; None: not yet."""
        self.host: str = ""
        """The Host field that goes with them, where the origin is known and none is set."""
        self.secrets: list[str] = []
        self.unsigned: list[tuple[Scheme, Any]] = []
        """Schemes whose credential has yet to be asked for."""
        self.own_headers: Mapping[str, str] = {}
        """What the caller set or removed, by lower-case name: it goes before credentials."""
        self.own_query: frozenset[str] = _NOTHING
        self.own_cookies: frozenset[str] = _NOTHING

    def copy(self) -> Kept:
        """The same, to be changed."""
        copy = Kept(self.method)
        copy.origin = self.origin
        copy.headers = self.headers.copy()
        copy.cookies = self.cookies.copy()
        copy.secrets = self.secrets.copy()
        copy.unsigned = self.unsigned
        copy.own_headers = self.own_headers
        copy.own_query = self.own_query
        copy.own_cookies = self.own_cookies
        return copy

    def written(self) -> str:
        """The lines of the fields, written now if need be."""
        if self.lines is None:
            pairs = [pair for name, pair in self.headers.items() if name != "content-length"]
            if self.cookies:
                own = self.headers.get("cookie")
                if own is not None:
                    pairs.remove(own)
                cookies = self.cookies if own is None else [own[1], *self.cookies]
                pairs.append(("Cookie", "; ".join(cookies)))
            self.host = "" if "host" in self.headers else self.origin.partition("://")[2]
            self.lines = "".join([f"{name}: {value}\r\n" for name, value in pairs])
        return self.lines


class Draft:
    """A request in the making; credentials are put into it by their schemes."""

    __slots__ = ("added", "body", "is_shared", "kept", "query", "target", "url")

    def __init__(self, method: str, url: str) -> None:
        self.url: str = url
        """Without what ``query`` has."""
        self.target: str = ""
        """Its path (and query), where the origin is known."""
        self.query: Sequence[str] = ()
        """Pieces of the query, encoded."""
        self.body: Body | None = None
        self.kept: Kept = Kept(method)
        self.is_shared: bool = False
        """Other drafts have ``kept``, too: it is copied before anything in it is changed."""
        self.added: str = ""
        """Lines of fields that this request alone has, each with its CRLF."""

    def _own(self) -> Kept:
        """What is kept, to be changed."""
        kept = self.kept
        if self.is_shared:
            kept = self.kept = kept.copy()
            self.is_shared = False
        kept.lines = None
        return kept

    def forget_unsigned(self) -> None:
        """Nothing is to be asked for any more."""
        self._own().unsigned = []

    def set_header(self, name: str, value: str) -> None:
        """Set a field, in place of one of that name."""
        lower = name.lower()
        if not lower or not _TOKEN.issuperset(lower):
            raise InvalidRequestError(f"{name!r} is no header name")
        if not (value.isascii() and value.isprintable()):
            # A line end after a value is of the file that it was read from.
            value = value.rstrip("\r\n")
            _check_header(name, value)
        self._own().headers[lower] = (name, value.strip(" \t"))

    def remove_header(self, name: str) -> None:
        """Send no field of that name."""
        self._own().headers.pop(name.lower(), None)

    def add_header(self, name: str, value: str) -> None:
        """Set a field, unless the caller has set it."""
        if name.lower() not in self.kept.own_headers:
            self.set_header(name, value)

    def takes(self, name: str) -> bool:
        """Whether a field of that name may be added: nobody has set it, or decided against it."""
        lower = name.lower()
        return lower not in self.kept.own_headers and lower not in self.kept.headers

    def sets(self, location: str, name: str) -> bool:
        """Whether the caller has set (or removed) a header, query parameter or cookie."""
        kept = self.kept
        if location == "header":
            return name.lower() in kept.own_headers
        if location == "query":
            return name in kept.own_query
        _, own = kept.headers.get("cookie", ("", ""))
        return name in kept.own_cookies or f"; {name}=" in f"; {own}"

    def add_query(self, name: str, value: str) -> None:
        """Append a query parameter."""
        self.add_query_pairs([f"{quote(name)}={quote(value)}"])

    def add_query_pairs(self, pairs: list[str]) -> None:
        """Append encoded ``name=value`` pairs."""
        self.query = [*self.query, *pairs]

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
        self._own().cookies += pairs

    def add_secret(self, value: str) -> None:
        """Keep ``value`` out of messages and logs."""
        secrets = self._own().secrets
        secrets.append(value)
        encoded = quote(value)
        if encoded != value:
            secrets.append(encoded)

    def secrets(self) -> list[str]:
        """Every credential: those of schemes, and what the caller has put into fields of such names."""
        from .sensitive import secrets_of

        kept = self.kept
        pieces = (*self.url.partition("?")[2].split("&"), *self.query)
        return [*kept.secrets, *secrets_of(kept.headers.values(), pieces)]

    def redact(self, text: str) -> str:
        """``text`` without credentials."""
        for secret in self.secrets():
            if len(secret) > 3 and secret in text:
                text = text.replace(secret, "***")
        return text

    @property
    def address(self) -> str:
        """Method and URL without the query, for messages."""
        return f"{self.kept.method} {self.url.partition('?')[0]}"

    def prepare(self, attempt: int) -> PreparedRequest:
        """The request as attempt number ``attempt`` (from 1) sends it."""
        kept = self.kept
        lines = kept.lines
        if lines is None:
            lines = kept.written()
        url, target = self.url, self.target
        if self.query:
            query = ("&" if "?" in url else "?") + "&".join(self.query)
            url += query
            target += query
        body = self.body
        if body is not None and body.length is not None:
            length = f"Content-Length: {body.length}\r\n"
        elif body is None:
            length = "Content-Length: 0\r\n" if kept.method in _BODIED else ""
            if "content-length" in kept.headers:
                length = "Content-Length: 0\r\n"
        elif "content-length" in kept.headers:
            # A parameter of that name: only the caller knows the length.
            length = f"Content-Length: {kept.headers['content-length'][1]}\r\n"
        else:
            length = "Transfer-Encoding: chunked\r\n"
        lines = f"{lines}{self.added}{ATTEMPT_HEADER}: {attempt - 1}\r\n{length}"
        return PreparedRequest(kept.method, url, None, body, lines, kept.origin, target, kept.host)


_BODIED = frozenset(("POST", "PUT", "PATCH"))


def _check_header(name: str, value: str) -> None:
    # RFC 9110 section 5.5: visible characters, spaces, tabs and obs-text.
    if any(
        (ord(char) < 32 and char != "\t") or ord(char) == 127 or ord(char) > 255 for char in value
    ):
        raise InvalidRequestError(
            f"the value of header {name!r} has characters that cannot be sent"
        )
