"""Every fault a server can commit in a plain answer, and what the caller gets for it: one table.

These answer ``chat.completions.create(...)``; those of :mod:`.stream_faults` the same with
``stream=True``. Each answer that has a head says ``X-Request-Id: r-1``.
"""

from __future__ import annotations

import gzip
import json
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.behaviour.fault_server import (
    CUT,
    HOLD,
    RESET,
    STALL,
    Endless,
    Pause,
    Reply,
    Step,
    chunk,
    head,
)

KEY = "sk-test-0123456789"
REQUEST_ID = ("X-Request-Id", "r-1")
JSON = ("Content-Type", "application/json")
EVENTS = ("Content-Type", "text/event-stream")
CHUNKED = ("Transfer-Encoding", "chunked")
NOW = ("Retry-After-Ms", "1")

CONNECTION = "APIConnectionError"
TIMEOUT = "APITimeoutError"
DECODE = "ResponseDecodeError"
INVALID = "ResponseValidationError"
TRUNCATED = "StreamTruncatedError"
EVENT = "StreamDecodeError"
REPORTED = "StreamServerError"


@dataclass(frozen=True)
class Fault:
    """What the server does, and what must come of it."""

    script: Reply
    error: str | None
    """The exact class; None: the answer is usable and says "Hello"."""
    phases: tuple[str, ...] = ()
    status: int | None = 200
    """``status_code`` of the error; None: there was no head."""
    limit: str | None = None
    timeout: Mapping[str, float] = field(default_factory=dict)
    content: bytes | None = None
    """Exactly what ``content`` has."""
    partial: str | None = None
    """The text of ``partial``, or how it begins (``...``); None: there is none."""
    message: str = ""
    """What the message contains."""
    warned: bool = False
    """The answer is used with a warning."""
    again: bool = False
    """A call that may be repeated is sent again."""
    always: bool = False
    """So is any other."""
    opening: Reply | None = None
    """Steps for the first connection before its request is read."""
    big: bool = False
    """The request has a large body."""
    code: object = None


def completion(**changes: Any) -> bytes:
    message = {"role": "assistant", "content": "Hello"}
    made = {
        "id": "c1",
        "object": "chat.completion",
        "created": 1,
        "model": "m",
        "choices": [{"index": 0, "message": message, "finish_reason": "stop"}],
    }
    return json.dumps({**made, **changes}).encode()


BODY = completion()


def sized(body: bytes, status: int = 200, *fields: tuple[str, str], length: object = None) -> bytes:
    """Head and body; ``length`` is a lie."""
    size = ("Content-Length", str(len(body) if length is None else length))
    typed = () if any(name == "Content-Type" for name, _ in fields) else (JSON,)
    return head(status, *typed, size, REQUEST_ID, *fields) + body


def unsized(*fields: tuple[str, str], status: int = 200) -> bytes:
    typed = () if any(name == "Content-Type" for name, _ in fields) else (JSON,)
    return head(status, *typed, REQUEST_ID, *fields)


def drip(content: bytes, pause: float = 0.02) -> list[Step]:
    return [step for byte in content for step in (bytes([byte]), Pause(pause))]


def coded(coding: str, body: bytes) -> bytes:
    return sized(body, 200, ("Content-Encoding", coding))


def raw_deflate(data: bytes) -> bytes:
    engine = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return engine.compress(data) + engine.flush()


def says(error: Mapping[str, Any]) -> bytes:
    return json.dumps({"error": {"message": "No luck", **error}}).encode()


HALF = BODY[:60]
PACKED = gzip.compress(BODY)
SENT = ("sending", "waiting")
BOMB = gzip.compress(bytes(48 * 1024 * 1024))

