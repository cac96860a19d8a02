"""Reading package indexes: both forms of the simple API, and what an index must not get through."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import pytest

from sdkpress.diagnostics import SdkpressError
from sdkpress.fetching import Limits
from sdkpress.publishing.package_index import Credentials, IndexFile, PackageIndex, simple_url
from tests.unit.loopback_site import Site, site

__all__ = ["site"]

QUICK = Limits(max_bytes=1_000_000, request_seconds=5, total_seconds=20, pause_seconds=0)
WHEEL = "museum_api-1.2.0-py3-none-any.whl"
SDIST = "museum_api-1.2.0.tar.gz"
CONTENT = b"a wheel"
DIGEST = hashlib.sha256(CONTENT).hexdigest()
HTML = {"Content-Type": "text/html; charset=utf-8"}
JSON = {"Content-Type": "application/vnd.pypi.simple.v1+json"}


def index_of(site: Site, credentials: Credentials | None = None) -> PackageIndex:
    return PackageIndex(f"{site.url}/simple", credentials, limits=QUICK)


def id_of(error: pytest.ExceptionInfo[SdkpressError]) -> str:
    (item,) = error.value.diagnostics
    assert item.location is not None
    return item.id


def test_a_page_of_html(site: Site) -> None:
    page = f"""<!DOCTYPE html><html><body>
