"""The official `openai` package, unchanged, against `sdkpress mock siray-chat`."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Coroutine, Iterator
from pathlib import Path
from typing import Any

import pytest

from sdkpress.bundling import load_document
from sdkpress.diagnostics import Diagnostics
from sdkpress.overlays import apply_overlays
from sdkpress.runtime.testing.app import FakeApp
from sdkpress.runtime.testing.serving import serve
from tests.behaviour.mock_command import mock_command

openai = pytest.importorskip("openai", reason="the openai package is not installed")

MODEL = "alibaba/qwen3-max-256k"
HELLO: list[Any] = [{"role": "user", "content": "Say hello."}]
GREETING = "Hello! How can I help you today?"


def function(name: str, **properties: Any) -> dict[str, Any]:
    """A tool as a request offers it; every argument is required."""
    schema = {"type": "object", "properties": properties, "required": list(properties)}
    return {"type": "function", "function": {"name": name, "parameters": schema}}


WEATHER = function("get_weather", city={"type": "string"})
ADD = function("add", a={"type": "integer"}, b={"type": "integer", "minimum": 5})


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    """The base URL for OpenAI's clients."""
    with mock_command("siray-chat") as mock:
        yield f"{mock.url}/v1"


@pytest.fixture
def client(url: str) -> Iterator[Any]:
    """A client of the usual kind."""
    with openai.OpenAI(api_key="sk-test", base_url=url) as made:
        yield made


def run(url: str, work: Callable[[Any], Coroutine[Any, Any, Any]], **options: Any) -> Any:
    """Run a coroutine that is given an asynchronous client."""

    async def with_client() -> Any:
        async with openai.AsyncOpenAI(api_key="sk-test", base_url=url, **options) as made:
            return await work(made)

    return asyncio.run(with_client())


def converse(client: Any, messages: list[Any], tools: list[Any], **options: Any) -> list[Any]:
    """What an agent does: answer every call of a function until the answer is text."""
    messages = list(messages)
    for _ in range(5):
        choice = client.chat.completions.create(
            model=MODEL, messages=messages, tools=tools, **options
        ).choices[0]
        messages.append(choice.message)
        if not choice.message.tool_calls:
            assert choice.finish_reason == "stop"
            return messages
        assert choice.finish_reason == "tool_calls"
        messages += [
            {"role": "tool", "tool_call_id": call.id, "content": "18"}
            for call in choice.message.tool_calls
        ]
    raise AssertionError("the conversation does not end")


def test_a_plain_answer(client: Any, url: str) -> None:
    completion = client.chat.completions.create(model=MODEL, messages=HELLO)
    assert completion.choices[0].message.content == GREETING
    assert completion.usage.total_tokens == 30 and completion._request_id.startswith("fake-")
    raw = client.chat.completions.with_raw_response.create(model=MODEL, messages=HELLO)
    assert (raw.status_code, raw.parse()) == (200, completion)

    async def plain(made: Any) -> Any:
        return await made.chat.completions.create(model=MODEL, messages=HELLO)

    assert run(url, plain) == completion


def test_a_streamed_answer(client: Any, url: str) -> None:
    chunks = list(client.chat.completions.create(model=MODEL, messages=HELLO, stream=True))
    pieces = [chunk.choices[0].delta.content or "" for chunk in chunks]
    assert "".join(pieces) == GREETING and len([text for text in pieces if text]) > 3
    assert chunks[0].choices[0].delta.role == "assistant"
    assert [chunk.usage for chunk in chunks] == [None] * len(chunks)

    async def streamed(made: Any) -> Any:
        stream = await made.chat.completions.create(model=MODEL, messages=HELLO, stream=True)
        return [chunk async for chunk in stream]

    assert run(url, streamed) == chunks


def test_usage_comes_last_where_it_is_asked_for(client: Any) -> None:
    options: Any = {"stream": True, "stream_options": {"include_usage": True}}
    for more in ({}, {"tools": [WEATHER]}, {"tools": [ADD]}):
        chunks = list(
            client.chat.completions.create(model=MODEL, messages=HELLO, **options, **more)
        )
        assert chunks[-1].choices == [] and chunks[-1].usage.total_tokens > 0
        assert all(chunk.usage is None for chunk in chunks[:-1])


def test_the_helper_for_streams(client: Any, url: str) -> None:
    with client.chat.completions.stream(model=MODEL, messages=HELLO) as stream:
        kinds = {event.type for event in stream}
        assert stream.get_final_completion().choices[0].message.content == GREETING
    assert kinds == {"chunk", "content.delta", "content.done"}

    async def streamed(made: Any) -> Any:
        async with made.chat.completions.stream(
            model=MODEL, messages=HELLO, tools=[WEATHER]
        ) as stream:
            async for _ in stream:
                pass
            return await stream.get_final_completion()

    (call,) = run(url, streamed).choices[0].message.tool_calls
    assert (call.function.name, json.loads(call.function.arguments)) == (
        "get_weather",
        {"city": "Paris"},
    )


