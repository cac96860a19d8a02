"""The order of steps, and what a step that refuses does to those behind it."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest

from sdkpress.diagnostics import COMMAND_LINE, Location, SdkpressError, fatal
from sdkpress.publishing.gate import GATE, TOOLS, needed_steps
from sdkpress.publishing.steps import Refusal, Step, StepResult, run_steps

Steps = tuple[Step[list[str]], ...]


def noted(name: str) -> Callable[[list[str]], str]:
    def run(done: list[str]) -> str:
        done.append(name)
        return f"{name} was done"

    return run


def refusing(done: list[str]) -> str:
    raise Refusal("no\x1b[31m", "do this", ["a", "b"])


def states(results: tuple[StepResult, ...]) -> dict[str, str]:
    return {result.name: result.state for result in results}


def test_steps_wait_for_those_before_them() -> None:
    steps: Steps = (
        Step("a", "A", noted("a")),
        Step("b", "B", noted("b"), needs=("a",)),
        Step("c", "C", noted("c"), after=("b",)),
    )
    done: list[str] = []
    heard: list[str] = []
    results = run_steps(steps, done, ended=lambda result: heard.append(result.name))
    assert done == heard == ["a", "b", "c"]
    assert [result.message for result in results] == ["a was done", "b was done", "c was done"]


def test_what_does_not_wait_runs_at_the_same_time() -> None:
    barrier = threading.Barrier(2, timeout=20)

    def meet(done: list[str]) -> str:
        barrier.wait()
        return "met"

    results = run_steps((Step("a", "A", meet), Step("b", "B", meet)), [])
    assert states(results) == {"a": "passed", "b": "passed"}


def test_a_refusal_stops_what_comes_after_it_and_nothing_else() -> None:
    steps: Steps = (
        Step("a", "A", refusing),
        Step("b", "B", noted("b"), needs=("a",)),
        Step("c", "C", noted("c"), after=("b",)),
        Step("d", "D", noted("d")),
    )
    results = run_steps(steps, [])
    assert states(results) == {"a": "refused", "b": "not-run", "c": "not-run", "d": "passed"}
    assert results[0].message == "no\\x1b[31m"
    assert (results[0].repair, results[0].details) == ("do this", ("a", "b"))


def test_what_is_left_out_takes_along_only_what_needs_it() -> None:
    steps: Steps = (
        Step("a", "A", noted("a")),
        Step("b", "B", noted("b"), needs=("a",)),
        Step("c", "C", noted("c"), after=("a", "b")),
    )
    results = run_steps(steps, [], skipped={"a"})
    assert states(results) == {"a": "skipped", "b": "skipped", "c": "passed"}


def test_an_error_is_a_refusal_and_a_missing_program_is_not() -> None:
    def broken(done: list[str]) -> str:
        raise fatal("fetch-failed", "no answer", Location("http://x/", 1, 1), "try again")

    (result,) = run_steps((Step("a", "A", broken),), [])
    assert (result.state, result.repair) == ("refused", "try again")
    assert result.message == "http://x/: no answer"

    def missing(done: list[str]) -> str:
        raise fatal("missing-tool", "no pip", COMMAND_LINE)

    with pytest.raises(SdkpressError):
        run_steps((Step("a", "A", missing), Step("b", "B", noted("b"))), [])


def test_the_gate_names_every_step_after_those_that_it_waits_for() -> None:
    seen: set[str] = set()
    for step in GATE:
        assert seen >= {*step.needs, *step.after}, step.name
        assert step.name not in seen
        seen.add(step.name)
    assert set(TOOLS) <= seen
    assert needed_steps(frozenset({"tests", "bump"})) == {
        *("tests", "wheel", "build", "bump", "unpublished")
    }