NO_HEAD: dict[str, Fault] = {
    "accepted and closed": Fault(
        (), CONNECTION, SENT, None, opening=[Pause(0.05), CUT], again=True
    ),
    "accepted and reset": Fault(
        (), CONNECTION, SENT, None, opening=[Pause(0.05), RESET], again=True
    ),
    "reset": Fault([RESET], CONNECTION, SENT, None, again=True),
    "closed": Fault([CUT], CONNECTION, SENT, None, again=True),
    "half a status line": Fault([b"HTTP/1.1 2", CUT], CONNECTION, SENT, None, again=True),
    "half a head": Fault([unsized()[:40], CUT], CONNECTION, SENT, None, again=True),
    "half a head, reset": Fault(
        [unsized()[:40], Pause(0.05), RESET], CONNECTION, SENT, None, again=True
    ),
    "another protocol": Fault(
        [b"SSH-2.0-OpenSSH_9.6\r\n", CUT], CONNECTION, SENT, None, again=True
    ),
    "HTTP/0.9": Fault([b"<html>hello</html>\n", CUT], CONNECTION, SENT, None, again=True),
    "HTTP/2": Fault(
        [b"\0\0\x12\x04\0\0\0\0\0\0\3\0\0\0\x64", CUT], CONNECTION, SENT, None, again=True
    ),
    "a TLS alert": Fault(
        [b"\x15\x03\x01\x00\x02\x02\x50", CUT], CONNECTION, SENT, None, again=True
    ),
    "binary garbage": Fault([bytes(range(256)), CUT], CONNECTION, SENT, None, again=True),
    "garbage with the key": Fault(
        [b"HTTP/1.1 Bearer " + KEY.encode() + b"\r\n\r\n", CUT], CONNECTION, SENT, None, again=True
    ),
    "a status of one digit": Fault(
        [b"HTTP/1.1 2 OK\r\n\r\n", CUT], CONNECTION, SENT, None, again=True
    ),
    "a status that is no number": Fault(
        [b"HTTP/1.1 abc OK\r\n\r\n", CUT], CONNECTION, SENT, None, again=True
    ),
    "a header without a colon": Fault(
        [b"HTTP/1.1 200 OK\r\nnonsense\r\n\r\n", CUT], CONNECTION, SENT, None, again=True
    ),
    "a negative length": Fault([sized(BODY, length=-5), CUT], CONNECTION, SENT, None, again=True),
    "a length that is no number": Fault(
        [sized(BODY, length="ten"), CUT], CONNECTION, SENT, None, again=True
    ),
    "an absurd length": Fault(
        [sized(BODY, length="9" * 30), CUT], CONNECTION, SENT, None, again=True
    ),
    "two lengths": Fault(
        [unsized(("Content-Length", "5"), ("Content-Length", "7")) + BODY, CUT],
        CONNECTION,
        SENT,
        None,
        again=True,
    ),
    "an endless status line": Fault(
        [b"HTTP/1.1 200 ", Endless(b"a")], CONNECTION, SENT, None, again=True
    ),
    "an endless header": Fault(
        [b"HTTP/1.1 200 OK\r\nX-A: ", Endless(b"a")], CONNECTION, SENT, None, again=True
    ),
    "endless headers": Fault(
        [b"HTTP/1.1 200 OK\r\n", Endless(b"X-A: 1\r\n")], CONNECTION, SENT, None, again=True
    ),
    "endless interim answers": Fault(
        [Endless(b"HTTP/1.1 100 Continue\r\n\r\n")], CONNECTION, SENT, None, again=True
    ),
    "an older protocol": Fault([b"ICY 200 OK\r\n\r\n", CUT], CONNECTION, SENT, None, again=True),
    "a switch of protocols": Fault(
        [head(101, ("Upgrade", "h2c"), ("Connection", "Upgrade")), CUT],
        CONNECTION,
        SENT,
        None,
        again=True,
    ),
    "a request that is broken off": Fault(
        (), CONNECTION, SENT, None, opening=[Pause(0.05), RESET], big=True, again=True
    ),
    "a request that is hung up on": Fault(
        (), CONNECTION, SENT, None, opening=[Pause(0.05), CUT], big=True, again=True
    ),
    "no answer": Fault([STALL], TIMEOUT, ("waiting",), None, "read", {"read": 0.2}, again=True),
    "no answer in total": Fault([STALL], TIMEOUT, ("waiting",), None, "total", {"total": 0.5}),
    "an answer that never gets beyond 100": Fault(
        [b"HTTP/1.1 100 Continue\r\n\r\n", STALL],
        TIMEOUT,
        ("waiting",),
        None,
        "read",
        {"read": 0.2},
        again=True,
    ),
    "a head in drips": Fault(
        drip(unsized() * 9), TIMEOUT, ("waiting",), None, "total", {"total": 0.5}
    ),
    "a request that is never read": Fault(
        (),
        TIMEOUT,
        ("sending",),
        None,
        "write",
        {"write": 0.3},
        opening=[HOLD],
        big=True,
        again=True,
    ),
    "a request that is never read, in total": Fault(
        (), TIMEOUT, SENT, None, "total", {"total": 1.5}, opening=[HOLD], big=True
    ),
}

