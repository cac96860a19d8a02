"""Events that are kept come back as they were."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from sdkpress.runtime.keeping import KeptEvents
from sdkpress.runtime.sse import RawEvent

TEXTS = st.lists(
    st.binary(max_size=12)
    | st.sampled_from([b'{"id":"a","n":1}', b'{"id":"a","n":2}', b"\x00", b""]),
    min_size=1,
    max_size=8,
)


@given(st.lists(TEXTS, max_size=5), st.integers(0, 3))
def test_what_is_kept_is_what_came(blocks: list[list[bytes]], back: int) -> None:
    kept = KeptEvents(whole_events=False)
    expected: list[bytes] = []
    for block in blocks:
        if kept.recent:
            kept.pack()
        kept.recent += block
        expected += block
    assert list(kept.first(len(expected))) == expected
    end = len(expected) - min(back, len(kept.recent))
    assert list(kept.first(end)) == expected[:end]
    kept.cut(end)
    assert list(kept.first(end)) == expected[:end]
    assert all(frame in expected for frame in kept.ends(2))


def test_of_events_with_more_to_them_the_data_is_kept() -> None:
    event = RawEvent(b"delta", b'{"a":1}', b"7", None)
    kept = KeptEvents(whole_events=False)
    kept.recent += [event, b'{"a":2}']
    kept.pack()
    assert list(kept.first(2)) == [b'{"a":1}', b'{"a":2}']
    kept = KeptEvents(whole_events=True)
    kept.recent += [event]
    kept.pack()
    assert list(kept.first(1)) == [event]


def test_packed_events_take_little() -> None:
    begin = b'{"id":"chatcmpl-1234567890","created":1700000000,"choices":[{"delta":{"content":"'
    kept = KeptEvents(whole_events=False)
    kept.recent += [begin + b"word%d" % number for number in range(1000)]
    kept.pack()
    (pack,) = kept._packs
    assert isinstance(pack, tuple)
    assert sum(map(len, pack)) < 10_000
