"""What operations return, by status and media type; errors by status; downloads."""

from __future__ import annotations

import gzip
import io
import json
import os
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.behaviour.built import Caller, import_case
from tests.behaviour.fault_server import CUT, head, reply, serving, stream

Made = Callable[[str], Caller]
PROBLEM = "application/problem+json"


@pytest.fixture(params=["sync", "async"])
def caller(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Made:
    folder = tmp_path_factory.getbasetemp() / "wire"

    def make(case: str) -> Caller:
        return Caller(import_case(case, folder), request.param)

    return make


def answered(call: Caller, answer: Any, use: Callable[[Any], Any]) -> Any:
    with serving(answer) as server:
        return call(server.url, use)


def test_every_success_has_its_type(caller: Made) -> None:
    call = caller("answers")
    models = call.package.models

    def get(client: Any) -> Any:
        return client.things.get("1")

    assert answered(call, reply('{"name": "a"}'), get) == models.Thing(name="a")
    assert answered(call, reply('{"job": "j"}', 202), get) == models.Job(job="j")
    assert answered(call, reply(b"", 204, content_type=None), get) is None
    assert answered(call, reply('{"name": "a"}', 299), get) == models.Thing(name="a")


def test_a_range_a_default_and_a_head(caller: Made) -> None:
    call = caller("answers")
    models = call.package.models
    found = answered(call, reply('[{"name": "a"}]', 206), lambda client: client.things.list())
    assert found == [models.Thing(name="a")]
    found = answered(call, reply('{"job": "j"}', 201), lambda client: client.things.replace())
    assert found == models.Job(job="j")
    answer = [head(200, ("Content-Type", "application/json"), ("Content-Length", "12"))]
    assert answered(call, answer, lambda client: client.things.head("1")) is None


def test_text_of_no_certain_media_type(caller: Made) -> None:
    call = caller("answers")
    for answer in (reply("per aspera", content_type="text/plain"), reply('"per aspera"')):
        assert answered(call, answer, lambda client: client.motto.get()) == "per aspera"


def test_a_documented_redirect(caller: Made) -> None:
    call = caller("answers")
    unfollowed = reply(b"", 307, content_type=None)
    assert answered(call, unfollowed, lambda client: client.link.get()) is None
    with serving(
        reply(b"", 307, ("Location", "/there"), content_type=None),
        reply(b"bytes", content_type="application/octet-stream"),
    ) as server:
        assert call(server.url, lambda client: client.link.get()) == b"bytes"
    assert [item.target for item in server.requests] == ["/link", "/there"]


@pytest.mark.parametrize(
    ("status", "content_type", "body", "error", "model"),
    [
        (404, "application/json", {"missing": "x"}, "NotFoundError", "Missing"),
        (400, PROBLEM, {"title": "x"}, "BadRequestError", "Problem"),
        (418, PROBLEM, {"title": "x"}, "APIStatusError", "Problem"),
    ],
)
def test_errors_have_the_body_of_their_status(
    caller: Made, status: int, content_type: str, body: Any, error: str, model: str
) -> None:
    call = caller("answers")
    package = call.package
    answer = reply(json.dumps(body), status, content_type=content_type)
    with pytest.raises(getattr(package.errors, error)) as caught:
        answered(call, answer, lambda client: client.things.get("1"))
    raised: Any = caught.value
    assert raised.status_code == status
    assert raised.body == getattr(package.models, model).from_dict(body)
    assert pickle.loads(pickle.dumps(raised)).body == raised.body


def test_an_error_in_text(caller: Made) -> None:
    call = caller("answers")
    with pytest.raises(call.package.errors.InternalServerError) as caught:
        answered(
            call, reply("on fire", 503, content_type="text/plain"),
            lambda client: client.things.get("1"),
        )  # fmt: skip
    raised: Any = caught.value
    assert raised.body == "on fire"


def test_headers_whatever_their_case(caller: Made) -> None:
    call = caller("answers")

    def send(client: Any) -> Any:
        return client.send(client.things.get_request("1"))

    response = answered(call, reply('{"name": "a"}', 200, ("x-rate-limit", "7")), send)
    assert response.headers["X-Rate-Limit"] == "7"
    assert (
        "X-Rate-Limit: Calls left in this hour."
        in call.package.Things.things.fget(call.package.Things(base_url="http://x")).get.__doc__
    )


def test_the_media_type_that_is_asked_for(caller: Made) -> None:
    call = caller("content_types")
    models = call.package.models
    with serving(
        reply('[{"name": "a"}]'),
        reply("name\na\n", content_type="text/csv; charset=utf-8"),
        reply(b"PAR1", content_type="application/vnd.apache.parquet"),
        reply("name\na\n", content_type="text/csv"),
        stream(b'{"name": "a"}\n', b'{"name": "b"}\n', content_type="application/x-ndjson"),
    ) as server:
        assert call(server.url, lambda client: client.rows.list()) == [models.Pet(name="a")]
        csv = call(server.url, lambda client: client.rows.list(accept="text/csv"))
        assert csv == "name\na\n"
        parquet = "application/vnd.apache.parquet"
        assert call(server.url, lambda client: client.rows.list(accept=parquet)) == b"PAR1"
        # What the server says counts, whatever was asked for.
        assert call(server.url, lambda client: client.rows.list()) == "name\na\n"

        def streamed(client: Any) -> Any:
            found = client.rows.list(accept="application/x-ndjson")
            if call.kind == "sync":
                return list(found)

            async def items() -> list[Any]:
                return [item async for item in await found]

            return items()

        assert call(server.url, streamed) == [models.Pet(name="a"), models.Pet(name="b")]
    accepted = [item.headers["accept"] for item in server.requests]
    assert accepted == [
        "application/json", "text/csv", parquet, "application/json", "application/x-ndjson",
    ]  # fmt: skip


def test_xml_is_text(caller: Made) -> None:
    call = caller("content_types")
    with serving(reply("<pet/>", content_type="application/xml")) as server:
        found = call(
            server.url, lambda client: client.pets.create(name="a", accept="application/xml")
        )
    assert found == "<pet/>"
    assert server.requests[0].headers["accept"] == "application/xml"


# -- downloads


def saved(call: Caller, url: str, target: Any) -> Any:
    """What ``write_to`` returns, and the download."""

    def use(client: Any) -> Any:
        request = client.files.download_request("1")
        if call.kind == "sync":
            download = client.download(request)
            return download.write_to(target), download

        async def main() -> Any:
            download = await client.download(request)
            return await download.write_to(target), download

        return main()

    return call(url, use)


def test_bytes_are_returned_when_they_are_few(caller: Made) -> None:
    answer = reply(b"\x00\x01", content_type="application/octet-stream")
    call = caller("answers")
    assert answered(call, answer, lambda client: client.files.download("1")) == b"\x00\x01"
    empty = reply(b"", content_type="application/octet-stream")
    assert answered(call, empty, lambda client: client.files.download("1")) == b""


def test_a_download_goes_into_a_file(caller: Made, tmp_path: Path) -> None:
    target = tmp_path / "report.pdf"
    target.write_bytes(b"old")
    call = caller("answers")
    answer = reply(
        b"x" * 300_000, 200, ("Content-Disposition", 'attachment; filename="../../a b.pdf"'),
        content_type="application/pdf",
    )  # fmt: skip
    with serving(answer) as server:
        size, download = saved(call, server.url, target)
    assert size == 300_000 == len(target.read_bytes())
    assert (download.file_name, download.size) == ("a b.pdf", 300_000)
    assert (download.content_type, download.status_code) == ("application/pdf", 200)
    assert os.listdir(tmp_path) == ["report.pdf"]
    assert server.requests[0].headers["accept-encoding"] == "identity"
    buffer = io.BytesIO()
    with serving(answer) as server:
        saved(call, server.url, buffer)
    assert len(buffer.getvalue()) == 300_000


def test_a_compressed_download(caller: Made, tmp_path: Path) -> None:
    call = caller("answers")
    packed = reply(gzip.compress(b"y" * 1000), 200, ("Content-Encoding", "gzip"))
    with serving(packed) as server:
        size, download = saved(call, server.url, tmp_path / "y")
    assert (size, download.size) == (1000, None)


def test_a_broken_download_changes_nothing(caller: Made, tmp_path: Path) -> None:
    target = tmp_path / "report.pdf"
    target.write_bytes(b"old")
    call = caller("answers")
    cut = [head(200, ("Content-Length", "1000")) + b"x" * 10, CUT]
    with serving(cut) as server, pytest.raises(call.package.errors.APIConnectionError) as caught:
        saved(call, server.url, target)
    raised: Any = caught.value
    assert raised.phase == "reading"
    assert target.read_bytes() == b"old" and os.listdir(tmp_path) == ["report.pdf"]


def test_a_failed_download_is_an_error_with_its_body(caller: Made, tmp_path: Path) -> None:
    call = caller("answers")
    answer = reply('{"title": "gone"}', 410)
    with serving(answer) as server, pytest.raises(call.package.errors.APIStatusError) as caught:
        saved(call, server.url, tmp_path / "x")
    raised: Any = caught.value
    assert raised.body == call.package.models.Problem(title="gone")
    assert os.listdir(tmp_path) == []


def test_a_download_in_blocks_and_only_once(caller: Made) -> None:
    call = caller("answers")

    def use(client: Any) -> Any:
        request = client.files.download_request("1")
        if call.kind == "sync":
            with client.download(request) as download:
                blocks = list(download)
                with pytest.raises(ValueError, match="once"):
                    download.read()
            return blocks

        async def main() -> list[bytes]:
            async with await client.download(request) as download:
                blocks = [block async for block in download]
                with pytest.raises(ValueError, match="once"):
                    await download.read()
            return blocks

        return main()

    assert b"".join(answered(call, stream(b"one", b"two"), use)) == b"onetwo"


def test_a_download_that_is_left_closes_its_connection(caller: Made) -> None:
    call = caller("answers")
    with serving([head(200, ("Content-Length", "100000")) + b"x" * 10]) as server:

        def use(client: Any) -> Any:
            request = client.files.download_request("1")
            if call.kind == "sync":
                client.download(request).close()
                return None

            async def main() -> None:
                await (await client.download(request)).aclose()

            return main()

        call(server.url, use)
        assert server.closed_by_client.wait(10)
