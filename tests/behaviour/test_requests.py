"""What requests look like on the wire: parameters in every place and style, bodies of every kind."""

from __future__ import annotations

import io
import json
import warnings
from collections.abc import AsyncIterator, Callable, Iterator
from email.parser import BytesParser
from email.policy import HTTP
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest

from tests.behaviour.built import Caller, import_case
from tests.behaviour.fault_server import Received, reply, serving

Made = Callable[[str], Caller]
NOTHING = reply(b"", 204, content_type=None)


@pytest.fixture(params=["sync", "async"])
def caller(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Made:
    folder = tmp_path_factory.getbasetemp() / "wire"

    def make(case: str) -> Caller:
        return Caller(import_case(case, folder), request.param)

    return make


def sent(
    call: Caller, use: Callable[[Any], Any], answer: Any = NOTHING, **options: Any
) -> Received:
    """The one request that a call makes."""
    with serving(answer) as server:
        call(server.url, use, **options)
    [received] = server.requests
    return received


def test_a_path_with_dots_and_parameters_of_every_place(caller: Made) -> None:
    got = sent(
        caller("requests"),
        lambda client: client.files.get(
            "a/b", "ü.x",
            x_tags=["one", "two"], x_meta={"k": "ü"}, session="s!1", colours=["red", "blue"],
            filter={"size": {"min": 3}, "tags": ["x", "y z"]}, next="/a?b=c&d", flag="",
        ),
    )  # fmt: skip
    path, _, query = got.target.partition("?")
    assert path == "/files/a%2Fb.%C3%BC.x.json"
    assert query.split("&") == [
        "colours=red%7Cblue",
        "filter%5Bsize%5D%5Bmin%5D=3",
        "filter%5Btags%5D%5B0%5D=x",
        "filter%5Btags%5D%5B1%5D=y%20z",
        "next=/a?b=c%26d",
        "flag=",
    ]
    assert got.headers["x-tags"] == "one,two"
    assert got.headers["x-meta"] == '{"k":"\\u00fc"}'
    assert got.headers["cookie"] == "session=s!1"


def test_matrix_label_and_a_verb_behind_a_colon(caller: Made) -> None:
    got = sent(
        caller("requests"),
        lambda client: client.points.close({"x": 1, "y": 2}, ["red", "blue"], [3, 4]),
    )
    assert got.target == "/points/;x=1;y=2/.red.blue/;size=3,4:close"


def test_a_whole_query_string(caller: Made) -> None:
    call = caller("requests")
    got = sent(call, lambda client: client.search.get(q={"text": "a b&c", "tags": ["x", "y"]}))
    assert got.target == "/search?text=a%20b%26c&tags=x&tags=y"
    got = sent(call, lambda client: client.search.copy(selector=[1, 2]))
    assert (got.method, got.target) == ("COPY", "/search?%5B1%2C2%5D")


def test_query_has_a_body_and_get_is_sent_without_one(caller: Made) -> None:
    call = caller("requests")
    got = sent(call, lambda client: client.search.query(text="x"))
    assert (got.method, json.loads(got.body)) == ("QUERY", {"text": "x"})
    got = sent(call, lambda client: client.search.get())
    assert (got.target, got.body) == ("/search", b"")


def test_a_query_and_a_fragment_in_the_path(caller: Made) -> None:
    call = caller("requests")
    got = sent(call, lambda client: client.root.list(page=2))
    assert got.target == "/rpc?action=list%20things&page=2"
    got = sent(call, lambda client: client.target.close(x_target="Close"))
    assert (got.target, got.headers["x-target"]) == ("/", "Close")


def test_names_that_collide_reach_their_places(caller: Made) -> None:
    call = caller("requests")
    answer = reply(b"{}")
    got = sent(
        call,
        lambda client: client.things.update(
            "p", id_query="q", id_body=1, options_="o", self_="s", body="b", from_="f",
            accept="a", stream=True, content_type="c",
        ),
        answer,
    )  # fmt: skip
    path, _, query = got.target.partition("?")
    assert path == "/things/p/"
    assert query == "id=q&options=o&self=s&body=b&from=f&accept=a&stream=true"
    assert json.loads(got.body) == {"id": 1, "content_type": "c"}
    got = sent(
        call,
        lambda client: client.things.update(
            "p", body_body="hello", request_content_type="text/plain",
            response_content_type="text/plain",
        ),
        reply("ok", content_type="text/plain"),
    )  # fmt: skip
    assert (got.body, got.headers["content-type"]) == (b"hello", "text/plain")
    assert got.headers["accept"] == "text/plain"


def test_a_deprecated_operation_warns_its_caller(caller: Made) -> None:
    call = caller("requests")
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        got = sent(call, lambda client: client.things.delete("x", reason="old"))
    [warning] = [item for item in caught if item.category is DeprecationWarning]
    assert str(warning.message) == "things.delete() is deprecated"
    # A coroutine is run by whoever awaits it, here the helper.
    assert Path(warning.filename).name == (
        "test_requests.py" if call.kind == "sync" else "built.py"
    )
    assert (got.method, json.loads(got.body)) == ("DELETE", {"reason": "old"})


def test_a_form(caller: Made) -> None:
    got = sent(
        caller("requests"),
        lambda client: client.forms.send(
            name="a b", tags=["x", "y"], codes=[1, 2], place={"x": 1, "y": 2},
            address={"street": "s&t", "lines": ["u", "v"]},
        ),
    )  # fmt: skip
    assert got.headers["content-type"] == "application/x-www-form-urlencoded"
    assert [unquote(pair) for pair in got.body.decode().split("&")] == [
        "name=a b",
        "tags=x",
        "tags=y",
        "codes=1,2",
        'place={"x":1,"y":2}',
        "address[street]=s&t",
        "address[lines][0]=u",
        "address[lines][1]=v",
    ]


def parts(received: Received) -> list[Any]:
    head = f"Content-Type: {received.headers['content-type']}\r\n\r\n".encode()
    message = BytesParser(policy=HTTP).parsebytes(head + received.body)
    assert message.is_multipart()
    return list(message.iter_parts())


def _name_of(part: Any) -> str:
    return str(part.get_param("name", header="content-disposition"))


def test_multipart_with_files_of_every_kind(caller: Made, tmp_path: Path) -> None:
    call = caller("content_types")
    file = tmp_path / "cat.png"
    file.write_bytes(b"\x89PNG")
    created = reply(b'{"id": "1"}', 201)
    boundaries: set[str] = set()
    for given, name, kind, content in [
        (file, "cat.png", "image/png", b"\x89PNG"),
        (b"raw", "file", "image/png", b"raw"),
        (io.BytesIO(b"abc"), "file", "image/png", b"abc"),
        (("dog.jpeg", b"jpg"), "dog.jpeg", "image/jpeg", b"jpg"),
        (("x", b"webp", "image/webp"), "x", "image/webp", b"webp"),
        (iter([b"a", b"b"]), "file", "image/png", b"ab"),
    ]:
        got = sent(
            call,
            lambda client, given=given: client.pictures.create(
                file=given, note="n", tags=("t", "u"), place={"x": 1.5},
                content_type="multipart/form-data",
            ),
            created,
        )  # fmt: skip
        boundaries.add(got.headers["content-type"].partition("boundary=")[2])
        found = sorted(parts(got), key=_name_of)
        first = found.pop(0)
        assert (first.get_filename(), first.get_content_type()) == (name, kind)
        assert first.get_payload(decode=True) == content
        values = [(item.get_payload(decode=True), item.get("content-type")) for item in found]
        assert values == [
            (b"n", None), (b'{"x":1.5}', "application/json"), (b"t", None), (b"u", None),
        ]  # fmt: skip
    assert len(boundaries) == 6


def test_headers_of_a_part(caller: Made) -> None:
    got = sent(
        caller("content_types"),
        lambda client: client.pictures.create(
            file=("a.png", b"x", None, {"Content-ID": "<1>"}), content_type="multipart/form-data"
        ),
        reply(b'{"id": "1"}', 201),
    )
    assert parts(got)[0]["content-id"] == "<1>"


def test_an_async_iterable_as_a_file(caller: Made) -> None:
    call = caller("content_types")
    if call.kind == "sync":
        pytest.skip("a sync client cannot read it")

    async def blocks() -> AsyncIterator[bytes]:
        yield b"one "
        yield b"two"

    got = sent(
        call,
        lambda client: client.pictures.create(file=blocks(), content_type="multipart/form-data"),
        reply(b'{"id": "1"}', 201),
    )
    assert b"one two" in got.body and got.headers["transfer-encoding"] == "chunked"


def test_the_content_type_chooses_the_body(caller: Made) -> None:
    call = caller("content_types")
    created = reply(b'{"id": "1"}', 201)
    got = sent(call, lambda client: client.pictures.create(url="u"), created)
    assert (got.headers["content-type"], got.body) == ("application/json", b'{"url":"u"}')
    got = sent(
        call, lambda client: client.pictures.create(body=b"gif", content_type="image/gif"), created
    )
    assert (got.headers["content-type"], got.body) == ("image/gif", b"gif")
    got = sent(
        call,
        lambda client: client.pets.create(
            name="Rex", age=3, content_type="application/x-www-form-urlencoded"
        ),
        reply(b'{"name": "Rex"}'),
    )
    assert got.body == b"name=Rex&age=3"
    got = sent(
        call,
        lambda client: client.pets.create(body="<pet/>", content_type="application/xml"),
        reply(b'{"name": "Rex"}'),
    )
    assert (got.headers["content-type"], got.body) == ("application/xml", b"<pet/>")
    got = sent(
        call,
        lambda client: client.rows.update(name="x", content_type="application/merge-patch+json"),
        reply(b'{"name": "Rex"}'),
    )
    assert got.headers["content-type"] == "application/merge-patch+json"
    with pytest.raises(call.package.errors.InvalidRequestError, match="none of: application/json"):
        call(
            "http://127.0.0.1:9",
            lambda client: client.rows.update(name="x", content_type="text/html"),
        )


def test_lines_of_json(caller: Made) -> None:
    call = caller("content_types")
    rows = [{"name": "a"}, call.package.models.Pet(name="b", age=1)]

    def generated() -> Iterator[Any]:
        yield from rows

    lines = b'{"name":"a"}\n{"name":"b","age":1}\n'
    for given in (rows, generated(), lines):
        got = sent(call, lambda client, given=given: client.rows.replace(body=given))
        assert (got.headers["content-type"], got.body) == ("application/x-ndjson", lines)
    got = sent(call, lambda client: client.rows.replace())
    assert got.body == b"" and "content-type" not in got.headers


def test_servers(caller: Made, monkeypatch: pytest.MonkeyPatch) -> None:
    call = caller("servers")
    monkeypatch.delenv("THINGS_BASE_URL", raising=False)
    package, errors = call.package, call.package.errors
    assert package.Things().base_url == "https://eu.example.com:443/v1"
    chosen = package.Things(server_variables={"region": "us", "base-path": "v2"})
    assert chosen.base_url == "https://us.example.com:443/v2"
    templated = package.Things(base_url="http://{region}.test", server_variables={"region": "us"})
    assert templated.base_url == "http://us.test"
    with pytest.raises(errors.ConfigurationError, match="unknown server variables: zone"):
        package.Things(server_variables={"zone": "x"})
    with pytest.raises(errors.ConfigurationError, match="needs a value for 'tenant'"):
        package.Things(base_url="https://{tenant}.example.com")
    with serving(NOTHING) as server:
        call(server.url + "/v1", lambda client: client.things.upload())
        call(server.url + "/v1/", lambda client: client.old.list())
        call(server.url, lambda client: client.old.list())
    assert [item.target for item in server.requests] == ["/v1/things", "/v0/old", "/old"]
