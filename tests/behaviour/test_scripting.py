"""What a test can make a generated fake server do, in this process and on loopback."""

from __future__ import annotations

import asyncio
import contextlib
import datetime
import itertools
import threading
import time
from collections.abc import Callable, Iterator
from types import ModuleType
from typing import Any

import pytest

from tests.behaviour.case_packages import import_case

Opener = Callable[..., contextlib.AbstractContextManager[Any]]


@pytest.fixture(scope="module")
def things(tmp_path_factory: pytest.TempPathFactory) -> ModuleType:
    """The client of the case `fakes`."""
    return import_case("fakes", tmp_path_factory.mktemp("fakes"))


@pytest.fixture
def fake(things: ModuleType) -> Any:
    return things.testing.fake_app()


@pytest.fixture(params=["in process", "on loopback"])
def opened(request: pytest.FixtureRequest, things: ModuleType, fake: Any) -> Opener:
    """Opens a client of the fake server."""

    @contextlib.contextmanager
    def open_client(**options: Any) -> Iterator[Any]:
        options = {"max_retries": 0, "timeout": 30, **options}
        if request.param == "in process":
            with fake.client(**options) as client:
                yield client
            return
        with fake.serve() as server:
            with things.Things("test-key", base_url=server.url, **options) as client:
                yield client

    return open_client


# --- Answers


def test_models_are_sent_as_they_are(things: ModuleType, fake: Any, opened: Opener) -> None:
    thing = things.models.Thing.from_dict({"name": "lamp", "made": "2024-02-03T04:05:06Z", "x": 1})
    page = things.models.Page(items=[thing], next_cursor=None)
    fake.things.create.replies(thing).replies({"job": "j"}, status=202)
    fake.things.list.replies(page, headers={"X-More": "yes"})
    with opened() as client:
        first = client.things.create(name="lamp")
        assert first == thing and first.extra == {"x": 1}
        assert client.things.create(name="lamp") == things.models.Job(job="j")
        found = client.send(client.things.list_request())
        assert found.parsed == page and found.headers["x-more"] == "yes"
        # Then the document's answer again.
        assert client.things.create(name="lamp").name == "lamp"


def test_each_media_type_has_its_own_values(fake: Any, opened: Opener) -> None:
    fake.things.picture.get.replies(b"\x89PNG")
    fake.notes.get.replies("a note")
    fake.notes.create.replies("text").replies(None).replies([1, {"a": None}])
    fake.things.delete.replies()
    fake.notes.update.replies({"name": "lamp"}).replies("<Thing/>")
    with opened() as client:
        assert client.things.picture.get(1) == b"\x89PNG"
        assert client.notes.get() == "a note"
        assert client.notes.create(name="n") == "text"
        assert client.notes.create(name="n") is None
        assert client.notes.create(name="n") == [1, {"a": None}]
        assert client.things.delete(1) is None
        assert "<name>lamp</name>" in client.notes.update(body="new")
        assert client.notes.update(body="new") == "<Thing/>"
    fake.assert_all_used()


def test_without_a_value_the_document_answers(fake: Any, opened: Opener) -> None:
    fake.things.create.replies(times=2).fails(500).replies(status=202, headers={"x-a": "b"})
    with opened() as client:
        assert [client.things.create(name="n").name for _ in range(2)] == ["lamp", "lamp"]
        with pytest.raises(Exception, match="500"):
            client.things.create(name="n")
        answer = client.send(client.things.create_request(name="n"))
        assert (answer.status_code, answer.headers["x-a"]) == (202, "b")


def test_errors_have_the_shape_of_the_document(
    things: ModuleType, fake: Any, opened: Opener
) -> None:
    script = fake.things.list
    script.fails(429, retry_after=2).fails(503, code="overloaded").fails(
        418, body={"error": {"message": "I am a teapot"}}, headers={"x-pot": "tea"}
    ).fails()
    with opened() as client:
        with pytest.raises(things.RateLimitError) as limited:
            client.things.list()
        assert limited.value.headers["retry-after"] == "2"
        assert isinstance(limited.value.body, things.models.Error)
        with pytest.raises(things.InternalServerError) as overloaded:
            client.things.list()
        assert (overloaded.value.status_code, overloaded.value.code) == (503, "overloaded")
        with pytest.raises(things.APIStatusError, match="teapot") as strange:
            client.things.list()
        assert (strange.value.status_code, strange.value.headers["x-pot"]) == (418, "tea")
        with pytest.raises(things.InternalServerError):
            client.things.list()
        assert client.things.list().items


