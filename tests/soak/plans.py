"""What the server does with a request, and what of it the client may make: both sides compute it.

A request carries its number; number, attempt and the seed of the run determine a plan.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from random import Random

WORDS = 'alpha beta gamma delta über straße 日本 語 🙂 naïve \n \t " \\ и да zeta eta theta'.split(
    " "
)

PASSING = ("close at once", "cut head", "reset at once", "408", "429", "500", "503 html", "529")
"""Faults of the first attempt that are retried before anything was handed out."""

BREAKING = {
    "cut between events": ("StreamTruncatedError",),
    "cut inside an event": ("StreamTruncatedError",),
    "reset": ("StreamTruncatedError",),
    "no end": ("StreamTruncatedError",),
    "stall": ("APITimeoutError",),
    "error event": ("StreamServerError",),
    "bad json": ("StreamDecodeError",),
    "bad chunk": ("StreamTruncatedError",),
}
"""Faults in the middle of a stream, and the errors they may become."""

REFUSING = {
    "400": ("BadRequestError",),
    "401": ("AuthenticationError",),
    "html": ("ResponseDecodeError",),
    "error object": ("APIStatusError", "InternalServerError", "RateLimitError"),
}
"""Faults in place of a stream that are not retried."""


@dataclass(frozen=True, slots=True)
class Plan:
    """One answer."""

    pieces: tuple[str, ...]
    fault: str
    at: int
    """Before which event the fault comes; 0 is before the first."""
    framing: str
    coding: str
    writing: str

    @property
    def text(self) -> str:
        """All of the answer."""
        return "".join(self.pieces)


def plan(seed: int, number: int, attempt: int, *, streamed: bool = True) -> Plan:
    """What happens to an attempt (from 0) of a request."""
    random = Random(f"{seed}/{number}")
    count = random.choice((1, 3, 10, 30, 30, 100))
    pieces = (*(f"{random.choice(WORDS)} " for _ in range(count)), f"#{number}")
    kind = random.random()
    fault, at = "", random.randint(0, len(pieces))
    if attempt == 0:
        if kind < 0.12:
            fault = random.choice(PASSING)
        elif kind < 0.30 and streamed:
            fault = random.choice(tuple(BREAKING))
        elif kind < 0.34 and streamed:
            fault = random.choice(tuple(REFUSING))
    elif fault == "":
        at = 0
    return Plan(
        pieces,
        fault,
        at,
        random.choice(("chunked", "chunked", "chunked", "close", "length")),
        random.choice(("", "", "", "", "gzip", "deflate")),
        random.choice(("whole", "events", "events", "splinters", "slow")),
    )


def expected_errors(made: Plan) -> tuple[str, ...]:
    """The names of errors that may come of the first attempt's plan; none where it has to succeed."""
    if made.fault in REFUSING:
        return REFUSING[made.fault]
    return BREAKING.get(made.fault, ())


def may_succeed(made: Plan) -> bool:
    """Whether the call can end well all the same: by another attempt, or since all had come."""
    if made.fault in REFUSING:
        return False
    if made.fault in ("error event", "bad json"):
        return False
    # A reset throws away what the kernel has not handed out yet, perhaps even the first event.
    return made.fault not in BREAKING or made.at == 0 or made.fault == "reset"


def events(made: Plan) -> list[bytes]:
    """The events of an answer, the last two being the finishing chunk and the terminator."""
    found = [_event({"content": piece}, None) for piece in made.pieces]
    return [*found, _event({}, "stop"), b"data: [DONE]\n\n"]


def _event(delta: dict[str, str], reason: str | None) -> bytes:
    chunk = {
        "id": "c",
        "object": "chat.completion.chunk",
        "created": 1,
        "model": "soak",
        "choices": [{"index": 0, "delta": delta, "finish_reason": reason}],
    }
    if len(delta.get("content", "")) % 2:
        chunk["unknown_to_the_document"] = [1, {"a": None}]
    return b"data: " + json.dumps(chunk, ensure_ascii=False).encode() + b"\n\n"


def completion(made: Plan) -> bytes:
    """The whole answer, for a request that asks for no stream."""
    choice = {
        "index": 0,
        "message": {"role": "assistant", "content": made.text},
        "finish_reason": "stop",
    }
    whole = {"id": "c", "object": "chat.completion", "created": 1, "model": "soak"}
    return json.dumps({**whole, "choices": [choice]}, ensure_ascii=False).encode()
