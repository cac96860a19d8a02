"""openai-python, with its default settings."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

from conversation import API_KEY, MESSAGES, MODEL

if TYPE_CHECKING:
    from collections.abc import Callable

TITLE = "openai"
PACKAGES = ("openai", "httpx2", "pydantic")
IMPORT = "import openai"
NAMES = "from openai import OpenAI"
CONSTRUCT = "OpenAI(api_key='any')"


def _options(base: str, timeout: float | None) -> dict[str, Any]:
    options: dict[str, Any] = {"api_key": API_KEY, "base_url": f"{base}/v1"}
    return options if timeout is None else {**options, "timeout": timeout}


class Sync:
    def __init__(self, base: str, timeout: float | None = None) -> None:
        from openai import OpenAI

        self._client = OpenAI(**_options(base, timeout))
        self.close = self._client.close

    def ask(self, messages: Any = MESSAGES) -> str:
        answer = self._client.chat.completions.create(model=MODEL, messages=messages)
        return answer.choices[0].message.content or ""

    def read(self) -> int:
        count = 0
        create = self._client.chat.completions.create
        with create(model=MODEL, messages=MESSAGES, stream=True) as stream:
            for chunk in stream:
                count += len(chunk.choices[0].delta.content or "")
        return count

    def first(self) -> float:
        seen = 0.0
        create = self._client.chat.completions.create
        with create(model=MODEL, messages=MESSAGES, stream=True) as stream:
            for _ in stream:
                seen = seen or time.perf_counter()
        return seen

    def chunks(self) -> list[Any]:
        create = self._client.chat.completions.create
        with create(model=MODEL, messages=MESSAGES, stream=True) as stream:
            return list(stream)


class Async:
    def __init__(self, base: str, timeout: float | None = None) -> None:
        from openai import AsyncOpenAI

        self._client = AsyncOpenAI(**_options(base, timeout))
        self.close = self._client.close

    async def ask(self, messages: Any = MESSAGES) -> str:
        answer = await self._client.chat.completions.create(model=MODEL, messages=messages)
        return answer.choices[0].message.content or ""

    async def read(self) -> int:
        count = 0
        create = self._client.chat.completions.create
        async with await create(model=MODEL, messages=MESSAGES, stream=True) as stream:
            async for chunk in stream:
                count += len(chunk.choices[0].delta.content or "")
        return count

    async def first(self) -> float:
        seen = 0.0
        create = self._client.chat.completions.create
        async with await create(model=MODEL, messages=MESSAGES, stream=True) as stream:
            async for _ in stream:
                seen = seen or time.perf_counter()
        return seen


def decoder() -> Callable[[bytes], object]:
    """What its streams do with the data of an event."""
    import httpx2
    from openai import OpenAI
    from openai.types.chat import ChatCompletionChunk

    process = OpenAI(api_key=API_KEY)._process_response_data
    response = httpx2.Response(200)

    def decode(data: bytes) -> object:
        return process(data=json.loads(data), cast_to=ChatCompletionChunk, response=response)

    return decode
