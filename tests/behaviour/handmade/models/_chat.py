from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from .._runtime.model import ABSENT, Maybe, Model

if TYPE_CHECKING:
    from typing import TypeAlias

    FinishReason: TypeAlias = Literal["stop", "length", "tool_calls", "content_filter"] | str
else:
    FinishReason = str


class FunctionCall(Model):
    name: Maybe[str] = ABSENT
    arguments: Maybe[str] = ABSENT


class ToolCall(Model):
    index: Maybe[int] = ABSENT
    id: Maybe[str] = ABSENT
    type: Maybe[str] = ABSENT
    function: Maybe[FunctionCall] = ABSENT


class Delta(Model):
    role: Maybe[str] = ABSENT
    content: str | None = ABSENT
    reasoning_content: str | None = ABSENT
    tool_calls: Maybe[list[ToolCall]] = ABSENT


class TokenDetails(Model):
    cached_tokens: Maybe[int] = ABSENT


class ChatUsage(Model):
    prompt_tokens: int
    completion_tokens: int
    total_tokens: int
    prompt_tokens_details: Maybe[TokenDetails] = ABSENT


class ChunkChoice(Model):
    index: int
    delta: Delta
    finish_reason: FinishReason | None = ABSENT
    logprobs: Any = ABSENT


class ChatCompletionChunk(Model):
    id: str
    choices: list[ChunkChoice]
    object: Literal["chat.completion.chunk"]
    created: int
    model: Maybe[str] = ABSENT
    usage: ChatUsage | None = ABSENT
    system_fingerprint: Maybe[str] = ABSENT


class Choice(Model):
    index: int
    message: Delta
    finish_reason: FinishReason | None = ABSENT
    logprobs: Any = ABSENT


class ChatCompletion(Model):
    id: str
    choices: list[Choice]
    object: Literal["chat.completion"]
    created: int
    model: Maybe[str] = ABSENT
    usage: ChatUsage | None = ABSENT


class ErrorDetail(Model):
    message: str
    type: Maybe[str] = ABSENT
    code: str | None = ABSENT
    param: str | None = ABSENT


class ErrorResponse(Model):
    error: ErrorDetail


class Thing(Model):
    id: str
    name: Maybe[str] = ABSENT