def test_several_choices(client: Any) -> None:
    whole = client.chat.completions.create(model=MODEL, messages=HELLO, n=3)
    assert [choice.index for choice in whole.choices] == [0, 1, 2]
    with client.chat.completions.stream(model=MODEL, messages=HELLO, n=2) as stream:
        choices = stream.get_final_completion().choices
    assert [choice.message.content for choice in choices] == [GREETING] * 2


@pytest.mark.parametrize("tools", [[WEATHER], [ADD], [ADD, WEATHER]], ids=len)
def test_a_conversation_with_tools_ends(client: Any, tools: list[Any]) -> None:
    _, asked, result, answer = converse(client, HELLO, tools)
    (call,) = asked.tool_calls
    offered = {tool["function"]["name"]: tool["function"]["parameters"] for tool in tools}
    arguments = json.loads(call.function.arguments)
    assert set(arguments) == set(offered[call.function.name]["required"])
    assert arguments.get("b", 5) >= 5
    assert result["tool_call_id"] == call.id and answer.content


def test_two_calls_in_one_answer(client: Any) -> None:
    question = [{"role": "user", "content": "What is the weather in Paris and in London?"}]
    _, asked, *_ = converse(client, question, [WEATHER])
    assert [json.loads(call.function.arguments) for call in asked.tool_calls] == [
        {"city": "Paris"},
        {"city": "London"},
    ]
    with client.chat.completions.stream(model=MODEL, messages=question, tools=[WEATHER]) as stream:
        streamed = stream.get_final_completion().choices[0].message.tool_calls
    assert [call.id for call in streamed] == [call.id for call in asked.tool_calls]


def test_the_choice_of_a_tool_is_obeyed(client: Any) -> None:
    def called(choice: Any, **options: Any) -> list[str]:
        message = (
            client.chat.completions.create(
                model=MODEL, messages=HELLO, tools=[WEATHER, ADD], tool_choice=choice, **options
            )
            .choices[0]
            .message
        )
        return [call.function.name for call in message.tool_calls or ()]

    assert called({"type": "function", "function": {"name": "add"}}) == ["add"]
    assert called("none") == []
    assert called("required") == ["get_weather"]


def test_json_as_the_request_wants_it(client: Any) -> None:
    pydantic = pytest.importorskip("pydantic")
    person = pydantic.create_model("Person", name=str, age=int)
    team = pydantic.create_model("Team", name=str, people=list[person])
    parsed = client.chat.completions.parse(model=MODEL, messages=HELLO, response_format=team)
    assert isinstance(parsed.choices[0].message.parsed, team)
    with client.chat.completions.stream(
        model=MODEL, messages=HELLO, response_format=team
    ) as stream:
        assert isinstance(stream.get_final_completion().choices[0].message.parsed, team)


def test_errors_are_those_of_the_document(client: Any, url: str) -> None:
    def failing(status: int, **options: Any) -> Any:
        return client.with_options(**options).chat.completions.create(
            model=MODEL, messages=HELLO, extra_headers={"Prefer": f"code={status}"}
        )

    with pytest.raises(openai.AuthenticationError) as caught:
        failing(401)
    assert (caught.value.code, caught.value.type) == ("invalid_api_key", "invalid_request_error")
    with pytest.raises(openai.RateLimitError) as limited:
        failing(429, max_retries=0)
    assert limited.value.response.headers["retry-after"] == "1"
    with pytest.raises(openai.InternalServerError):
        failing(500, max_retries=0)
    with pytest.raises(openai.NotFoundError) as unknown:
        client.models.list()
    assert "/v1/models" in unknown.value.message
    with pytest.raises(openai.BadRequestError) as invalid:
        client.chat.completions.create(model=MODEL, messages=[])
    assert invalid.value.param == "messages"

    async def limited_again(made: Any) -> None:
        await made.chat.completions.create(model=MODEL, messages=HELLO)

    with pytest.raises(openai.RateLimitError):
        run(url, limited_again, max_retries=0, default_headers={"Prefer": "code=429"})


def test_keys_and_retries_against_a_scripted_server(repository: Path) -> None:
    folder = repository / "openapi-spec"
    document = load_document(folder / "qwen3-max-256k.yaml", Diagnostics())
    overlay = folder / "qwen3-max-256k.overlay.yaml"
    tree = apply_overlays(document, [overlay], Diagnostics()).tree
    (scheme,) = tree["components"]["securitySchemes"]
    app = FakeApp(tree, credentials={scheme: "right"})
    with serve(app) as served:
        base = f"{served.url}/v1"
        with openai.OpenAI(api_key="something", base_url=base) as client:
            with pytest.raises(openai.AuthenticationError):
                client.chat.completions.create(model=MODEL, messages=HELLO)
        with openai.OpenAI(api_key="right", base_url=base) as client:
            app.reset()
            app.script("POST /v1/chat/completions").fails(status=429, retry_after=0, times=2)
            completion = client.chat.completions.create(model=MODEL, messages=HELLO)
            assert completion.choices[0].message.content == GREETING
            assert len(app.requests) == 3
