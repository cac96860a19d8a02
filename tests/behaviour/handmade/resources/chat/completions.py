from __future__ import annotations

from ... import models
from ..._runtime.operation import Answer, Fold, Operation, StreamAnswer
from ..._runtime.request import Request, StreamRequest
from ..._runtime.resource import AsyncResource, SyncResource

_CREATE = Operation(
    method="POST",
    path="/v1/chat/completions",
    operation_id="token_model-de6tzdf802fbb9gd",
    security=(("bearerAuth",),),
    body="json",
    media_type="application/json",
    answers=(
        Answer("200", "application/json", "json", lambda: models.ChatCompletion),
        Answer("401", "application/json", "json", lambda: models.ErrorResponse),
        Answer("default", "application/json", "json", lambda: models.ErrorResponse),
    ),
    stream=StreamAnswer(
        status="200",
        media_type="text/event-stream",
        kind="sse",
        type=lambda: models.ChatCompletionChunk,
        terminator="[DONE]",
        finished_by=("choices", "*", "finish_reason"),
        final=lambda: models.ChatCompletion,
        fold=Fold(
            rename={"delta": "message"},
            keys={"choices": "index", "tool_calls": "index"},
            replace=("id", "role", "type", "name", "object", "model", "finish_reason"),
        ),
    ),
    replay="safe",
    idempotency_header="Idempotency-Key",
)


class CompletionsRequests:
    __slots__ = ()

    @staticmethod
    def create_request(*, messages, model, stream=None, options=None):
        body: dict[str, object] = {"messages": messages, "model": model}
        if stream is not None:
            body["stream"] = stream
        if stream:
            return StreamRequest(_CREATE, body=body, options=options)
        return Request(_CREATE, body=body, options=options)


class Completions(CompletionsRequests, SyncResource):
    def create(self, *, messages, model, stream=None, options=None):
        return self._client.execute(
            self.create_request(messages=messages, model=model, stream=stream, options=options)
        )


class AsyncCompletions(CompletionsRequests, AsyncResource):
    async def create(self, *, messages, model, stream=None, options=None):
        return await self._client.execute(
            self.create_request(messages=messages, model=model, stream=stream, options=options)
        )