READING = ("reading",)
CUT_BODY: dict[str, Fault] = {
    "no body": Fault(
        [sized(b"", length=99), STALL],
        TIMEOUT,
        READING,
        200,
        "read",
        {"read": 0.4},
        content=b"",
        again=True,
    ),
    "a stall in the body": Fault(
        [sized(HALF, length=999), STALL],
        TIMEOUT,
        READING,
        200,
        "read",
        {"read": 0.4},
        content=HALF,
        again=True,
    ),
    "a body in drips": Fault(
        [unsized(("Content-Length", "9999")), *drip(b"{" * 99)],
        TIMEOUT,
        READING,
        200,
        "total",
        {"total": 0.5},
    ),
    "a chunked body in drips": Fault(
        [unsized(CHUNKED), *drip(chunk(b"{") * 99)],
        TIMEOUT,
        READING,
        200,
        "total",
        {"total": 0.5},
    ),
    "closed in the body": Fault(
        [sized(HALF, length=999), CUT], CONNECTION, READING, content=HALF, again=True
    ),
    "reset in the body": Fault(
        [sized(HALF, length=999), Pause(0.1), RESET],
        CONNECTION,
        READING,
        content=HALF,
        again=True,
    ),
    "closed in a chunk": Fault(
        [unsized(CHUNKED) + b"fff\r\n" + HALF, CUT], CONNECTION, READING, content=HALF, again=True
    ),
    "closed between chunks": Fault(
        [unsized(CHUNKED) + chunk(HALF), CUT], CONNECTION, READING, content=HALF, again=True
    ),
    "closed before the last chunk": Fault(
        [unsized(CHUNKED) + chunk(BODY), CUT], CONNECTION, READING, content=BODY, again=True
    ),
    "closed in the last chunk": Fault(
        [unsized(CHUNKED) + chunk(BODY) + b"0\r\n", CUT],
        CONNECTION,
        READING,
        content=BODY,
        again=True,
    ),
    "a chunk size that is no number": Fault(
        [unsized(CHUNKED), chunk(HALF), Pause(0.02), b"zz\r\n", CUT],
        CONNECTION,
        READING,
        content=HALF,
        again=True,
    ),
    "a chunk size beyond everything": Fault(
        [unsized(CHUNKED), chunk(HALF), Pause(0.02), b"f" * 17 + b"\r\n", CUT],
        CONNECTION,
        READING,
        content=HALF,
        again=True,
    ),
    "a negative chunk size": Fault(
        [unsized(CHUNKED), Pause(0.02), b"-5\r\nhello\r\n", CUT], CONNECTION, READING, again=True
    ),
    "a chunk longer than its size": Fault(
        [unsized(CHUNKED), chunk(HALF), Pause(0.02), b"2\r\nhello\r\n", CUT],
        CONNECTION,
        READING,
        again=True,
    ),
    "an endless chunk extension": Fault(
        [unsized(CHUNKED), b"5;", Endless(b"a")], CONNECTION, READING, again=True
    ),
    "endless trailers": Fault(
        [unsized(CHUNKED) + chunk(BODY) + b"0\r\n", Endless(b"X-A: 1\r\n")],
        CONNECTION,
        READING,
        again=True,
    ),
    "a length too long": Fault(
        [sized(BODY, length=len(BODY) + 1), CUT], CONNECTION, READING, content=BODY, again=True
    ),
}

