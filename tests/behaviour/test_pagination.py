"""Paginated operations of a generated client over real HTTP, in every style."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterator
from types import ModuleType
from typing import Any

import pytest

from tests.behaviour.case_packages import import_case
from tests.behaviour.scripted_server import Answer, Received, Server, scripted

TOTAL = 7


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> ModuleType:
    return import_case("pagination", tmp_path_factory.mktemp("pagination"))


class Caller:
    """One way to write a test for both clients."""

    def __init__(self, package: ModuleType, is_async: bool) -> None:
        self.package = package
        self.is_async = is_async

    def run(self, url: str, make: Callable[[Any], Any], **options: Any) -> Any:
        """What `make` returns, awaited where it is awaitable."""
        if not self.is_async:
            with self.package.Things(base_url=url, **options) as client:
                return make(client)

        async def main() -> Any:
            async with self.package.AsyncThings(base_url=url, **options) as client:
                made = make(client)
                return await made if hasattr(made, "__await__") else made

        return asyncio.run(main())

    def items(self, url: str, call: Callable[[Any], Any], limit: int = 1000) -> list[str]:
        """The ids of the items of a list, and of no more than `limit`."""

        def every(client: Any) -> Any:
            found: list[str] = []
            if not self.is_async:
                for item in call(client):
                    found.append(item.id)
                    if len(found) == limit:
                        break
                return found

            async def collect() -> list[str]:
                async for item in call(client):
                    found.append(item.id)
                    if len(found) == limit:
                        break
                return found

            return collect()

        found: list[str] = self.run(url, every)
        return found

    def pages(self, url: str, call: Callable[[Any], Any]) -> list[Any]:
        """All pages of a list."""

        def every(client: Any) -> Any:
            if not self.is_async:
                return list(call(client).pages())

            async def collect() -> list[Any]:
                return [page async for page in call(client).pages()]

            return collect()

        found: list[Any] = self.run(url, every)
        return found


@pytest.fixture(params=["sync", "async"])
def caller(request: pytest.FixtureRequest, package: ModuleType) -> Caller:
    return Caller(package, request.param == "async")


def things(start: int, count: int = 3) -> list[dict[str, str]]:
    return [{"id": str(number)} for number in range(start, min(start + count, TOTAL))]


def lists(request: Received) -> Answer:
    """Seven things in pages of three (by default), in the style of the path."""
    query = request.query
    path = request.path.removeprefix("/v1")
    if path == "/cursor":
        start = int(query.get("cursor", "c0")[1:])
        following = f"c{start + 3}" if start + 3 < TOTAL else None
        return Answer({"data": things(start), "next_cursor": following})
    if path == "/token":
        start = int(query.get("pageToken", 0))
        token = str(start + 3) if start + 3 < TOTAL else ""
        return Answer({"things": things(start), "paging": {"nextPageToken": token}})
    if path == "/after":
        start = int(query["starting_after"]) + 1 if "starting_after" in query else 0
        return Answer({"data": things(start), "has_more": start + 3 < TOTAL})
    if path == "/done":
        start = int(query.get("iterator", 0))
        end = min(start + 3, TOTAL)
        # The iterator never ends here: only `done` says so.
        return Answer({"data": things(start), "iterator": str(end), "done": end == TOTAL})
    if path == "/search":

        body = json.loads(request.body)
        assert body["query"] == "all" and body["page_size"] == 3
        start = int(body.get("start_cursor", 0))
        more = start + 3 < TOTAL
        following = str(start + 3) if more else None
        return Answer({"results": things(start), "next_cursor": following, "has_more": more})
    if path == "/page":
        size = min(int(query.get("per_page", 3)), 3)
        return Answer(things((int(query.get("page", 1)) - 1) * size, size))
    if path == "/zero":
        return Answer({"content": things(int(query.get("pageNumber", 0)) * 3), "totalPages": 3})
    if path == "/offset":
        size = min(int(query.get("limit", 3)), 4)
        return Answer({"items": things(int(query.get("offset", 0)), size), "total": TOTAL})
    if path == "/link":
        page = int(query.get("page", 1))
        links = f'<{path}?page=1>; rel="first"'
        if page < 3:
            links = '<https://x.example/a,b>; title="rel=next, \\">", ' + links
            links += f', </v1/link?page={page + 1}&token=a%2Fb>; type=a; rel="other Next"'
        return Answer(things((page - 1) * 3), headers={"Link": links})
    start = int(query.get("from", 0))
    here = f"http://{request.headers['host']}/v1{path}?from={start + 3}&limit=3"
    following = here if start + 3 < TOTAL else None
    if path == "/url":
        return Answer({"results": things(start), "links": {"next": following}})
    if path == "/odata":
        odata = (
            {"@odata.nextLink": following.partition(request.headers["host"])[2]}
            if following
            else {}
        )
        return Answer({"value": things(start), **odata})
    if path == "/declared":
        meta = {"next.key": str(start + 3)} if start + 3 < TOTAL else {}
        return Answer({"list": things(start), "others": ["x"], "meta": meta})
    return Answer({"error": "no such list"}, 404)


@pytest.fixture
def server() -> Iterator[Server]:
    with scripted(lists) as running:
        yield running


CALLS: dict[str, Callable[[Any], Any]] = {
    "cursor": lambda client: client.cursor.list(),
    "token": lambda client: client.token.list(),
    "after": lambda client: client.after.list(),
    "done": lambda client: client.done.list(),
    "search": lambda client: client.search.find(query="all", page_size=3),
    "page": lambda client: client.page.list(per_page=3),
    "zero": lambda client: client.zero.list(),
    "offset": lambda client: client.offset.list(),
    "link": lambda client: client.link.list(),
    "url": lambda client: client.url.list(limit=3),
    "odata": lambda client: client.odata.list(),
    "declared": lambda client: client.declared.list(),
}


@pytest.mark.parametrize("style", CALLS)
def test_all_items_in_order(caller: Caller, server: Server, style: str) -> None:
    found = caller.items(f"{server.url}/v1", CALLS[style])
    assert found == [str(number) for number in range(TOTAL)]
    assert len(server.requests) == 3  # and none to find out that the third page was the last


@pytest.mark.parametrize("style", CALLS)
def test_pages(caller: Caller, server: Server, style: str) -> None:
    pages = caller.pages(f"{server.url}/v1", CALLS[style])
    assert [len(page.items) for page in pages] == [3, 3, 1]
    assert [page.has_next for page in pages] == [True, True, False]
    assert all(page.response.status_code == 200 for page in pages)
    assert pages[0].items[0] == pages[0].body[0] if style in ("page", "link") else True


def test_the_first_request_is_made_at_once(package: ModuleType, server: Server) -> None:
    with package.Things(base_url=f"{server.url}/v1") as client:
        page = client.cursor.list(limit=3)
        assert len(server.requests) == 1
        assert page.body.next_cursor == "c3"
        assert page.data == page.items and page.next_cursor == "c3"  # what the body has
        assert [item.id for item in page.items] == ["0", "1", "2"]
        second = page.next_page()
        assert len(server.requests) == 2 and server.requests[1].query == {
            "cursor": "c3", "limit": "3",
        }  # fmt: skip
        assert [item.id for item in second] == ["3", "4", "5", "6"]
        # A page can be left twice.
        assert [item.id for item in page.next_page().items] == ["3", "4", "5"]
        assert second.next_page().next_page() is None
        with pytest.raises(AttributeError):
            _ = page.nothing


def test_an_async_list_is_lazy_and_awaitable(package: ModuleType, server: Server) -> None:
    async def main() -> None:
        async with package.AsyncThings(base_url=f"{server.url}/v1") as client:
            pages = client.cursor.list()
            assert not server.requests
            page = await pages
            assert len(server.requests) == 1 and page.next_cursor == "c3"
            second = await page.next_page()
            assert [item.id async for item in second] == ["3", "4", "5", "6"]
            assert await (await second.next_page()).next_page() is None

    asyncio.run(main())


def test_leaving_the_loop_asks_for_no_more(caller: Caller, server: Server) -> None:
    assert caller.items(f"{server.url}/v1", CALLS["cursor"], limit=4) == ["0", "1", "2", "3"]
    assert len(server.requests) == 2


def test_send_returns_the_plain_answer(caller: Caller, server: Server) -> None:
    response = caller.run(
        f"{server.url}/v1", lambda client: client.send(client.cursor.list_request())
    )

    assert response.parsed.next_cursor == "c3"


def test_another_media_type_has_no_pages(caller: Caller) -> None:
    csv = Answer(b"id\n0\n", headers={"content-type": "text/csv"})
    with scripted(lambda request: csv) as server:
        found = caller.run(server.url, lambda client: client.link.list(accept="text/csv"))
    assert found == "id\n0\n"


@pytest.mark.parametrize("style", ["cursor", "page", "link", "url", "search"])
def test_options_and_headers_go_with_every_page(caller: Caller, server: Server, style: str) -> None:
    options = {"headers": {"X-Trace": "t"}, "query": {"tenant": "a b"}}

    def call(client: Any) -> Any:
        if style == "search":
            return client.search.find(query="all", page_size=3, options=options)
        size = {"per_page": 3} if style == "page" else {}
        return getattr(client, style).list(**size, options=options)

    caller.items(f"{server.url}/v1", call)
    assert len(server.requests) == 3
    for request in server.requests:
        assert request.headers["x-trace"] == "t" and request.query["tenant"] == "a b"


def test_an_idempotency_key_is_for_the_first_page(caller: Caller, server: Server) -> None:
    options = {"idempotency_key": "mine"}
    caller.items(
        f"{server.url}/v1",
        lambda client: client.search.find(query="all", page_size=3, options=options),
    )
    keys = [request.headers["idempotency-key"] for request in server.requests]
    assert keys[0] == "mine" and len(set(keys)) == 3


def test_lists_of_the_fake_server_end(caller: Caller) -> None:
    testing = __import__(f"{caller.package.__name__}.testing", fromlist=["serve"])
    with testing.serve() as fake:
        for name, call in CALLS.items():
            items = caller.items(fake.url, call, limit=50)
            assert 0 < len(items) < 50, name


def test_starting_in_the_middle(caller: Caller, server: Server) -> None:
    url = f"{server.url}/v1"
    assert caller.items(url, lambda client: client.offset.list(offset=4)) == ["4", "5", "6"]
    assert caller.items(url, lambda client: client.page.list(page=2)) == ["3", "4", "5", "6"]
    assert caller.items(url, lambda client: client.zero.list(page_number=2)) == ["6"]
    assert caller.items(url, lambda client: client.cursor.list(cursor="c3"))[0] == "3"


def test_a_server_that_gives_less_than_was_asked_for(caller: Caller, server: Server) -> None:
    found = caller.items(f"{server.url}/v1", lambda client: client.offset.list(limit=5))
    assert found == [str(number) for number in range(TOTAL)]


def test_a_short_page_is_the_last_where_its_size_is_certain(caller: Caller) -> None:
    with scripted(lambda request: Answer(things(0, 2))) as server:
        caller.items(server.url, lambda client: client.page.list(per_page=3))
        assert len(server.requests) == 1
    # Beyond the documented maximum the server decides: only an empty page is the end.
    pages = iter([things(0), things(3), []])
    with scripted(lambda request: Answer(next(pages))) as server:
        found = caller.items(server.url, lambda client: client.page.list(per_page=500))
        assert len(found) == 6 and len(server.requests) == 3


def test_empty_pages_with_a_cursor_go_on(caller: Caller) -> None:
    answers = iter(
        [
            {"data": [], "next_cursor": "a"},
            {"data": [], "next_cursor": "b"},
            {"data": things(0), "next_cursor": ""},
        ]
    )
    with scripted(lambda request: Answer(next(answers))) as server:
        assert caller.items(server.url, CALLS["cursor"]) == ["0", "1", "2"]


@pytest.mark.parametrize("end", [{}, {"next_cursor": None}, {"next_cursor": ""}])
def test_ends_of_a_cursor(caller: Caller, end: dict[str, Any]) -> None:
    with scripted(lambda request: Answer({"data": things(0), **end})) as server:
        assert len(caller.items(server.url, CALLS["cursor"])) == 3
        assert len(server.requests) == 1


def test_a_circle_is_an_error(caller: Caller) -> None:
    def turn(request: Received) -> Answer:
        following = {"": "a", "a": "b", "b": "a"}[request.query.get("cursor", "")]
        return Answer({"data": things(0), "next_cursor": following})

    with scripted(turn) as server:
        with pytest.raises(caller.package.PaginationError, match="circle"):
            caller.items(server.url, CALLS["cursor"])
        assert len(server.requests) == 3


@pytest.mark.parametrize("style", ["page", "offset"])
def test_a_parameter_that_is_not_looked_at(caller: Caller, style: str) -> None:
    answer = things(0) if style == "page" else {"items": things(0), "total": 900}
    with scripted(lambda request: Answer(answer)) as server:
        with pytest.raises(caller.package.PaginationError, match="no difference"):
            caller.items(server.url, CALLS[style])
        assert len(server.requests) == 2


def test_the_query_of_the_base_url_stays(caller: Caller, server: Server) -> None:
    caller.items(f"{server.url}/v1?version=3", CALLS["url"])
    assert [request.query["version"] for request in server.requests] == ["3"] * 3


def test_the_same_cursor_on_an_empty_page_is_the_end(caller: Caller) -> None:
    def repeat(request: Received) -> Answer:
        return Answer({"data": [] if request.query else things(0), "next_cursor": "same"})

    with scripted(repeat) as server:
        assert len(caller.items(server.url, CALLS["cursor"])) == 3
        assert len(server.requests) == 2


def test_more_without_a_place_is_an_error(caller: Caller) -> None:
    with scripted(lambda request: Answer({"data": [], "has_more": True})) as server:
        with pytest.raises(caller.package.PaginationError, match="not where"):
            caller.items(server.url, CALLS["after"])


@pytest.mark.parametrize(
    "target",
    [
        "{foreign}/v1/url?from=3",
        "//127.0.0.1:1/url",
        "http://user@{host}/url",
        "ftp://{host}/url",
        "http://[/",
        "{own}/a b",
    ],
)
def test_a_next_page_elsewhere_is_not_fetched(caller: Caller, target: str) -> None:
    with scripted(lambda request: Answer({})) as foreign:

        def answer(request: Received) -> Answer:
            host = request.headers["host"]
            written = target.format(foreign=foreign.url, host=host, own=f"http://{host}")
            return Answer({"results": things(0), "links": {"next": written}})

        with scripted(answer) as server:
            with pytest.raises(caller.package.PaginationError) as caught:
                caller.items(server.url, CALLS["url"])
            assert len(server.requests) == 1 and not foreign.requests
        assert "user@" not in str(caught.value)


def test_an_error_on_the_third_page(caller: Caller) -> None:
    calls = iter(range(100))

    def fail(request: Received) -> Answer:
        return lists(request) if next(calls) < 2 else Answer({"error": "gone"}, 404)

    seen: list[str] = []

    def follow(client: Any) -> Any:
        if not caller.is_async:
            seen.extend(item.id for item in client.cursor.list())
            return None

        async def collect() -> None:
            async for item in client.cursor.list():
                seen.append(item.id)

        return collect()

    with scripted(fail) as server, pytest.raises(caller.package.NotFoundError):
        caller.run(server.url, follow, max_retries=0)
    assert len(seen) in (0, 6)


def test_a_failed_page_is_asked_for_again(caller: Caller) -> None:
    calls = iter(range(100))

    def stumble(request: Received) -> Answer:
        if next(calls) == 1:
            return Answer({}, 503, {"retry-after": "0"})
        return lists(request)

    with scripted(stumble) as server:
        assert len(caller.items(server.url, CALLS["cursor"])) == TOTAL
        assert len(server.requests) == 4
