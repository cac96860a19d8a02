"""Chat, stream, tool calls and failures against aimock and fakellm, sync and async."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

import siray_chat
from tests.behaviour.driving import AsyncDriver, Driver, SyncDriver
from tests.peers.prepare import is_prepared
from tests.peers.servers import KEY, SERVERS

STORY = 'Es war einmal ein König — он жил в высокой башне. 昔々。 🙂 And then\nthe end, "quoted" and \\ escaped.'
COUNT = "one two three four five six seven eight nine ten"
TOOLS: Any = [
    {"type": "function", "function": {"name": name, "parameters": {"type": "object"}}}
    for name in ("get_weather", "get_time")
]
CALLS = [
    ("get_weather", {"city": "Zürich", "unit": "celsius", "days": [1, 2, 3]}),
    ("get_time", {"city": "Zürich"}),
]


@pytest.fixture(scope="module", params=sorted(SERVERS))
def server(request: pytest.FixtureRequest) -> Iterator[tuple[str, str]]:
    """The name of a server, and where it listens."""
    if not is_prepared():
        pytest.skip("the servers are not installed: make test-peers does it")
    with SERVERS[request.param]() as place:
        yield request.param, place


@pytest.fixture
def url(server: tuple[str, str]) -> str:
    """Where the server listens."""
    return server[1]


@pytest.fixture(params=["plain", "streamed"])
def stream(request: pytest.FixtureRequest, server: tuple[str, str]) -> bool:
    """Whether a call that fails asks for a stream."""
    if server[0] == "fakellm" and request.param == "streamed":
        pytest.skip("fakellm has no failures for streams: it answers 200 with a text of its own")
    return bool(request.param == "streamed")


@pytest.fixture(params=["sync", "async"])
def driver(request: pytest.FixtureRequest) -> Iterator[Driver]:
    """Each kind of client, over the transport it has by itself."""
    made: Driver = (SyncDriver if request.param == "sync" else AsyncDriver)(siray_chat)
    yield made
    made.close()


def client(driver: Driver, url: str, **options: Any) -> Any:
    """A client whose deviations from the document are errors."""
    return driver.client(url, **{"api_key": KEY, "strict": True, **options})


def asking(text: str) -> list[dict[str, str]]:
    """A conversation of one question."""
    return [{"role": "user", "content": text}]


def calls_of(message: Any) -> list[tuple[str, Any]]:
    """Names and arguments of the calls of tools in a message."""
    return [
        (call.function.name, json.loads(call.function.arguments)) for call in message.tool_calls
    ]


def test_a_text_is_the_same_both_ways(driver: Driver, url: str) -> None:
    used = client(driver, url)
    whole = driver.create(used, messages=asking("tell a story"))
    choice = whole.choices[0]
    assert (choice.message.role, choice.message.content) == ("assistant", STORY)
    assert choice.finish_reason == "stop" and whole.usage.completion_tokens >= 0
    stream = driver.create(used, messages=asking("tell a story"), stream=True)
    items = driver.items(stream)
    pieces = [choice.delta.content or "" for item in items for choice in item.choices]
    assert "".join(pieces) == STORY and len([text for text in pieces if text]) > 5
    final = driver.final(stream)
    assert final.choices[0].message.content == STORY
    assert (final.choices[0].finish_reason, final.choices[0].message.role) == ("stop", "assistant")


def test_calls_of_tools_come_whole_and_in_pieces(driver: Driver, url: str) -> None:
    used = client(driver, url)
    whole = driver.create(used, messages=asking("weather"), tools=TOOLS)
    assert calls_of(whole.choices[0].message) == CALLS
    stream = driver.create(used, messages=asking("weather"), tools=TOOLS, stream=True)
    final = driver.final(stream)
    message = final.choices[0].message
    assert calls_of(message) == CALLS and final.choices[0].finish_reason == "tool_calls"
    identities = [call.id for call in message.tool_calls]
    assert len(set(identities)) == 2 and all(identities)
    history = [*asking("weather"), message]
    history += [{"role": "tool", "tool_call_id": i, "content": "count"} for i in identities]
    answer = driver.create(used, messages=[*history, *asking("count")])
    assert answer.choices[0].message.content == COUNT


def test_a_wrong_key_is_an_authentication_error(driver: Driver, url: str, stream: bool) -> None:
    used = client(driver, url, api_key="wrong")
    with pytest.raises(siray_chat.AuthenticationError) as caught:
        driver.create(used, messages=asking("count"), stream=stream)
    error = caught.value
    assert (error.status_code, error.attempts, error.retryable) == (401, 1, False)
    assert "key" in str(error).lower()
    assert error.body is not None and error.headers["content-type"].startswith("application/json")


def test_too_many_requests_are_retried_and_then_an_error(
    driver: Driver, url: str, stream: bool
) -> None:
    used = client(driver, url, max_retries=1)
    with pytest.raises(siray_chat.RateLimitError, match="Too many requests") as caught:
        driver.create(used, messages=asking("slow down"), stream=stream)
    assert (caught.value.status_code, caught.value.attempts) == (429, 2)
    assert caught.value.retryable


def test_a_stream_that_is_left_does_not_harm_the_next_call(driver: Driver, url: str) -> None:
    used = client(driver, url)
    for _ in range(5):
        stream = driver.create(used, messages=asking("tell a story"), stream=True)
        assert len(driver.items(stream, limit=2)) == 2
        driver.call(stream.close if driver.kind == "sync" else stream.aclose)
        whole = driver.create(used, messages=asking("count"))
        assert whole.choices[0].message.content == COUNT


def test_many_streams_at_once_do_not_mix(driver: Driver, url: str) -> None:
    used = client(driver, url)
    wanted = {"tell a story": STORY, "count": COUNT}
    questions = list(wanted) * 15

    def read(question: str) -> str:
        with used.chat.completions.create(
            model="m", messages=asking(question), stream=True
        ) as stream:
            return "".join(item.choices[0].delta.content or "" for item in stream if item.choices)

    async def read_all() -> list[str]:
        async def one(question: str) -> str:
            stream = await used.chat.completions.create(
                model="m", messages=asking(question), stream=True
            )
            async with stream:
                pieces = [i.choices[0].delta.content or "" async for i in stream if i.choices]
            return "".join(pieces)

        return await asyncio.gather(*map(one, questions))

    if driver.kind == "async":
        texts = driver.call(read_all)
    else:
        with ThreadPoolExecutor(16) as pool:
            texts = list(pool.map(read, questions))
    assert texts == [wanted[question] for question in questions]
