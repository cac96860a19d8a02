"""The document's answers as msgspec Structs, for the clients that are written by hand."""

from __future__ import annotations

from typing import Any

import msgspec


class Message(msgspec.Struct):
    role: str
    content: str | None = None


class Choice(msgspec.Struct):
    index: int
    message: Message
    finish_reason: str | None = None
    logprobs: Any = None


class Completion(msgspec.Struct):
    id: str
    object: str
    created: int
    model: str
    choices: list[Choice]
    system_fingerprint: str | None = None
    usage: dict[str, Any] | None = None


class Delta(msgspec.Struct):
    role: str | None = None
    content: str | None = None
    reasoning: str | None = None
    reasoning_content: str | None = None
    refusal: str | None = None
    tool_calls: list[Any] | None = None


class ChunkChoice(msgspec.Struct):
    index: int
    delta: Delta
    finish_reason: str | None = None
    logprobs: Any = None


class Chunk(msgspec.Struct):
    id: str
    object: str
    created: int
    model: str
    choices: list[ChunkChoice]
    system_fingerprint: str | None = None
    usage: dict[str, Any] | None = None


encode = msgspec.json.Encoder().encode
decode_completion = msgspec.json.Decoder(Completion).decode
decode_chunk = msgspec.json.Decoder(Chunk).decode
