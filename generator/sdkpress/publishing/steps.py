"""Named steps that depend on each other: each passes or refuses, and says how it can be repaired."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, Literal, TypeVar

from sdkpress.diagnostics import SdkpressError, printable

__all__ = ["Refusal", "State", "Step", "StepResult", "run_steps"]

State = Literal["passed", "refused", "skipped", "not-run"]
Subject = TypeVar("Subject")

_WORKERS = 4


class Refusal(Exception):
    """A step says no: why in one line, what repairs it, and what else helps to see it."""

    def __init__(self, message: str, repair: str, details: Sequence[str] = ()) -> None:
        super().__init__(message)
        self.message = message
        self.repair = repair
        self.details = tuple(details)


@dataclass(frozen=True, slots=True)
class Step(Generic[Subject]):
    """One question to the subject. `run` returns what it found, or raises Refusal or SdkpressError.

    It begins when the steps of `after` have passed or are skipped; `needs` must have passed.
    """

    name: str
    title: str
    run: Callable[[Subject], str]
    needs: tuple[str, ...] = ()
    after: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class StepResult:
    """How a step ended. `seconds` are those on the wall."""

    name: str
    title: str
    state: State
    seconds: float
    message: str
    repair: str = ""
    details: tuple[str, ...] = ()


def run_steps(
    steps: Sequence[Step[Subject]],
    subject: Subject,
    *,
    skipped: Collection[str] = (),
    began: Callable[[str], None] = lambda title: None,
    ended: Callable[[StepResult], None] = lambda result: None,
) -> tuple[StepResult, ...]:
    """Run the steps, those that do not wait for each other at the same time.

    The results have the order of `steps`, which names every step after those that it waits for.
    `ended` hears of each as it ends. A step whose needs are missing is skipped with them, or not run
    where they refused.
    """
    results: dict[str, StepResult] = {}
    open_steps = list(steps)
    ends: queue.SimpleQueue[StepResult | BaseException] = queue.SimpleQueue()
    running = 0

    def finish(result: StepResult) -> None:
        results[result.name] = result
        ended(result)

    while open_steps or running:
        for step in list(open_steps):
            decided = _decided(step, results, skipped)
            if decided is not None:
                open_steps.remove(step)
                finish(decided)
            elif running < _WORKERS and all(name in results for name in (*step.needs, *step.after)):
                open_steps.remove(step)
                began(step.title)
                running += 1
                # Nobody waits for a daemon: an interrupted run ends at once, whatever still hangs.
                arguments = (step, subject, ends)
                threading.Thread(target=_report, args=arguments, daemon=True).start()
        if running:
            outcome = ends.get()
            running -= 1
            if isinstance(outcome, BaseException):
                raise outcome
            finish(outcome)
    return tuple(results[step.name] for step in steps)


def _decided(
    step: Step[Subject], results: Mapping[str, StepResult], skipped: Collection[str]
) -> StepResult | None:
    """The result of a step that need not run to have one."""
    if step.name in skipped:
        return StepResult(step.name, step.title, "skipped", 0.0, "left out, as you asked")
    missing = [name for name in step.needs if name in results and results[name].state == "skipped"]
    if missing:
        message = f"left out, because it needs `{missing[0]}`"
        return StepResult(step.name, step.title, "skipped", 0.0, message)
    for name in (*step.needs, *step.after):
        if name in results and results[name].state in ("refused", "not-run"):
            message = f"not run, because `{name}` did not pass"
            return StepResult(step.name, step.title, "not-run", 0.0, message)
    return None


def _report(
    step: Step[Subject],
    subject: Subject,
    ends: queue.SimpleQueue[StepResult | BaseException],
) -> None:
    try:
        ends.put(_run(step, subject))
    except BaseException as error:  # handed to the waiting thread, whatever it is
        ends.put(error)


def _run(step: Step[Subject], subject: Subject) -> StepResult:
    begin = time.monotonic()

    def result(
        state: State, message: str, repair: str = "", details: Sequence[str] = ()
    ) -> StepResult:
        seconds = time.monotonic() - begin
        shown = tuple(printable(line) for line in details)
        return StepResult(step.name, step.title, state, seconds, printable(message), repair, shown)

    try:
        return result("passed", step.run(subject))
    except Refusal as refusal:
        return result("refused", refusal.message, refusal.repair, refusal.details)
    except SdkpressError as error:
        if any(item.id == "missing-tool" for item in error.diagnostics):
            raise
        first = error.diagnostics[0]
        place = first.location
        file = place.file if place is not None else ""
        is_told = file == "<command line>" or first.message.startswith(f"{file} ")
        where = f"{file}: " if file and not is_told else ""
        further = [item.message for item in error.diagnostics[1:10]]
        return result("refused", f"{where}{first.message}", first.help or "", further)
