"""The request log of `sdkpress mock`: lines that a person can follow.

One line for each exchange, in columns that do not move: the method, the status, the time, the
path, and what the generated client calls the operation. Why a request was refused stands on a
line of its own. No line has a time of day or a number that counts up: two runs of one test suite
give logs that can be compared, apart from the durations.
"""

from __future__ import annotations

import contextlib
import json
import queue
import threading
from collections.abc import Callable, Iterable
from typing import Any, cast

from sdkpress.diagnostics import printable
from sdkpress.runtime.sensitive import hidden, is_sensitive, secrets_of
from sdkpress.runtime.testing.exchanges import Exchange

__all__ = ["RequestLog", "exchange_lines"]

_COLORS = {2: "32", 3: "36", 4: "33", 5: "31"}
_PATH = 40
_INDENT = " " * 22
_LONGEST = 600
_LONGEST_PATH = 300
_STREAMS = ("text/event-stream", "ndjson", "jsonl", "json-seq", "json-lines", "stream+json")
_LEAST_SECRET = 4


class RequestLog:
    """Takes exchanges and hands lines to `write`, in a thread of its own: neither a terminal that
    does not read nor the search for names keeps requests waiting.

    `describe` makes the lines of an exchange. `write` raises OSError where nobody reads any more;
    the log is silent from then on.
    """

    def __init__(
        self, describe: Callable[[Exchange], Iterable[str]], write: Callable[[str], None]
    ) -> None:
        self._describe = describe
        self._write = write
        self._queue: queue.SimpleQueue[Exchange | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="request log", daemon=True)
        self._thread.start()

    def add(self, exchange: Exchange) -> None:
        """Log an exchange that is over."""
        self._queue.put(exchange)

    def close(self) -> None:
        """Write what is left, for two seconds at most."""
        self._queue.put(None)
        self._thread.join(2)

    def _run(self) -> None:
        is_read = True
        while (exchange := self._queue.get()) is not None:
            if is_read:
                try:
                    self._write("\n".join(self._describe(exchange)))
                except (OSError, ValueError):
                    is_read = False


def exchange_lines(
    exchange: Exchange,
    operation: str,
    secret_names: frozenset[str] = frozenset(),
    *,
    is_verbose: bool = False,
    has_color: bool = False,
) -> list[str]:
    """The lines of an exchange.

    `operation` is the name to show ("" for none), `secret_names` are the query parameters that
    hold credentials by the document, beside those whose names say so.
    """
    request, reply = exchange.request, exchange.reply
    status = f"{reply.status:>3}" if reply.status else "---"
    if has_color and (color := _COLORS.get(reply.status // 100)):
        status = f"\x1b[{color}m{status}\x1b[0m"
    place = _short(printable(request.path), _LONGEST_PATH)
    if request.query_string:
        place += f"?{_short(printable(_query(request.query_string, secret_names)), _LONGEST_PATH)}"
    method = _short(printable(request.method), 20)
    notes = ", ".join(filter(None, (operation, *_notes(exchange))))
    head = f"{method:<7} {status} {_duration(exchange.seconds):>8}  "
    lines = [f"{head}{place:<{_PATH}}  {notes}".rstrip()]
    if reply.status >= 400 and reply.note:
        lines.append(_INDENT + printable(reply.note))
    if is_verbose:
        lines += _details(exchange, secret_names)
    return lines


def _duration(seconds: float) -> str:
    return f"{seconds * 1000:.0f} ms" if seconds < 10 else f"{seconds:.1f} s"


def _notes(exchange: Exchange) -> list[str]:
    reply, count = exchange.reply, exchange.blocks
    kind = next((value for name, value in reply.headers if name == "content-type"), "")
    notes: list[str] = []
    if any(word in kind for word in _STREAMS):
        notes.append(f"{count} event{'' if count == 1 else 's'}")
    elif count > 1:
        notes.append(f"{count} blocks")
    if reply.note and reply.status < 400:
        notes.append(printable(reply.note))
    elif not exchange.is_complete:
        notes.append("the connection ended first")
    return notes


def _query(query: str, secret_names: frozenset[str]) -> str:
    pieces: list[str] = []
    for piece in query.split("&"):
        name, equals, _ = piece.partition("=")
        is_secret = equals and (name in secret_names or is_sensitive(name))
        pieces.append(f"{name}=***" if is_secret else piece)
    return "&".join(pieces)


def _details(exchange: Exchange, secret_names: frozenset[str]) -> list[str]:
    request, reply = exchange.request, exchange.reply
    queries = [piece for piece in request.query_string.split("&") if piece]
    secrets = {
        *secrets_of(request.headers, queries),
        *(piece.partition("=")[2] for piece in queries if piece.partition("=")[0] in secret_names),
    }
    lines = [f"> {name}: {_header(name, value)}" for name, value in request.headers]
    if request.body:
        lines.append(f"> {_body(request.body, secrets)}")
    lines += [f"< {name}: {_header(name, value)}" for name, value in reply.headers]
    steps = reply.steps
    # Streams have gone by; what is whole is still there.
    if isinstance(steps, tuple) and len(steps) == 1 and isinstance(steps[0], bytes):
        lines.append(f"< {_body(steps[0], secrets)}")
    return [_INDENT + printable(line) for line in lines]


def _header(name: str, value: str) -> str:
    if name.lower() in ("cookie", "set-cookie"):
        key, equals, _ = value.partition("=")
        return f"{key}=***" if equals else "***"
    return hidden(value) if is_sensitive(name) else value


def _body(content: bytes, secrets: set[str]) -> str:
    try:
        text = content.decode()
    except UnicodeDecodeError:
        return f"({len(content):,} bytes)"
    with contextlib.suppress(ValueError, RecursionError):
        text = json.dumps(_masked(json.loads(text)), ensure_ascii=False)
    for secret in sorted(secrets, key=len, reverse=True):
        if len(secret) >= _LEAST_SECRET:
            text = text.replace(secret, "***")
    return _short(text, _LONGEST)


def _masked(value: Any) -> Any:
    """A JSON value without the texts whose names say that they are credentials."""
    if isinstance(value, dict):
        members = cast("dict[str, Any]", value)
        return {
            name: "***" if isinstance(member, str) and is_sensitive(name) else _masked(member)
            for name, member in members.items()
        }
    return (
        [_masked(item) for item in cast("list[Any]", value)] if isinstance(value, list) else value
    )


def _short(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[:most]}… ({len(text):,} characters)"
