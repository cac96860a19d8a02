"""One way to write a test for both clients: a driver that makes calls and iterates, sync or async."""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Callable
from types import ModuleType
from typing import Any

MESSAGES = [{"role": "user", "content": "Hi"}]


class Driver(ABC):
    """Makes clients and calls; everything it opened is closed at the end of the test."""

    kind: str

    def __init__(self, package: ModuleType) -> None:
        self.package = package
        self.errors: Any = package.errors

    @abstractmethod
    def client(self, url: str, **options: Any) -> Any:
        """A client of the package for a base URL."""

    @abstractmethod
    def call(self, make: Callable[[], Any]) -> Any:
        """The result of ``make()``, awaited where it has to be."""

    @abstractmethod
    def items(self, stream: Any, limit: int | None = None) -> list[Any]:
        """The items of a stream; with ``limit``, the loop is left after so many."""

    @abstractmethod
    def close(self) -> None:
        """Close everything that was opened."""

    def create(self, client: Any, **options: Any) -> Any:
        """One chat completion."""
        options.setdefault("model", "m")
        options.setdefault("messages", MESSAGES)
        return self.call(lambda: client.chat.completions.create(**options))

    def send(self, client: Any, request: Any) -> Any:
        """The full response of a request."""
        return self.call(lambda: client.send(request))

    def final(self, stream: Any) -> Any:
        """The whole of a stream."""
        return self.call(stream.final)

    def read(self, client: Any, **options: Any) -> list[Any]:
        """Every item of a streamed chat completion."""
        return self.items(self.create(client, stream=True, **options))


class SyncDriver(Driver):
    kind = "sync"

    def __init__(self, package: ModuleType) -> None:
        super().__init__(package)
        self._clients: list[Any] = []

    def client(self, url: str, **options: Any) -> Any:
        options.setdefault("api_key", "sk-test-0123456789")
        client = self.package.Siray(base_url=url, **options)
        self._clients.append(client)
        return client

    def call(self, make: Callable[[], Any]) -> Any:
        return make()

    def items(self, stream: Any, limit: int | None = None) -> list[Any]:
        found: list[Any] = []
        if limit == 0:
            return found
        for item in stream:
            found.append(item)
            if len(found) == limit:
                break
        return found

    def close(self) -> None:
        for client in self._clients:
            client.close()


class AsyncDriver(Driver):
    kind = "async"

    def __init__(self, package: ModuleType) -> None:
        super().__init__(package)
        self._runner = asyncio.Runner()
        self._clients: list[Any] = []

    def client(self, url: str, **options: Any) -> Any:
        options.setdefault("api_key", "sk-test-0123456789")
        client = self.package.AsyncSiray(base_url=url, **options)
        self._clients.append(client)
        return client

    def call(self, make: Callable[[], Any]) -> Any:
        async def run() -> Any:
            return await make()

        return self._runner.run(run())

    def items(self, stream: Any, limit: int | None = None) -> list[Any]:
        async def run() -> list[Any]:
            found: list[Any] = []
            if limit == 0:
                return found
            async for item in stream:
                found.append(item)
                if len(found) == limit:
                    break
            return found

        return self._runner.run(run())

    def close(self) -> None:
        async def run() -> None:
            for client in self._clients:
                await client.aclose()

        self._runner.run(run())
        self._runner.close()