<a href="../../files/{WHEEL}#sha256={DIGEST}" data-requires-python="&gt;=3.11">{WHEEL}</a>
<a href="{site.url}/files/{SDIST}#md5=abc" data-yanked="broken">{SDIST}</a><br/>
<a href="museum_api-1.10.0-py3-none-any.whl">museum_api-1.10.0-py3-none-any.whl</a>
<a href="museum_api-0.9rc1.tar.gz"> museum_api-0.9rc1.tar.gz </a>
<a href="museum_api_extras-3.0.tar.gz">museum_api_extras-3.0.tar.gz</a>
<a href="javascript:alert(1)">museum_api-7.0.tar.gz</a>
<a href="file:///etc/passwd">museum_api-8.0.tar.gz</a>
<a href="museum_api-nonsense.tar.gz">museum_api-nonsense.tar.gz</a>
<a>museum_api-9.0.tar.gz</a>
</body></html>"""
    site.answers["/simple/museum-api/"] = (200, HTML, page.encode())
    with index_of(site) as index:
        found = index.project("Museum_API")
    assert found is not None
    assert [str(version) for version in found.versions()] == ["0.9rc1", "1.2.0", "1.10.0"]
    wheel, sdist = found.of("1.2")
    assert wheel == IndexFile(WHEEL, f"{site.url}/files/{WHEEL}", DIGEST, "1.2.0", "wheel")
    assert sdist == IndexFile(SDIST, f"{site.url}/files/{SDIST}", "", "1.2.0", "sdist", True)
    assert found.of("1.3") == found.of("no version") == ()
    accepted = site.requests[0][1]["accept"]
    assert accepted.startswith("application/vnd.pypi.simple.v1+json, ")


def test_the_base_of_a_page_and_names_that_are_cut(site: Site) -> None:
    page = (
        f'<html><base href="/elsewhere/"><a href="{WHEEL}?token=1">museum_api-1.2.0-py3..&gt;</a>'
    )
    site.answers["/simple/museum-api/"] = (200, HTML, page.encode())
    with index_of(site) as index:
        found = index.project("museum-api")
    assert found is not None
    (file,) = found.files
    assert (file.filename, file.url) == (WHEEL, f"{site.url}/elsewhere/{WHEEL}?token=1")


def test_json(site: Site) -> None:
    tree: dict[str, Any] = {
        "meta": {"api-version": "1.4"},
        "name": "museum-api",
        "project-status": {"status": "archived"},
        "files": [
            {"filename": WHEEL, "url": f"/f/{WHEEL}", "hashes": {"sha256": DIGEST.upper()}},
            {"filename": SDIST, "url": f"/f/{SDIST}", "hashes": {}, "yanked": "why not"},
            {"filename": "../../museum_api-2.0.tar.gz", "url": "/f/x", "hashes": {}},
            {"filename": 7, "url": "/f/x"},
            {"filename": "museum_api-3.0.tar.gz", "url": None},
            {"filename": "museum_api-4.0.tar.gz", "url": "http://[::1", "hashes": {}},
            {"filename": "museum_api-5.0.tar.gz", "url": "ftp://example.com/x", "hashes": {}},
            "nothing",
        ],
    }
    site.answers["/simple/museum-api/"] = (200, JSON, json.dumps(tree).encode())
    with index_of(site) as index:
        found = index.project("museum.api")
    assert found is not None and found.status == "archived"
    assert [(file.filename, file.sha256, file.is_yanked) for file in found.files] == [
        (WHEEL, DIGEST, False),
        (SDIST, "", True),
    ]


def test_versions_of_files_that_cannot_be_fetched_are_known(site: Site) -> None:
    """Whether a version is out does not depend on whether its file can be had."""
    files = [{"filename": WHEEL}, {"filename": "museum_api-1.3.tar.gz", "url": "ftp://a/b"}]
    page = json.dumps({"files": [*files, {"filename": "other-9.tar.gz"}]}).encode()
    site.answers["/simple/museum-api/"] = (200, JSON, page)
    with index_of(site) as index:
        found = index.project("museum-api")
        assert found is not None and not found.files
        assert found.unusable == {"1.2.0", "1.3"}
        site.answers["/simple/museum-api/"] = (200, HTML, b"<a>museum_api-1.3.tar.gz</a>")
        found = index.project("museum-api")
    assert found is not None and found.unusable == {"1.3"}


@pytest.mark.parametrize(
    "page",
    [
        b"<html><head><title>Links for museum-api</title></head><h1>Links for museum-api</h1>",
        b'<html><meta name="pypi:repository-version" content="1.0"><p>None yet.</p></html>',
        b"<!DOCTYPE html><html><body></body></html>",
    ],
    ids=["title", "version", "plain"],
)
def test_a_project_without_files(site: Site, page: bytes) -> None:
    site.answers["/simple/museum-api/"] = (200, HTML, page)
    with index_of(site) as index:
        found = index.project("museum-api")
    assert found is not None and found.files == ()


def test_more_files_than_anyone_has(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """None is left out unseen: it could be the one that is asked for."""
    monkeypatch.setattr("sdkpress.publishing.package_index._MAX_FILES", 1)
    page = b'{"files": [{}, {}]}'
    site.answers["/simple/museum-api/"] = (200, JSON, page)
    with index_of(site) as index, pytest.raises(SdkpressError) as caught:
        index.project("museum-api")
    assert id_of(caught) == "invalid-index"


def test_what_an_index_does_not_know(site: Site) -> None:
    with index_of(site) as index:
        assert index.project("museum-api") is None
        assert not index.is_there()
        site.answers["/simple/"] = (200, HTML, b"<html>" + b"x" * 200_000)
        assert index.is_there()


def test_an_index_that_leads_to_another_one_for_what_it_does_not_have(site: Site) -> None:
    elsewhere = {"Location": "http://localhost:1/simple/museum-api/"}
    site.answers["/simple/museum-api/"] = (302, elsewhere, b"")
    site.answers["/simple/"] = (302, {"Location": "http://localhost:1/simple/"}, b"")
    with index_of(site) as index:
        with pytest.raises(SdkpressError) as caught:
            index.project("museum-api")
        assert id_of(caught) == "fetch-refused-redirect"
        site.answers["/simple/"] = (200, HTML, b"<html></html>")
        assert index.project("museum-api") is None


@pytest.mark.parametrize(
    "answer",
    [
        (200, {"Content-Type": "text/plain"}, b"museum"),
        (200, HTML, b"welcome"),
        (200, HTML, b"<title>Shop</title><script src=/app.js></script><div id=root></div>"),
        (200, HTML, b"<title>Sign in</title><form>Sign in</form><a href=/help>Help</a>"),
        (200, HTML, b"<p>\xff\x00</p>"),
        (200, JSON, b"<html></html>"),
        (200, JSON, b"[]"),
        (200, JSON, b'{"files": {}}'),
        (200, JSON, b'{"meta": {"api-version": "2.0"}, "files": []}'),
        (200, JSON, b"[" * 100_000),
    ],
)
def test_what_is_no_simple_api(site: Site, answer: Any) -> None:
    site.answers["/simple/museum-api/"] = answer
    with index_of(site) as index, pytest.raises(SdkpressError) as caught:
        index.project("museum-api")
    assert id_of(caught) == "invalid-index"


@pytest.mark.parametrize("status", [401, 403, 500])
def test_an_error_is_never_taken_for_an_answer(site: Site, status: int) -> None:
    site.answers["/simple/museum-api/"] = (status, HTML, b"<html></html>")
    with index_of(site) as index, pytest.raises(SdkpressError) as caught:
        index.project("museum-api")
    assert id_of(caught) == "fetch-failed"


def test_files_have_the_hash_that_the_index_gave(site: Site) -> None:
    site.answers["/files/a.whl"] = (200, {}, CONTENT)
    file = IndexFile(WHEEL, f"{site.url}/files/a.whl", DIGEST, "1.2.0", "wheel")
    with index_of(site) as index:
        assert index.download(file) == CONTENT
        site.answers["/files/a.whl"] = (200, {}, CONTENT + b"!")
        with pytest.raises(SdkpressError) as caught:
            index.download(file)
    assert id_of(caught) == "invalid-index"


def test_credentials_are_told_to_the_host_of_the_index_alone(site: Site) -> None:
    """Neither a link nor a redirect takes them elsewhere."""
    link = f"{site.url.replace('127.0.0.1', 'localhost')}/files/a.whl"
    site.answers["/files/a.whl"] = (200, {}, CONTENT)
    site.answers["/files/b.whl"] = (302, {"Location": link}, b"")
    site.answers["/simple/museum-api/"] = (200, HTML, b"<html></html>")
    secret = Credentials("me", "s3cret")
    assert "s3cret" not in repr(secret)
    with index_of(site, secret) as index:
        index.project("museum-api")
        index.download(IndexFile(WHEEL, link, DIGEST, "1.2.0", "wheel"))
        index.download(IndexFile(WHEEL, f"{site.url}/files/b.whl", DIGEST, "1.2.0", "wheel"))
    sent = [(path, "authorization" in headers) for path, headers in site.requests]
    assert sent == [
        ("/simple/museum-api/", True),
        ("/files/a.whl", False),
        ("/files/b.whl", True),
        ("/files/a.whl", False),
    ]


@pytest.mark.parametrize(
    ("upload", "simple"),
    [
        ("https://upload.example.org/legacy/", "https://example.org/simple/"),
        ("https://test.example.org/legacy/", "https://test.example.org/simple/"),
        ("http://127.0.0.1:8080/", "http://127.0.0.1:8080/simple/"),
        ("http://127.0.0.1:8080", "http://127.0.0.1:8080/simple/"),
        ("https://a.example/feed/pypi/upload", "https://a.example/feed/pypi/simple/"),
        ("https://a.example/repository/x/", "https://a.example/repository/x/simple/"),
        ("https://a.example/x/+simple/", "https://a.example/x/+simple/"),
    ],
)
def test_where_the_simple_api_is(upload: str, simple: str) -> None:
    assert simple_url(upload) == simple
