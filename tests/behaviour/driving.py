"""One way to write a test for both clients: a driver that makes calls and iterates, sync or async."""

from __future__ import annotations

import asyncio
import functools
import ssl
from abc import ABC, abstractmethod
from collections.abc import Callable
from importlib import import_module
from types import ModuleType
from typing import Any
from urllib.parse import urlsplit

import aiohttp
import httpx
import httpx2
import pytest

from tests.behaviour.fault_server import FaultServer
from tests.behaviour.in_process import is_expressible, scripted_app

SYNC_TRANSPORTS = ("default", "httpx2", "httpx", "in-process")
ASYNC_TRANSPORTS = ("default", "httpx2", "httpx", "aiohttp", "in-process")
"""What a client can speak through; all but the default are given to it as ``http_client``."""

MESSAGES = [{"role": "user", "content": "Hi"}]


class Driver(ABC):
    """Makes clients and calls; everything it opened is closed at the end of the test."""

    kind: str

    def __init__(self, package: ModuleType, transport: str = "default") -> None:
        self.package = package
        self.errors: Any = package.errors
        self.transport = transport
        self.clients: list[Any] = []
        self._given: Any = None

    def client(self, url: str, **options: Any) -> Any:
        """A client of the package for a base URL."""
        options.setdefault("api_key", "sk-test-0123456789")
        if self.transport == "in-process":
            _check_script(url)
        if self.transport != "default" and "http_client" not in options:
            self._given = self._given or self.open_given()
            options["http_client"] = self._given
        name = "Siray" if self.kind == "sync" else "AsyncSiray"
        client = getattr(self.package, name)(base_url=url, **options)
        self.clients.append(client)
        return client

    @abstractmethod
    def open_given(self) -> Any:
        """What is given to clients as ``http_client``: one for all of a test."""

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

    def open_given(self) -> Any:
        if self.transport == "in-process":
            return _runtime(self.package, "in_process").AppTransport(scripted_app)
        library: Any = {"httpx2": httpx2, "httpx": httpx}[self.transport]
        return library.Client(timeout=None, verify=_tls_settings())

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
        for client in self.clients:
            client.close()
        if self._given is not None:
            self._given.close()


class AsyncDriver(Driver):
    kind = "async"

    def __init__(self, package: ModuleType, transport: str = "default") -> None:
        super().__init__(package, transport)
        self._runner = asyncio.Runner()

    def open_given(self) -> Any:
        if self.transport == "in-process":
            return _runtime(self.package, "in_process_async").AsyncAppTransport(scripted_app)
        if self.transport == "aiohttp":

            async def session() -> Any:
                return aiohttp.ClientSession()

            return self._runner.run(session())
        library: Any = {"httpx2": httpx2, "httpx": httpx}[self.transport]
        return library.AsyncClient(timeout=None, verify=_tls_settings())

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
            for client in self.clients:
                await client.aclose()
            if self._given is not None:
                # httpx names it like a file's, aiohttp like everything else.
                await (getattr(self._given, "aclose", None) or self._given.close)()

        self._runner.run(run())
        self._runner.close()


def _runtime(package: ModuleType, module: str) -> Any:
    return import_module(f"{package.__name__}._runtime.{module}")


@functools.cache
def _tls_settings() -> ssl.SSLContext:
    """What given clients share: to read every authority for each of them takes longer than most tests."""
    return ssl.create_default_context()


def _check_script(url: str) -> None:
    """Skip a test whose server answers with what cannot be said without a socket."""
    parts = urlsplit(url or "")
    server = FaultServer.running.get(f"{parts.scheme}://{parts.netloc}")
    if server is None or not all(map(is_expressible, server.script)):
        pytest.skip("needs a socket: the other side is no HTTP server, or none at all")
