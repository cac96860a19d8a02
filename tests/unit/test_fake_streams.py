"""What the fake server streams: pieces that add up to the whole, events in their order."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sdkpress.runtime.testing.app import FakeApp
from sdkpress.runtime.testing.exchanges import ReceivedRequest, Reply
from sdkpress.runtime.testing.texts import words

JSON = "application/json"
SSE = "text/event-stream"
STRING = {"type": "string"}
NULLABLE = {"type": ["string", "null"]}


def obj(required: bool = True, **properties: Any) -> dict[str, Any]:
    """The schema of an object."""
    schema: dict[str, Any] = {"type": "object", "properties": properties}
    return {**schema, "required": list(properties)} if required else schema


def array(items: Any) -> dict[str, Any]:
    """The schema of an array."""
    return {"type": "array", "items": items}


def app_of(content: Mapping[str, Any], body: Any = None) -> FakeApp:
    """A server with one operation, `POST /ask`."""
    schema = body or {"type": "object", "properties": {"stream": {"type": "boolean"}}}
    operation = {
        "requestBody": {"content": {JSON: {"schema": schema}}},
        "responses": {"200": {"description": "", "content": content}},
    }
    return FakeApp(
        {
            "openapi": "3.2.0",
            "info": {"title": "t", "version": "1"},
            "paths": {"/ask": {"post": operation}},
        }
    )


def ask(app: FakeApp, **body: Any) -> Reply:
    """The answer to a body."""
    head = (("content-type", JSON),)
    reply = app.respond(
        ReceivedRequest("POST", "/ask", headers=head, body=json.dumps(body).encode())
    )
    assert reply.status == 200, reply.note
    return reply


def blocks(reply: Reply) -> list[bytes]:
    """The body in the blocks in which it goes out."""
    return [step for step in reply.steps if isinstance(step, bytes)]


def data_of(reply: Reply) -> list[Any]:
    """The data of the events, parsed where they are JSON."""
    found: list[Any] = []
    for block in blocks(reply):
        lines = block.decode().rstrip("\n").split("\n")
        text = "\n".join(line.removeprefix("data: ") for line in lines if line.startswith("data:"))
        try:
            found.append(json.loads(text))
        except ValueError:
            found.append(text)
    return found


FUNCTION = obj(name=STRING, arguments=STRING)
CALL = obj(id=STRING, type={"const": "function"}, function=FUNCTION)
MESSAGE = obj(
    False,
    role={"enum": ["assistant"]},
    content=NULLABLE,
    refusal=NULLABLE,
    reasoning_content=NULLABLE,
    tool_calls=array(CALL),
)
CHOICE = obj(
    False, index={"type": "integer"}, message=MESSAGE, finish_reason=STRING, logprobs={}
) | {"required": ["index", "message", "finish_reason"]}
COMPLETION = obj(False, id=STRING, choices=array(CHOICE), usage={"type": "object"})
CALL_PIECE = obj(
    False, index={"type": "integer"}, id=STRING, type=STRING,
    function=obj(False, name=STRING, arguments=STRING),
)  # fmt: skip
DELTA = obj(
    False,
    role=NULLABLE,
    content=NULLABLE,
    refusal=NULLABLE,
    reasoning_content=NULLABLE,
    tool_calls=array(CALL_PIECE),
)
PIECE = obj(False, index={"type": "integer"}, delta=DELTA, finish_reason=NULLABLE, logprobs={})
CHUNK = obj(False, id=STRING, choices=array(PIECE), usage={"type": ["object", "null"]})
REQUEST = obj(
    False,
    stream={"anyOf": [{"type": "boolean"}, {"type": "null"}]},
    n={"type": "integer"},
    stream_options=obj(False, include_usage={"type": "boolean"}),
    messages=array({"type": "object"}),
)


def chat(example: Any = None) -> FakeApp:
    """A server of chat completions without examples of its own."""
    media: dict[str, Any] = {"schema": COMPLETION}
    if example is not None:
        media["example"] = example
    return app_of({JSON: media, SSE: {"schema": CHUNK}}, REQUEST)


def folded(chunks: list[Any]) -> list[dict[str, Any]]:
    """The messages that chunks add up to, put together as clients do it."""
    messages: dict[int, dict[str, Any]] = {}
    for chunk in chunks:
        for choice in chunk["choices"]:
            message = messages.setdefault(choice["index"], {})
            for name, value in choice["delta"].items():
                if name == "tool_calls":
                    calls = message.setdefault("tool_calls", {})
                    for piece in value:
                        call = calls.setdefault(piece["index"], {"id": "", "name": "", "text": ""})
                        call["id"] += piece.get("id", "")
                        call["name"] += piece.get("function", {}).get("name", "")
                        call["text"] += piece.get("function", {}).get("arguments", "")
                elif value is not None:
                    message[name] = message.get(name, "") + value
            if choice.get("finish_reason") is not None:
                assert "finish" not in message, "nothing follows the end of a choice"
                message["finish"] = choice["finish_reason"]
    return [messages[index] for index in sorted(messages)]


TEXTS = (
    st.text(max_size=80)
    | st.text("昔々ある所にab \n\t🙂👩‍👧é", max_size=60)
    | st.sampled_from(["", " ", "\n\n", "word", "```py\nx = 1\n```\n", " two  blanks ", "a" * 100])
)


@given(TEXTS)
@settings(deadline=None, derandomize=True, max_examples=300)
def test_pieces_add_up_to_the_text(text: str) -> None:
    pieces = words(text)
    assert "".join(pieces) == text
    assert all(pieces)


def test_texts_without_blanks_come_in_pieces_too() -> None:
    assert len(words("昔々あるところにおじいさんとおばあさんがいました。")) > 3
    assert len(words("https://example.com/" + "x" * 60)) > 5
    assert words("Hello there!\n") == ["Hello", " there!\n"]


@given(st.lists(TEXTS, min_size=1, max_size=3), TEXTS, TEXTS, st.booleans())
@settings(deadline=None, derandomize=True, max_examples=60)
def test_chunks_add_up_to_the_completion(
    texts: list[str], thought: str, arguments: str, has_calls: bool
) -> None:
    calls = [
        {"id": f"call_{n}", "type": "function", "function": {"name": "get_it", "arguments": value}}
        for n, value in enumerate((arguments, "{}"))
    ]
    choices = [
        {
            "index": index,
            "message": {
                "role": "assistant",
                "content": text,
                "reasoning_content": thought,
                **({"tool_calls": calls} if has_calls else {}),
            },
            "finish_reason": "tool_calls" if has_calls else "stop",
        }
        for index, text in enumerate(texts)
    ]
    whole = {"id": "c1", "choices": choices, "usage": {"total_tokens": 3}}
    *chunks, end = data_of(ask(chat(whole), stream=True))
    assert end == "[DONE]"
    assert all(chunk.get("usage") is None for chunk in chunks)
    for choice in range(len(texts)):
        first, *_ = [c for k in chunks for c in k["choices"] if c["index"] == choice]
        assert first["delta"]["role"] == "assistant"
    messages = folded(chunks)
    assert [message["content"] for message in messages] == texts
    assert {message["reasoning_content"] for message in messages} == {thought}
    assert {message["finish"] for message in messages} == {choices[0]["finish_reason"]}
    if has_calls:
        for message in messages:
            assert [
                (call["id"], call["name"], call["text"]) for call in message["tool_calls"].values()
            ] == [("call_0", "get_it", arguments), ("call_1", "get_it", "{}")]


def test_a_refusal_and_log_probabilities_arrive() -> None:
    logprobs = {"content": [{"token": "a", "logprob": -0.5}]}
    message = {"role": "assistant", "content": None, "refusal": "I cannot do that."}
    choice = {"index": 0, "message": message, "finish_reason": "stop", "logprobs": logprobs}
    *chunks, _ = data_of(ask(chat({"id": "1", "choices": [choice]}), stream=True))
    assert folded(chunks)[0]["refusal"] == "I cannot do that."
    assert [c["logprobs"] for k in chunks for c in k["choices"] if c.get("logprobs")] == [logprobs]


def test_usage_is_the_last_chunk_and_only_where_it_is_asked_for() -> None:
    message = {"role": "assistant", "content": "a b"}
    choice = {"index": 0, "message": message, "finish_reason": "stop"}
    app = chat({"id": "1", "choices": [choice], "usage": {"total_tokens": 3}})
    *chunks, _ = data_of(ask(app, stream=True, stream_options={"include_usage": True}))
    assert (chunks[-1]["choices"], chunks[-1]["usage"]) == ([], {"total_tokens": 3})
    assert all(chunk.get("usage") is None for chunk in chunks[:-1])


@pytest.mark.parametrize("value", [False, None, True])
def test_a_nullable_flag_asks_for_the_stream(value: bool | None) -> None:
    reply = ask(chat(), stream=value)
    assert (dict(reply.headers)["content-type"].startswith(SSE)) == bool(value)


def test_a_made_answer_calls_only_what_was_offered() -> None:
    app = chat()
    hello = [{"role": "user", "content": "x"}]
    schema = {
        "type": "object",
        "properties": {"point": {"$ref": "#/$defs/Point"}},
        "required": ["point"],
        "$defs": {"Point": obj(x={"type": "number", "minimum": 3})},
    }
    tools = [{"type": "function", "function": {"name": "draw", "parameters": schema}}]

    def message(**body: Any) -> dict[str, Any]:
        answer = json.loads(b"".join(blocks(ask(app, messages=hello, **body))))
        found: dict[str, Any] = answer["choices"][0]["message"]
        return found

    assert "tool_calls" not in message()
    (call,) = message(tools=tools, tool_choice="required")["tool_calls"]
    assert call["function"]["name"] == "draw"
    assert json.loads(call["function"]["arguments"])["point"]["x"] >= 3
    assert "tool_calls" not in message(tools=tools, tool_choice="none")


def test_an_example_that_calls_stays_where_nothing_is_offered() -> None:
    function = {"name": "f", "arguments": "{}"}
    calls = [{"id": "1", "type": "function", "function": function}]
    message = {"role": "assistant", "content": None, "tool_calls": calls}
    whole = {
        "id": "1",
        "choices": [{"index": 0, "message": message, "finish_reason": "tool_calls"}],
    }
    reply = ask(chat(whole), messages=[{"role": "user", "content": "x"}])
    assert json.loads(b"".join(blocks(reply))) == whole


def test_pieces_with_a_flag_at_the_end() -> None:
    item = obj(
        False,
        model=STRING,
        message=obj(False, role=STRING, content=STRING, tool_calls=array({"type": "object"})),
        done={"type": "boolean"},
        total_duration={"type": "integer"},
    )
    calls = [{"function": {"name": "f", "arguments": {"a": 1}}}]
    whole: dict[str, Any] = {
        "model": "m",
        "message": {"role": "assistant", "content": "one two 三四五六七八九", "tool_calls": calls},
        "done": True,
        "total_duration": 7,
    }
    app = app_of(
        {JSON: {"schema": item, "example": whole}, "application/x-ndjson": {"schema": item}}
    )
    items = [json.loads(line) for line in blocks(ask(app, stream=True))]
    assert [one["done"] for one in items] == [False] * (len(items) - 1) + [True]
    assert "".join(one["message"]["content"] for one in items) == whole["message"]["content"]
    assert [one["message"]["tool_calls"] for one in items if "tool_calls" in one["message"]] == [
        calls
    ]
    assert [one.get("total_duration") for one in items if "total_duration" in one] == [7]


def event(name: str, **properties: Any) -> dict[str, Any]:
    """The schema of a typed event."""
    return obj(type={"const": name}, **properties)


def test_events_of_a_response_add_up_to_it() -> None:
    part = obj(type={"const": "output_text"}, text=STRING)
    message = obj(type={"const": "message"}, id=STRING, status=STRING, content=array(part))
    call = obj(type={"const": "function_call"}, id=STRING, name=STRING, arguments=STRING)
    response = obj(id=STRING, status=STRING, output=array({"oneOf": [message, call]}))
    number = {"type": "integer"}
    at = {"item_id": STRING, "output_index": number}
    within = {**at, "content_index": number}
    union = {
        "oneOf": [
            event("response.completed", response=response, sequence_number=number),
            event("response.content_part.added", **within, part=part),
            event("response.content_part.done", **within, part=part),
            event("response.created", response=response, sequence_number=number),
            event("response.failed", response=response),
            event("response.function_call_arguments.delta", **at, delta=STRING),
            event("response.function_call_arguments.done", **at, arguments=STRING),
            event(
                "response.output_item.added", output_index=number, item={"oneOf": [message, call]}
            ),
            event(
                "response.output_item.done", output_index=number, item={"oneOf": [message, call]}
            ),
            event("response.output_text.delta", **within, delta=STRING),
            event("response.output_text.done", **within, text=STRING),
        ]
    }
    said = {"type": "output_text", "text": "Hello there, 世界"}
    output = [
        {"type": "message", "id": "m1", "status": "completed", "content": [said]},
        {"type": "function_call", "id": "f1", "name": "f", "arguments": '{"a": 1}'},
    ]
    whole = {"id": "r1", "status": "completed", "output": output}
    app = app_of({JSON: {"schema": response, "example": whole}, SSE: {"schema": union}})
    reply = ask(app, stream=True)
    sent = blocks(reply)
    items = [json.loads(block.decode().split("data: ")[1]) for block in sent]
    assert all(
        block.startswith(f"event: {i['type']}\n".encode())
        for block, i in zip(sent, items, strict=True)
    )
    assert items[0]["type"] == "response.created" and items[0]["response"]["output"] == []
    assert items[-1]["type"] == "response.completed" and items[-1]["response"] == whole
    assert (items[0]["sequence_number"], items[-1]["sequence_number"]) == (0, len(items) - 1)
    assert "".join(i["delta"] for i in items if "text.delta" in i["type"]) == said["text"]
    assert "".join(i["delta"] for i in items if "arguments.delta" in i["type"]) == '{"a": 1}'
    assert [i["item"] for i in items if i["type"] == "response.output_item.done"] == output
    assert not any("failed" in i["type"] for i in items)


def test_events_of_a_message_add_up_to_it() -> None:
    number = {"type": "integer"}
    text = obj(type={"const": "text"}, text=STRING)
    use = obj(type={"const": "tool_use"}, id=STRING, name=STRING, input={"type": "object"})
    block = {"oneOf": [text, use]}
    message = obj(id=STRING, content=array(block), stop_reason=NULLABLE, stop_sequence=NULLABLE)
    delta = {
        "oneOf": [
            obj(type={"const": "text_delta"}, text=STRING),
            obj(type={"const": "input_json_delta"}, partial_json=STRING),
        ]
    }
    union = {
        "oneOf": [
            event("message_start", message=message),
            event("message_delta", delta=obj(stop_reason=NULLABLE, stop_sequence=NULLABLE)),
            event("message_stop"),
            event("content_block_start", index=number, content_block=block),
            event("content_block_delta", index=number, delta=delta),
            event("content_block_stop", index=number),
        ]
    }
    content: list[dict[str, Any]] = [
        {"type": "text", "text": "Hello there"},
        {"type": "tool_use", "id": "t", "name": "f", "input": {"city": "Zürich", "days": [1]}},
    ]
    whole = {"id": "m", "content": content, "stop_reason": "tool_use", "stop_sequence": None}
    app = app_of({JSON: {"schema": message, "example": whole}, SSE: {"schema": union}})
    sent = [b.decode().split("data: ") for b in blocks(ask(app, stream=True))]
    items = [json.loads(data) for _, data in sent]
    assert [head for head, _ in sent] == [f"event: {item['type']}\n" for item in items]
    assert [items[0]["type"], items[-2]["type"], items[-1]["type"]] == [
        "message_start", "message_delta", "message_stop",
    ]  # fmt: skip
    assert items[0]["message"]["content"] == [] and items[-2]["delta"]["stop_reason"] == "tool_use"
    deltas = [item["delta"] for item in items if item["type"] == "content_block_delta"]
    assert "".join(one.get("text", "") for one in deltas) == "Hello there"
    assert json.loads("".join(one.get("partial_json", "") for one in deltas)) == content[1]["input"]

    scripted = {**whole, "id": "mine", "content": [{"type": "text", "text": "It is mine"}]}
    app.script(next(iter(app.operations))).streams(scripted)
    items = data_of(ask(app, stream=True))
    assert items[0]["message"]["id"] == "mine" and items[-1]["type"] == "message_stop"
    deltas = [item["delta"] for item in items if item["type"] == "content_block_delta"]
    assert "".join(one["text"] for one in deltas) == "It is mine"


def test_other_typed_events_come_in_a_sensible_order() -> None:
    names = [
        "job.finished",
        "error",
        "job.progress.delta",
        "step.done",
        "job.created",
        "step.started",
    ]
    union = {"anyOf": [event(name, note=STRING) for name in names]}
    items = data_of(ask(app_of({SSE: {"schema": union}})))
    assert [item["type"] for item in items] == [
        "job.created", "step.started", "job.progress.delta", "job.progress.delta",
        "job.finished", "step.done",
    ]  # fmt: skip


def test_a_union_of_parsed_events_is_written_as_events() -> None:
    thread = obj(id=STRING)

    def parsed(name: str, data: Any) -> dict[str, Any]:
        return obj(event={"enum": [name]}, data=data)

    runs = {"oneOf": [parsed("thread.run.completed", thread), parsed("thread.run.created", thread)]}
    union = {
        "oneOf": [
            parsed("done", {"enum": ["[DONE]"]}),
            runs,
            parsed("thread.created", thread),
            parsed("error", {"type": "object"}),
        ]
    }
    assert [block.decode() for block in blocks(ask(app_of({SSE: {"itemSchema": union}})))] == [
        'event: thread.created\ndata: {"id":"string"}\n\n',
        'event: thread.run.created\ndata: {"id":"string1"}\n\n',
        'event: thread.run.completed\ndata: {"id":"string2"}\n\n',
        "event: done\ndata: [DONE]\n\n",
    ]


def as_json(schema: Any) -> dict[str, Any]:
    """The schema of text that is JSON."""
    return {"type": "string", "contentMediaType": "application/json", "contentSchema": schema}


END = {"properties": {"data": {"const": "[END]"}}}
PARSED = obj(data=as_json(obj(id=STRING)))


@pytest.mark.parametrize(
    "item",
    [
        {"oneOf": [PARSED, END]},
        {"anyOf": [END, {"allOf": [PARSED, {"properties": {"event": {"const": "piece"}}}]}]},
        {**obj(data=STRING), "oneOf": [{"const": {"data": "[END]"}}, PARSED]},
        obj(data={"oneOf": [as_json(obj(id=STRING)), {"const": "[END]"}]}),
    ],
)
def test_the_data_of_parsed_events_is_written_as_json(item: Any) -> None:
    sent = blocks(ask(app_of({SSE: {"itemSchema": item}})))
    name = b"event: piece\n"
    assert [block.removeprefix(name) for block in sent] == [
        b'data: {"id":"string"}\n\n',
        b'data: {"id":"string1"}\n\n',
        b'data: {"id":"string2"}\n\n',
        b"data: [END]\n\n",
    ]
    assert sent[0].startswith(name) == ("piece" in json.dumps(item))


def test_examples_of_parsed_events_are_sent_as_they_are() -> None:
    shown = [{"data": '{"id": "a"}'}, {"data": '{"id": "b"}'}, {"data": "[END]"}]
    media = {"itemSchema": {"oneOf": [PARSED, END]}, "example": shown}
    assert [block.decode() for block in blocks(ask(app_of({SSE: media})))] == [
        'data: {"id":"a"}\n\n', 'data: {"id":"b"}\n\n', "data: [END]\n\n",
    ]  # fmt: skip


@pytest.mark.parametrize(
    "item",
    [
        {**obj(event=STRING, data=as_json(obj(id=STRING)))},
        {"oneOf": [obj(event={"const": name}, data=as_json(obj(id=STRING))) for name in "ab"]},
    ],
)
def test_events_with_names_of_their_own_keep_them(item: Any) -> None:
    sent = [block.decode() for block in blocks(ask(app_of({SSE: {"itemSchema": item}})))]
    assert all(block.startswith("event: ") and '\ndata: {"id":' in block for block in sent)


def test_what_stands_beside_the_alternatives_holds_for_each() -> None:
    shape = {
        **obj(False, event=STRING, data=STRING),
        "required": ["event"],
        "oneOf": [{"properties": {"event": {"const": name}}} for name in ("first", "second")],
    }
    sent = [block.decode() for block in blocks(ask(app_of({SSE: {"itemSchema": shape}})))]
    assert all(block.startswith("event: ") and "\ndata: " in block for block in sent)
    assert {block.split("\n")[0] for block in sent} == {"event: first", "event: second"}


def test_sequences_of_json() -> None:
    for media_type, start in (("application/json-seq", b"\x1e"), ("application/jsonl", b"")):
        sent = blocks(ask(app_of({media_type: {"itemSchema": obj(id=STRING)}})))
        assert len(sent) == 3
        assert all(block.startswith(start + b"{") and block.endswith(b"}\n") for block in sent)


def test_pieces_that_must_have_more_say_nothing_new() -> None:
    function = obj(name=STRING, arguments=STRING)
    call = obj(index={"type": "integer"}, id=STRING, type={"const": "function"}, function=function)
    delta = {
        **obj(
            False, role={"enum": ["system", "assistant"]}, content=NULLABLE, tool_calls=array(call)
        ),
        "required": ["role"],
    }
    piece = obj(index={"type": "integer"}, delta=delta, finish_reason=NULLABLE)
    chunk = obj(id=STRING, choices=array(piece))
    function_call = {
        "id": "c",
        "type": "function",
        "function": {"name": "f", "arguments": '{"a": 1}'},
    }
    message = {"role": "assistant", "content": "one two", "tool_calls": [function_call]}
    whole = {
        "id": "1",
        "choices": [{"index": 0, "message": message, "finish_reason": "tool_calls"}],
    }
    app = app_of({JSON: {"schema": COMPLETION, "example": whole}, SSE: {"schema": chunk}}, REQUEST)
    *chunks, _ = data_of(ask(app, stream=True))
    deltas = [choice["delta"] for one in chunks for choice in one["choices"]]
    assert {delta["role"] for delta in deltas} == {"assistant"}
    for delta in deltas:
        del delta["role"]
    (folded_message,) = folded(chunks)
    assert folded_message["content"] == "one two" and folded_message["finish"] == "tool_calls"
    assert folded_message["tool_calls"][0] == {"id": "c", "name": "f", "text": '{"a": 1}'}
