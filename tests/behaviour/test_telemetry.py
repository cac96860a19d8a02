"""What OpenTelemetry gets to see: spans of attempts, spans of chats, and measurements."""

from __future__ import annotations

import asyncio
import gc
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind, StatusCode, get_current_span

from tests.behaviour.driving import MESSAGES, Driver, SyncDriver
from tests.behaviour.fault_server import (
    CUT,
    RESET,
    STALL,
    FaultServer,
    Pause,
    reply,
    serving,
    stream,
)
from tests.behaviour.test_answers import completion

KEY = "sk-test-0123456789"
USAGE = {
    "prompt_tokens": 11,
    "completion_tokens": 7,
    "total_tokens": 18,
    "prompt_tokens_details": {"cached_tokens": 4},
    "completion_tokens_details": {"reasoning_tokens": 3},
}


def event(**fields: Any) -> bytes:
    chunk = {"id": "c_1", "object": "chat.completion.chunk", "created": 1, "model": "m-1"}
    return f"data: {json.dumps({**chunk, 'choices': [], **fields})}\n\n".encode()


def piece(text: str | None, finish: str | None = None, **delta: Any) -> bytes:
    if text is not None:
        delta["content"] = text
    return event(choices=[{"index": 0, "delta": delta, "finish_reason": finish}])


DONE = b"data: [DONE]\n\n"
WHOLE = (piece("Hel"), piece("lo"), piece(None, "stop"), event(usage=USAGE), DONE)


@pytest.fixture(scope="session")
def package(handmade: ModuleType) -> ModuleType:
    """One package will do here."""
    return handmade


class Recorded:
    """What was exported."""

    def __init__(self) -> None:
        self.exporter = InMemorySpanExporter()
        self.reader = InMemoryMetricReader()
        self.tracer_provider = TracerProvider()
        self.tracer_provider.add_span_processor(SimpleSpanProcessor(self.exporter))
        self.meter_provider = MeterProvider([self.reader])

    def hooks(self, driver: Driver, **options: Any) -> Any:
        return driver.package.telemetry.OpenTelemetry(
            tracer_provider=self.tracer_provider, meter_provider=self.meter_provider, **options
        )

    def spans(self, name: str = "") -> list[ReadableSpan]:
        found = [span for span in self.exporter.get_finished_spans() if span.name.startswith(name)]
        return sorted(found, key=lambda span: span.start_time or 0)

    def points(self, name: str) -> list[Any]:
        data = self.reader.get_metrics_data()
        return [
            point
            for resource in (data.resource_metrics if data else ())
            for scope in resource.scope_metrics
            for metric in scope.metrics
            if metric.name == name
            for point in metric.data.data_points
        ]


@pytest.fixture
def recorded() -> Iterator[Recorded]:
    made = Recorded()
    yield made
    made.tracer_provider.shutdown()
    made.meter_provider.shutdown()


async def turn() -> None:
    await asyncio.sleep(0)


def attributes(span: ReadableSpan) -> dict[str, Any]:
    return dict(span.attributes or {})


def test_a_chat_is_one_span_around_its_attempts(driver: Driver, recorded: Recorded) -> None:
    answer = completion(model="m-1", usage=USAGE)
    with serving(reply(status=500), reply(answer)) as server:
        client = driver.client(server.url, hooks=recorded.hooks(driver), max_retries=1)
        more = {"temperature": 0.5, "max_tokens": 64, "top_p": 0.9, "seed": 3, "n": 2}
        driver.create(client, options={"body": more})
        port = int(server.url.rpartition(":")[2])
        sent = [request.headers for request in server.requests]
    chat, first, second = recorded.spans()
    assert chat.name == "chat m" and chat.kind is SpanKind.CLIENT
    assert chat.status.status_code is StatusCode.UNSET
    seen = attributes(chat)
    seen.pop("gen_ai.response.id")
    assert seen == {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": "siray",
        "gen_ai.request.model": "m",
        "gen_ai.request.temperature": 0.5,
        "gen_ai.request.max_tokens": 64,
        "gen_ai.request.top_p": 0.9,
        "gen_ai.request.seed": 3,
        "gen_ai.request.choice.count": 2,
        "gen_ai.response.model": "m-1",
        "gen_ai.response.finish_reasons": ("stop",),
        "gen_ai.usage.input_tokens": 11,
        "gen_ai.usage.output_tokens": 7,
        "gen_ai.usage.cache_read.input_tokens": 4,
        "gen_ai.usage.reasoning.output_tokens": 3,
        "server.address": "127.0.0.1",
        "server.port": port,
    }
    for number, (span, status) in enumerate(((first, 500), (second, 200))):
        assert span.parent is not None and span.parent.span_id == chat.context.span_id
        assert span.name == "POST /v1/chat/completions" and span.kind is SpanKind.CLIENT
        seen = attributes(span)
        assert seen["http.request.method"] == "POST"
        assert (seen["server.address"], seen["server.port"]) == ("127.0.0.1", port)
        assert seen["url.full"] == f"{server.url}/v1/chat/completions"
        assert seen["http.response.status_code"] == status
        assert seen.get("http.request.resend_count") == (number or None)
        assert seen.get("error.type") == ("500" if number == 0 else None)
        trace = f"00-{span.context.trace_id:032x}-{span.context.span_id:016x}-"
        assert sent[number]["traceparent"].startswith(trace)
    assert first.status.status_code is StatusCode.ERROR
    (duration,) = recorded.points("gen_ai.client.operation.duration")
    assert duration.count == 1 and duration.attributes["gen_ai.request.model"] == "m"
    tokens = recorded.points("gen_ai.client.token.usage")
    assert {point.attributes["gen_ai.token.type"]: point.sum for point in tokens} == {
        "input": 11,
        "output": 7,
    }
    http = recorded.points("http.client.request.duration")
    assert sorted(point.attributes["http.response.status_code"] for point in http) == [200, 500]
    assert not any("first_chunk" in key for key in attributes(chat))


