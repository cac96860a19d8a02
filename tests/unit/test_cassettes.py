"""Cassettes by themselves: every value comes back from the file, and no file does any harm."""

from __future__ import annotations

import gzip
import json
import re
import time
import zlib
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import example, given
from hypothesis import strategies as st

from sdkpress.runtime.testing.cassette_bodies import blocks_of, describe
from sdkpress.runtime.testing.cassette_files import read, write, write_exchange
from sdkpress.runtime.testing.cassette_text import CassetteError, read_tree, write_tree
from sdkpress.runtime.testing.exchanges import ReceivedRequest, Stall
from sdkpress.runtime.testing.matching import ASPECTS, differences
from sdkpress.runtime.testing.recording import Recorder, Recording
from sdkpress.runtime.testing.redacting import Redaction
from sdkpress.runtime.testing.references import References
from sdkpress.runtime.testing.replaying import Player, Replay
from sdkpress.runtime.testing.routing import Router

_SCALARS = (
    "1e5 0o7 1:30 010 yes no on null ~ = << 2001-01-01 1_000 .5 1. 0x1f .inf .nan - # a\x85b\nc "
    "\u2028\nx \ufeff\nx a\rb\nc 😀\n😀 %x @x `x !x &x *x | > ? --- ..."
).split(" ")
_BLANKS = ["", " ", "\n", "a\n", "a\nb", "\na", "  a\nb", "a\n\n", "x \ny", "\t\n", "a: b", "a #b"]
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=20) | st.sampled_from(
    [*_SCALARS, *_BLANKS]
)
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | TEXTS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4),
    max_leaves=10,
)
MEDIA_TYPES = st.sampled_from([
    "application/json", "application/problem+json; charset=utf-8", "text/event-stream",
    "application/x-ndjson", "application/json-seq", "text/plain", "application/octet-stream",
    "application/x-www-form-urlencoded", "image/png", "multipart/mixed; boundary=x", "", "text/xml",
])  # fmt: skip


def typed(value: Any) -> str:
    return repr(value)


@given(VALUES)
def test_every_value_comes_back(value: Any) -> None:
    text = write_tree({"value": value})
    assert typed(read_tree(text, "x").value) == typed({"value": value})


@given(VALUES)
def test_other_readers_see_the_same(value: Any) -> None:
    text = write_tree({"value": value})
    assert typed(yaml.safe_load(text)) == typed({"value": value})


@given(st.binary(max_size=60) | TEXTS.map(str.encode) | VALUES.map(lambda v: json.dumps(v).encode())
       | st.lists(st.sampled_from([b"data: {}\n", b"\n", b"\r\n", b"id: 1", b"\xc3", b"a=1&b=%20"]))
       .map(b"".join), MEDIA_TYPES)  # fmt: skip
@example(b"\n:\n\n", "application/json")
def test_every_answer_comes_back(content: bytes, media_type: str) -> None:
    fields = describe(content, media_type, largest=1000)
    exchange = {
        "request": {"method": "GET", "path": "/"},
        "response": {"status": 200, "headers": {"content-type": media_type}, **fields},
    }
    (found,) = read(write("An API", [write_exchange(exchange)]), "c.yaml")
    again = b"".join(blocks_of(found.response))
    if "json" in fields:
        assert typed(json.loads(again)) == typed(json.loads(content))
    else:
        assert again == content