def test_errors_are_tried_again(fake: Any, opened: Opener) -> None:
    fake.things.list.fails(status=429, retry_after=0, times=2)
    with opened(max_retries=2) as client:
        assert client.things.list().items
    assert len(fake.things.list.requests) == 3
    fake.assert_all_used()


def test_raw_answers(fake: Any, opened: Opener) -> None:
    fake.notes.get.sends_raw(b"as it is").sends_raw([b"in ", b"parts"], media_type="text/plain")
    with opened() as client:
        assert client.notes.get() == "as it is"
        assert client.notes.get() == "in parts"


def test_an_answer_may_take_its_time(fake: Any, opened: Opener) -> None:
    fake.notes.get.replies("late", delay=0.05)
    with opened() as client:
        started = time.monotonic()
        assert client.notes.get() == "late"
        assert time.monotonic() - started >= 0.05


# --- Streams


def test_streams_end_as_documented(things: ModuleType, fake: Any, opened: Opener) -> None:
    pieces = [{"text": "a"}, things.models.Piece(text="b", last=True)]
    fake.answers.create.streams(pieces, headers={"x-a": "b"}, delay=0.001).streams([])
    fake.log.get.streams(pieces)
    fake.records.get.streams(iter(pieces))
    with opened() as client:
        with client.answers.create(text="q", stream=True) as stream:
            assert stream.headers["x-a"] == "b"
            assert [piece.text for piece in stream] == ["a", "b"]
        with client.answers.create(text="q", stream=True) as stream:
            assert list(stream) == []
        for lines in (client.log.get(), client.records.get()):
            with lines:
                assert [piece.text for piece in lines] == ["a", "b"]
    fake.assert_all_used()


def test_a_stream_may_have_no_end(fake: Any, opened: Opener) -> None:
    fake.log.get.streams({"text": str(number)} for number in itertools.count())
    with opened() as client, client.log.get() as stream:
        assert [piece.text for piece in itertools.islice(stream, 500)][-1] == "499"


def test_a_stream_breaks_off(things: ModuleType, fake: Any, opened: Opener) -> None:
    fake.answers.create.cuts_after(events=2, of=[{"text": t} for t in "abc"]).cuts_after(
        of=[{"text": t} for t in "abc"]
    ).cuts_after(bytes=5)
    with opened() as client:
        for count in (2, 3, 0):
            seen: list[str] = []
            with pytest.raises((things.StreamTruncatedError, things.APIConnectionError)):
                with client.answers.create(text="q", stream=True) as stream:
                    seen.extend(piece.text for piece in stream)
            assert len(seen) == count
        with client.answers.create(text="q", stream=True) as stream:
            assert list(stream)
    fake.assert_all_used()


def test_a_stream_is_cut_before_its_end_at_the_latest(things: ModuleType, fake: Any) -> None:
    fake.answers.create.cuts_after(events=99).cuts_after(events=99, of=[{"text": "a"}])
    with fake.client(max_retries=0) as client:
        for _ in range(2):
            stream = client.answers.create(text="q", stream=True)
            with pytest.raises(things.StreamTruncatedError):
                list(stream)


def test_a_stream_of_one_event_breaks_off_behind_it(fake: Any, opened: Opener) -> None:
    fake.log.get.cuts_after(events=1, of=[{"text": "a"}])
    seen: list[str] = []
    with opened() as client, client.log.get() as stream, contextlib.suppress(Exception):
        seen.extend(piece.text for piece in stream)
    assert seen == ["a"]


def test_a_body_breaks_off(things: ModuleType, fake: Any, opened: Opener) -> None:
    fake.notes.get.cuts_after().cuts_after(bytes=0).drops()
    with opened() as client:
        for _ in range(3):
            with pytest.raises(things.APIConnectionError):
                client.notes.get()
        assert client.notes.get()


def test_a_dropped_request_is_tried_again(fake: Any, opened: Opener) -> None:
    fake.notes.get.drops(times=2)
    with opened(max_retries=2) as client:
        assert client.notes.get()
    assert len(fake.notes.get.requests) == 3


