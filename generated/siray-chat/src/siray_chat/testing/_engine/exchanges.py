"""What comes in and what goes out, without any HTTP library: the seam all ways in share.

`FakeApp.respond` turns a `ReceivedRequest` into a `Reply`; the ASGI edge is one user of it, and
a transport that calls it in-process is another.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias
from urllib.parse import parse_qsl

import msgspec

__all__ = ["CUT", "Cut", "Exchange", "ReceivedRequest", "Reply", "Stall", "Step"]


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

    def json(self) -> Any:
        """The body as JSON. Raises msgspec.DecodeError when it is none."""
        return msgspec.json.decode(self.body)


@dataclass(frozen=True, slots=True)
class Stall:
    """Nothing is sent for so many seconds."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Cut:
    """The connection is closed here, in the middle of the body."""


CUT = Cut()
Step: TypeAlias = bytes | Stall | Cut


@dataclass(frozen=True, slots=True)
class Reply:
    """One answer: the head, then steps.

    Each `bytes` step is one block of the body and goes out at once. `delay` is how many seconds
    the head waits. `note` says for the log why the answer is what it is.
    """

    status: int
    headers: tuple[tuple[str, str], ...] = ()
    steps: Iterable[Step] = ()
    delay: float = 0.0
    note: str = ""

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
