"""Streams cut into blocks anywhere: the items and the whole are the same, however the bytes come."""

from __future__ import annotations

import asyncio
import itertools
import json
from collections.abc import Iterator
from types import ModuleType
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.behaviour.driving import MESSAGES
from tests.behaviour.test_streams import chunk


class Answer:
    """An exchange that has given blocks."""

    status = 200
    headers = (("content-type", "text/event-stream"),)

    def __init__(self, blocks: list[bytes]) -> None:
        self._blocks = iter(blocks)

    def read(self) -> bytes:
        """The next block."""
        return next(self._blocks, b"")

    def close(self) -> None:
        """Nothing is open."""

    abandon = close


class AsyncAnswer(Answer):
    """Likewise."""

    async def read(self) -> bytes:  # type: ignore[override]
        """The next block."""
        return next(self._blocks, b"")

    async def close(self) -> None:  # type: ignore[override]
        """Nothing is open."""


class Transport:
    """Answers every request with the same blocks."""

    def __init__(self, blocks: list[bytes]) -> None:
        self._blocks = blocks

    def send(self, request: object, budget: object) -> Answer:
        """The answer."""
        return Answer(self._blocks)

    def close(self) -> None:
        """Nothing is open."""


class AsyncTransport(Transport):
    """Likewise."""

    async def send(self, request: object, budget: object) -> AsyncAnswer:  # type: ignore[override]
        """The answer."""
        return AsyncAnswer(self._blocks)

    async def close(self) -> None:  # type: ignore[override]
        """Nothing is open."""


def made(content: str, index: int, more: dict[str, Any]) -> dict[str, Any]:
    value = chunk(content)
    value["choices"][0]["index"] = index
    value["choices"][0]["delta"].update(more)
    value.update({name: more[name] for name in ("usage", "created") if name in more})
    return value


CHUNKS = st.lists(
    st.builds(
        made,
        st.text(max_size=5),
        st.integers(0, 1),
        st.fixed_dictionaries(
            {},
            optional={
                "mood": st.sampled_from([None, "good", {"a": [1]}]),
                "refusal": st.sampled_from(["no", None, 5]),
                "usage": st.sampled_from([None, {"total_tokens": 1}, 7]),
                "created": st.sampled_from([2, "now", None]),
                "error": st.none(),
            },
        ),
    ),
    min_size=1,
    max_size=30,
)
BEFORE = st.sampled_from(
    [
        b"",
        b"",
        b": ping\n",
        b": ping\n\n",
        b"event: chunk\n",
        b"id: 5\n",
        b"retry: 1\n",
        b"data:\n\n",
    ]
)


def framed(chunks: list[dict[str, Any]], before: list[bytes], indent: bool) -> bytes:
    pieces = []
    for value, extra in zip(chunks, itertools.cycle(before), strict=False):
        text = json.dumps(value, ensure_ascii=False, indent=1 if indent else None)
        pieces.append(extra + b"data: " + text.replace("\n", "\ndata: ").encode() + b"\n\n")
    return b"".join([*pieces, b"data: [DONE]\n\n"])


def split(data: bytes, cuts: list[int]) -> Iterator[bytes]:
    places = sorted({cut % (len(data) + 1) for cut in cuts} | {0, len(data)})
    for start, end in itertools.pairwise(places):
        yield data[start:end]


@pytest.mark.parametrize("kind", ["sync", "async"])
@settings(
    max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    chunks=CHUNKS,
    before=st.lists(BEFORE, min_size=1, max_size=4),
    indent=st.booleans(),
    end=st.sampled_from([b"\n", b"\r\n", b"\r"]),
    cuts=st.lists(st.integers(0, 20_000), max_size=40),
)
def test_the_same_however_it_is_cut(
    handmade: ModuleType,
    kind: str,
    chunks: list[dict[str, Any]],
    before: list[bytes],
    indent: bool,
    end: bytes,
    cuts: list[int],
) -> None:
    data = framed(chunks, before, indent).replace(b"\n", end)
    call: dict[str, Any] = {"model": "m", "messages": MESSAGES, "stream": True}

    def read(blocks: list[bytes]) -> tuple[list[Any], Any, Any]:
        client = handmade.Siray(api_key="k", base_url="http://x", http_client=Transport(blocks))
        stream = client.chat.completions.create(**call)
        items = list(stream)
        return items, stream.final(), client.chat.completions.create(**call).final()

    async def aread(blocks: list[bytes]) -> tuple[list[Any], Any, Any]:
        client = handmade.AsyncSiray(
            api_key="k", base_url="http://x", http_client=AsyncTransport(blocks)
        )
        stream = await client.chat.completions.create(**call)
        items = [item async for item in stream]
        return (
            items,
            await stream.final(),
            await (await client.chat.completions.create(**call)).final(),
        )

    blocks = [block for block in split(data, cuts) if block]
    items, whole, alone = read(blocks) if kind == "sync" else asyncio.run(aread(blocks))
    assert [item.to_dict() for item in items] == chunks
    assert whole == alone
    texts = {0: "", 1: ""}
    for value in chunks:
        texts[value["choices"][0]["index"]] += value["choices"][0]["delta"]["content"]
    assert {choice.index: choice.message.content for choice in whole.choices} == {
        index: text
        for index, text in texts.items()
        if any(value["choices"][0]["index"] == index for value in chunks)
    }