def test_a_stall_ends_when_the_client_leaves(things: ModuleType, fake: Any, opened: Opener) -> None:
    told: list[Any] = []
    heard = threading.Semaphore(0)

    def on_exchange(exchange: Any) -> None:
        told.append(exchange)
        heard.release()

    fake.on_exchange = on_exchange
    fake.notes.get.stalls().stalls(3600, after_bytes=1)
    fake.answers.create.stalls(after_events=1)
    with opened(timeout=0.2) as client:
        for _ in range(2):
            with pytest.raises(things.APITimeoutError):
                client.notes.get()
            assert heard.acquire(timeout=30)
        with pytest.raises(things.APIConnectionError):
            with client.answers.create(text="q", stream=True) as stream:
                list(stream)
        assert heard.acquire(timeout=30)
    assert [exchange.is_complete for exchange in told] == [False] * 3


def test_a_short_stall_is_only_late(fake: Any, opened: Opener) -> None:
    fake.answers.create.stalls(0.02, after_events=1, of=[{"text": "a"}, {"text": "b"}])
    fake.notes.get.stalls(0.02).stalls(0.02, after_bytes=1)
    with opened() as client:
        with client.answers.create(text="q", stream=True) as stream:
            assert [piece.text for piece in stream] == ["a", "b"]
        assert client.notes.get() == client.notes.get()


# --- Credentials


def test_the_clients_of_a_fake_have_the_key_that_is_right(things: ModuleType) -> None:
    for keys in ("sk-right", ["sk-right", "sk-two"]):
        with things.testing.fake_app(credentials={"key": keys}) as fake:
            with fake.client() as client:
                assert client.notes.get()
            with fake.client(api_key="sk-other", max_retries=0) as client:
                with pytest.raises(things.AuthenticationError):
                    client.notes.get()
            assert [one.header("x-key") for one in fake.requests] == ["sk-right", "sk-other"]


def test_credentials_of_an_unknown_scheme_are_refused(things: ModuleType) -> None:
    with pytest.raises(ValueError, match="'bearer'; the document's are: key"):
        things.testing.fake_app(credentials={"bearer": "sk-right"})


# --- Conditions, sequences, requests


def test_the_first_answer_whose_condition_is_met(fake: Any, opened: Opener) -> None:
    script = fake.things.create
    big = script.when(lambda request: (request.body.size or 0) > 10)
    big.replies({"name": "big"}, times=None)
    big.when(lambda request: request.body.name == "never").fails(500)
    script.replies({"name": "any"}, times=2)
    with opened() as client:
        sizes = (1, 99, 2, 99, 3)
        names = [client.things.create(name="n", size=size).name for size in sizes]
    assert names == ["any", "big", "any", "big", "lamp"]
    assert [request.body.size for request in script.requests] == list(sizes)
    assert [str(one) for one in fake.unused] == ["things.create.fails(status=500)"]
    with pytest.raises(AssertionError, match=r"things\.create\.fails"):
        fake.assert_all_used()


def test_requests_are_typed(things: ModuleType, fake: Any, opened: Opener) -> None:
    since = datetime.datetime(2024, 1, 2, 3, 4, 5, tzinfo=datetime.UTC)
    with opened() as client:
        client.things.list(
            cursor="c", tag=["a", "b"], since=since, kind="small", list=True, x_trace_id=7,
            session="s",
        )  # fmt: skip
        with pytest.warns(DeprecationWarning):
            client.things.get(5, id_query="q")
        client.things.update(3, name="n")
        client.things.picture.update(1, body=b"\x00\x01")
        client.things.picture.create(1, file=b"\x00", note="n")
        client.notes.update(body="text")
        client.notes.create(name="n", size=3)
        client.requests.get_scripts("m")
    found = fake.things.list.last_request.parameters
    assert (found.cursor, found.tag, found.kind, found.list) == ("c", ["a", "b"], "small", True)
    assert (found.since, found.x_trace_id, found.session) == (since, 7, "s")
    one = fake.things.get.last_request
    assert (one.parameters.id, one.parameters.id_query, one.body) == (5, "q", None)
    assert repr(one.parameters) == "ThingsGetParameters(id=5, id_query='q')"
    assert fake.things.update.last_request.body == things.models.Thing(name="n")
    assert fake.things.picture.update.last_request.body == b"\x00\x01"
    assert fake.things.picture.create.last_request.body == {"file": b"\x00", "note": "n"}
    assert fake.notes.update.last_request.body == "text"
    assert fake.notes.create.last_request.body == things.models.Thing(name="n", size=3)
    assert fake.requests_.get_scripts.last_request.parameters.models == "m"
    module = type(one).__module__
    assert module.endswith("testing.fakes.things") and type(one).__name__ == "ThingsGetRequest"
    assert [request.operation for request in fake.requests][:2] == ["things.list", "things.get"]
    assert one.method == "GET" and one.path.endswith("/things/5") and one.query == {"id": ["q"]}
    assert one.header("x-key") == "test-key"


