"""How long the stages of a command take: elapsed and CPU time, that of child processes too."""

from __future__ import annotations

import os
import time
from collections.abc import Callable

__all__ = ["PATIENCE", "Stages"]

PATIENCE = 10.0
"""Seconds of silence after which a line says what is going on, where there is no terminal."""


class Stages:
    """The stages of one piece of work: `show` gets a line as each of them ends, and one for all."""

    def __init__(self, title: str, show: Callable[[str], None]) -> None:
        self._title, self._show = title, show
        self._begun = self._stage_begun = _now()
        self._stage = ""

    def begin(self, stage: str) -> None:
        """The stage before it has ended; the same name again goes on with it."""
        if stage != self._stage:
            self._end_stage()
            self._stage = stage
            self._stage_begun = _now()

    def end(self) -> None:
        """Everything is done."""
        self._end_stage()
        self._show(f"{self._title}: {_since(self._begun)}")

    def _end_stage(self) -> None:
        if self._stage:
            self._show(f"{self._title}: {self._stage}: {_since(self._stage_begun)}")
            self._stage = ""


def _now() -> tuple[float, float]:
    children = os.times()
    own = time.process_time()
    return time.perf_counter(), own + children.children_user + children.children_system


def _since(begun: tuple[float, float]) -> str:
    elapsed, cpu = (now - then for now, then in zip(_now(), begun, strict=True))
    return f"{elapsed:.2f} s (CPU {cpu:.2f} s)"
