"""Ctrl-C, and being told to end: an exception at once, or, where files are being written, when the
last of them is written. So what is on disk is always the old state or the new one.
"""

from __future__ import annotations

import contextlib
import signal
import threading
import time
from collections.abc import Generator
from dataclasses import dataclass
from types import FrameType

__all__ = ["SIGNALS", "handled", "left_alone", "whole"]

SIGNALS = ("SIGINT", "SIGTERM", "SIGHUP", "SIGBREAK")
_REPEATED = 2.0  # seconds in which a second signal is part of the first one


@dataclass
class _State:
    depth: int = 0
    is_waiting: bool = False
    last: float | None = None


_state = _State()


@contextlib.contextmanager
def handled() -> Generator[None]:
    """Signals that end a process raise KeyboardInterrupt in this block, at a place of our choice.

    A signal that the process was told to ignore (nohup) stays ignored. What comes again within two
    seconds, as from a terminal and `make` both, does not disturb the tidying up; later it does.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before: dict[int, object] = {}
    _state.depth, _state.is_waiting, _state.last = 0, False, None
    try:
        for name in SIGNALS:
            number = getattr(signal, name, None)
            if number is not None and signal.getsignal(number) is not signal.SIG_IGN:
                before[number] = signal.signal(number, _interrupt)
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler if handler is not None else signal.SIG_DFL)  # type: ignore[arg-type]


@contextlib.contextmanager
def left_alone() -> Generator[None]:
    """A block in which Ctrl-C is Python's own affair, for a server with a way of its own to stop:
    asyncio takes Ctrl-C over where nobody else has."""
    ours = signal.getsignal(signal.SIGINT) is _interrupt
    if ours:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield
    finally:
        if ours:
            signal.signal(signal.SIGINT, _interrupt)


@contextlib.contextmanager
def whole() -> Generator[None]:
    """A block that is not interrupted: a signal that comes in it is heard at its end.

    For writing what belongs together, which takes no time to speak of.
    """
    _state.depth += 1
    try:
        yield
    finally:
        _state.depth -= 1
        if _state.depth == 0 and _state.is_waiting:
            _state.is_waiting = False
            raise KeyboardInterrupt


def _interrupt(number: int, frame: FrameType | None) -> None:
    now = time.monotonic()
    if _state.last is not None and now - _state.last < _REPEATED:
        return
    _state.last = now
    if _state.depth:
        _state.is_waiting = True
        return
    raise KeyboardInterrupt
