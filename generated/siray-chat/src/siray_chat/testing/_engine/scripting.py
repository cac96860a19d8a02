"""Scripted answers: what an operation answers next, instead of what the document says."""

from __future__ import annotations

import inspect
import math
import operator
import re
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Generic, TypeAlias, TypeVar, cast, overload

from .answering import Answers
from .cutting import cut_after_bytes, cut_after_events, stall_after_bytes, stall_after_events
from .exchanges import CUT, Reply
from .plain_values import is_model, plain, sendable
from .routing import Operation

if TYPE_CHECKING:
    from typing import Literal, Self

    from .typed_requests import RequestLog

__all__ = ["Script", "ScriptError", "StreamScript", "Unused"]

AnswerT = TypeVar("AnswerT")
ItemT = TypeVar("ItemT")
ReceivedT = TypeVar("ReceivedT")
_Default: TypeAlias = Callable[[], Reply]
_Make: TypeAlias = Callable[[_Default], Reply]


class ScriptError(AssertionError):
    """A condition of a script raised an exception, which is the cause."""


class _Usual:
    """The default of `replies`: the answer that the document gives."""

    def __repr__(self) -> str:
        return "..."


_USUAL: Any = _Usual()


@dataclass(frozen=True, slots=True)
class Unused:
    """A scripted answer that nobody asked for, `left` of its `times` times."""

    operation: str
    answer: str
    left: int
    times: int

    def __str__(self) -> str:
        more = f", {self.left} of {self.times} times" if self.times > 1 else ""
        return f"{self.operation}.{self.answer}{more}"


@dataclass(slots=True)
class _Turn:
    label: str
    make: _Make
    times: int | None
    left: int | None
    condition: Callable[[Any], bool] | None


class _Queue:
    """The answers of one operation that are still to be given."""

    def __init__(self) -> None:
        self.turns: list[_Turn] = []
        self._lock = threading.Lock()

    def add(self, turn: _Turn) -> None:
        with self._lock:
            self.turns = [*self.turns, turn]

    def clear(self) -> None:
        with self._lock:
            self.turns = []

    def take(self, request: object) -> _Turn | None:
        """The first answer that is left and whose condition the request meets, used once more."""
        for turn in self.turns:
            # Outside the lock: a condition is the user's code and may script or look at requests.
            if turn.condition is not None and not turn.condition(request):
                continue
            with self._lock:
                if turn not in self.turns:
                    continue  # another thread has used it up
                if turn.left is not None:
                    turn.left -= 1
                    if turn.left <= 0:
                        self.turns = [one for one in self.turns if one is not turn]
            return turn
        return None