LIES: dict[str, Fault] = {
    "a length too short": Fault([sized(BODY, length=60)], DECODE, content=HALF, again=True),
    "cut JSON": Fault([sized(HALF)], DECODE, content=HALF, message="not JSON", again=True),
    "cut JSON until the end of the connection": Fault(
        [unsized() + HALF, CUT], DECODE, content=HALF, again=True
    ),
    "HTML": Fault(
        [sized(b"<html>sign in</html>", 200, ("Content-Type", "text/html"))],
        DECODE,
        content=b"<html>sign in</html>",
        message="<html>sign in",
    ),
    "HTML as JSON": Fault([sized(b"<html>sign in</html>")], DECODE, message="<html>sign in"),
    "text": Fault([sized(b"OK", 200, ("Content-Type", "text/plain"))], DECODE, content=b"OK"),
    "an empty body": Fault([sized(b"")], DECODE, content=b"", message="empty"),
    "white space": Fault([sized(b" \n ")], DECODE, content=b" \n "),
    "no content": Fault([head(204, REQUEST_ID)], DECODE, status=204, content=b""),
    "no content, with a body": Fault(
        [head(204, REQUEST_ID, ("Content-Length", "5")) + b"hello"], DECODE, status=204, content=b""
    ),
    "no body until the end of the connection": Fault([unsized(), CUT], DECODE, content=b""),
    "null": Fault([sized(b"null")], INVALID, content=b"null"),
    "a list": Fault([sized(b"[]")], INVALID, content=b"[]"),
    "a list of answers": Fault([sized(b"[" + BODY + b"]")], INVALID),
    "a string": Fault([sized(b'"hi"')], INVALID, content=b'"hi"'),
    "a number": Fault([sized(b"42")], INVALID, content=b"42"),
    "true": Fault([sized(b"true")], INVALID, content=b"true"),
    "two JSON values": Fault([sized(BODY * 2)], DECODE, content=BODY * 2),
    "JSON and then garbage": Fault([sized(BODY + b"garbage")], DECODE),
    "deep JSON": Fault([sized(b"[" * 100_000 + b"]" * 100_000)], DECODE, message="deep"),
    "binary": Fault([sized(bytes(range(256)))], DECODE, content=bytes(range(256))),
    "an error object": Fault([sized(says({}))], "APIStatusError", message="No luck"),
    "an error object with a status": Fault(
        [sized(says({"code": 429}))], "RateLimitError", message="No luck", code=429
    ),
    "an error object with a code": Fault(
        [sized(says({"code": "no_luck"}))], "APIStatusError", code="no_luck"
    ),
    "an error text": Fault([sized(b'{"error": "No luck"}')], "APIStatusError", message="No luck"),
    "an error without that word": Fault(
        [sized(b'{"code": 40001, "message": "No luck"}')],
        "APIStatusError",
        message="No luck",
        code=40001,
    ),
    "a list of errors": Fault(
        [sized(b'{"errors": [{"message": "No luck", "code": "x"}]}')],
        "APIStatusError",
        message="No luck",
        code="x",
    ),
    "a stream of events": Fault(
        [sized(b'data: {"a": 1}\n\ndata: [DONE]\n\n', 200, EVENTS)], DECODE, message="stream"
    ),
    "no gzip": Fault([coded("gzip", BODY)], DECODE, message="gzip"),
    "cut gzip": Fault([coded("gzip", PACKED[:-9])], DECODE, message="cut", again=True),
    "a gzip bomb": Fault([coded("gzip", BOMB)], DECODE, message="times its size"),
    "no deflate": Fault([coded("deflate", b"\xff" * 40)], DECODE, message="deflate"),
    "a coding nobody asked for": Fault([coded("zebra", BODY)], DECODE, message="zebra"),
    "a coding we do not know": Fault([coded("br", BODY)], DECODE, message="br"),
}