def test_a_stream_is_recorded_to_its_last_chunk(driver: Driver, recorded: Recorded) -> None:
    with serving(stream(*WHOLE)) as server:
        client = driver.client(server.url, hooks=recorded.hooks(driver))
        opened = driver.create(client, stream=True)
        assert recorded.spans() == []
        assert len(driver.items(opened)) == 4
        driver.call(opened.close if driver.kind == "sync" else opened.aclose)
    chat, attempt = recorded.spans()
    seen = attributes(chat)
    assert seen["gen_ai.request.stream"] is True
    assert seen["gen_ai.response.id"] == "c_1"
    assert seen["gen_ai.response.finish_reasons"] == ("stop",)
    assert (seen["gen_ai.usage.input_tokens"], seen["gen_ai.usage.output_tokens"]) == (11, 7)
    assert 0 < seen["gen_ai.response.time_to_first_chunk"] < 60
    assert attempt.end_time <= chat.end_time
    (first,) = recorded.points("gen_ai.client.operation.time_to_first_chunk")
    assert first.count == 1


@pytest.mark.parametrize("how", ["break", "close", "garbage", "never begun"])
def test_a_stream_that_is_left_ends_its_spans_without_an_error(
    driver: Driver, recorded: Recorded, how: str
) -> None:
    with serving(stream(*WHOLE[:1], STALL, end=False)) as server:
        client = driver.client(server.url, hooks=recorded.hooks(driver))
        opened = driver.create(client, stream=True)
        if how != "never begun":
            assert len(driver.items(opened, limit=1)) == 1
        if how == "close":
            driver.call(opened.close if driver.kind == "sync" else opened.aclose)
        del opened
        gc.collect()
        if driver.kind == "async":
            driver.call(turn)  # an async generator that is left is closed by its loop
        chat, _ = recorded.spans()
    assert chat.status.status_code is StatusCode.UNSET
    assert attributes(chat)["gen_ai.request.model"] == "m"


def test_a_broken_stream_is_an_error_of_chat_and_attempt(
    driver: Driver, recorded: Recorded
) -> None:
    with serving(stream(*WHOLE[:2], Pause(0.1), CUT, end=False)) as server:
        client = driver.client(server.url, hooks=recorded.hooks(driver))
        with pytest.raises(driver.errors.StreamTruncatedError):
            driver.items(driver.create(client, stream=True))
    for span in recorded.spans():
        assert span.status.status_code is StatusCode.ERROR
        assert attributes(span)["error.type"] == "StreamTruncatedError"
    (duration,) = recorded.points("gen_ai.client.operation.duration")
    assert duration.attributes["error.type"] == "StreamTruncatedError"


def test_failures_have_a_type_and_no_key(driver: Driver, recorded: Recorded) -> None:
    echo = json.dumps({"error": {"message": f"bad key {KEY}"}})
    with serving(reply(echo, 401), [RESET]) as server:
        client = driver.client(server.url, hooks=recorded.hooks(driver), max_retries=0)
        with pytest.raises(driver.errors.AuthenticationError):
            driver.create(client, options={"query": {"token": "top secret", "page": 2}})
        with pytest.raises(driver.errors.APIConnectionError):
            driver.create(client)
    spans = recorded.spans()
    assert [attributes(span)["error.type"] for span in spans] == [
        "AuthenticationError",
        "401",
        "APIConnectionError",
        "APIConnectionError",
    ]
    assert attributes(spans[1])["url.full"].endswith("/completions?token=***&page=2")
    everything = "".join(span.to_json() for span in spans)
    assert KEY not in everything and "top secret" not in everything