class Script(Generic[AnswerT, ReceivedT]):
    """What one operation answers, and the requests that it got.

    Every method but the last few adds one answer, given `times` times (None: from then on), and
    returns the script, so that a sequence reads as one. A request gets the first answer that is
    not used up and whose condition it meets, and the document's where there is none. Requests are
    checked first: one that the document forbids gets its 4xx and uses up nothing.

    Threads may share it.
    """

    def __init__(
        self, name: str, operation: Operation, answers: Answers, requests: RequestLog
    ) -> None:
        self._name = name
        self._operation = operation
        self._answers = answers
        self._log = requests
        self._queue = _Queue()
        self._condition: Callable[[ReceivedT], bool] | None = None

    def when(self, condition: Callable[[ReceivedT], bool]) -> Self:
        """The answers added to the result count only for requests that meet the condition.

        A condition that raises is an answer of 500, and a ScriptError of the fake server's
        `check()`, with which its `with` block ends.
        """
        if not callable(condition) or inspect.iscoroutinefunction(condition):
            raise TypeError("a condition is a function of the request, and none that is awaited")
        view = type(self)(self._name, self._operation, self._answers, self._log)
        view._queue = self._queue
        former = self._condition
        view._condition = (
            condition if former is None else lambda request: former(request) and condition(request)
        )
        return view

    def replies(
        self,
        value: AnswerT | Mapping[str, object] | Sequence[Mapping[str, object]] = _USUAL,
        *,
        status: int | None = None,
        headers: Mapping[str, str] | None = None,
        delay: float = 0.0,
        times: int | None = 1,
    ) -> Self:
        """Answer with this value, sent as it is; without one, as the document does.

        A model or JSON values are sent as JSON (or in the only form that the document has), str
        and bytes as they are where it is not JSON. The status is that of success unless given;
        `delay` is how many seconds the answer takes.
        """
        head = _head(headers)
        _check_status(status)
        _check_seconds("delay", delay)
        shown = None if value is _USUAL else sendable(value)

        def make(default: _Default) -> Reply:
            if value is _USUAL:
                reply = default()
                reply = replace(
                    reply, status=status or reply.status, headers=(*reply.headers, *head)
                )
            else:
                reply = self._answers.given(self._operation, status, shown, head)
            return replace(reply, delay=delay) if delay else reply

        return self._add("replies", make, times, status=status)

    def fails(
        self,
        status: int = 500,
        *,
        retry_after: float | None = None,
        body: object = None,
        headers: Mapping[str, str] | None = None,
        code: str | None = None,
        times: int | None = 1,
    ) -> Self:
        """Answer with an error: the document's for the status, or `body` (a model, JSON values).

        `retry_after` is the header of that name, in seconds. `code` goes where the document's
        error has its code. A status that the document does not know works as well.
        """
        head = _head(headers)
        _check_status(status)
        if retry_after is not None:
            _check_seconds("retry_after", retry_after)
            head.append(("retry-after", f"{retry_after:g}"))
        shown = sendable(body)

        def make(default: _Default) -> Reply:
            if body is not None:
                return self._answers.given(self._operation, status, shown, head)
            return self._answers.error(self._operation, status, headers=head, code=code or "")

        return self._add("fails", make, times, status=status)

    def cuts_after(self, *, bytes: int | None = None, times: int | None = 1) -> Self:
        """Close the connection after so many bytes of the usual body; without, in its middle."""
        return self._cut(bytes, times)

    def _cut(self, size: int | None, times: int | None) -> Self:
        _check_count("bytes", size)

        def make(default: _Default) -> Reply:
            reply = default()
            return replace(reply, steps=cut_after_bytes(reply.steps, size), note="cut by script")

        return self._add("cuts_after", make, times, bytes=size)

    def drops(self, *, times: int | None = 1) -> Self:
        """Close the connection without an answer."""
        return self._add(
            "drops", lambda default: Reply(0, steps=(CUT,), note="dropped by script"), times
        )

    def stalls(
        self,
        seconds: float = math.inf,
        *,
        after_bytes: int | None = None,
        times: int | None = 1,
    ) -> Self:
        """Give the usual answer late: before its head, or after so many bytes of its body.

        Without a number of seconds the client has to leave first.
        """
        _check_count("after_bytes", after_bytes)
        return self._stall(
            seconds,
            times,
            (
                None
                if after_bytes is None
                else lambda reply: replace(
                    reply, steps=stall_after_bytes(reply.steps, after_bytes, seconds)
                )
            ),
            after_bytes=after_bytes,
        )

    def _stall(
        self,
        seconds: float,
        times: int | None,
        inside: Callable[[Reply], Reply] | None,
        whole: _Make | None = None,
        **shown: object,
    ) -> Self:
        _check_seconds("seconds", seconds)

        def make(default: _Default) -> Reply:
            reply = default() if whole is None else whole(default)
            reply = replace(reply, delay=seconds) if inside is None else inside(reply)
            return replace(reply, note="stalled by script")

        limit = None if seconds == math.inf else seconds
        return self._add("stalls", make, times, seconds=limit, **shown)

    def sends_raw(
        self,
        body: bytes | Iterable[bytes],
        *,
        status: int = 200,
        media_type: str = "",
        headers: Mapping[str, str] | None = None,
        times: int | None = 1,
    ) -> Self:
        """Answer with these bytes as the body; several blocks go out one by one.

        Without a media type it is that of the document's answer to the request.
        """
        blocks = _blocks(body)
        head = _head(headers)
        _head({"content-type": media_type})
        _check_status(status)

        def make(default: _Default) -> Reply:
            name = media_type or next(
                (value for key, value in default().headers if key == "content-type"), ""
            )
            if any(key == "content-type" for key, _ in head):
                name = ""
            if isinstance(blocks, bytes):
                return Reply.whole(status, blocks, name, head)
            return Reply(status, (("content-type", name), *head) if name else tuple(head), blocks)

        return self._add("sends_raw", make, times, status=status)

    @property
    def requests(self) -> tuple[ReceivedT, ...]:
        """The requests that the operation got, oldest first, whatever they were answered."""
        return cast("tuple[ReceivedT, ...]", self._log.of(self._name))

    @property
    def last_request(self) -> ReceivedT:
        """The latest of them. Raises AssertionError where there is none."""
        found = self.requests
        if not found:
            raise AssertionError(f"{self._name} got no request")
        return found[-1]

    @property
    def unused(self) -> tuple[Unused, ...]:
        """The answers that nobody has asked for; those without an end (`times=None`) are none."""
        return tuple(
            Unused(self._name, turn.label, turn.left, turn.times)
            for turn in self._queue.turns
            if turn.left is not None and turn.times is not None
        )

    def reset(self) -> None:
        """Forget the answers that were not given yet, and the requests."""
        self._queue.clear()
        self._log.forget(self._name)

    def next(self, request: object, default: _Default) -> Reply | None:
        """The answer the script has for a request; None when it has none.

        Raises ScriptError where a condition raises.
        """
        if not self._queue.turns:
            return None
        try:
            turn = self._queue.take(request)
        except Exception as error:
            raise ScriptError(
                f"a condition of {self._name} raised {type(error).__name__}: {error}"
            ) from error
        return turn.make(default) if turn is not None else None

    def _add(self, method: str, make: _Make, times: int | None, **shown: object) -> Self:
        if times is not None and operator.index(times) < 1:
            raise ValueError(f"times is {times}, at least 1 is needed")
        given = ", ".join(f"{name}={value!r}" for name, value in shown.items() if value is not None)
        self._queue.add(_Turn(f"{method}({given})", make, times, times, self._condition))
        return self

    def __repr__(self) -> str:
        key = f" ({self._operation.key})" if self._name != self._operation.key else ""
        turns = [
            turn.label + {None: " from then on", 1: ""}.get(turn.left, f" {turn.left} times")
            for turn in self._queue.turns
        ]
        return f"<{type(self).__name__} {self._name}{key}: {', '.join(turns) or 'as documented'}>"


