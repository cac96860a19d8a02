"""Streams: what ends them, what is kept of them, what repeats in every chunk."""

from __future__ import annotations

import json
import logging
from typing import Any

import pytest

from tests.behaviour.driving import Driver
from tests.behaviour.fault_server import CUT, RESET, STALL, Pause, serving, stream
from tests.behaviour.test_streams import DONE, HELLO, chunk, data, text


def choice(index: int, content: str | None, finish: str | None = None) -> bytes:
    made = chunk(content, finish)
    made["choices"][0]["index"] = index
    return data(made)


USAGE = {"prompt_tokens": 1, "completion_tokens": 2, "total_tokens": 3}
USED = data(chunk(choices=[], usage=USAGE))


# -- after the finishing chunk


AFTER_FINISH: dict[str, list[object]] = {
    "cut": [*stream(*HELLO, end=False), CUT],
    "cut inside the next event": [*stream(*HELLO, USED[:30], end=False), CUT],
    "reset": [*stream(*HELLO, end=False), Pause(0.1), RESET],
    "ended": list(stream(*HELLO)),
    "nothing more, open": [*stream(*HELLO, end=False), STALL],
}


@pytest.mark.parametrize("case", AFTER_FINISH)
def test_after_the_finishing_chunk_nothing_is_missing(driver: Driver, case: str) -> None:
    with serving(AFTER_FINISH[case]) as server:
        answer = driver.create(driver.client(server.url, timeout=30), stream=True)
        assert text(driver.items(answer)) == "Hello"
        assert driver.final(answer).choices[0].finish_reason == "stop"
    assert len(server.requests) == 1


def test_token_counts_may_follow_the_finishing_chunk(driver: Driver) -> None:
    steps = [*stream(*HELLO, end=False), Pause(0.2), *stream(USED, DONE)[1:]]
    with serving(steps) as server:
        answer = driver.create(driver.client(server.url), stream=True)
        assert driver.items(answer)[-1].usage.total_tokens == 3
        assert driver.final(answer).usage.total_tokens == 3


def test_a_choice_that_has_not_finished_is_a_cut(driver: Driver) -> None:
    events = [choice(0, "a"), choice(1, "b"), choice(0, None, "stop"), choice(1, "c")]
    with serving([*stream(*events, end=False), CUT]) as server:
        answer = driver.create(driver.client(server.url), stream=True)
        with pytest.raises(driver.errors.StreamTruncatedError) as caught:
            driver.items(answer)
    first, second = caught.value.partial.choices
    assert (first.message.content, second.message.content) == ("a", "bc")


def test_several_choices(driver: Driver) -> None:
    events = [choice(1, "b"), choice(0, "a"), choice(0, None, "stop"), choice(1, None, "length")]
    with serving(stream(*events)) as server:
        whole = driver.final(driver.create(driver.client(server.url), stream=True))
    assert [(c.index, c.message.content, c.finish_reason) for c in whole.choices] == [
        (0, "a", "stop"),
        (1, "b", "length"),
    ]


# -- what is kept


def test_nothing_is_kept_where_that_is_asked_for(driver: Driver) -> None:
    with serving(stream(*HELLO, DONE)) as server:
        answer = driver.create(driver.client(server.url), stream=True, options={"keep": False})
        assert text(driver.items(answer)) == "Hello"
        with pytest.raises(driver.errors.ConfigurationError, match="keep"):
            driver.final(answer)


def test_the_whole_of_a_stream_that_keeps_nothing(driver: Driver) -> None:
    with serving(stream(*HELLO, USED, DONE)) as server:
        answer = driver.create(driver.client(server.url), stream=True, options={"keep": False})
        whole = driver.final(answer)
        assert whole.choices[0].message.content == "Hello"
        assert whole.usage.total_tokens == 3
        assert driver.final(answer) == whole


