"""Every fault a server can commit in a stream, and what the caller gets for it: one table."""

from __future__ import annotations

import gzip
import json
from typing import Any

from tests.behaviour.fault_server import CUT, RESET, STALL, Endless, Pause, Step, chunk, head
from tests.behaviour.faults import (
    BODY,
    CHUNKED,
    CONNECTION,
    DECODE,
    EVENT,
    EVENTS,
    HALF,
    NOW,
    READING,
    REPORTED,
    REQUEST_ID,
    SENT,
    TIMEOUT,
    TRUNCATED,
    Fault,
    says,
    sized,
    unsized,
)


def event(content: str | None = None, finish: str | None = None, **changes: Any) -> bytes:
    delta = {} if content is None else {"content": content}
    choice = {"index": 0, "delta": delta, "finish_reason": finish}
    made = {"id": "c1", "object": "chat.completion.chunk", "created": 1, "model": "m"}
    return b"data: " + json.dumps({**made, "choices": [choice], **changes}).encode() + b"\n\n"


HEL, LO, STOP, DONE = event("Hel"), event("lo"), event(finish="stop"), b"data: [DONE]\n\n"
STREAM = unsized(EVENTS, CHUNKED)
END = b"0\r\n\r\n"
PING = b": ping\n\n"


def streamed(*steps: Step, end: bool = True) -> list[Step]:
    """A chunked stream; ``bytes`` become a chunk each."""
    body = [chunk(step) if isinstance(step, bytes) else step for step in steps]
    return [STREAM, *body, *([END] if end else [])]


def dripped(*events: bytes, times: int = 99) -> list[Step]:
    return [
        STREAM,
        *[step for _ in range(times) for event in events for step in (chunk(event), Pause(0.02))],
    ]


