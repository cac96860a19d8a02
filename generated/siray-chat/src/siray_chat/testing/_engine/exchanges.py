"""What comes in and what goes out, without any HTTP library: the seam all ways in share.

`FakeApp.respond` turns a `ReceivedRequest` into a `Reply`; the ASGI edge is one user of it, and
a transport that calls it in-process is another.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias
from urllib.parse import parse_qsl, urlsplit

import msgspec

__all__ = [
    "CUT",
    "Cut",
    "Exchange",
    "ReceivedRequest",
    "Reply",
    "Stall",
    "Step",
    "describe_exchange",
]


@dataclass(frozen=True, slots=True)
class ReceivedRequest:
    """One request as it arrived.

    `path` is still percent-encoded, `query_string` has no `?`, names of headers are in lower
    case. The fake server adds `operation` (`"POST /pets"`; "" where no operation was found) and
    the decoded `path_parameters`.
    """

    method: str
    path: str
    query_string: str = ""
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    operation: str = ""
    path_parameters: Mapping[str, str] = field(default_factory=dict[str, str])

    @classmethod
    def of(
        cls, method: str, url: str, headers: Iterable[tuple[str, str]], body: bytes
    ) -> ReceivedRequest:
        """A request as a client sends it, to an absolute URL."""
        parts = urlsplit(url)
        fields = [(name.lower(), value) for name, value in headers]
        if not any(name == "host" for name, _ in fields):
            fields.append(("host", parts.netloc.rpartition("@")[2]))
        return cls(method, parts.path or "/", parts.query, tuple(fields), body)

    def header(self, name: str, default: str = "") -> str:
        """All values of a header, joined (RFC 9110, section 5.3); `default` if there is none."""
        values = [value for key, value in self.headers if key == name.lower()]
        return ", ".join(values) if values else default

    @property
    def query(self) -> dict[str, list[str]]:
        """The decoded query, every value of each name in order."""
        found: dict[str, list[str]] = {}
        for name, value in parse_qsl(self.query_string, keep_blank_values=True):
            found.setdefault(name, []).append(value)
        return found

    @property
    def cookies(self) -> dict[str, str]:
        """The cookies as they were sent, without quotes around them (RFC 6265, section 5.4).

        One that is odd does not hide the others.
        """
        found: dict[str, str] = {}
        for name, value in self.headers:
            for pair in value.split(";") if name == "cookie" else ():
                key, equals, given = pair.strip().partition("=")
                if len(given) > 1 and given[0] == given[-1] == '"':
                    given = given[1:-1]
                if equals:
                    found.setdefault(key, given)
        return found

    def json(self) -> Any:
        """The body as JSON. Raises msgspec.DecodeError when it is none."""
        return msgspec.json.decode(self.body)


@dataclass(frozen=True, slots=True)
class Stall:
    """Nothing is sent for so many seconds."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Cut:
    """The connection is closed here, in the middle of the body.

    With `is_timeout` a recorded client had waited too long here; where that can be told, it is.
    """

    is_timeout: bool = False


CUT = Cut()
Step: TypeAlias = bytes | Stall | Cut


@dataclass(frozen=True, slots=True)
class Reply:
    """One answer: the head, then steps.

    Each `bytes` step is one block of the body and goes out at once. `delay` is how many seconds
    the head waits. `note` says for the log why the answer is what it is. `failure` is what is
    wrong with the test itself. A status of 0 is no answer: the connection is closed.
    """

    status: int
    headers: tuple[tuple[str, str], ...] = ()
    steps: Iterable[Step] = ()
    delay: float = 0.0
    note: str = ""
    failure: AssertionError | None = None

    @property
    def is_whole(self) -> bool:
        """Whether its length is known, so that it is no stream."""
        return any(name == "content-length" for name, _ in self.headers)

    @classmethod
    def whole(
        cls,
        status: int,
        body: bytes,
        media_type: str = "",
        headers: Iterable[tuple[str, str]] = (),
        note: str = "",
    ) -> Reply:
        """An answer whose length is known."""
        head: list[tuple[str, str]] = [("content-type", media_type)] if media_type else []
        head.extend(headers)
        if status >= 200 and status not in (204, 304):
            head.append(("content-length", str(len(body))))
        else:
            body = b""
        return cls(status, tuple(head), (body,) if body else (), note=note)


@dataclass(frozen=True, slots=True)
class Exchange:
    """What the log is told when an answer is out.

    `seconds` is the time from the request's last byte to the answer's; `blocks` counts what the
    body was sent in; `is_complete` is false where the connection broke first.
    """

    request: ReceivedRequest
    reply: Reply
    seconds: float
    blocks: int
    is_complete: bool


def describe_exchange(exchange: Exchange) -> str:
    """One readable line: method, path, status, milliseconds, and why where that is not obvious.

    The query is left out, for it may hold keys; what a terminal would obey is escaped.
    """
    request, reply = exchange.request, exchange.reply
    line = f"{request.method} {request.path} {reply.status} {exchange.seconds * 1000:.0f} ms"
    if exchange.blocks > 1:
        line += f", {exchange.blocks} blocks"
    if not exchange.is_complete:
        line += ", not completed"
    if reply.note:
        line += f"  {reply.note}"
    return "".join(
        character if character.isprintable() else f"\\u{ord(character):04x}" for character in line
    )
