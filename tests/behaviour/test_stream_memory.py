"""What streams keep in memory, counted by tracemalloc: bytes that are still there, not time."""

from __future__ import annotations

import gc
import tracemalloc
from types import ModuleType
from typing import Any

from tests.behaviour.driving import MESSAGES
from tests.behaviour.test_stream_splits import Transport
from tests.behaviour.test_streams import DONE, chunk, data

COUNT = 8000


def open_stream(package: ModuleType, count: int, **options: Any) -> Any:
    event = data(chunk("word ", system_fingerprint="fp_44709d6fcb", obfuscation="abc"))
    blocks = [event * 50] * (count // 50)
    transport = Transport([*blocks, data(chunk(finish="stop")), DONE])
    client = package.Siray(api_key="k", base_url="http://x", http_client=transport)
    return client.chat.completions.create(
        model="m", messages=MESSAGES, stream=True, options=options
    )


def growth(stream: Any, *, keep_items: bool = False) -> float:
    """Bytes for each item that are there after so many items, and were not after the first."""
    kept: list[Any] = []
    iterator = iter(stream)
    next(iterator)
    gc.collect()
    tracemalloc.start()
    try:
        for number, item in enumerate(iterator, 2):
            if keep_items:
                kept.append(item)
            if number == COUNT:
                break
        gc.collect()
        return tracemalloc.get_traced_memory()[0] / COUNT
    finally:
        tracemalloc.stop()


def test_nothing_grows_where_nothing_is_kept(handmade: ModuleType) -> None:
    assert len(list(open_stream(handmade, 1000))) == 1001  # whatever is made once
    assert growth(open_stream(handmade, COUNT, keep=False)) < 5


def test_events_are_kept_in_a_fraction_of_their_size(handmade: ModuleType) -> None:
    assert len(list(open_stream(handmade, 1000))) == 1001
    assert growth(open_stream(handmade, COUNT)) < 120


def test_items_are_small(handmade: ModuleType) -> None:
    assert len(list(open_stream(handmade, 1000))) == 1001
    assert growth(open_stream(handmade, COUNT), keep_items=True) < 1000
