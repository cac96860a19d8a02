"""Ten revisions of a client, generated once, and a project that vendors them."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.vendoring.revisions import make_host, write_revisions


@pytest.fixture(scope="session")
def revisions(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, ...]:
    """The folders of ten versions of the client `museum`, 1.1.0 to 1.10.0."""
    return write_revisions(tmp_path_factory.mktemp("revisions"))


@pytest.fixture
def host(tmp_path: Path) -> Path:
    """A project with the package `app._vendor`, and all requirements that the museum has."""
    return make_host(tmp_path / "host", "msgspec>=0.22", "httptools>=0.8")
