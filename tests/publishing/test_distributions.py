"""Published archives are read in memory, whatever they say of themselves."""

from __future__ import annotations

import gzip
import io
import tarfile
import zipfile
from collections.abc import Mapping

import pytest

from sdkpress.diagnostics import SdkpressError
from sdkpress.publishing import distributions
from sdkpress.publishing.distributions import read_distribution

FILES = {
    "pets/__init__.py": b"x = 1\n",
    "pets/models/cats.py": b"y = 2\n",
    "pets/testing/document.json": b"{}",
    "pets/py.typed": b"",
    "other/module.py": b"",
}


def wheel_of(files: Mapping[str, bytes]) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return stream.getvalue()


def sdist_of(files: Mapping[str, bytes], links: Mapping[str, str] | None = None) -> bytes:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w:gz") as archive:
        for name, content in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
        for name, target in (links or {}).items():
            entry = tarfile.TarInfo(name)
            entry.type, entry.linkname = tarfile.SYMTYPE, target
            archive.addfile(entry)
    return stream.getvalue()


def test_a_wheel_and_an_sdist_hold_the_same_client() -> None:
    nested = {f"pets-1.0/src/{name}": content for name, content in FILES.items()}
    link = {"pets-1.0/src/pets/secret.py": "/etc/passwd"}
    for found in (
        read_distribution(wheel_of(FILES), "wheel", "pets.whl"),
        read_distribution(sdist_of(nested, link), "sdist", "pets.tar.gz"),
    ):
        assert found is not None
        assert (found.package, found.document) == ("pets", b"{}")
        assert found.files == {"__init__.py": b"x = 1\n", "models/cats.py": b"y = 2\n"}


def test_other_packages_have_no_client() -> None:
    assert read_distribution(wheel_of({"a/__init__.py": b""}), "wheel", "a.whl") is None


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b"nothing", "wheel"),
        (b"nothing", "sdist"),
        (gzip.compress(b"nothing"), "sdist"),
        (wheel_of(FILES)[:200], "wheel"),
        (sdist_of(FILES)[:100], "sdist"),
    ],
    # Bytes as ids would hold the hour of the archive, and differ between the workers of one run.
    ids=["no wheel", "no sdist", "packed, no sdist", "cut wheel", "cut sdist"],
)
def test_what_is_no_archive(content: bytes, kind: str) -> None:
    with pytest.raises(SdkpressError) as caught:
        read_distribution(content, "wheel" if kind == "wheel" else "sdist", "pets-1.0")
    (item,) = caught.value.diagnostics
    assert item.id == "unreadable-package" and item.message.startswith("pets-1.0 ")


def test_archives_that_unpack_to_more_than_any_client(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(distributions, "_MAX_FILE", 10_000)
    large = {**FILES, "pets/large.py": b"\n" * 10_001}
    for content, kind in ((wheel_of(large), "wheel"), (sdist_of(large), "sdist")):
        with pytest.raises(SdkpressError, match="larger"):
            read_distribution(content, "wheel" if kind == "wheel" else "sdist", "pets-1.0")
    monkeypatch.setattr(distributions, "_MAX_TOTAL", 20_000)
    padded = sdist_of({"pets-1.0/padding": b"\0" * 30_000, **FILES})
    with pytest.raises(SdkpressError, match="larger"):
        read_distribution(padded, "sdist", "pets-1.0")
    monkeypatch.setattr(distributions, "_MAX_FILES", 3)
    with pytest.raises(SdkpressError, match="more than 3 files"):
        read_distribution(wheel_of(FILES), "wheel", "pets-1.0")