class StreamScript(Script[AnswerT, ReceivedT], Generic[AnswerT, ItemT, ReceivedT]):
    """The script of an operation whose answer may be a stream."""

    def streams(
        self,
        items: Iterable[ItemT | Mapping[str, object]] | AnswerT,
        *,
        delay: float = 0.0,
        headers: Mapping[str, str] | None = None,
        times: int | None = 1,
    ) -> Self:
        """Stream these items, then end the stream as the document says.

        A whole answer (a model, or its JSON) is split into items where the document's stream
        adds up to one. `delay` is how many seconds lie between two items. An iterator is read
        as it is sent, and may be endless; with `times` other than 1 it is read at once.
        """
        head = _head(headers)
        _check_seconds("delay", delay)
        given = self._items(items, is_once=times == 1)
        return self._add(
            "streams",
            lambda default: self._answers.streamed(self._operation, given, head, delay),
            times,
            delay=delay or None,
        )

    def cuts_after(
        self,
        *,
        events: int | None = None,
        of: Iterable[ItemT | Mapping[str, object]] | AnswerT | None = None,
        bytes: int | None = None,
        times: int | None = 1,
    ) -> Self:
        """Close the connection after so many events of the stream, or bytes of the body.

        The stream is the usual one, or made of `of` as in `streams`: without a number all of it
        but its end. An answer that is no stream is cut in its middle; after its head for 0 events.
        """
        if events is None and of is None:
            return self._cut(bytes, times)
        if bytes is not None:
            raise ValueError("a stream is cut after events or after bytes, not after both")
        _check_count("events", events)
        items = None if of is None else self._items(of, is_once=False)
        count = len(items or ()) if events is None else events

        def make(default: _Default) -> Reply:
            reply = default() if items is None else self._answers.streamed(self._operation, items)
            if count and reply.is_whole:
                steps = cut_after_bytes(reply.steps, None)
            else:
                end = self._answers.terminator(self._operation)
                steps = cut_after_events(reply.steps, count, end)
            return replace(reply, steps=steps, note="cut by script")

        return self._add("cuts_after", make, times, events=count)

    def stalls(
        self,
        seconds: float = math.inf,
        *,
        after_events: int | None = None,
        of: Iterable[ItemT | Mapping[str, object]] | AnswerT | None = None,
        after_bytes: int | None = None,
        times: int | None = 1,
    ) -> Self:
        """Give the usual answer late: before its head, or after so many events or bytes.

        Without a number of seconds the client has to leave first. `of` is the stream, as in
        `streams`, where it is not the usual one.
        """
        if after_events is not None and after_bytes is not None:
            raise ValueError("a stream stalls after events or after bytes, not after both")
        _check_count("after_events", after_events)
        _check_count("after_bytes", after_bytes)

        items = None if of is None else self._items(of, is_once=times == 1)

        def inside(reply: Reply) -> Reply:
            if after_events is not None:
                steps = stall_after_events(reply.steps, after_events, seconds)
            else:
                steps = stall_after_bytes(reply.steps, after_bytes or 0, seconds)
            return replace(reply, steps=steps)

        def whole(default: _Default) -> Reply:
            if items is None:
                return default()
            return self._answers.streamed(self._operation, items)

        return self._stall(
            seconds,
            times,
            None if after_events is None and after_bytes is None else inside,
            whole,
            after_events=after_events,
            after_bytes=after_bytes,
        )

    @overload
    def _items(self, items: object, *, is_once: Literal[False]) -> list[Any]: ...
    @overload
    def _items(self, items: object, *, is_once: bool) -> Iterable[Any]: ...
    def _items(self, items: object, *, is_once: bool) -> Iterable[Any]:
        if is_model(items) or isinstance(items, Mapping):
            return self._answers.split(self._operation, plain(cast("object", items)))
        if isinstance(items, (str, bytes)) or not isinstance(items, Iterable):
            raise TypeError(
                f"a stream is made of items or of a whole answer, not of {type(items).__name__}"
            )
        given = map(sendable, cast("Iterable[object]", items))
        return given if is_once and isinstance(items, Iterator) else list(given)


