"""`sdkpress mock` with a cassette: it records another server, and replays without it."""

from __future__ import annotations

import json
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import pytest

from tests.behaviour.mock_command import REPOSITORY, mock_command
from tests.behaviour.recorded_server import BLOB, real_server

SPEC = str(Path(__file__).with_name("recorded.yaml"))
KEY = "sk-live-0123456789"


def ask(url: str, body: Any = None) -> bytes:
    data = None if body is None else json.dumps(body).encode()
    headers = {"Authorization": f"Bearer {KEY}", "Content-Type": "application/json"}
    with urllib.request.urlopen(urllib.request.Request(url, data, headers), timeout=30) as answer:
        content: bytes = answer.read()
    return content


def test_record_then_replay(tmp_path: Path) -> None:
    path = tmp_path / "mock.yaml"
    with (
        real_server() as (upstream, server),
        mock_command(SPEC, "--record", str(path), "--upstream", upstream) as mock,
    ):
        events = ask(f"{mock.url}/v2/events", {"topic": "t"})
        assert ask(f"{mock.url}/files/blob") == BLOB
        assert server.count == 2
    assert events.count(b"event: tick") == 5
    assert KEY not in path.read_text()
    assert KEY in events.decode()
    with mock_command(SPEC, "--replay", str(path)) as mock:
        assert ask(f"{mock.url}/events", {"topic": "t"}) == events.replace(
            KEY.encode(), b"REDACTED"
        )
        assert ask(f"{mock.url}/files/blob") == BLOB
        with pytest.raises(urllib.error.HTTPError) as caught:
            ask(f"{mock.url}/events", {"topic": "u"})
        with caught.value as answer:
            assert "recorded 't', sent 'u'" in json.load(answer)["message"]
    assert any(" 500 " in line for line in mock.lines)
    assert any("was not recorded" in line for line in mock.lines)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--replay", "none.yaml"], "there is no cassette none.yaml"),
        (["--upstream", "http://x"], "it needs record as well"),
        (["--record", "a.yaml", "--upstream", "x"], "no URL of a server"),
        (["--record", "a.yaml", "--replay", "b.yaml"], "are one file"),
        (["--replay", "bad.yaml"], "bad.yaml:1: a cassette has no anchors"),
    ],
)
def test_options_that_cannot_be(options: list[str], said: str, tmp_path: Path) -> None:
    (tmp_path / "bad.yaml").write_text("a: &a [*a]\n")
    done = subprocess.run(
        [sys.executable, "-m", "sdkpress", "mock", SPEC, "--port", "0", *options],
        cwd=tmp_path, capture_output=True, encoding="utf-8", timeout=60,
        env={"PYTHONPATH": str(REPOSITORY / "generator"), "NO_COLOR": "1"},
    )  # fmt: skip
    assert done.returncode == 2
    assert "error[invalid-option]" in done.stderr
    assert said in " ".join(done.stderr.split())
