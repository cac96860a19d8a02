"""aiohttp and msgspec, as one would use them by hand; async only."""

from __future__ import annotations

import time
from typing import Any

from conversation import API_KEY, MESSAGES, MODEL

TITLE = "aiohttp + msgspec"
PACKAGES = ("aiohttp", "msgspec")
IMPORT = "import aiohttp, msgspec"

_HEADERS = {"Authorization": f"Bearer {API_KEY}", "Content-Type": "application/json"}


class Async:
    def __init__(self, base: str, timeout: float | None = None) -> None:
        import aiohttp

        from peers import framing, shapes

        self._shapes, self._events = shapes, framing.Events
        self._url = f"{base}/v1/chat/completions"
        limit = aiohttp.ClientTimeout(total=timeout or 300)
        self._client = aiohttp.ClientSession(headers=_HEADERS, timeout=limit)
        self.close = self._client.close

    async def ask(self, messages: Any = MESSAGES) -> str:
        body = self._shapes.encode({"model": MODEL, "messages": messages})
        async with self._client.post(self._url, data=body, raise_for_status=True) as answer:
            data = await answer.read()
        content = self._shapes.decode_completion(data).choices[0].message.content
        return content or ""

    async def _chunks(self) -> Any:
        body = self._shapes.encode({"model": MODEL, "messages": MESSAGES, "stream": True})
        events = self._events()
        async with self._client.post(self._url, data=body, raise_for_status=True) as answer:
            async for data in answer.content.iter_any():
                for chunk in events.feed(data):
                    yield chunk

    async def read(self) -> int:
        count = 0
        async for chunk in self._chunks():
            count += len(chunk.choices[0].delta.content or "")
        return count

    async def first(self) -> float:
        seen = 0.0
        async for _ in self._chunks():
            seen = seen or time.perf_counter()
        return seen
