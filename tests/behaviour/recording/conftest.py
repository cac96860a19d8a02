"""A client that is recorded, in both kinds, the server it talks to, and a cassette."""

from __future__ import annotations

import asyncio
import socket
import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from sdkpress.config import config_from_options
from sdkpress.diagnostics import Diagnostics
from sdkpress.pipeline import build
from tests.behaviour.recorded_calls import (
    Both,
)
from tests.behaviour.recorded_server import RealServer, real_server


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> ModuleType:
    """The client of recorded.yaml, with the fixtures that ship with it."""
    folder = tmp_path_factory.mktemp("recorded")
    config = config_from_options(
        spec=Path(__file__).parents[1] / "recorded.yaml", out=folder, name="recorded-things",
        package="recorded_things", client="Things",
    )  # fmt: skip
    for file in build(config, Diagnostics(), black="off").files:
        target = folder / file.path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(file.content)
    sys.path.insert(0, str(folder / "src"))
    return import_module("recorded_things")


@pytest.fixture
def real() -> Iterator[tuple[str, RealServer]]:
    with real_server() as found:
        yield found


@pytest.fixture(params=["sync", "async"])
def both(request: pytest.FixtureRequest, package: ModuleType) -> Both:
    return Both(package, request.param)


@pytest.fixture
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """Any socket but the pair that an event loop wakes itself with is an error."""

    def refuse(*arguments: Any, **options: Any) -> Any:
        raise AssertionError("a connection was opened")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket.socket, "connect_ex", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    monkeypatch.setattr(asyncio.BaseEventLoop, "create_connection", refuse)
    monkeypatch.setattr(asyncio.BaseEventLoop, "getaddrinfo", refuse)


@pytest.fixture
def cassette(package: ModuleType, real: tuple[str, RealServer], tmp_path: Path) -> Path:
    """Three requests: two equal ones, and one with a body."""
    path = tmp_path / "three.yaml"
    made = Both(package, "sync")

    def use(client: Any) -> None:
        client.things.get("1", fields=["a"])
        client.things.get("1", fields=["a"])
        client.things.create(id="1", weight=1)

    made.record(path, use, real[0])
    return path
