"""Whatever a server answers is an answer or one of our errors: random heads and bodies, by Hypothesis.

No sockets: the client is given a transport whose answers are drawn. Framing has its own tests.
"""

from __future__ import annotations

import asyncio
import gzip
import json
import pickle
import zlib
from importlib import import_module
from types import ModuleType
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.behaviour.driving import MESSAGES
from tests.behaviour.faults import BODY
from tests.behaviour.stream_faults import DONE, HEL, LO, STOP

KEY = "sk-test-0123456789"


@pytest.fixture(scope="session")
def package(handmade: ModuleType) -> ModuleType:
    """One package will do here."""
    return handmade


class Transport:
    """Answers the requests in turn with what was drawn: status, headers, blocks, and how it ends."""

    def __init__(self, package: ModuleType, answers: list[Any]) -> None:
        self.answers = list(answers)
        self.error = import_module(f"{package.__name__}._runtime.transport").TransportError

    def send(self, request: Any, budget: Any) -> Exchange:
        if not self.answers:
            raise self.error("refused", "connecting", permanent=True)
        answer = self.answers.pop(0)
        if isinstance(answer, str):
            raise self.error("broken", answer)
        status, headers, blocks, cut = answer
        return Exchange(status, headers, blocks, cut, self.error)

    def close(self) -> None:
        pass


class Exchange:
    def __init__(
        self,
        status: int,
        headers: list[tuple[str, str]],
        blocks: list[bytes],
        cut: bool,
        error: Any,
    ) -> None:
        self.status = status
        self.headers = headers
        self.blocks = list(blocks)
        self.cut = cut
        self.error = error
        self.closed = False

    def read(self) -> bytes:
        assert not self.closed
        if self.blocks:
            return self.blocks.pop(0)
        if self.cut:
            raise self.error("cut", "reading")
        return b""

    def close(self) -> None:
        self.closed = True

    def abandon(self) -> None:
        self.closed = True


class AsyncTransport(Transport):
    async def send(self, request: Any, budget: Any) -> AsyncExchange:  # type: ignore[override]
        return AsyncExchange(super().send(request, budget))

    async def close(self) -> None:  # type: ignore[override]
        pass


class AsyncExchange:
    def __init__(self, exchange: Exchange) -> None:
        self.exchange = exchange
        self.status, self.headers = exchange.status, exchange.headers

    async def read(self) -> bytes:
        return self.exchange.read()

    async def close(self) -> None:
        self.exchange.close()

    def abandon(self) -> None:
        self.exchange.abandon()


names = st.sampled_from(
    """Content-Type Content-Encoding Content-Length Retry-After Retry-After-Ms X-Should-Retry Location
    X-Request-Id Link Set-Cookie X""".split()
)
values = st.one_of(
    st.sampled_from(
        """application/json text/event-stream text/html text/plain;charset=utf-16 ;; a/b;charset=idna
        application/json;charset=undefined application/json;charset=base64 application/json;charset=\x01
        gzip deflate br identity,gzip 0 -1 1e9 nan true false / // ? # http:// http://[ //x:y/
        http://127.0.0.1/ https://\u00e9/ ../.. data:, Mon,\x201\x20Jan\x2099999""".split(
            " "
        )
    ),
    st.text(st.characters(max_codepoint=255, exclude_characters="\r\n\0"), max_size=30),
)
texts = st.text(max_size=10)
scalars = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), texts, st.sampled_from([KEY, 429, 500])
)
keys = st.one_of(
    st.sampled_from(
        """id object created model choices usage index message delta content role finish_reason
        tool_calls function arguments error errors code type msg detail status""".split()
    ),
    texts,
)
values_of_json = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=4),
    max_leaves=12,
)


def mutated(data: bytes) -> st.SearchStrategy[bytes]:
    """``data`` with a few pieces replaced, which may be nothing by something."""

    def apply(changes: list[tuple[int, int, bytes]]) -> bytes:
        made = data
        for start, size, new in changes:
            place = start % (len(made) + 1)
            made = made[:place] + new + made[place + size :]
        return made

    change = st.tuples(st.integers(0, 5000), st.integers(0, 20), st.binary(max_size=4))
    return st.lists(change, max_size=3).map(apply)


documents = st.one_of(
    values_of_json.map(lambda value: json.dumps(value).encode("utf-8", "surrogatepass")),
    mutated(BODY),
    st.binary(max_size=60),
)
events = st.one_of(
    st.sampled_from(
        [HEL, LO, STOP, DONE, b": x\n\n", b"event: error\n", b"\n", b"id: 1\r\nretry: 2\n"]
    ),
    documents.map(lambda document: b"data: " + document + b"\n\n"),
    mutated(HEL),
)
bodies = st.one_of(documents, st.lists(events, max_size=5).map(b"".join))
coded = st.one_of(bodies, bodies.map(gzip.compress), bodies.map(zlib.compress))


def in_blocks(data: bytes) -> st.SearchStrategy[list[bytes]]:
    def split(size: int) -> list[bytes]:
        return [data[start : start + size] for start in range(0, len(data), size)]

    return st.integers(1, max(1, len(data))).map(split)


replies = st.tuples(
    st.sampled_from([200] * 12 + [0, 99, 204, 299, 304, 307, 400, 429, 500, 1100]),
    st.lists(st.tuples(names, values), max_size=4),
    coded.flatmap(in_blocks),
    st.booleans(),
)
phases = st.sampled_from(["connecting", "sending", "waiting", "reading"])
scripts = st.lists(
    st.one_of(replies, replies, replies, replies, replies, phases), min_size=1, max_size=3
)


@pytest.mark.parametrize("streams", [False, True], ids=["plain", "stream"])
@pytest.mark.parametrize("kind", ["sync", "async"])
@settings(
    max_examples=150,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(script=scripts, strict=st.booleans())
def test_it_is_an_answer_or_our_error(
    package: ModuleType,
    monkeypatch: pytest.MonkeyPatch,
    kind: str,
    streams: bool,
    script: list[Any],
    strict: bool,
) -> None:
    retries = import_module(f"{package.__name__}._runtime.retries")
    monkeypatch.setattr(retries, "FIRST_DELAY", 0)
    monkeypatch.setattr(retries, "MAX_WAIT", 0)
    options = {"strict": strict, "base_url": "http://127.0.0.1:1", "api_key": KEY}
    try:
        if kind == "sync":
            client = package.Siray(http_client=Transport(package, script), **options)
            answer = client.chat.completions.create(model="m", messages=MESSAGES, stream=streams)
            result = (list(answer), answer.final()) if streams else answer
        else:
            result = asyncio.run(ask(package, script, streams, options))
    except package.errors.SirayError as error:
        assert KEY not in str(error)
        assert error.attempts >= 1
        twin = pickle.loads(pickle.dumps(error))
        assert type(twin) is type(error) and str(twin) == str(error)
    else:
        pickle.dumps(result)


async def ask(
    package: ModuleType, script: list[Any], streams: bool, options: dict[str, Any]
) -> Any:
    client = package.AsyncSiray(http_client=AsyncTransport(package, script), **options)
    answer = await client.chat.completions.create(model="m", messages=MESSAGES, stream=streams)
    if not streams:
        return answer
    return [item async for item in answer], await answer.final()