def test_requests_that_are_wrong_are_kept_too(
    things: ModuleType, fake: Any, opened: Opener
) -> None:
    with opened() as client:
        with pytest.raises(things.BadRequestError):
            client.things.create(name="n", options={"body": {"name": 5}})
        assert fake.things.create.last_request.body.name == 5
        with pytest.raises(things.APIStatusError, match="415"):
            client.send(
                client.things.create_request(
                    name="n", options={"headers": {"content-type": "text/x"}}
                )
            )
    assert fake.things.create.requests[0].content
    with pytest.raises(AssertionError, match=r"notes\.get"):
        _ = fake.notes.get.last_request


def test_a_condition_that_raises_fails_the_test(things: ModuleType, fake: Any) -> None:
    fake.notes.get.when(lambda request: request.nothing == 1).replies("x", times=None)
    with fake.client(max_retries=3) as client, pytest.raises(AssertionError, match="nothing") as e:
        client.notes.get()
    assert isinstance(e.value, things.testing.ScriptError)
    assert isinstance(e.value.__cause__, AttributeError)
    with pytest.raises(things.testing.ScriptError), fake.serve() as server:
        with things.Things("k", base_url=server.url, max_retries=3) as client:
            with pytest.raises(things.InternalServerError, match=r"condition of notes\.get"):
                client.notes.get()
    assert len(fake.notes.get.requests) == 2  # there was no second try
    fake.reset()
    assert fake.requests == fake.failures == fake.unused == ()
    fake.check()


def test_a_condition_may_use_the_script_itself(fake: Any, opened: Opener) -> None:
    script = fake.notes.get

    def is_second(request: Any) -> bool:
        return len(script.requests) == 2 and repr(script) != ""

    script.when(is_second).replies("second")
    with opened() as client:
        answers = [client.notes.get() for _ in range(3)]
    assert [answer == "second" for answer in answers] == [False, True, False]


