"""Which published version a new one is compared with, and whether it is far enough from it."""

from __future__ import annotations

import pytest

from sdkpress.diffing.changes import Bump
from sdkpress.diffing.published import Demand, is_enough
from sdkpress.publishing.history import last_published
from sdkpress.publishing.package_index import IndexFile, Project


def project(*versions: str) -> Project:
    """A project with an sdist of each version; those that begin with "-" were yanked."""
    files = [
        IndexFile(f"pets-{version}.tar.gz", "", "", version.lstrip("-"), "sdist", version[0] == "-")
        for version in versions
    ]
    return Project("pets", tuple(files))


@pytest.mark.parametrize(
    ("published", "version", "last"),
    [
        ((), "1.0", ""),
        (("1.0", "1.10", "1.9"), "2.0", "1.10"),
        (("1.0", "2.0"), "1.0.1", "1.0"),
        (("2.0",), "1.0", ""),
        (("1.0", "2.0rc1"), "2.0", "1.0"),
        (("1.0", "2.0rc1"), "2.0rc2", "1.0"),
        (("2.0a1", "2.0rc1"), "2.0", "2.0rc1"),
        (("1.0", "-1.1"), "1.2", "1.0"),
        (("-1.1",), "1.2", "1.1"),
        (("1.0", "1.0.post1"), "1.1", "1.0.post1"),
    ],
)
def test_the_version_before(published: tuple[str, ...], version: str, last: str) -> None:
    assert last_published(project(*published), version) == last


@pytest.mark.parametrize(
    ("old", "bump", "demanded", "version", "enough"),
    [
        ("1.4.0", "major", "2.0.0", "1.9.0", False),
        ("1.4.0", "major", "2.0.0", "2.0.0", True),
        ("1.4.0", "major", "2.0.0", "2.0.0rc1", True),
        ("1.4.0", "major", "2.0.0", "2.0.dev1", True),
        ("1.4.0", "minor", "1.5.0", "1.5", True),
        ("1.4.0", "minor", "1.5.0", "1.4.0.post1", False),
        ("1.4.0", "patch", "1.4.1", "1.4.0.post1", True),
        ("1.4.0", "none", "1.4.0", "1.4.0", False),
        ("1.4.0", "patch", "1.4.1", "1!1.0", True),
    ],
)
def test_far_enough(old: str, bump: Bump, demanded: str, version: str, enough: bool) -> None:
    assert is_enough(version, Demand(old, demanded, bump, ())) is enough
