"""What the server of the benchmarks answers, as bytes made beforehand."""

from __future__ import annotations

import json
from collections.abc import Iterator

from conversation import MODEL

EVENT_SIZE = 278
"""Bytes of one event of a stream, with its framing."""
BLOCK = 64 * 1024
"""Bytes that the server writes at once where events do not go one by one."""

_HEAD = {
    "Server": "bench",
    "Date": "Mon, 05 Jan 2026 12:00:00 GMT",
    "Connection": "keep-alive",
    "X-Request-Id": "req_0123456789abcdef",
    "Cache-Control": "no-cache",
}


def head(**fields: str) -> bytes:
    """The head of an answer; an underscore in a name stands for a hyphen."""
    lines = {**_HEAD, **{name.replace("_", "-"): value for name, value in fields.items()}}
    text = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
    return f"HTTP/1.1 200 OK\r\n{text}\r\n".encode()


def completion() -> bytes:
    """The body of a whole answer: 2 kB."""
    content = "The second violin was late because nobody had told them of the cut. " * 24
    return json.dumps(
        {
            "id": "chatcmpl-0123456789abcdef",
            "object": "chat.completion",
            "created": 1767225600,
            "model": MODEL,
            "choices": [
                {
                    "index": 0,
                    "message": {"role": "assistant", "content": content},
                    "finish_reason": "stop",
                }
            ],
            "usage": {
                "prompt_tokens": 240,
                "completion_tokens": 330,
                "total_tokens": 570,
                "prompt_tokens_details": {"cached_tokens": 0},
                "completion_tokens_details": {"reasoning_tokens": 0},
            },
        },
        separators=(",", ":"),
    ).encode()


def chunk(content: str | None, *, unknown: bool = False) -> bytes:
    """The JSON of one chunk: a piece of text, or the end for None.

    With `unknown` it has three fields that no description of it names, one of them an object.
    """
    delta: dict[str, object] = {} if content is None else {"content": content}
    choice = {
        "index": 0,
        "delta": delta,
        "logprobs": None,
        "finish_reason": "stop" if content is None else None,
    }
    item: dict[str, object] = {
        "id": "chatcmpl-",
        "object": "chat.completion.chunk",
        "created": 1767225600,
        "model": MODEL,
        "system_fingerprint": "fp_0123456789",
        "choices": [choice],
    }
    if unknown:
        delta["tone"] = "calm"
        choice["native_finish"] = None
        item["routing"] = {"provider": "north", "hops": 2}
    text = json.dumps(item, separators=(",", ":"))
    if not unknown:
        framing = len(b"data: \n\n")
        digits = "0123456789abcdef" * 8
        text = text.replace("chatcmpl-", "chatcmpl-" + digits[: EVENT_SIZE - framing - len(text)])
    return text.encode()


def event(data: bytes) -> bytes:
    """A server-sent event in an HTTP chunk of its own."""
    block = b"data: " + data + b"\n\n"
    return b"%x\r\n%b\r\n" % (len(block), block)


def stream(count: int, *, unknown: bool = False) -> Iterator[bytes]:
    """The body of a stream of `count` chunks, event by event, with the end of the body."""
    yield from [event(chunk(" word", unknown=unknown))] * (count - 1)
    yield event(chunk(None, unknown=unknown))
    yield event(b"[DONE]") + b"0\r\n\r\n"


def script(mode: str) -> tuple[list[bytes], float]:
    """What to write for a mode, write by write, and the seconds to wait before each but the first.

    `answer`: a whole answer. `backlog-N`: N chunks in large writes, as from a server that is ahead.
    `unknown-N`: the same with unknown fields. `write-N`: a write for each event. `live-N`: one event
    each half millisecond.
    """
    kind, _, count = mode.partition("-")
    if kind == "answer":
        body = completion()
        fields = head(Content_Type="application/json", Content_Length=str(len(body)))
        return [fields + body], 0.0
    events = list(stream(int(count), unknown=kind == "unknown"))
    first = head(Content_Type="text/event-stream", Transfer_Encoding="chunked")
    if kind in ("backlog", "unknown"):
        whole = first + b"".join(events)
        return [whole[begin : begin + BLOCK] for begin in range(0, len(whole), BLOCK)], 0.0
    if kind in ("write", "live"):
        return [first + events[0], *events[1:]], 0.0005 if kind == "live" else 0.0
    raise ValueError(f"no mode {mode!r}")
