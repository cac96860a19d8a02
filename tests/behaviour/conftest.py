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


@pytest.fixture(scope="session")
def package(tmp_path_factory: pytest.TempPathFactory) -> ModuleType:
    """The handmade client with the runtime copied in, as the generator does it."""
    folder = tmp_path_factory.mktemp("clients")
    ignore = shutil.ignore_patterns("__pycache__")
    shutil.copytree(HERE / "handmade", folder / "handmade_siray", ignore=ignore)
    shutil.copytree(RUNTIME, folder / "handmade_siray" / "_runtime", ignore=ignore)
    sys.path.insert(0, str(folder))
    return importlib.import_module("handmade_siray")


@pytest.fixture(params=["sync", "async"])
def driver(request: pytest.FixtureRequest, package: ModuleType) -> Iterator[Driver]:
    """A driver for the sync and for the async client."""
    made: Driver = SyncDriver(package) if request.param == "sync" else AsyncDriver(package)
    yield made
    made.close()
