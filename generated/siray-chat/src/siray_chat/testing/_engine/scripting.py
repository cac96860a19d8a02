"""Scripted answers: what an operation answers next, instead of what the document says."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

from .answering import Answers
from .exchanges import CUT, ReceivedRequest, Reply, Stall, Step
from .routing import Operation

__all__ = ["Condition", "Script"]

Condition: TypeAlias = Callable[[ReceivedRequest], bool]
_Make: TypeAlias = Callable[[Callable[[], Reply]], Reply]


@dataclass(slots=True)
class _Turn:
    make: _Make
    left: int | None
    condition: Condition | None


class Script:
    """The queue of one operation.

    Every method adds one answer, given `times` times (None: from then on), and returns the
    script, so that a sequence reads as one. When the queue is empty the document answers again.
    Requests are validated first; one that is not valid gets its 4xx and uses up nothing.
    """

    def __init__(self, operation: Operation, answers: Answers) -> None:
        self._operation = operation
        self._answers = answers
        self._turns: list[_Turn] = []
        self._condition: Condition | None = None
        self._lock = threading.Lock()

    def when(self, condition: Condition) -> Script:
        """The answers added to the result count only for requests that meet the condition."""
        view = Script(self._operation, self._answers)
        view._turns, view._lock, view._condition = self._turns, self._lock, condition
        return view

    def replies(
        self,
        value: Any,
        *,
        status: int | None = None,
        headers: Mapping[str, str] | None = None,
        times: int | None = 1,
    ) -> Script:
        """Answer with this value as JSON; the status is that of success unless given."""
        head = _lower(headers)
        return self._add(
            lambda default: self._answers.json(self._operation, status, value, head), times
        )

    def fails(
        self,
        *,
        status: int,
        retry_after: float | None = None,
        value: Any = None,
        headers: Mapping[str, str] | None = None,
        times: int | None = 1,
    ) -> Script:
        """Answer with an error: the document's for that status, or `value` as JSON."""
        head = _lower(headers)
        if retry_after is not None:
            head.append(("retry-after", f"{retry_after:g}"))

        def make(default: Callable[[], Reply]) -> Reply:
            if value is not None:
                return self._answers.json(self._operation, status, value, head)
            return self._answers.error(self._operation, status, headers=head)

        return self._add(make, times)

    def streams(self, items: Iterable[Any], *, times: int | None = 1) -> Script:
        """Stream these items, then end the stream as the document says."""
        listed = list(items)
        return self._add(lambda default: self._answers.streamed(self._operation, listed), times)

    def cuts_after(
        self, *, events: int, of: Iterable[Any] | None = None, times: int | None = 1
    ) -> Script:
        """Close the connection after so many events of the stream (of `of`, if given).

        An answer that is not a stream is cut in its middle, or after its head for 0 events.
        """
        listed = None if of is None else list(of)

        def make(default: Callable[[], Reply]) -> Reply:
            reply = default() if listed is None else self._answers.streamed(self._operation, listed)
            return replace(reply, steps=_cut(reply.steps, events), note="cut by script")

        return self._add(make, times)

    def stalls(
        self, seconds: float, *, after_events: int | None = None, times: int | None = 1
    ) -> Script:
        """Give the usual answer late: before the head, or after so many events."""

        def make(default: Callable[[], Reply]) -> Reply:
            reply = default()
            if after_events is None:
                return replace(reply, delay=seconds, note="stalled by script")
            return replace(
                reply, steps=_stall(reply.steps, after_events, seconds), note="stalled by script"
            )

        return self._add(make, times)

    def sends_raw(
        self,
        body: bytes | Iterable[bytes],
        *,
        status: int = 200,
        media_type: str = "",
        headers: Mapping[str, str] | None = None,
        times: int | None = 1,
    ) -> Script:
        """Answer with these bytes as the body; several blocks go out one by one.

        Without a media type it is that of the document's answer to the request.
        """
        blocks = [body] if isinstance(body, bytes) else list(body)
        head = _lower(headers)

        def make(default: Callable[[], Reply]) -> Reply:
            name = media_type or next(
                (value for key, value in default().headers if key == "content-type"), ""
            )
            if isinstance(body, bytes):
                return Reply.whole(status, body, name, head)
            return Reply(status, (("content-type", name), *head) if name else tuple(head), blocks)

        return self._add(make, times)

    def clear(self) -> None:
        """Forget the answers that were not given yet."""
        with self._lock:
            self._turns.clear()

    def next(self, request: ReceivedRequest, default: Callable[[], Reply]) -> Reply | None:
        """The answer the script has for a request; None when it has none."""
        with self._lock:
            turn = next((turn for turn in self._turns if _applies(turn, request)), None)
            if turn is None:
                return None
            if turn.left is not None:
                turn.left -= 1
                if turn.left <= 0:
                    self._turns.remove(turn)
        return turn.make(default)

    def _add(self, make: _Make, times: int | None) -> Script:
        if times is not None and times < 1:
            raise ValueError(f"times is {times}, at least 1 is needed")
        with self._lock:
            self._turns.append(_Turn(make, times, self._condition))
        return self


def _applies(turn: _Turn, request: ReceivedRequest) -> bool:
    return turn.condition is None or turn.condition(request)


def _lower(headers: Mapping[str, str] | None) -> list[tuple[str, str]]:
    return [(name.lower(), value) for name, value in (headers or {}).items()]


def _cut(steps: Iterable[Step], events: int) -> Iterator[Step]:
    blocks = list(steps)
    if len(blocks) == 1 and isinstance(blocks[0], bytes) and events > 0:
        # One block is no stream (or a stream of one event): its middle is the only place to cut.
        blocks = [blocks[0][: len(blocks[0]) // 2]]
    left = events
    for step in blocks:
        if left == 0:
            break
        left -= isinstance(step, bytes)
        yield step
    yield CUT


def _stall(steps: Iterable[Step], events: int, seconds: float) -> Iterator[Step]:
    left = events
    for step in steps:
        if left == 0:
            yield Stall(seconds)
        left -= isinstance(step, bytes)
        yield step
    if left == 0:
        yield Stall(seconds)