ODD_STATUS: dict[str, Fault] = {
    "199": Fault([sized(BODY, 199), CUT], CONNECTION, SENT, None, again=True),
    "300": Fault([sized(BODY, 300)], "APIStatusError", status=300),
    "304": Fault([head(304, REQUEST_ID)], "APIStatusError", status=304, content=b""),
    "400": Fault([sized(says({}), 400)], "BadRequestError", status=400, message="No luck"),
    "401": Fault([sized(says({"code": "x"}), 401)], "AuthenticationError", status=401, code="x"),
    "402": Fault([sized(says({}), 402)], "APIStatusError", status=402),
    "403": Fault([sized(says({}), 403)], "PermissionDeniedError", status=403),
    "404": Fault([sized(says({}), 404)], "NotFoundError", status=404),
    "408": Fault(
        [sized(says({}), 408, NOW)], "APIStatusError", status=408, again=True, always=True
    ),
    "409": Fault([sized(says({}), 409, NOW)], "ConflictError", status=409, again=True),
    "413": Fault([sized(says({}), 413)], "APIStatusError", status=413),
    "422": Fault([sized(says({}), 422)], "UnprocessableEntityError", status=422),
    "426": Fault([sized(b"", 426, ("Upgrade", "h2c"))], "APIStatusError", status=426),
    "429": Fault(
        [sized(says({}), 429, NOW)], "RateLimitError", status=429, again=True, always=True
    ),
    "429 for good": Fault(
        [sized(says({"code": "insufficient_quota"}), 429, NOW)],
        "RateLimitError",
        status=429,
        code="insufficient_quota",
    ),
    "429 for good by its type": Fault(
        [sized(says({"code": None, "type": "insufficient_quota"}), 429, NOW)],
        "RateLimitError",
        status=429,
    ),
    "429 for long": Fault(
        [sized(says({}), 429, ("Retry-After", "3600"))], "RateLimitError", status=429
    ),
    "500": Fault(
        [sized(b"", 500, NOW)], "InternalServerError", status=500, again=True, always=True
    ),
    "501": Fault(
        [sized(b"", 501, NOW)], "InternalServerError", status=501, again=True, always=True
    ),
    "502 with HTML": Fault(
        [sized(b"<html><title>Bad</title></html>", 502, NOW, ("Content-Type", "text/html"))],
        "InternalServerError",
        status=502,
        message="Bad",
        again=True,
        always=True,
    ),
    "503 with gzip": Fault(
        [sized(gzip.compress(says({})), 503, NOW, ("Content-Encoding", "gzip"))],
        "InternalServerError",
        status=503,
        message="No luck",
        again=True,
        always=True,
    ),
    "503 with bad gzip": Fault(
        [sized(says({}), 503, NOW, ("Content-Encoding", "gzip"))],
        "InternalServerError",
        status=503,
        again=True,
        always=True,
    ),
    "503 with a bomb": Fault(
        [sized(BOMB, 503, NOW, ("Content-Encoding", "gzip"))],
        "InternalServerError",
        status=503,
        again=True,
        always=True,
    ),
    "503 that says no": Fault(
        [sized(b"", 503, NOW, ("X-Should-Retry", "false"))], "InternalServerError", status=503
    ),
    "400 that says yes": Fault(
        [sized(b"", 400, NOW, ("X-Should-Retry", "true"))],
        "BadRequestError",
        status=400,
        again=True,
        always=True,
    ),
    "500 without end": Fault(
        [unsized(CHUNKED, NOW, status=500), Endless(chunk(b"sorry, " * 500))],
        "InternalServerError",
        status=500,
        again=True,
        always=True,
    ),
    "500 cut": Fault(
        [sized(b'{"error": ', 500, NOW, length=500), CUT],
        "InternalServerError",
        status=500,
        again=True,
        always=True,
    ),
    "500 stalled": Fault(
        [sized(b'{"error": ', 500, NOW, length=500), STALL],
        "InternalServerError",
        status=500,
        timeout={"read": 0.2},
        again=True,
        always=True,
    ),
    "600": Fault(
        [sized(b"", 600, NOW)], "InternalServerError", status=600, again=True, always=True
    ),
    "999": Fault(
        [sized(b"", 999, NOW)], "InternalServerError", status=999, again=True, always=True
    ),
    "a redirect to nowhere": Fault([sized(b"", 307)], "APIStatusError", status=307),
    "a redirect to another protocol": Fault(
        [sized(b"", 307, ("Location", "ftp://127.0.0.1/"))], "APIStatusError", status=307
    ),
    "a redirect that is no URL": Fault(
        [sized(b"", 307, ("Location", "http://[oops/"))], "APIStatusError", status=307
    ),
    "an answer before the end of the request": Fault(
        (),
        "APIStatusError",
        status=413,
        opening=[Pause(0.1), sized(says({}), 413, ("Connection", "close")), CUT],
        big=True,
        message="No luck",
    ),
    "an answer in place of the request": Fault(
        (),
        "APIStatusError",
        status=413,
        opening=[Pause(0.1), sized(says({}), 413, ("Connection", "close")), HOLD],
        big=True,
        message="No luck",
    ),
}