@given(st.binary(max_size=40), st.binary(max_size=40))
def test_multipart_without_its_boundary(one: bytes, two: bytes) -> None:
    def body(boundary: str) -> bytes:
        parts = b""
        for name, content in (("a", one), ("b", two)):
            head = (
                f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"; filename="f"\r\n'
            )
            parts += head.encode() + b"Content-Type: image/png\r\n\r\n" + content + b"\r\n"
        return parts + f"--{boundary}--\r\n".encode()

    found = [
        describe(body(b), f"multipart/form-data; boundary={b}", largest=1000, is_request=True)
        for b in ("0123456789abcdef", "fedcba9876543210")
    ]
    assert found[0] == found[1]
    assert [part.get("base64", b"") for part in found[0]["parts"]] == [one, two]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("version: 1\nexchanges: &a []\n", "c.yaml:2: a cassette has no anchors"),
        ("version: 1\nexchanges: !!python/object/apply:os.system ['x']\n", "c.yaml:2: .* no tags"),
        (
            "version: 1\nexchanges:\n- request: {method: GET}\n  response: {status: 200}\n",
            "3.*'path'",
        ),
        ("version: 2\nexchanges: []\n", "no version that is known"),
        ("version: 1\nversion: 1\n", "c.yaml:2: 'version' is there twice"),
        ("- 1\n", "must be a mapping"),
        ("", "must be a mapping"),
        pytest.param("[" * 5000, "deeper than", id="deep"),
        ("\0", "no YAML"),
        ("a: [", "no YAML"),
        ("version: 1\n---\nversion: 1\n", "second document"),
        ("version: 1\nexchanges: []\nmore: 1\n", "c.yaml:3: 'more' is not known"),
    ],
)
def test_a_bad_file_is_an_error_with_a_place(text: str, said: str) -> None:
    with pytest.raises(CassetteError, match=said):
        read(text, "c.yaml")


RESPONSES = [
    ("status: '200'", "'status' must be a whole number"),
    ("status: 20", "is no status"),
    ("status: 200\n    base64: '?'", "c.yaml:6: 'base64' is no base64"),
    ("status: 200\n    json: 1\n    text: a", "more than one body: json, text"),
    ("status: 200\n    ended: never", "is none of cut, stalled, abandoned"),
    ("status: 200\n    delays: [-1]", "no number of seconds"),
    ("status: 200\n    headers: {a: \"b\\r\\nc: d\"}", "a header that cannot be sent"),
    ("status: 200\n    headers: {'a b': c}", "a header that cannot be sent"),
    ("status: 200\n    headers: {a: 1}", "must be a text"),
    ("status: 200\n    events: [1]", "must be a text"),
    ("status: 200\n    text: 5", "must be a text"),
    ("status: 200\n    file: /etc/passwd", "'file' is not known"),
]  # fmt: skip


@pytest.mark.parametrize(("response", "said"), RESPONSES)
def test_an_exchange_that_cannot_be(response: str, said: str) -> None:
    start = "version: 1\nexchanges:\n- request: {method: GET, path: /}\n  response:\n    "
    with pytest.raises(CassetteError, match=re.escape(said).replace("c\\.yaml", "c.yaml")):
        read(start + response + "\n", "c.yaml")


def request(**fields: Any) -> dict[str, Any]:
    return {"method": "POST", "path": "/a", **fields}


@pytest.mark.parametrize(
    ("recorded", "given_", "same"),
    [
        ({"json": {"a": 1, "b": [1.0]}}, {"json": {"b": [1], "a": 1.0}}, True),
        ({"json": True}, {"json": 1}, False),
        ({"json": None}, {}, False),
        ({"json": [1, 2]}, {"json": [2, 1]}, False),
        ({"query": {"a": ["1", "2"]}}, {"query": {"a": ["2", "1"]}}, False),
        ({"query": {"a": "1", "b": "2"}}, {"query": {"b": "2", "a": "1"}}, True),
        ({"json": "REDACTED"}, {"json": {"any": "thing"}}, True),
        ({"json": {"a": "REDACTED"}}, {"json": {}}, True),
        ({"json": {"a": "x REDACTED y"}}, {"json": {"a": "x .* y"}}, True),
        ({"json": {"a": "x REDACTED y"}}, {"json": {"a": "x y z"}}, False),
        ({"base64": b"\xff REDACTED"}, {"base64": b"\xff \0\n"}, True),
        ({"text": "a"}, {"json": "a"}, False),
        ({"headers": {"accept": "a"}}, {"headers": {"accept": "a", "x": "y"}}, True),
        ({"headers": {"accept": "a"}}, {"headers": {}}, False),
    ],
)
def test_what_is_the_same(recorded: Any, given_: Any, same: bool) -> None:
    found = list(differences(request(**recorded), request(**given_), b"", ASPECTS))
    assert (not found) is same


@given(VALUES, VALUES)
def test_values_match_themselves(one: Any, two: Any) -> None:
    assert not list(differences(request(json=one), request(json=one), b"", ASPECTS))
    if one != two and "REDACTED" not in f"{one}{two}":
        found = list(differences(request(json=one), request(json=two), b"", ASPECTS))
        assert found
        assert all(len(line) < 5_000 for line in found)