def test_a_cut_stream_that_keeps_nothing(driver: Driver) -> None:
    with serving(stream(*HELLO[:2])) as server:
        client = driver.client(server.url)
        options = {"keep": False}
        answer = driver.create(client, stream=True, options=options)
        with pytest.raises(driver.errors.StreamTruncatedError) as caught:
            driver.items(answer)
        assert caught.value.partial is None
        answer = driver.create(client, stream=True, options=options)
        with pytest.raises(driver.errors.StreamTruncatedError) as caught:
            driver.final(answer)
        assert caught.value.partial.choices[0].message.content == "Hello"


@pytest.mark.parametrize("case", ["cut", "nothing more, open"])
def test_a_finish_is_seen_without_keeping(driver: Driver, case: str) -> None:
    with serving(AFTER_FINISH[case]) as server:
        client = driver.client(server.url, timeout=30)
        assert text(driver.read(client, options={"keep": False})) == "Hello"


def test_long_streams_are_whole_and_in_order(driver: Driver) -> None:
    words = [f"{number} " for number in range(3000)]
    events = [data(chunk(word)) for word in words]
    blocks = [b"".join(events[start : start + 70]) for start in range(0, len(events), 70)]
    with serving(stream(*blocks, HELLO[2], DONE)) as server:
        client = driver.client(server.url)
        answer = driver.create(client, stream=True)
        assert text(driver.items(answer)) == "".join(words)
        assert driver.final(answer).choices[0].message.content == "".join(words)
        whole = driver.final(driver.create(client, stream=True))
        assert whole.choices[0].message.content == "".join(words)


def test_leaving_in_the_middle_of_a_block(driver: Driver) -> None:
    with serving([*stream(b"".join(HELLO), end=False), STALL]) as server:
        answer = driver.create(driver.client(server.url), stream=True)
        assert text(driver.items(answer, limit=1)) == "Hel"
        driver.call(answer.close if driver.kind == "sync" else answer.aclose)
        assert driver.items(answer) == []
        with pytest.raises(driver.errors.StreamTruncatedError) as caught:
            driver.final(answer)
        assert caught.value.partial.choices[0].message.content == "Hel"


# -- what does not match, again and again


def odd(number: int) -> dict[str, Any]:
    made = chunk(f"{number} ", obfuscation="x" * (number % 5), usage={"total_tokens": number})
    made["created"] = str(number)
    made["choices"][0]["delta"]["mood"] = {"level": number}
    return made


@pytest.mark.parametrize("size", [1, 7, 40])
def test_odd_chunks_are_all_alike_from_first_to_last(
    driver: Driver, size: int, caplog: pytest.LogCaptureFixture
) -> None:
    chunks = [odd(number) for number in range(40)]
    events = list(map(data, chunks))
    blocks = [b"".join(events[start : start + size]) for start in range(0, 40, size)]
    with serving(stream(*blocks, HELLO[2], DONE)) as server:
        with caplog.at_level(logging.WARNING, driver.package.__name__):
            answer = driver.create(driver.client(server.url), stream=True)
            items = driver.items(answer)
    assert [item.to_dict() for item in items[:-1]] == chunks
    assert [item.usage.total_tokens for item in items[:-1]] == list(range(40))
    assert [item.created for item in items[:-1]] == [str(number) for number in range(40)]
    assert all(item.usage.prompt_tokens is None for item in items[:-1])
    assert text(items) == "".join(f"{number} " for number in range(40))
    assert driver.final(answer).choices[0].message.content == text(items)
    assert len([record for record in caplog.records if record.name == driver.package.__name__]) == 1


def test_a_strict_stream_keeps_unknown_fields_and_nothing_else(driver: Driver) -> None:
    chunks = [chunk(str(number), obfuscation="x") for number in range(30)]
    wrong = chunk("x", usage={"total_tokens": 1})
    with serving(stream(*map(data, chunks), data(wrong), DONE)) as server:
        client = driver.client(server.url, strict=True)
        answer = driver.create(client, stream=True)
        with pytest.raises(driver.errors.ResponseValidationError, match="usage"):
            driver.items(answer)


