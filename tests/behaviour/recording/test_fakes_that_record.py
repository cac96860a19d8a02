"""Recording and replaying through the fake server, and in tests that record themselves."""

from __future__ import annotations

import os
import subprocess
import sys
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from tests.behaviour.recorded_calls import (
    KEY,
    OTHERS,
    Both,
)
from tests.behaviour.recorded_server import RealServer, real_server
from tests.behaviour.test_life import run_python


def test_the_fake_server_records_and_replays(
    both: Both, real: tuple[str, RealServer], tmp_path: Path
) -> None:
    url, server = real
    path = tmp_path / "f.yaml"

    def use(client: Any) -> Any:
        if both.kind == "sync":
            with client.events.create(topic="t") as stream:
                ticks = list(stream)
            return client.things.get("1", fields=["a"]), client.files.get("blob"), ticks[:4]

        async def main() -> Any:
            async with await client.events.create(topic="t") as stream:
                ticks = [tick async for tick in stream]
            thing = await client.things.get("1", fields=["a"])
            return thing, await client.files.get("blob"), ticks[:4]

        return main()

    fake = both.testing.fake_app(record=path, upstream=url)
    with fake.serve() as served:
        recorded = both.run(use, served.url)
    assert server.count == 3
    assert [request.path for request in fake.requests] == ["/events", "/things/1", "/files/blob"]
    assert KEY not in path.read_text()
    both_at_once = both.testing.fake_app(replay=path, record=path, upstream=url)
    assert both.run(
        use, "http://x.invalid", OTHERS, http_client=in_process(both, both_at_once)
    ) == (recorded)
    both_at_once.assert_all_used()
    assert server.count == 3
    replaying = both.testing.fake_app(replay=path)
    with replaying.serve() as served:
        assert both.run(use, f"{served.url}/v2", OTHERS) == recorded
    replaying.assert_all_used()


def in_process(both: Both, app: Any) -> Any:
    prefix = "" if both.kind == "sync" else "Async"
    return getattr(both.testing, f"{prefix}AppTransport")(app)


def test_the_fake_server_while_it_replays(both: Both, cassette: Path) -> None:
    fake = both.testing.fake_app(replay=cassette)
    fake.things.get.fails(status=404)
    with pytest.raises(both.errors.NotFoundError):
        both.run(
            lambda c: c.things.get("1", fields=["a"]),
            "http://x.invalid", http_client=in_process(both, fake),
        )  # fmt: skip
    with pytest.raises(both.testing.UnmatchedRequestError, match="not recorded"):
        both.run(
            lambda c: c.things.get("7"), "http://x.invalid", http_client=in_process(both, fake)
        )
    fake.reset()
    count = 0

    def use(client: Any) -> Any:
        nonlocal count
        count += 1
        return client.things.get("7")

    with (
        pytest.raises(both.testing.UnmatchedRequestError, match="not recorded"),
        fake.serve() as served,
    ):
        # From elsewhere it is an answer; the test still fails.
        with pytest.raises(both.errors.APIStatusError, match="was not recorded"):
            both.run(use, served.url, OTHERS)
        assert len(fake.requests) == 1


def test_a_server_that_is_not_there(both: Both, tmp_path: Path) -> None:
    fake = both.testing.fake_app(record=tmp_path / "x.yaml", upstream="http://127.0.0.1:9")
    with pytest.raises(both.errors.InternalServerError, match="gives no answer"):
        both.run(
            lambda c: c.things.get("1"), "http://x.invalid", max_retries=0,
            http_client=in_process(both, fake),
        )  # fmt: skip
    assert not (tmp_path / "x.yaml").exists()


def test_what_does_not_go_together(package: ModuleType, tmp_path: Path) -> None:
    testing = import_module("recorded_things.testing")
    for options in (
        {"record": tmp_path / "a.yaml", "upstream": "ftp://x"},
        {"upstream": "http://x"},
        {"record": tmp_path / "a.yaml", "upstream": "x"},
        {"record": tmp_path / "a.yaml", "replay": tmp_path / "b.yaml", "upstream": "http://x"},
    ):
        with pytest.raises(ValueError, match=r"upstream|one file"):
            testing.fake_app(**options)
    with pytest.raises(FileNotFoundError, match="record it first"):
        testing.fake_app(replay=tmp_path / "none.yaml")


TEST = """
import pytest
from recorded_things import Things
from recorded_things.testing import Replay

@pytest.mark.things(replay="cassettes/a.yaml", record="cassettes/a.yaml", upstream={url!r})
def test_it(things: Things) -> None:
    assert things.things.get("1").weight == 1.5

@pytest.mark.things(replay="cassettes/a.yaml")
def test_another(things: Things) -> None:
    try:
        things.things.get("2")
    except BaseException:
        pass

@pytest.mark.things(replay=Replay("cassettes/a.yaml", match_on=["method"]), unused="ignore")
def test_loosely(things: Things) -> None:
    assert things.things.get("5").id == "1"

@pytest.mark.things(replay="cassettes/a.yaml")
def test_nothing_is_asked(things: Things) -> None:
    pass
"""


def test_a_test_records_itself(package: ModuleType, tmp_path: Path) -> None:
    """With the key in the environment, which no other test uses; later without a server."""
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p",
               "recorded_things.testing.pytest_plugin", "test_it.py"]  # fmt: skip
    folder = str(Path(str(package.__file__)).parents[1])
    environment = {**os.environ, "PYTHONPATH": folder, "THINGS_BEARER_TOKEN": KEY}

    def run() -> str:
        done = subprocess.run(
            command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=60
        )
        assert done.stderr == ""
        return done.stdout

    with real_server() as (url, server):
        (tmp_path / "test_it.py").write_text(TEST.format(url=url))
        first = run()
        assert server.count == 1
    text = (tmp_path / "cassettes" / "a.yaml").read_text()
    assert "path: /things/1" in text
    assert KEY not in text
    del environment["THINGS_BEARER_TOKEN"]
    for output in (first, run()):
        assert "1 failed, 3 passed" in output
        assert "FAILED test_it.py::test_another" in output
        assert "recorded /things/1, sent /things/2" in output
        assert "GET /things/1 (200) was not asked for" in output  # a warning


def test_nothing_is_loaded_that_is_not_needed(package: ModuleType) -> None:
    code = (
        "import sys; import recorded_things.testing as t; t.fake_app(); "
        "print([n for n in sys.modules if n == 'yaml' or n.endswith(('.recording', '.replaying', "
        "'.recording_transports', '.replay_transports', '.upstream', '.cassettes'))])"
    )
    assert run_python(package, code).strip() == "[]"
