"""What an upload does before it sends anything; test_publish.py uploads for real."""

from __future__ import annotations

from pathlib import Path

import pytest

from sdkpress.provenance import sha256
from sdkpress.publishing.package_index import IndexFile
from sdkpress.publishing.programs import Programs
from sdkpress.publishing.repositories import Repository
from sdkpress.publishing.uploading import Upload, upload
from tests.unit.loopback_site import Site, site

__all__ = ["site"]

NAMES = ("a-1.0-py3-none-any.whl", "a-1.0.tar.gz")


def resumed(site: Site, folder: Path, digest: str) -> Upload:
    """Going on where the wheel is on the index, under this hash."""
    for name in NAMES:
        (folder / name).write_bytes(b"ours")
    present = IndexFile(NAMES[0], f"{site.url}/files/a.whl", digest, "1.0", "wheel")
    with Programs() as programs:
        return upload(
            Repository(f"{site.url}/", f"{site.url}/simple/", None, None),
            [folder / name for name in NAMES],
            name="a",
            version="1.0",
            present=[present],
            skips_existing=True,
            programs=programs,
            scratch=folder,
        )


@pytest.mark.parametrize(
    ("digest", "status", "said"),
    [
        (sha256(b"theirs"), 404, "with other bytes"),
        ("", 200, "with other bytes"),
        ("", 403, "cannot be compared"),
    ],
    ids=["hash", "file", "neither"],
)
def test_nothing_goes_to_where_something_else_is(
    site: Site, tmp_path: Path, digest: str, status: int, said: str
) -> None:
    """An index that gives neither hash nor file is no reason to lose the report."""
    site.answers["/files/a.whl"] = (status, {}, b"theirs")
    found = resumed(site, tmp_path, digest)
    assert not found.is_done
    assert [file.state for file in found.files] == ["held-back", "held-back"]
    assert said in found.message and found.repair
