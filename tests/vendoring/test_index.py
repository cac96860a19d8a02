"""A package index on loopback as the source: both forms of its answers, hashes, and what is refused."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from tests.vendoring.revisions import sdkpress
from tests.vendoring.test_wheels import INFO, packed, record, tiny

INTO = "app/_vendor"
JSON = "application/vnd.pypi.simple.v1+json"


def wheel(version: str) -> bytes:
    files = tiny()
    files.pop(f"{INFO}/RECORD")
    files["tiny/a.py"] = f"x = '{version}'\n".encode()
    metadata = files[f"{INFO}/METADATA"].replace(b"Version: 1.0", f"Version: {version}".encode())
    files[f"{INFO}/METADATA"] = metadata
    renamed = {
        path.replace(INFO, f"tiny-{version}.dist-info"): content for path, content in files.items()
    }
    listed = record(renamed).replace(INFO.encode(), f"tiny-{version}.dist-info".encode())
    return packed({**renamed, f"tiny-{version}.dist-info/RECORD": listed})


class Index(ThreadingHTTPServer):
    """The simple API of some wheels, as JSON or HTML."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Answers)
        self.wheels = {version: wheel(version) for version in ("1.0", "2.0", "3.0a1")}
        self.is_json = True
        self.has_hashes = True
        self.lies = False
        self.authorizations: set[str | None] = set()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/simple/"

    def page(self) -> bytes:
        files: list[dict[str, Any]] = []
        for version, content in self.wheels.items():
            digest = hashlib.sha256(b"another" if self.lies else content).hexdigest()
            files.append(
                {
                    "filename": f"tiny-{version}-py3-none-any.whl",
                    "url": f"../../files/{version}",
                    "hashes": {"sha256": digest} if self.has_hashes else {},
                }
            )
        if self.is_json:
            return json.dumps(
                {"meta": {"api-version": "1.0"}, "name": "tiny", "files": files}
            ).encode()
        anchors = "".join(
            f'<a href="{item["url"]}/{item["filename"]}#sha256={item["hashes"]["sha256"]}">'
            f'{item["filename"]}</a>'
            for item in files
        )
        return f"<!DOCTYPE html><html><body>{anchors}</body></html>".encode()


class Answers(BaseHTTPRequestHandler):
    @property
    def index(self) -> Index:
        assert isinstance(self.server, Index)
        return self.server

    def do_GET(self) -> None:
        self.index.authorizations.add(self.headers.get("Authorization"))
        parts = self.path.strip("/").split("/")
        body, kind = b"", "application/octet-stream"
        if parts == ["simple", "tiny"]:
            body, kind = self.index.page(), JSON if self.index.is_json else "text/html"
        elif parts[0] == "files":
            body = self.index.wheels[parts[1]]
        self.send_response(200 if body else 404)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        pass


@pytest.fixture
def index() -> Iterator[Index]:
    with Index() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.mark.parametrize("is_json", [True, False])
def test_a_version_of_an_index(host: Path, index: Index, is_json: bool) -> None:
    index.is_json = is_json
    words = ["--into", INTO, "--index-url", index.url]
    ran = sdkpress("vendor", "add", "tiny==1.0", *words, at=host)
    assert ran.code == 0, ran.err
    folder = host / INTO / "tiny"
    text = (folder / "VENDORED.toml").read_text("utf-8")
    assert f'kind = "index"\nlocation = "{index.url}"\nsha256 = "' in text
    assert hashlib.sha256(index.wheels["1.0"]).hexdigest() in text
    # Nothing but the name: the newest that is no pre-release, from the index that is recorded.
    assert sdkpress("vendor", "update", "tiny", "--into", INTO, at=host).code == 0
    assert (folder / "a.py").read_text("utf-8") == "x = '2.0'\n"
    ran = sdkpress("vendor", "update", "tiny==3.0a1", "--into", INTO, at=host)
    assert ran.code == 0
    assert (folder / "a.py").read_text("utf-8") == "x = '3.0a1'\n"
    # A name alone never goes back, neither from a pre-release nor from what was withdrawn.
    assert sdkpress("vendor", "update", "tiny", "--into", INTO, at=host).code == 0
    assert (folder / "a.py").read_text("utf-8") == "x = '3.0a1'\n"
    del index.wheels["3.0a1"]
    ran = sdkpress("vendor", "update", "tiny", "--into", INTO, at=host)
    assert ran.code == 2 and "nothing as new as 3.0a1" in ran.err and "tiny==2.0" in ran.err
    assert sdkpress("vendor", "update", "tiny==2.0", "--into", INTO, at=host).code == 0


def test_credentials_are_used_and_not_written(host: Path, index: Index) -> None:
    url = index.url.replace("http://", "http://me:geheim@")
    ran = sdkpress("vendor", "add", "tiny", "--into", INTO, "--index-url", url, at=host)
    assert ran.code == 0, ran.err
    assert index.authorizations == {"Basic bWU6Z2VoZWlt"}
    text = (host / INTO / "tiny" / "VENDORED.toml").read_text("utf-8")
    assert "geheim" not in text + ran.out + ran.err and index.url in text


def test_what_is_refused(host: Path, index: Index) -> None:
    words = ["--into", INTO, "--index-url", index.url]

    def refused(name: str) -> str:
        ran = sdkpress("vendor", "add", name, *words, at=host)
        assert ran.code == 2 and "Traceback" not in ran.err
        assert not (host / INTO / "tiny").exists()
        return ran.err

    assert "no version 9.0" in refused("tiny==9.0")
    assert "has no huge" in refused("huge==1.0")
    assert "NAME==VERSION" in refused("tiny>=1.0")
    index.lies = True
    assert "SHA-256" in refused("tiny==1.0")
    index.lies, index.has_hashes = False, False
    assert "gives no SHA-256" in refused("tiny==1.0")
    ran = sdkpress("vendor", "add", "tiny==1.0", "--into", INTO, at=host)
    assert ran.code == 2 and "--index-url" in ran.err
