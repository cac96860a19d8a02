"""The generated client, with its default settings."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from conversation import API_KEY, MESSAGES, MODEL

if TYPE_CHECKING:
    from collections.abc import Callable

TITLE = "siray_chat"
PACKAGES = ("msgspec", "httptools")
IMPORT = "import siray_chat"
NAMES = "from siray_chat import Siray"
CONSTRUCT = "Siray(api_key='any')"


class Sync:
    def __init__(self, base: str, timeout: float | None = None) -> None:
        from siray_chat import Siray

        self._client = Siray(api_key=API_KEY, base_url=base)
        self.close = self._client.close

    def ask(self, messages: Any = MESSAGES) -> str:
        answer = self._client.chat.completions.create(model=MODEL, messages=messages)
        return answer.choices[0].message.content

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
        from siray_chat import AsyncSiray

        self._client = AsyncSiray(api_key=API_KEY, base_url=base)
        self.close = self._client.aclose

    async def ask(self, messages: Any = MESSAGES) -> str:
        answer = await self._client.chat.completions.create(model=MODEL, messages=messages)
        return answer.choices[0].message.content

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
    from siray_chat.models import ChatCompletionChunk

    return ChatCompletionChunk.from_json