def test_an_error_after_many_odd_chunks_is_an_error(driver: Driver) -> None:
    chunks = [{"id": None, "obfuscation": "x", "error": None} for _ in range(20)]
    events = [*map(data, chunks), data({"error": {"message": "overloaded"}})]
    with serving(stream(*events, DONE)) as server:
        with pytest.raises(driver.errors.StreamServerError, match="overloaded"):
            driver.read(driver.client(server.url))


def test_an_error_in_the_middle_of_a_block(driver: Driver) -> None:
    failure = data({"error": {"message": "overloaded"}})
    with serving(stream(HELLO[0] + HELLO[1] + failure + HELLO[2] + DONE)) as server:
        answer = driver.create(driver.client(server.url), stream=True)
        with pytest.raises(driver.errors.StreamServerError) as caught:
            driver.items(answer)
        assert caught.value.partial.choices[0].message.content == "Hello"
        assert caught.value.partial.choices[0].finish_reason is None


def test_events_with_names_and_ids(driver: Driver) -> None:
    events = [b"event: chunk\nid: %d\n%s" % (number, event) for number, event in enumerate(HELLO)]
    with serving(stream(b"".join(events[:2]), events[2], DONE)) as server:
        answer = driver.create(driver.client(server.url, strict=True), stream=True)
        assert text(driver.items(answer)) == "Hello"
        assert driver.final(answer).choices[0].message.content == "Hello"
        assert answer.last_event_id == "2"


@pytest.mark.parametrize("keep", [True, False])
def test_heartbeats_with_data_are_not_part_of_the_whole(driver: Driver, keep: bool) -> None:
    ping = b'event: ping\ndata: {"type": "ping", "noise": "no"}\n\n'
    with serving(stream(HELLO[0] + ping + HELLO[1], ping + HELLO[2], ping, DONE)) as server:
        client = driver.client(server.url)
        answer = driver.create(client, stream=True)
        assert text(driver.items(answer)) == "Hello"
        if not keep:
            answer = driver.create(client, stream=True, options={"keep": False})
        whole = driver.final(answer)
    assert whole.choices[0].message.content == "Hello"
    assert whole.extra == {}


def test_what_the_reader_throws_is_not_taken_for_a_bad_event(driver: Driver) -> None:
    if driver.kind == "async":
        pytest.skip("nothing can be thrown into what is no generator")
    with serving([*stream(b"".join(HELLO), end=False), STALL]) as server:
        answer = driver.create(driver.client(server.url), stream=True)
        reading = iter(answer)
        next(reading)
        with pytest.raises(ValueError, match="mine"):
            reading.throw(ValueError("mine"))
        assert driver.items(answer) == []


def test_one_item_at_a_time(driver: Driver) -> None:
    with serving(stream(b"".join(HELLO[:2]), data(odd(5)), HELLO[2], DONE)) as server:
        answer = driver.create(driver.client(server.url), stream=True)
        found: list[Any] = []
        while True:
            try:
                one = driver.call(answer.__next__ if driver.kind == "sync" else answer.__anext__)
            except (StopIteration, StopAsyncIteration):
                break
            found.append(one)
        assert text(found) == "Hello5 "
        assert driver.final(answer).choices[0].message.content == "Hello5 "


@pytest.mark.parametrize("framing", [b"\r\n", b"\r"])
def test_other_line_ends_in_any_block(driver: Driver, framing: bytes) -> None:
    body = b"".join([*HELLO, DONE]).replace(b"\n", framing)
    for size in (11, 64, 1000):
        blocks = [body[start : start + size] for start in range(0, len(body), size)]
        with serving(stream(*blocks)) as server:
            answer = driver.create(driver.client(server.url, strict=True), stream=True)
            assert text(driver.items(answer)) == "Hello"


def test_invalid_json_is_shown(driver: Driver) -> None:
    with serving(stream(HELLO[0] + b'data: {"id": 1} {"id": 2}\n\n' + HELLO[1])) as server:
        with pytest.raises(driver.errors.StreamDecodeError) as caught:
            driver.read(driver.client(server.url))
    assert caught.value.data == b'{"id": 1} {"id": 2}'
    assert json.loads(caught.value.partial.to_json())["choices"][0]["message"]["content"] == "Hel"


