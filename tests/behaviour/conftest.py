"""The package under test, a driver for each of its clients, and the direct transports by themselves."""

from __future__ import annotations

import asyncio
import contextlib
import importlib
import logging
import shutil
import sys
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from sdkpress.runtime.direct.async_transport import AsyncDirectTransport
from sdkpress.runtime.direct.sync_transport import DirectTransport
from tests.behaviour.async_direct_calls import Run
from tests.behaviour.driving import (
    ASYNC_TRANSPORTS,
    SYNC_TRANSPORTS,
    AsyncDriver,
    Driver,
    SyncDriver,
)

HERE = Path(__file__).parent
RUNTIME = HERE.parents[1] / "generator" / "sdkpress" / "runtime"


GENERATED = HERE.parents[1] / "generated" / "siray-chat" / "src" / "siray_chat"
_ignored = shutil.ignore_patterns("__pycache__", "_runtime")


def assemble(sources: Path, folder: Path, name: str) -> ModuleType:
    """A copy of a package with the runtime as it is now, imported under ``name``."""
    shutil.copytree(sources, folder / name, ignore=_ignored)
    shutil.copytree(RUNTIME, folder / name / "_runtime", ignore=_ignored)
    sys.path.insert(0, str(folder))
    return importlib.import_module(name)


@pytest.fixture(scope="session")
def handmade(tmp_path_factory: pytest.TempPathFactory) -> ModuleType:
    """The client of this folder: the chat API, and a few operations that it lacks."""
    return assemble(HERE / "handmade", tmp_path_factory.mktemp("handmade"), "handmade_siray")


@pytest.fixture(scope="session")
def generated_siray(tmp_path_factory: pytest.TempPathFactory) -> ModuleType:
    """The committed client."""
    return assemble(GENERATED, tmp_path_factory.mktemp("generated"), "generated_siray")


@pytest.fixture(scope="session", params=["handmade", "generated_siray"])
def package(request: pytest.FixtureRequest) -> ModuleType:
    """The package under test. Modules that need more than the chat API take ``handmade`` alone."""
    module: ModuleType = request.getfixturevalue(request.param)
    return module


class _Complaints(logging.Handler):
    """What asyncio says of tasks, futures and transports that nobody has looked after."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.messages: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.messages.append(record.getMessage())


@pytest.fixture(scope="session")
def complaints() -> Iterator[_Complaints]:
    handler = _Complaints()
    logger = logging.getLogger("asyncio")
    logger.addHandler(handler)
    yield handler
    logger.removeHandler(handler)
    assert not handler.messages


@pytest.fixture(autouse=True)
def nothing_is_left(complaints: _Complaints, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Fails the test in which asyncio complains; pytest does for warnings and lost exceptions."""
    monkeypatch.setenv("PYTHONASYNCIODEBUG", "1")
    # How many callers asyncio notes for each callback: ten, the default, take a third of the time.
    monkeypatch.setattr(asyncio.constants, "DEBUG_STACK_DEPTH", 2)
    yield
    messages, complaints.messages = complaints.messages, []
    assert not messages


MATRIX = [
    *[("sync", transport) for transport in SYNC_TRANSPORTS],
    *[("async", transport) for transport in ASYNC_TRANSPORTS],
]


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Every kind of client over every transport for one package, over the default one for others.

    The mark ``only`` names the transports that a test is about.
    """
    if "driver" not in metafunc.fixturenames:
        return
    # A module with a package of its own wants only that.
    module: object = getattr(metafunc, "module", None)
    marks = metafunc.definition.iter_markers("only")
    only = {transport for mark in marks for transport in mark.args}
    packages = ["package"] if hasattr(module, "package") else ["handmade", "generated_siray"]
    sets: list[tuple[str, str, str]] = [
        (package, kind, transport)
        for package in packages
        for kind, transport in MATRIX
        if (transport in only if only else package != "generated_siray" or transport == "default")
    ]
    unsaid = ("package", "handmade", "default")
    ids = ["-".join(word for word in words if word not in unsaid) for words in sets]
    metafunc.parametrize("driver", sets, ids=ids, indirect=True)


@pytest.fixture
def driver(request: pytest.FixtureRequest) -> Iterator[Driver]:
    """A driver for the sync and for the async client over each transport.

    Two marks leave out transports, with their reason: ``own_pool`` those that are given to a client
    and keep connections, proxies, cookies in their own way; ``wire`` the one without a socket.
    """
    package, kind, transport = request.param
    left_out = {"own_pool": transport != "default", "wire": transport == "in-process"}
    for mark in request.node.iter_markers():
        if left_out.get(mark.name):
            pytest.skip(f"{transport}: {mark.args[0]}")
    driver_class = SyncDriver if kind == "sync" else AsyncDriver
    made: Driver = driver_class(request.getfixturevalue(package), transport)
    yield made
    made.close()


@pytest.fixture
def transport() -> Iterator[DirectTransport]:
    """The sync direct transport, closed at the end."""
    made = DirectTransport(proxy="")
    yield made
    made.close()


def loop_factories() -> list[Any]:
    factories = [pytest.param(None, id="asyncio")]
    with contextlib.suppress(ImportError):
        import uvloop

        factories.append(pytest.param(uvloop.new_event_loop, id="uvloop"))
    return factories


@pytest.fixture(params=loop_factories())
def run(request: pytest.FixtureRequest) -> Iterator[Run]:
    """Runs a coroutine function with a transport, which is closed at the end."""
    with asyncio.Runner(loop_factory=request.param, debug=True) as runner:
        transport = AsyncDirectTransport(proxy="")

        def do(test: Callable[[AsyncDirectTransport], Awaitable[Any]]) -> Any:
            async def main() -> Any:
                return await test(transport)

            return runner.run(main())

        yield do
        runner.run(transport.close())
