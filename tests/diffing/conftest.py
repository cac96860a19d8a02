"""Fixtures of the tests of `diff`."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def checker_cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the search for broken callers keeps what its type checker knows: the standard library
    is read once in a run."""
    return tmp_path_factory.mktemp("checker")


@pytest.fixture(scope="module")
def checker_folder(checker_cache: Path) -> Iterator[Path]:
    """`checker_cache`; what mypy leaves behind in cycles is dropped afterwards, and what it had the
    collector look at again is frozen again (see `pytest_collection_finish`)."""
    yield checker_cache
    gc.collect()
    gc.freeze()