def test_contents_are_recorded_only_when_asked_for(
    driver: Driver, recorded: Recorded, monkeypatch: pytest.MonkeyPatch
) -> None:
    call = {"index": 0, "id": "t_1", "type": "function", "function": {"name": "f"}}
    pieces = (
        piece("It "),
        piece("rains"),
        piece(None, tool_calls=[{**call, "function": {"name": "f", "arguments": '{"a"'}}]),
        piece(None, tool_calls=[{"index": 0, "function": {"arguments": ": 1}"}}]),
        piece(None, "tool_calls"),
        DONE,
    )
    messages = [
        {"role": "system", "content": "Be brief"},
        {"role": "user", "content": [{"type": "text", "text": "Weather?"}]},
        {"role": "tool", "tool_call_id": "t_0", "content": "wet"},
    ]
    with serving(stream(*pieces)) as server:
        client = driver.client(server.url, hooks=recorded.hooks(driver))
        driver.read(client, messages=messages)
        monkeypatch.setenv("OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT", "true")
        client = driver.client(server.url, hooks=recorded.hooks(driver))
        driver.read(client, messages=messages)
    silent, told = recorded.spans("chat")
    assert "Weather" not in silent.to_json() and "rains" not in silent.to_json()
    assert json.loads(attributes(told)["gen_ai.input.messages"]) == [
        {"role": "system", "parts": [{"type": "text", "content": "Be brief"}]},
        {"role": "user", "parts": [{"type": "text", "content": "Weather?"}]},
        {
            "role": "tool",
            "parts": [{"type": "tool_call_response", "id": "t_0", "response": "wet"}],
        },
    ]
    assert json.loads(attributes(told)["gen_ai.output.messages"]) == [
        {
            "role": "assistant",
            "parts": [
                {"type": "text", "content": "It rains"},
                {"type": "tool_call", "id": "t_1", "name": "f", "arguments": {"a": 1}},
            ],
            "finish_reason": "tool_calls",
        }
    ]


def test_attempts_belong_to_the_span_of_the_caller(driver: Driver, recorded: Recorded) -> None:
    tracer = recorded.tracer_provider.get_tracer("test")

    def made() -> Any:
        return client.chat.completions.create(model="m", messages=MESSAGES)

    def inside() -> Any:
        with tracer.start_as_current_span("outer") as span:
            made()
            assert get_current_span() is span

    async def inside_async() -> Any:
        with tracer.start_as_current_span("outer") as span:
            await made()
            assert get_current_span() is span

    with serving(reply(completion())) as server:
        client = driver.client(server.url, hooks=recorded.hooks(driver, http_spans=False))
        driver.call(inside if driver.kind == "sync" else inside_async)
        headers = server.requests[0].headers
    outer, chat = recorded.spans()
    assert (outer.name, chat.name) == ("outer", "chat m")
    assert chat.parent is not None and chat.parent.span_id == outer.context.span_id
    assert f"{chat.context.span_id:016x}" in headers["traceparent"]


def test_instrument_keeps_the_hooks_of_a_client(driver: Driver, recorded: Recorded) -> None:
    seen: list[Any] = []
    with serving(reply(completion())) as server:
        client = driver.client(server.url, hooks=driver.package.Hooks(response=seen.append))
        driver.package.telemetry.instrument(
            client,
            tracer_provider=recorded.tracer_provider,
            meter_provider=recorded.meter_provider,
            provider="cloud",
        )
        driver.create(client)
    assert len(seen) == 1
    assert attributes(recorded.spans("chat")[0])["gen_ai.provider.name"] == "cloud"


def test_other_operations_have_spans_of_attempts_alone(
    handmade: ModuleType, recorded: Recorded
) -> None:
    driver = SyncDriver(handmade)
    moved = reply(b"", 307, ("Location", "/elsewhere"))
    with serving(moved, reply('{"id": "t_1", "name": "x"}')) as server:
        client = driver.client(server.url, hooks=recorded.hooks(driver))
        client.execute(client.things.get_request("t 1"))
        driver.close()
    first, second = recorded.spans()
    assert first.name == second.name == "GET /things/{id}"
    assert [attributes(span)["http.response.status_code"] for span in (first, second)] == [307, 200]
    assert attributes(second)["http.request.resend_count"] == 1
    assert first.parent is None


def test_nothing_of_it_is_imported_before_it_is_wanted(handmade: ModuleType) -> None:
    assert handmade.__file__ is not None
    with FaultServer(reply(completion())) as server:
        code = f"""
import sys
import {handmade.__name__} as package
with package.Siray(api_key="k", base_url={server.url!r}) as client:
    client.chat.completions.create(model="m", messages=[])
print([name for name in sys.modules if "opentelemetry" in name or "watching" in name])
"""
        result = subprocess.run(
            [sys.executable, "-c", code],
            env={"PYTHONPATH": str(Path(handmade.__file__).parents[1])},
            capture_output=True,
            text=True,
            timeout=60,
        )
    assert result.stdout == "[]\n", result.stderr