_odd = json.loads(BODY)
_odd["choices"][0]["index"] = "zero"
_odd["choices"][0]["message"]["tool_calls"] = {"no": "list"}
_bad_text = BODY.replace(b'"c1"', b'"c\xff1"')

USABLE: dict[str, Fault] = {
    "no media type": Fault(
        [head(200, ("Content-Length", str(len(BODY))), REQUEST_ID) + BODY], None
    ),
    "a wrong media type": Fault([sized(BODY, 200, ("Content-Type", "text/html"))], None),
    "a media type that is none": Fault([sized(BODY, 200, ("Content-Type", ";;=,"))], None),
    "an unknown charset": Fault(
        [sized(BODY, 200, ("Content-Type", "application/json; charset=zebra"))], None
    ),
    "UTF-16": Fault(
        [sized(BODY.decode().encode("utf-16"), 200, ("Content-Type", "application/json"))], None
    ),
    "Latin-1": Fault(
        [
            sized(
                BODY.replace(b'"c1"', b'"\xe9"'),
                200,
                ("Content-Type", "application/json; charset=latin-1"),
            )
        ],
        None,
    ),
    "a byte order mark": Fault([sized(b"\xef\xbb\xbf" + BODY)], None),
    "299": Fault([sized(BODY, 299)], None),
    "201": Fault([sized(BODY, 201)], None),
    "until the end of the connection": Fault([unsized() + BODY, CUT], None),
    "HTTP/1.0": Fault([sized(BODY).replace(b"HTTP/1.1", b"HTTP/1.0"), CUT], None),
    "after 100 and 103": Fault(
        [
            b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n",
            sized(BODY),
        ],
        None,
    ),
    "with trailers": Fault([unsized(CHUNKED) + chunk(BODY) + b"0\r\nX-A: 1\r\n\r\n"], None),
    "chunk extensions": Fault(
        [unsized(CHUNKED) + b"%x;a=b\r\n%s\r\n0\r\n\r\n" % (len(BODY), BODY)], None
    ),
    "every byte alone": Fault([bytes([byte]) for byte in sized(BODY)], None),
    "gzip": Fault([coded("gzip", PACKED)], None),
    "gzip in drips": Fault(
        [coded("gzip", PACKED)[: -len(PACKED)], *(bytes([byte]) for byte in PACKED)], None
    ),
    "zlib": Fault([coded("deflate", zlib.compress(BODY))], None),
    "raw deflate": Fault([coded("deflate", raw_deflate(BODY))], None),
    "gzip and padding": Fault([coded("gzip", PACKED + bytes(9))], None),
    "wrong types deep inside": Fault([sized(json.dumps(_odd).encode())], None, warned=True),
    "invalid UTF-8": Fault([sized(_bad_text)], None, warned=True),
    "missing fields": Fault(
        [sized(json.dumps({"choices": _odd["choices"]}).encode())], None, warned=True
    ),
}

PLAIN: dict[str, Fault] = {**NO_HEAD, **CUT_BODY, **LIES, **ODD_STATUS, **USABLE}


BEYOND: dict[tuple[str, str], str] = {
    ("httpx2", "an answer in place of the request"): "it does not read while it sends",
    ("httpx2", "an answer before the end of the request"): "its async client does not read then",
    ("httpx2", "endless interim answers"): "it sets no bound to them",
    ("aiohttp", "endless interim answers"): "it sets no bound to them",
    ("aiohttp", "a switch of protocols"): "it is an answer there",
    ("aiohttp", "no content, with a body"): "it calls the whole answer broken",
    ("in-process", "a switch of protocols"): "an application cannot say that",
    ("aiohttp", "endless trailers"): "it sets no bound to trailers",
    ("aiohttp", "an endless chunk extension"): "it sets no bound to chunk extensions",
    ("aiohttp", "a length too short"): "it calls the whole answer broken",
}
"""What a library does not do, and so not what a client given to ours does."""