def test_threads_use_up_each_answer_once(things: ModuleType, fake: Any) -> None:
    count = 40
    for number in range(count):
        fake.notes.get.replies(str(number))
    with fake.client() as client:
        got: list[str] = []

        def work() -> None:
            got.extend(client.notes.get() for _ in range(count // 4))

        threads = [threading.Thread(target=work) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert sorted(map(int, got)) == list(range(count))
    fake.assert_all_used()


def test_a_script_says_what_it_is(fake: Any) -> None:
    script = fake.answers.create
    assert repr(script) == "<StreamScript answers.create (POST /answers): as documented>"
    script.replies({"text": "a"}).fails(429, times=2).cuts_after(events=3, times=None)
    shown = "replies(), fails(status=429) 2 times, cuts_after(events=3) from then on"
    assert repr(script) == f"<StreamScript answers.create (POST /answers): {shown}>"
    assert repr(fake.things) == ("<ThingsScripts: create, delete, get, list, picture, update>")
    assert fake.script("POST /answers") is fake.answers.create
    script.reset()
    assert fake.unused == ()


def test_pages_are_scripted_one_by_one(things: ModuleType, fake: Any, opened: Opener) -> None:
    lamp, desk = things.models.Thing(name="lamp"), things.models.Thing(name="desk")
    fake.things.list.replies(things.models.Page(items=[lamp], next_cursor="2")).replies(
        {"items": [desk]}
    )
    with opened() as client:
        assert list(client.things.list()) == [lamp, desk]
    assert [one.parameters.cursor for one in fake.things.list.requests] == [None, "2"]


def test_a_fake_is_a_context_that_ends_with_its_failures(things: ModuleType) -> None:
    def fails(request: Any) -> bool:
        raise KeyError("mine")

    with pytest.raises(things.testing.ScriptError, match="mine"), things.testing.fake_app() as fake:
        fake.notes.get.when(fails).replies("x")
        with fake.client() as client, pytest.raises(AssertionError):
            client.notes.get()
    with pytest.raises(KeyError), things.testing.fake_app() as fake:
        fake.notes.get.when(fails).replies("x")
        with fake.client() as client, pytest.raises(AssertionError):
            client.notes.get()
        raise KeyError("own")


async def awaited(request: Any) -> bool:
    return True


@pytest.mark.parametrize(
    ("wrong", "error"),
    [
        (lambda script: script.replies({}, times=0), ValueError),
        (lambda script: script.fails(99), ValueError),
        (lambda script: script.fails(headers={"a b": "c"}), ValueError),
        (lambda script: script.fails(headers={"a": "b\r\nc: d"}), ValueError),
        (lambda script: script.stalls(-1), ValueError),
        (lambda script: script.stalls(1, after_events=1, after_bytes=1), ValueError),
        (lambda script: script.cuts_after(events=-1), ValueError),
        (lambda script: script.cuts_after(events=1, bytes=1), ValueError),
        (lambda script: script.streams("text"), TypeError),
        (lambda script: script.streams(5), TypeError),
        (lambda script: script.streams({"text": "whole"}), ValueError),
        (lambda script: script.streams([object()]), TypeError),
        (lambda script: script.streams([], delay=-1), ValueError),
        (lambda script: script.replies(object()), TypeError),
        (lambda script: script.replies({"text": [object()]}), TypeError),
        (lambda script: script.replies({}, delay=float("nan")), ValueError),
        (lambda script: script.replies({}, times=1.5), TypeError),
        (lambda script: script.fails(body={"error": object()}), TypeError),
        (lambda script: script.fails(429, retry_after=-1), ValueError),
        (lambda script: script.fails(429.5), TypeError),
        (lambda script: script.cuts_after(events=1.5), TypeError),
        (lambda script: script.sends_raw("text"), TypeError),
        (lambda script: script.sends_raw([b"a", "b"]), TypeError),
        (lambda script: script.sends_raw(5), TypeError),
        (lambda script: script.sends_raw(b"", media_type="a\r\nb: c"), ValueError),
        (lambda script: script.when("condition"), TypeError),
        (lambda script: script.when(awaited), TypeError),
    ],
)
def test_what_makes_no_sense_is_refused_at_once(
    fake: Any, wrong: Callable[[Any], Any], error: type[Exception]
) -> None:
    with pytest.raises(error):
        wrong(fake.answers.create)
    assert fake.unused == ()


def test_async_clients_get_the_same(things: ModuleType, fake: Any) -> None:
    fake.notes.get.fails(429, retry_after=0).replies("a").cuts_after().stalls()
    fake.answers.create.streams([{"text": "a"}]).cuts_after(events=1, of=[{"text": "b"}] * 3)

    async def use(client: Any) -> None:
        assert await client.notes.get() == "a"
        with pytest.raises(things.APIConnectionError):
            await client.with_options(max_retries=0).notes.get()
        with pytest.raises(things.APITimeoutError):
            await client.with_options(timeout=0.1, max_retries=0).notes.get()
        async with await client.answers.create(text="q", stream=True) as stream:
            assert [piece.text async for piece in stream] == ["a"]
        with pytest.raises(things.StreamTruncatedError):
            async with await client.answers.create(text="q", stream=True) as stream:
                assert [piece.text async for piece in stream]
        fake.assert_all_used()

    async def in_process() -> None:
        async with fake.async_client() as client:
            await use(client)

    asyncio.run(in_process())
    fake.reset()
    fake.notes.get.fails(429, retry_after=0).replies("a").cuts_after().stalls()
    fake.answers.create.streams([{"text": "a"}]).cuts_after(events=1, of=[{"text": "b"}] * 3)

    async def on_loopback() -> None:
        async with fake.serve() as server:
            async with things.AsyncThings("k", base_url=server.url) as client:
                await use(client)

    asyncio.run(on_loopback())
