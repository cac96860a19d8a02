"""Calls of the client of recorded.yaml, sync and async, that are recorded or replayed."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

KEY = "sk-live/Ab+3456789=="
WORD = "query&key 0123456789"
SEAT = "cookie-key-98765"
PASSWORD = "pass:word%987654"
CREDENTIALS = {
    "bearer_token": KEY,
    "word": WORD,
    "cookie": SEAT,
    "username": "somebody",
    "password": PASSWORD,
}
OTHERS = {
    "bearer_token": "another-key",
    "word": "another-word",
    "cookie": "another-cookie",
    "username": "nobody",
    "password": "another-password",
}


class Both:
    """One way to use the sync and the async client: a use gets the client, and may return a coroutine."""

    def __init__(self, package: ModuleType, kind: str) -> None:
        self.package = package
        self.kind = kind
        self.testing = import_module(f"{package.__name__}.testing")
        self.errors = import_module(f"{package.__name__}.errors")

    def run(
        self, use: Callable[[Any], Any], base_url: str, keys: Any = None, **options: Any
    ) -> Any:
        keys = CREDENTIALS if keys is None else keys
        if self.kind == "sync":
            with self.package.Things(base_url=base_url, **keys, **options) as client:
                return use(client)

        async def main() -> Any:
            async with self.package.AsyncThings(base_url=base_url, **keys, **options) as client:
                result = use(client)
                return await result if hasattr(result, "__await__") else result

        return asyncio.run(main())

    def record(self, path: Path, use: Callable[[Any], Any], base_url: str, **options: Any) -> Any:
        prefix = "" if self.kind == "sync" else "Async"
        kind = getattr(self.testing, f"{prefix}RecordingTransport")
        inner = options.pop("inner", None)
        cassette = self.testing.Recording(path, **options) if options else path
        return self.run(use, base_url, http_client=kind(cassette, http_client=inner))

    def replay(self, path: Path, use: Callable[[Any], Any], **options: Any) -> Any:
        """With other keys, another base URL, and no network."""
        prefix = "" if self.kind == "sync" else "Async"
        cassette = self.testing.Replay(path, **options) if options else path
        transport = getattr(self.testing, f"{prefix}ReplayTransport")(cassette)
        result = self.run(use, "http://nowhere.invalid", OTHERS, http_client=transport)
        transport.app.assert_all_used()
        return result

    def items(self, call: Callable[[Any], Any]) -> Callable[[Any], Any]:
        """A use that reads a stream: its items, and the error that ended it."""

        def use(client: Any) -> Any:
            found: list[Any] = []
            try:
                with call(client) as stream:
                    found.extend(stream)
            except self.errors.ThingsError as error:
                return found, type(error)
            return found, None

        async def ause(client: Any) -> Any:
            found: list[Any] = []
            try:
                async with await call(client) as stream:
                    async for item in stream:
                        found.append(item)
            except self.errors.ThingsError as error:
                return found, type(error)
            return found, None

        return use if self.kind == "sync" else ause