DOCUMENT: dict[str, Any] = {
    "info": {"title": "T"},
    "components": {
        "securitySchemes": {"k": {"type": "apiKey", "in": "header", "name": "Ocp-Custom"}},
        "schemas": {"A": {"properties": {"pin_code": {"type": "string", "format": "password"}}}},
    },
}


@given(st.text(st.characters(codec="ascii", min_codepoint=33, max_codepoint=126), min_size=8,
               max_size=30).filter(lambda key: "REDACTED" not in key and key != key[0] * len(key)))  # fmt: skip
def test_a_known_key_is_nowhere(key: str) -> None:
    redaction = Redaction(References(DOCUMENT))
    redaction.learn_headers([("ocp-custom", key)])
    value = {"text": f"a {key} b", key: [key], "in json": json.dumps({"a": key}), "n": 1}
    text = json.dumps(redaction.by_value(value))
    assert key.lower() not in json.dumps(json.loads(text), ensure_ascii=False).lower()
    assert json.loads(text)["n"] == 1


@pytest.mark.parametrize(
    ("body", "taken"),
    [
        ({"password": "x"}, True),
        ({"apiKey": "x"}, True),
        ({"client-secret": "x"}, True),
        ({"pinCode": "1234"}, True),
        ({"a": [{"refresh_token": "x"}]}, True),
        ({"token": "Hello"}, False),
        ({"token": "ghp_0123456789abcdefghij"}, True),
        ({"max_tokens": 5, "code": "rate_limit_exceeded", "key": "name", "tokens": ["a"]}, False),
        ({"properties": {"password": {"type": "string"}}}, False),
        ({"next_page_token": "abc"}, False),
    ],
)
def test_fields_that_hold_credentials(body: Any, taken: bool) -> None:
    redaction = Redaction(References(DOCUMENT))
    before = json.dumps(body)
    exchange = {"request": {"json": json.loads(before)}, "response": {"json": {}}}
    redaction.by_place(exchange)
    after = json.dumps(exchange["request"]["json"])
    assert ("REDACTED" in after) is taken
    assert taken or after == before


def test_a_key_that_is_known_later_is_taken_out_of_what_came_before(tmp_path: Any) -> None:
    recorder = Recorder.of(DOCUMENT, Recording(tmp_path / "c.yaml"))
    for number, headers in enumerate([[], [("Authorization", "Bearer later-known-key")]]):
        entry = recorder.begin("POST", f"http://h/{number}", headers)
        entry.sent(b"later-known-key")
        entry.answered(200, [(b"Content-Type", b"text/plain")])
        entry.received(b"my later-")
        entry.received(b"known-key")
        entry.ended()
        entry.ended("cut")
    text = (tmp_path / "c.yaml").read_text()
    assert "later-known" not in text
    assert text.count("text: my REDACTED") == 2
    assert "cut" not in text


@given(st.lists(st.integers(min_value=1, max_value=7), min_size=1, max_size=30))
def test_a_key_in_pieces(sizes: list[int]) -> None:
    key = "sk-live/0123456789"
    said = f"it is {key}, yes {key}. {key}{key}"
    pieces: list[str] = []
    rest = said
    for size in sizes:
        pieces.append(rest[:size])
        rest = rest[size:]
    pieces.append(rest)
    events = [
        f"id: {number}\ndata: " + json.dumps({"c": [{"d": {"t": piece}}], "x": "same"})
        for number, piece in enumerate(pieces)
    ]
    redaction = Redaction(References(DOCUMENT))
    redaction.learn_headers([("Authorization", f"Bearer {key}")])
    found = redaction.by_value({"events": [*events, "data: [DONE]"]})["events"]
    assert len(found) == len(events) + 1
    values = [json.loads(event.partition("data: ")[2]) for event in found[:-1]]
    assert "".join(value["c"][0]["d"]["t"] for value in values) == said.replace(key, "REDACTED")
    assert all(value["x"] == "same" for value in values)


