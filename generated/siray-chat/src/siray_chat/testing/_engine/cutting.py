"""Faults in the body of an answer: where it breaks off, where it stands still.

One `bytes` step of an answer is one event of a stream.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from .exchanges import CUT, Stall, Step

__all__ = ["cut_after_bytes", "cut_after_events", "stall_after_bytes", "stall_after_events"]


def cut_after_events(steps: Iterable[Step], events: int, end: bytes = b"") -> Iterator[Step]:
    """The first so many events, or all of them but `end`: what is cut has not ended."""
    left = events
    for step in steps:
        if left == 0 or (end and step == end):
            break
        left -= isinstance(step, bytes)
        yield step
    yield CUT


def cut_after_bytes(steps: Iterable[Step], size: int | None) -> Iterator[Step]:
    """The first so many bytes of the body; None is half of it."""
    if size is None:
        steps = list(steps)
        size = sum(len(step) for step in steps if isinstance(step, bytes)) // 2
    for step, rest in _split(steps, size):
        if step:
            yield step
        if rest is not None:
            break
    yield CUT


def stall_after_events(steps: Iterable[Step], events: int, seconds: float) -> Iterator[Step]:
    """All of it, with a pause after so many events, or at the end where there are fewer."""
    left = events
    for step in steps:
        if left == 0:
            yield Stall(seconds)
        left -= isinstance(step, bytes)
        yield step
    if left >= 0:
        yield Stall(seconds)


def stall_after_bytes(steps: Iterable[Step], size: int, seconds: float) -> Iterator[Step]:
    """All of it, with a pause after so many bytes, or at the end where there are fewer."""
    has_stalled = False
    for step, rest in _split(steps, size):
        if step:
            yield step
        if rest is not None:
            yield Stall(seconds)
            has_stalled = True
            if rest:
                yield rest
    if not has_stalled:
        yield Stall(seconds)


def _split(steps: Iterable[Step], size: int) -> Iterator[tuple[Step, bytes | None]]:
    """Every step; the one in which so many bytes are full comes in two parts."""
    left = size
    is_split = False
    for step in steps:
        if isinstance(step, bytes) and not is_split and len(step) >= left:
            is_split = True
            yield step[:left], step[left:]
            continue
        if isinstance(step, bytes):
            left -= len(step)
        yield step, None