# -- what some servers do


ERRORS: dict[str, Any] = {
    "beside an empty choice": chunk(
        "", "error", error={"code": "server_error", "message": "the provider is gone"}
    ),
    "flat": {"object": "error", "message": "the provider is gone", "code": 400, "param": None},
    "flat, without a code": {"type": "error", "message": "the provider is gone"},
}


@pytest.mark.parametrize("case", ERRORS)
def test_an_error_in_the_middle(driver: Driver, case: str) -> None:
    for _ in range(3):  # names that come often are learned; this one is not
        with serving(stream(*HELLO[:2], *[data(ERRORS[case])] * 5, HELLO[2], DONE)) as server:
            with pytest.raises(driver.errors.StreamServerError, match="is gone") as caught:
                driver.read(driver.client(server.url))
        assert caught.value.partial.choices[0].message.content == "Hello"


def test_an_error_of_null_is_none(driver: Driver) -> None:
    events = [data(chunk(str(n % 10), error=None)) for n in range(20)]
    with serving(stream(*events, HELLO[2], DONE)) as server:
        assert text(driver.read(driver.client(server.url))) == "0123456789" * 2


@pytest.mark.parametrize("end", ["[DONE] ", '"[DONE]"'])
def test_a_terminator_with_something_around_it(driver: Driver, end: str) -> None:
    with serving(stream(*HELLO, f"data: {end}\n\n".encode())) as server:
        answer = driver.create(driver.client(server.url), stream=True)
        assert text(driver.items(answer)) == "Hello"
        assert driver.final(answer).choices[0].message.content == "Hello"


@pytest.mark.parametrize("options", [{}, {"keep": False}])
def test_final_alone_notices_a_choice_that_has_not_finished(
    driver: Driver, options: dict[str, Any]
) -> None:
    events = [choice(0, "a"), choice(1, "b"), *[choice(0, "c")] * 5, choice(0, None, "stop")]
    with serving(stream(b"".join(events))) as server:
        answer = driver.create(driver.client(server.url), stream=True, options=options)
        with pytest.raises(driver.errors.StreamTruncatedError) as caught:
            driver.final(answer)
    assert [c.message.content for c in caught.value.partial.choices] == ["accccc", "b"]


def test_choices_that_finish_far_apart_where_nothing_is_kept(driver: Driver) -> None:
    events = [choice(0, "a", "stop"), *[choice(1, "b")] * 50, choice(1, None, "stop")]
    with serving(stream(b"".join(events))) as server:
        answer = driver.create(driver.client(server.url), stream=True, options={"keep": False})
        assert len(driver.items(answer)) == 52


def test_halves_of_a_character_are_joined(driver: Driver) -> None:
    halves = [data(chunk("@")).replace(b"@", half) for half in (b"\\ud83c", b"\\udf88")]
    with serving(stream(HELLO[0], *halves, HELLO[2], DONE)) as server:
        whole = driver.final(driver.create(driver.client(server.url), stream=True))
    assert whole.choices[0].message.content == "Hel\U0001f388"


def test_calls_that_are_all_numbered_zero(driver: Driver) -> None:
    def call(arguments: str, **more: Any) -> bytes:
        function = {"arguments": arguments} | ({"name": more.pop("name")} if more else {})
        made = chunk()
        made["choices"][0]["delta"] = {"tool_calls": [{"index": 0, "function": function, **more}]}
        return data(made)

    events = [
        call("[1", id="a", name="f"), call("]"), call("[2", id="b", name="g"), call("]"),
        call("[3]", id="c", name="g"),
    ]  # fmt: skip
    with serving(stream(*events, HELLO[2], DONE)) as server:
        whole = driver.final(driver.create(driver.client(server.url), stream=True))
    calls = whole.choices[0].message.tool_calls
    assert [(c.id, c.function.name, c.function.arguments) for c in calls] == [
        ("a", "f", "[1]"),
        ("b", "g", "[2]"),
        ("c", "g", "[3]"),
    ]
