"""httpx2 and msgspec, as one would use them by hand."""

from __future__ import annotations

import time
from typing import Any

from conversation import API_KEY, MESSAGES, MODEL

TITLE = "httpx2 + msgspec"
PACKAGES = ("httpx2", "msgspec")
IMPORT = "import httpx2, msgspec"
NAMES = "from httpx2 import Client"
CONSTRUCT = "Client(base_url='https://localhost', headers={'authorization': 'any'})"

_PATH = "/v1/chat/completions"
_HEADERS = {"Authorization": f"Bearer {API_KEY}", "Content-Type": "application/json"}


class Sync:
    def __init__(self, base: str, timeout: float | None = None) -> None:
        import httpx2

        from peers import framing, shapes

        self._shapes, self._events = shapes, framing.Events
        self._client = httpx2.Client(base_url=base, headers=_HEADERS, timeout=timeout or 5)
        self.close = self._client.close

    def ask(self, messages: Any = MESSAGES) -> str:
        body = self._shapes.encode({"model": MODEL, "messages": messages})
        answer = self._client.post(_PATH, content=body).raise_for_status()
        content = self._shapes.decode_completion(answer.content).choices[0].message.content
        return content or ""

    def _chunks(self) -> Any:
        body = self._shapes.encode({"model": MODEL, "messages": MESSAGES, "stream": True})
        events = self._events()
        with self._client.stream("POST", _PATH, content=body) as answer:
            answer.raise_for_status()
            for data in answer.iter_bytes():
                yield from events.feed(data)

    def read(self) -> int:
        count = 0
        for chunk in self._chunks():
            count += len(chunk.choices[0].delta.content or "")
        return count

    def first(self) -> float:
        seen = 0.0
        for _ in self._chunks():
            seen = seen or time.perf_counter()
        return seen

    def chunks(self) -> list[Any]:
        return list(self._chunks())


class Async:
    def __init__(self, base: str, timeout: float | None = None) -> None:
        import httpx2

        from peers import framing, shapes

        self._shapes, self._events = shapes, framing.Events
        self._client = httpx2.AsyncClient(base_url=base, headers=_HEADERS, timeout=timeout or 5)
        self.close = self._client.aclose

    async def ask(self, messages: Any = MESSAGES) -> str:
        body = self._shapes.encode({"model": MODEL, "messages": messages})
        answer = await self._client.post(_PATH, content=body)
        answer.raise_for_status()
        content = self._shapes.decode_completion(answer.content).choices[0].message.content
        return content or ""

    async def _chunks(self) -> Any:
        body = self._shapes.encode({"model": MODEL, "messages": MESSAGES, "stream": True})
        events = self._events()
        async with self._client.stream("POST", _PATH, content=body) as answer:
            answer.raise_for_status()
            async for data in answer.aiter_bytes():
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
