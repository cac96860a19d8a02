"""A server on loopback that behaves as a test wishes, an empty project, and pulling with small limits."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from sdkpress.diagnostics import Diagnostics, SdkpressError
from sdkpress.fetching import Limits
from sdkpress.pulling import Options, PullResult
from sdkpress.pulling import pull as pull_documents

QUICK = Limits(max_bytes=1_000_000, request_seconds=5, total_seconds=20, pause_seconds=0)


def pull(
    sources: Sequence[str],
    project_dir: Path,
    check: bool = False,
    diagnostics: Diagnostics | None = None,
    **options: Any,
) -> PullResult:
    return pull_documents(
        sources,
        project_dir,
        check,
        diagnostics,
        options=Options(**{"limits": QUICK, **options}),
    )


@dataclass
class Site:
    """A server on loopback; `answers` maps paths to (status, headers, body) or a function."""

    url: str = ""
    answers: dict[str, Any] = field(default_factory=dict)
    requests: list[tuple[str, dict[str, str]]] = field(default_factory=list)


@pytest.fixture
def site() -> Iterator[Site]:
    found = Site()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            headers = {name.lower(): value for name, value in self.headers.items()}
            found.requests.append((self.path, headers))
            answer = found.answers.get(self.path.partition("?")[0], (404, {}, b"none"))
            if callable(answer):
                answer(self)
                return
            status, extra, body = answer
            if extra.get("ETag") and headers.get("if-none-match") == extra["ETag"]:
                status, body = 304, b""
            since = extra.get("Last-Modified")
            if since and headers.get("if-modified-since") == since:
                status, body = 304, b""
            self.send_response(status)
            for name, value in extra.items():
                self.send_header(name, value)
            if status != 304:
                self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    found.url = f"http://127.0.0.1:{server.server_port}"
    yield found
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty project, which is also the working folder."""
    folder = tmp_path / "project"
    folder.mkdir()
    monkeypatch.chdir(folder)
    monkeypatch.setenv("SDKPRESS_CACHE", str(tmp_path / "cache"))
    for name in ("http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    return folder


def snapshot(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


def refused(here: Path, *sources: str, check: bool = False) -> str:
    """The id of the one located diagnostic; nothing on disk changes."""
    before = snapshot(here)
    with pytest.raises(SdkpressError) as caught:
        pull(sources, here, check)
    assert snapshot(here) == before
    (item,) = caught.value.diagnostics
    assert item.location is not None
    return item.id