_FIELD_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")


def _head(headers: Mapping[str, str] | None) -> list[tuple[str, str]]:
    """The fields, names in lower case. Raises ValueError for what HTTP cannot carry."""
    for name, value in (headers or {}).items():
        if not _FIELD_NAME.fullmatch(name) or re.search(r"[\x00\r\n]|[^\x00-\xff]", value):
            raise ValueError(f"{name!r}: {value!r} is no header field")
    return [(name.lower(), value) for name, value in (headers or {}).items()]


def _check_status(status: int | None) -> None:
    if status is not None and not 200 <= operator.index(status) <= 999:
        raise ValueError(f"status is {status}, an answer has one from 200 to 999")


def _check_count(name: str, count: int | None) -> None:
    if count is not None and operator.index(count) < 0:
        raise ValueError(f"{name} is {count}, at least 0 is needed")


def _check_seconds(name: str, seconds: float) -> None:
    if math.isnan(seconds) or seconds < 0:
        raise ValueError(f"{name} is {seconds}, which is no time")


def _blocks(body: bytes | Iterable[bytes]) -> bytes | list[bytes]:
    if isinstance(body, (bytes, bytearray)):
        return bytes(body)
    blocks = list(body)
    for block in cast("list[object]", blocks):
        if not isinstance(block, bytes):
            raise TypeError(f"what is sent is bytes or several of them, not {type(block).__name__}")
    return blocks
