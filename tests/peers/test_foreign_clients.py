"""litellm, pydantic-ai and langchain-openai against `sdkpress mock siray-chat`, unchanged.

The `openai` package itself is tried with every `make test`: tests/behaviour/test_openai_sdk.py.
"""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.behaviour.mock_command import mock_command
from tests.peers.prepare import CLIENTS, ENVIRONMENT, is_prepared

HERE = Path(__file__).parent / "clients"
GREETING = "Hello! How can I help you today?"
REPORT = "It is 18 °C in Paris, and the sky is clear."


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    """The base URL as such packages take it."""
    if not is_prepared():
        pytest.skip("the clients are not installed: make test-peers does it")
    with mock_command("siray-chat") as mock:
        yield f"{mock.url}/v1"


def found_by(program: str, url: str) -> Any:
    """What a program got from the server."""
    (environment,) = [name for name, programs in CLIENTS.items() if program in programs]
    done = subprocess.run(
        [str(ENVIRONMENT / environment / "bin" / "python"), str(HERE / f"{program}.py"), url],
        env={**os.environ, "OPENAI_API_KEY": "", "PYTHONASYNCIODEBUG": ""},
        capture_output=True,
        encoding="utf-8",
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def test_litellm(url: str) -> None:
    found = found_by("litellm_calls", url)
    assert found["whole"] == GREETING
    for name in ("streamed", "streamed_async"):
        assert "".join(found[name]) == GREETING and len(found[name]) > 4
    assert found["usage"] == 30
    assert found["agent"] == [4, REPORT]
    assert found["failing"] == {
        "400": "BadRequestError",
        "401": "AuthenticationError",
        "429": "RateLimitError",
        "500": "InternalServerError",
    }


def test_pydantic_ai(url: str) -> None:
    found = found_by("pydantic_ai_calls", url)
    assert found["whole"] == GREETING
    assert found["agent"] == [REPORT, ["Paris"], 2]
    city, called, requests = found["agent_with_result"]
    assert set(city) == {"name", "population"} and (called, requests) == (["Paris"], 2)
    assert set(found["native"]) == {"name", "population"}
    assert "".join(found["streamed"]) == REPORT and len(found["streamed"]) > 4
    assert found["failing"] == {"401": 401, "429": 429, "500": 500}


def test_langchain(url: str) -> None:
    found = found_by("langchain_calls", url)
    assert found["whole"] == GREETING
    for name in ("streamed", "streamed_async"):
        assert "".join(found[name]) == GREETING and len(found[name]) > 4
    assert (found["usage"], found["calls"]) == (30, {"city": "Paris"})
    assert found["agent"][-2:] == ["18 in Paris", REPORT]
    assert found["other_agent"] == ["human", "ai", "tool", "ai"]
    for name in ("structured", "agent_with_result"):
        assert set(found[name]) == {"name", "population"}
    assert found["failing"] == {"401": 401, "429": 429, "500": 500}
