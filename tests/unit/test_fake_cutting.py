"""Cut and stalled bodies: what still goes out, and where the pause is."""

from __future__ import annotations

import itertools

from hypothesis import given
from hypothesis import strategies as st

from sdkpress.runtime.testing.cutting import (
    cut_after_bytes,
    cut_after_events,
    stall_after_bytes,
    stall_after_events,
)
from sdkpress.runtime.testing.exchanges import CUT, Stall, Step

BLOCKS = st.lists(st.binary(min_size=1, max_size=5), max_size=6)
COUNT = st.integers(min_value=0, max_value=40)
PAUSE = Stall(1.0)


def sent(steps: list[Step]) -> bytes:
    return b"".join(step for step in steps if isinstance(step, bytes))


@given(BLOCKS, COUNT)
def test_cut_after_bytes(blocks: list[bytes], size: int) -> None:
    steps = list(cut_after_bytes(blocks, size))
    assert sent(steps) == b"".join(blocks)[:size]
    assert steps[-1] == CUT and steps.count(CUT) == 1
    assert b"" not in steps


@given(BLOCKS)
def test_half_of_a_body(blocks: list[bytes]) -> None:
    whole = b"".join(blocks)
    assert sent(list(cut_after_bytes(blocks, None))) == whole[: len(whole) // 2]


@given(BLOCKS, COUNT)
def test_stall_after_bytes(blocks: list[bytes], size: int) -> None:
    steps = list(stall_after_bytes(blocks, size, 1.0))
    assert sent(steps) == b"".join(blocks)
    assert steps.count(PAUSE) == 1 and b"" not in steps
    assert sent(steps[: steps.index(PAUSE)]) == b"".join(blocks)[:size]


@given(BLOCKS, COUNT)
def test_cut_after_events(blocks: list[bytes], events: int) -> None:
    assert list(cut_after_events(blocks, events)) == [*blocks[:events], CUT]
    end = b"the end"
    assert list(cut_after_events([*blocks, end], events, end)) == [*blocks[:events], CUT]


@given(BLOCKS, COUNT)
def test_stall_after_events(blocks: list[bytes], events: int) -> None:
    steps = list(stall_after_events(blocks, events, 1.0))
    assert steps == [*blocks[:events], PAUSE, *blocks[events:]]


def test_what_has_no_end_is_not_read_to_its_end() -> None:
    endless = itertools.repeat(b"ab")
    assert list(cut_after_bytes(endless, 3)) == [b"ab", b"a", CUT]
    assert list(cut_after_events(endless, 2)) == [b"ab", b"ab", CUT]
    assert list(itertools.islice(stall_after_events(endless, 1, 1.0), 3)) == [b"ab", PAUSE, b"ab"]
    assert list(itertools.islice(stall_after_bytes(endless, 1, 1.0), 3)) == [b"a", PAUSE, b"b"]


def test_a_pause_of_the_stream_is_no_event() -> None:
    steps: list[Step] = [b"a", PAUSE, b"b", PAUSE, b"c"]
    assert list(cut_after_events(steps, 2)) == [b"a", PAUSE, b"b", CUT]