def test_a_key_in_pieces_of_which_one_is_known_by_itself() -> None:
    redaction = Redaction(References(DOCUMENT))
    redaction.learn_headers([("Authorization", "Bearer sk-live=0123456789abcdef")])
    redaction.learn_headers([("Authorization", "Bearer 0123456789abcdef")])
    events = [f"data: {json.dumps({'t': piece})}" for piece in ("sk-l", "ive=0123456789abcdef")]
    text = "".join(redaction.by_value({"events": events})["events"])
    assert "REDACTED" in text
    assert "sk-l" not in text and "ive=" not in text


def zipped(content: bytes) -> bytes:
    return gzip.compress(content, mtime=0)


def raw_deflate(content: bytes) -> bytes:
    engine = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return engine.compress(content) + engine.flush()


@pytest.mark.parametrize(
    ("coding", "encoded", "end"),
    [
        ("gzip", zipped(b"data: 1\n\n") + zipped(b"data: 2\n\n"), ""),
        ("x-gzip", zipped(b"data: 1\n\ndata: 2\n\n")[:-8], "cut"),
        ("deflate", zlib.compress(b"data: 1\n\ndata: 2\n\n"), ""),
        ("deflate", raw_deflate(b"data: 1\n\ndata: 2\n\n"), ""),
        ("deflate, gzip", zipped(zlib.compress(b"data: 1\n\ndata: 2\n\n")), ""),
        ("identity", b"data: 1\n\ndata: 2\n\n", ""),
    ],
    ids=["members", "cut", "zlib", "raw", "both", "none"],
)
def test_content_codings_are_removed(coding: str, encoded: bytes, end: Any, tmp_path: Path) -> None:
    (answer,) = recorded_answers(tmp_path, [(coding, encoded, end)])
    assert answer["events"] == ["data: 1", "data: 2"]
    assert answer["headers"] == {"content-type": "text/event-stream"}
    assert answer.get("ended", "") == end


def test_a_coding_that_is_not_known_stays(tmp_path: Path) -> None:
    (answer,) = recorded_answers(tmp_path, [("br", b"\x8b\x00\x80a\x03", "")])
    assert answer["base64"] == b"\x8b\x00\x80a\x03"
    assert answer["headers"]["content-encoding"] == "br"


def recorded_answers(folder: Path, answers: list[tuple[str, bytes, Any]]) -> list[dict[str, Any]]:
    """What a cassette has of event streams with these codings, bodies and ends."""
    recorder = Recorder.of(DOCUMENT, folder / "a.yaml")
    for coding, body, end in answers:
        entry = recorder.begin("GET", "http://h/a", [])
        entry.answered(200, [("Content-Type", "text/event-stream"), ("Content-Encoding", coding)])
        for start in range(0, len(body), 5):
            entry.received(body[start : start + 5])
        entry.ended(end)
    text = (folder / "a.yaml").read_text(encoding="utf-8")
    return [exchange.response for exchange in read(text, "a.yaml")]


def test_pauses_of_a_stream(tmp_path: Path) -> None:
    recorder = Recorder.of(DOCUMENT, Recording(tmp_path / "a.yaml", delays=True))
    entry = recorder.begin("GET", "http://h/a", [])
    entry.answered(200, [("content-type", "text/event-stream")])
    for block in (b"data: 1\n", b"\n", b"data: 2\n\ndata: 3\n\n"):
        time.sleep(0.03)
        entry.received(block)
    entry.ended()
    (exchange,) = read((tmp_path / "a.yaml").read_text(), "a.yaml")
    first, second, third = exchange.response["delays"]
    assert first >= 0.05
    assert second >= 0.02
    assert third == 0
    references = References(DOCUMENT)
    replay = Replay(tmp_path / "a.yaml", delays=True)
    player = Player(references, Router(references), replay)
    steps = player.reply(ReceivedRequest.of("GET", "http://x/a", [], b"")).steps
    assert [type(step) for step in steps] == [Stall, bytes, Stall, bytes, bytes]


def test_a_request_as_a_client_sends_it() -> None:
    found = ReceivedRequest.of("GET", "https://u@h:8080/a%20b?c=d", [("X-A", "1")], b"")
    assert (found.path, found.query_string, found.header("host")) == ("/a%20b", "c=d", "h:8080")
