"""What type checkers must make of generated models; test_model_typing.py runs them on this file.

Every ``type: ignore`` marks an error that has to be reported: an unused one fails the test.
"""

from __future__ import annotations

import datetime
from typing import Any, Literal, assert_type

from sdkpress.runtime.decoding import Decoded, decode_json, decoder_for
from sdkpress.runtime.unset import UNSET, UnsetType
from tests.unit.sample_models import (
    Cat,
    Chunk,
    ChunkChoice,
    Completion,
    Delta,
    Dog,
    Everything,
    Owner,
    Usage,
)


def reads(chunk: Chunk, value: Everything, owner: Owner) -> None:
    assert_type(chunk.id, str)
    assert_type(chunk.choices, list[ChunkChoice])
    assert_type(chunk.object, Literal["chat.completion.chunk"])
    assert_type(chunk.usage, Usage | None)
    assert_type(chunk.system_fingerprint, str | None)
    assert_type(chunk.choices[0].delta.content, str | None)
    assert_type(value.at, datetime.datetime | None)
    assert_type(value.pair, tuple[int, str] | None)
    assert_type(owner.pets, list[Cat | Dog])
    assert_type(owner.favourite, Cat | Dog | None)
    assert_type(chunk.extra, dict[str, Any])
    assert_type(chunk.to_dict(), dict[str, Any])
    assert_type(chunk.to_json(), bytes)
    print(chunk.contnet)  # type: ignore[attr-defined]  # pyright: ignore


def makes() -> None:
    Delta()
    Delta(content="x", tool_calls=None, role=None)
    Cat(pet_type="cat", name="a", lives=9).lives = None
    Delta(content=5)  # type: ignore[arg-type]  # pyright: ignore
    Delta("x")  # type: ignore[call-arg]  # pyright: ignore
    Delta(contnet="x")  # type: ignore[call-arg]  # pyright: ignore
    Cat(name="a")  # type: ignore[call-arg]  # pyright: ignore
    Delta().extra = {}  # type: ignore[misc]  # pyright: ignore


def decodes(data: bytes) -> None:
    assert_type(Completion.from_json(data), Completion)
    assert_type(Completion.from_dict({}, strict=True), Completion)
    assert_type(decode_json(data, Completion), Decoded[Completion])
    assert_type(decode_json(data, list[Completion]).value, list[Completion])
    assert_type(decode_json(data, Completion | None).value, Any)
    assert_type(decoder_for(Chunk).strict(data), Chunk)


def narrows(value: str | UnsetType | None) -> None:
    if value:
        assert_type(value, str)
    if value is UNSET:
        return
    assert_type(value, str | None)


def narrows_by_class(value: int | UnsetType) -> int:
    return 0 if isinstance(value, UnsetType) else value
