"""The package under test, and a driver for each of its clients."""

from __future__ import annotations

import importlib
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

from tests.behaviour.driving import AsyncDriver, Driver, SyncDriver

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


@pytest.fixture(params=["sync", "async"])
def driver(request: pytest.FixtureRequest, package: ModuleType) -> Iterator[Driver]:
    """A driver for the sync and for the async client."""
    made: Driver = SyncDriver(package) if request.param == "sync" else AsyncDriver(package)
    yield made
    made.close()
