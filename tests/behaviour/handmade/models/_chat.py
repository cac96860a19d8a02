from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from .._runtime.model import ABSENT, Maybe, Model, model

if TYPE_CHECKING:
    from typing import TypeAlias

    FinishReason: TypeAlias = Literal["stop", "length", "tool_calls", "content_filter"] | str
else:
    FinishReason = str


@model
class FunctionCall(Model):
    name: Maybe[str] = ABSENT
    arguments: Maybe[str] = ABSENT


@model
class ToolCall(Model):
    index: Maybe[int] = ABSENT
    id: Maybe[str] = ABSENT
    type: Maybe[str] = ABSENT
    function: Maybe[FunctionCall] = ABSENT


@model
class Delta(Model):
    role: Maybe[str] = ABSENT
    content: str | None = ABSENT
    reasoning_content: str | None = ABSENT
    tool_calls: Maybe[list[ToolCall]] = ABSENT


@model
class TokenDetails(Model):
    cached_tokens: Maybe[int] = ABSENT


@model
class ChatUsage(Model):
    prompt_tokens: int
    completion_tokens: int
    total_tokens: int
    prompt_tokens_details: Maybe[TokenDetails] = ABSENT


@model
class ChunkChoice(Model):
    index: int
    delta: Delta
    finish_reason: FinishReason | None = ABSENT
    logprobs: Any = ABSENT


@model
class ChatCompletionChunk(Model):
    id: str
    choices: list[ChunkChoice]
    object: Literal["chat.completion.chunk"]
    created: int
    model: Maybe[str] = ABSENT
    usage: ChatUsage | None = ABSENT
    system_fingerprint: Maybe[str] = ABSENT


@model
class Choice(Model):
    index: int
    message: Delta
    finish_reason: FinishReason | None = ABSENT
    logprobs: Any = ABSENT


@model
class ChatCompletion(Model):
    id: str
    choices: list[Choice]
    object: Literal["chat.completion"]
    created: int
    model: Maybe[str] = ABSENT
    usage: ChatUsage | None = ABSENT


@model
class ErrorDetail(Model):
    message: str
    type: Maybe[str] = ABSENT
    code: str | None = ABSENT
    param: str | None = ABSENT


@model
class ErrorResponse(Model):
    error: ErrorDetail


@model
class Thing(Model):
    id: str
    name: Maybe[str] = ABSENT