SECONDS = 0.4
STREAMS: dict[str, Fault] = {
    # without an event
    "closed before the head": Fault([CUT], CONNECTION, SENT, None, again=True),
    "no head": Fault([STALL], TIMEOUT, ("waiting",), None, "first_event", {"first_event": SECONDS}),
    "no head in read": Fault(
        [STALL], TIMEOUT, ("waiting",), None, "read", {"read": SECONDS}, again=True
    ),
    "no first event": Fault(
        [STREAM, STALL], TIMEOUT, READING, 200, "first_event", {"first_event": SECONDS}
    ),
    "no first event in read": Fault(
        [STREAM, STALL], TIMEOUT, READING, 200, "read", {"read": SECONDS}, again=True
    ),
    "nothing but comments": Fault(
        dripped(PING), TIMEOUT, READING, 200, "first_event", {"first_event": SECONDS}
    ),
    "nothing but comments in total": Fault(
        dripped(PING), TIMEOUT, READING, 200, "total", {"total": SECONDS}
    ),
    "a first event in drips": Fault(
        [STREAM, *[s for b in HEL for s in (chunk(bytes([b])), Pause(0.02))]],
        TIMEOUT,
        READING,
        200,
        "first_event",
        {"first_event": SECONDS},
    ),
    "closed before the first event": Fault(streamed(PING, CUT), CONNECTION, READING, again=True),
    "empty": Fault(streamed(), TRUNCATED, again=True),
    "empty, until the end of the connection": Fault([unsized(EVENTS), CUT], TRUNCATED, again=True),
    # after an event
    "a stall between events": Fault(
        streamed(HEL, STALL),
        TIMEOUT,
        READING,
        200,
        "between_events",
        {"between_events": SECONDS},
        partial="Hel",
    ),
    "a stall between events in read": Fault(
        streamed(HEL, STALL), TIMEOUT, READING, 200, "read", {"read": SECONDS}, partial="Hel"
    ),
    "comments between events": Fault(
        [*streamed(HEL, end=False), *dripped(PING)[1:]],
        TIMEOUT,
        READING,
        200,
        "between_events",
        {"between_events": SECONDS},
        partial="Hel",
    ),
    "a second event in drips": Fault(
        [*streamed(HEL, end=False), *[s for b in LO for s in (chunk(bytes([b])), Pause(0.02))]],
        TIMEOUT,
        READING,
        200,
        "between_events",
        {"between_events": SECONDS},
        partial="Hel",
    ),
    "events without end": Fault(
        dripped(HEL), TIMEOUT, READING, 200, "total", {"total": 0.5}, partial="HelHel..."
    ),
    "cut between events": Fault(streamed(HEL), TRUNCATED, partial="Hel"),
    "cut inside an event": Fault(streamed(HEL, LO[:30]), TRUNCATED, partial="Hel"),
    "cut inside an event, until the end of the connection": Fault(
        [unsized(EVENTS) + HEL + LO[:30], CUT], TRUNCATED, partial="Hel"
    ),
    "closed between events": Fault(streamed(HEL, CUT), TRUNCATED, partial="Hel"),
    "closed inside an event": Fault(streamed(HEL, LO[:30], CUT), TRUNCATED, partial="Hel"),
    "reset between events": Fault(streamed(HEL, Pause(0.1), RESET), TRUNCATED, partial="Hel"),
    "a bad chunk between events": Fault(
        [*streamed(HEL, end=False), Pause(0.1), b"zz\r\n", CUT], TRUNCATED, partial="Hel"
    ),
    # events that lie
    "an error in the middle": Fault(
        streamed(HEL, b"data: " + says({"code": "busy"}) + b"\n\n", DONE),
        REPORTED,
        partial="Hel",
        message="No luck",
        code="busy",
    ),
    "an error text in the middle": Fault(
        streamed(HEL, b'data: {"error": "No luck"}\n\n'), REPORTED, partial="Hel", message="No luck"
    ),
    "an error event in the middle": Fault(
        streamed(HEL, b'event: error\ndata: {"message": "No luck", "code": "busy"}\n\n'),
        REPORTED,
        partial="Hel",
        message="No luck",
        code="busy",
    ),
    "an error event at once": Fault(
        streamed(b"event: error\ndata: No luck\n\n", DONE), REPORTED, message="No luck"
    ),
    "an error in place of the first event": Fault(
        streamed(b"data: " + says({}) + b"\n\n"), REPORTED, message="No luck"
    ),
    "an error without that word in the middle": Fault(
        streamed(HEL, b'data: {"code": 50001, "message": "No luck"}\n\n'),
        REPORTED,
        partial="Hel",
        message="No luck",
        code=50001,
    ),
    "two JSON values in one event": Fault(
        streamed(HEL, LO.rstrip() + LO[6:], DONE), EVENT, partial="Hel"
    ),
    "two JSON values in two lines of one event": Fault(
        streamed(HEL, LO.rstrip() + b"\n" + LO, DONE), EVENT, partial="Hel"
    ),
    "no JSON in an event": Fault(streamed(HEL, b"data: oops\n\n", DONE), EVENT, partial="Hel"),
    "HTML in the middle": Fault(streamed(HEL, b"data: <html>502</html>\n\n"), EVENT, partial="Hel"),
    "null in an event": Fault(streamed(HEL, b"data: null\n\n", DONE), EVENT, partial="Hel"),
    "a list in an event": Fault(streamed(HEL, b"data: []\n\n", DONE), EVENT, partial="Hel"),
    "cut JSON in an event": Fault(
        streamed(HEL, LO.rstrip()[:-5] + b"\n\n", DONE), EVENT, partial="Hel"
    ),
    "an event without end": Fault(
        [STREAM, chunk(HEL), chunk(b"data: "), Endless(chunk(b"a" * 60_000))], EVENT, partial="Hel"
    ),
    "a field without end": Fault(
        [STREAM, chunk(HEL), Endless(chunk(b"a" * 60_000))], EVENT, partial="Hel"
    ),
    # no stream
    "an error object": Fault([sized(says({}))], "APIStatusError", message="No luck"),
    "an error object as a stream": Fault(
        [sized(says({}), 200, EVENTS)], "APIStatusError", message="No luck"
    ),
    "an error object with a status": Fault(
        [sized(says({"code": 429}))], "RateLimitError", message="No luck", code=429
    ),
    "HTML": Fault(
        [sized(b"<html>sign in</html>", 200, ("Content-Type", "text/html"))],
        DECODE,
        content=b"<html>sign in</html>",
        message="<html>sign in",
    ),
    "HTML as text": Fault(
        [sized(b"<html>sign in</html>", 200, ("Content-Type", "text/plain"))], DECODE
    ),
    "HTML as a stream": Fault(
        [sized(b"<html>sign in</html>", 200, EVENTS)], DECODE, message="<html>sign in"
    ),
    "null": Fault([sized(b"null")], DECODE),
    "a list": Fault([sized(b"[]")], DECODE),
    "an empty body": Fault([sized(b"")], DECODE, message="empty"),
    "no content": Fault([head(204, REQUEST_ID)], DECODE, status=204),
    "cut JSON": Fault([sized(HALF)], DECODE),
    "cut gzip": Fault(
        [unsized(EVENTS, ("Content-Encoding", "gzip")) + gzip.compress(HEL + LO)[:-6], CUT],
        TRUNCATED,
        partial="Hello",
    ),
    "no gzip": Fault(
        [unsized(EVENTS, ("Content-Encoding", "gzip")) + HEL + LO, CUT], EVENT, message="gzip"
    ),
    "a coding nobody asked for": Fault(
        [unsized(EVENTS, ("Content-Encoding", "zebra")) + HEL + LO, CUT], DECODE, message="zebra"
    ),
    "400": Fault([sized(says({}), 400)], "BadRequestError", status=400, message="No luck"),
    "401 as a stream": Fault(
        [sized(b"data: " + says({}) + b"\n\n", 401, EVENTS)], "AuthenticationError", status=401
    ),
    "429": Fault(
        [sized(says({}), 429, NOW)], "RateLimitError", status=429, again=True, always=True
    ),
    "500": Fault(
        [sized(b"", 500, NOW)], "InternalServerError", status=500, again=True, always=True
    ),
    # usable
    "one event after the finish is cut": Fault(streamed(HEL, LO, STOP, LO[:30]), None),
    "no [DONE] but a finish": Fault(streamed(HEL, LO, STOP), None),
    "closed after the finish": Fault(streamed(HEL, LO, STOP, CUT), None),
    "reset after [DONE]": Fault(streamed(HEL, LO, STOP, DONE, Pause(0.05), RESET), None),
    "stalled after [DONE]": Fault(streamed(HEL, LO, STOP, DONE, STALL), None),
    "empty data": Fault(streamed(b"data:\n\n", HEL, b"data: \n\n", LO, STOP, DONE), None),
    "heartbeats with data": Fault(
        streamed(
            HEL, b"event: ping\ndata: {}\n\n", b"event: heartbeat\ndata: 1\n\n", LO, STOP, DONE
        ),
        None,
    ),
    "invalid UTF-8 in an event": Fault(
        streamed(HEL, LO.replace(b'"c1"', b'"\xff"'), STOP, DONE), None, warned=True
    ),
    "a completion in place of a stream": Fault([sized(BODY)], None, warned=True),
    "a completion as a stream": Fault([sized(BODY, 200, EVENTS)], None, warned=True),
    "one event in place of a stream": Fault([sized(event("Hello", "stop")[6:])], None, warned=True),
    "a stream of no media type": Fault([head(200, REQUEST_ID) + HEL + LO + STOP + DONE, CUT], None),
    "a stream as JSON": Fault([sized(HEL + LO + STOP + DONE)], None),
    "gzip": Fault(
        [
            unsized(EVENTS, ("Content-Encoding", "gzip")) + gzip.compress(HEL + LO + STOP + DONE),
            CUT,
        ],
        None,
    ),
    "wrong types": Fault(streamed(event("Hello", "stop", created="soon"), DONE), None, warned=True),
}
