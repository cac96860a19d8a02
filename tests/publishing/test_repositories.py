"""Which repository is meant, and who is told the credentials."""

from __future__ import annotations

from pathlib import Path

import pytest

from sdkpress.diagnostics import SdkpressError
from sdkpress.publishing.package_index import Credentials
from sdkpress.publishing.repositories import find_repository


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    for name in ("TWINE_USERNAME", "TWINE_PASSWORD"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


def test_credentials_in_an_address_are_taken_out_of_it() -> None:
    found = find_repository("https://me:s%40cret@packages.example/pypi/")
    assert found.upload_url == found.shown == "https://packages.example/pypi/"
    assert found.index_url == "https://packages.example/pypi/simple/"
    assert found.credentials == found.index_credentials == Credentials("me", "s@cret")
    assert "s@cret" not in repr(found)


def test_credentials_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TWINE_PASSWORD", "token")
    found = find_repository("https://packages.example/")
    assert found.credentials == Credentials("__token__", "token")
    monkeypatch.setenv("TWINE_USERNAME", "me")
    assert find_repository("https://packages.example/").credentials == Credentials("me", "token")


def test_another_host_is_not_told_the_credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TWINE_PASSWORD", "token")
    found = find_repository("https://upload.example.org/legacy/")
    assert found.index_url == "https://example.org/simple/"
    assert found.credentials is not None and found.index_credentials is None
    found = find_repository("https://packages.example/", "https://a:b@mirror.example/simple")
    assert found.index_credentials == Credentials("a", "b") and found.is_index_given
    assert found.index_url == "https://mirror.example/simple"


def test_sections_of_pypirc(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (home / ".pypirc").write_text(
        "[distutils]\nindex-servers =\n    ours\n    pypi\n\n"
        "[ours]\nrepository = https://packages.example/ours/\nusername = me\npassword = 100%\n"
    )
    found = find_repository("ours")
    assert found.upload_url == "https://packages.example/ours/"
    assert found.credentials == Credentials("me", "100%")
    monkeypatch.setenv("TWINE_PASSWORD", "other")
    assert find_repository("ours").credentials == Credentials("me", "other")
    public = find_repository("pypi")
    assert public.upload_url.endswith("/legacy/") and public.index_url.endswith("/simple/")


@pytest.mark.parametrize(
    "named", ["nowhere", "ftp://me:s3cret@x/", "http://me:s3cret@[::1/", "https://:99999/", ""]
)
def test_what_is_no_repository(named: str) -> None:
    with pytest.raises(SdkpressError) as caught:
        find_repository(named)
    (item,) = caught.value.diagnostics
    assert item.id == "usage" and "s3cret" not in item.message


def test_a_pypirc_that_cannot_be_read(home: Path) -> None:
    (home / ".pypirc").write_text("password = s3cret\n")
    with pytest.raises(SdkpressError) as caught:
        find_repository("ours")
    assert "s3cret" not in str(caught.value)
