"""Fixtures of the tests of `diff`."""

from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def checker_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the search for broken callers keeps what its type checker knows: the standard library
    is read once in a run."""
    return tmp_path_factory.mktemp("checker")
