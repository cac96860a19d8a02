"""Which operation a request leads to, and what its parameters say."""

from __future__ import annotations

from typing import Any

import pytest

from sdkpress.runtime.testing.app import FakeApp
from sdkpress.runtime.testing.exchanges import ReceivedRequest
from sdkpress.runtime.testing.media_types import best_match, quality
from sdkpress.runtime.testing.parameters import ParameterReader
from sdkpress.runtime.testing.references import References
from sdkpress.runtime.testing.routing import Router

EMPTY: dict[str, Any] = {"responses": {}}
DOCUMENT: dict[str, Any] = {
    "servers": [
        {"url": "https://{host}/{version}/", "variables": {"host": {"default": "a"}, "version": {"default": "v2"}}},
        {"url": "/"},
    ],
    "paths": {
        "/pets/{id}": {"get": EMPTY, "delete": EMPTY, "servers": [{"url": "https://b/shop"}]},
        "/pets/mine": {"get": {"operationId": "mine"}},
        "/pets/{id}.json": {"get": EMPTY},
        "/{kind}/mine": {"put": EMPTY},
        "/v2/pets": {"get": EMPTY},
        "/a b/{x}-{y}": {"get": EMPTY},
        "/search": {"query": EMPTY, "additionalOperations": {"PURGE": EMPTY}},
    },
}  # fmt: skip


@pytest.fixture(scope="module")
def router() -> Router:
    return Router(References(DOCUMENT))


@pytest.mark.parametrize(
    ("method", "path", "key", "parameters"),
    [
        ("GET", "/pets/mine", "GET /pets/mine", {}),
        ("GET", "/pets/7", "GET /pets/{id}", {"id": "7"}),
        ("GET", "/pets/a%2Fb", "GET /pets/{id}", {"id": "a/b"}),
        ("GET", "/v2/pets/7", "GET /pets/{id}", {"id": "7"}),
        ("GET", "/shop/pets/7", "GET /pets/{id}", {"id": "7"}),
        ("GET", "/v2/pets", "GET /v2/pets", {}),
        ("GET", "/v2/v2/pets", "GET /v2/pets", {}),
        ("PUT", "/pets/mine", "PUT /{kind}/mine", {"kind": "pets"}),
        ("DELETE", "/pets/mine", "DELETE /pets/{id}", {"id": "mine"}),
        ("GET", "/a%20b/1-2", "GET /a b/{x}-{y}", {"x": "1", "y": "2"}),
        ("QUERY", "/search", "QUERY /search", {}),
        ("PURGE", "/search", "PURGE /search", {}),
    ],
)
def test_requests_find_their_operation(
    router: Router, method: str, path: str, key: str, parameters: dict[str, str]
) -> None:
    found = router.find(method, path)
    assert found.operation is not None
    assert (found.operation.key, dict(found.parameters)) == (key, parameters)


@pytest.mark.parametrize("path", ["/", "/pets", "/pets/", "/pets/7/", "/PETS/7", "/v3/pets/7", ""])
def test_unknown_paths(router: Router, path: str) -> None:
    found = router.find("GET", path)
    assert found.operation is None
    assert found.allowed == ()


def test_unknown_methods_name_the_known_ones(router: Router) -> None:
    assert router.find("POST", "/pets/7").allowed == ("DELETE", "GET")
    assert router.find("POST", "/v2/pets/7").allowed == ("DELETE", "GET")


def test_operations_have_two_names(router: Router) -> None:
    assert router.operation("mine") is router.operation("get /pets/mine") is not None
    assert router.operation("") is None


def test_references_end() -> None:
    references = References({"a": {"$ref": "#/b"}, "b": {"$ref": "#/a"}, "c~/d": [{"x y": 1}]})
    assert references.resolve({"$ref": "#/a"}) == {}
    assert references.resolve({"$ref": "#/nowhere"}) == {}
    assert references.target("#/c~0~1d/0/x%20y") == 1
    assert references.target("#/c~0~1d/1") is None
    assert references.target("other.yaml#/a") is None


OBJECT = {"type": "object", "properties": {"r": {"type": "integer"}, "g": {"type": "integer"}}}
ARRAY = {"type": "array", "items": {"type": "integer"}}


@pytest.mark.parametrize(
    ("parameter", "query", "value"),
    [
        ({"schema": {"type": "integer"}}, "p=12", 12),
        ({"schema": {"type": "integer"}}, "p=twelve", "twelve"),
        ({"schema": {"type": "number"}}, "p=1.5", 1.5),
        ({"schema": {"type": "boolean"}}, "p=true", True),
        ({"schema": {"type": "string"}}, "p=true", "true"),
        ({"schema": {"type": "string"}}, "p=a+b%26c", "a b&c"),
        ({"schema": ARRAY}, "p=1&p=2", [1, 2]),
        ({"schema": ARRAY, "explode": False}, "p=1,2", [1, 2]),
        ({"schema": {"type": "array", "items": {"type": "string"}}, "explode": False}, "p=a%2Cb,c", ["a,b", "c"]),
        ({"schema": ARRAY, "style": "pipeDelimited", "explode": False}, "p=1%7C2", [1, 2]),
        ({"schema": ARRAY, "style": "spaceDelimited", "explode": False}, "p=1%202", [1, 2]),
        ({"schema": OBJECT}, "r=1&g=2", {"r": 1, "g": 2}),
        ({"schema": OBJECT, "explode": False}, "p=r,1,g,2", {"r": 1, "g": 2}),
        ({"schema": OBJECT, "style": "deepObject"}, "p[r]=1&p%5Bg%5D=2", {"r": 1, "g": 2}),
        ({"content": {"application/json": {"schema": OBJECT}}}, "p=%7B%22r%22%3A1%7D", {"r": 1}),
    ],
    ids=str,
)  # fmt: skip
def test_query_styles(parameter: dict[str, Any], query: str, value: Any) -> None:
    request = ReceivedRequest("GET", "/", query)
    (given,) = ParameterReader(References({})).read(
        request, [{"name": "p", "in": "query", **parameter}]
    )
    assert given.value == value
    assert type(given.value) is type(value)


@pytest.mark.parametrize(
    ("parameter", "text", "value"),
    [
        ({"schema": ARRAY}, "3,4", [3, 4]),
        ({"schema": ARRAY, "style": "label", "explode": True}, ".3.4", [3, 4]),
        ({"schema": ARRAY, "style": "matrix"}, ";p=3,4", [3, 4]),
        ({"schema": ARRAY, "style": "matrix", "explode": True}, ";p=3;p=4", [3, 4]),
        ({"schema": OBJECT}, "r,1,g,2", {"r": 1, "g": 2}),
        ({"schema": OBJECT, "explode": True}, "r=1,g=2", {"r": 1, "g": 2}),
        ({"schema": {"type": "integer"}, "style": "label"}, ".5", 5),
    ],
    ids=str,
)
def test_path_styles(parameter: dict[str, Any], text: str, value: Any) -> None:
    request = ReceivedRequest("GET", "/", path_parameters={"p": text})
    (given,) = ParameterReader(References({})).read(
        request, [{"name": "p", "in": "path", **parameter}]
    )
    assert given.value == value


def test_headers_and_cookies() -> None:
    parameters = [
        {"name": "X-Count", "in": "header", "schema": {"type": "integer"}},
        {"name": "flag", "in": "cookie", "schema": {"type": "boolean"}},
        {"name": "Accept", "in": "header", "required": True},
        {"name": "gone", "in": "query", "required": True},
    ]
    headers = (("x-count", "3"), ("cookie", "a=b; flag=false"))
    request = ReceivedRequest("GET", "/", headers=headers)
    count, flag, gone = ParameterReader(References({})).read(request, parameters)
    assert (count.value, flag.value) == (3, False)
    assert not gone.is_given and gone.is_required


def test_media_types() -> None:
    assert (
        best_match("application/json; charset=utf-8", ["*/*", "application/json"])
        == "application/json"
    )
    assert best_match("image/png", ["application/json", "image/*"]) == "image/*"
    assert best_match("image/png", ["application/json"]) is None
    assert quality("text/*;q=0.5, application/json", "text/plain") == 0.5
    assert quality("text/html", "application/json") == 0
    assert quality("", "application/json") == 1
    assert quality("*/*;q=0.1, application/json;q=0", "application/json") == 0


def test_of_two_templates_the_more_literal_one_is_taken() -> None:
    paths = {"/g/{page}.{format}": {"get": EMPTY}, "/g/cover.{format}": {"get": EMPTY}}
    found = Router(References({"paths": paths})).find("GET", "/g/cover.png")
    assert found.operation is not None and found.operation.path == "/g/cover.{format}"


def test_after_the_last_dot_comes_an_extension() -> None:
    found = Router(References({"paths": {"/at/{place}.{ext}": {"get": EMPTY}}}))
    assert found.find("GET", "/at/1.5,2.5.json").parameters == (
        ("place", "1.5,2.5"),
        ("ext", "json"),
    )


def test_an_extension_may_have_its_dot() -> None:
    found = Router(References({"paths": {"/at/{place}{ext}": {"get": EMPTY}}}))
    assert dict(found.find("GET", "/at/1.5.json").parameters) == {"place": "1.5", "ext": ".json"}
    assert dict(found.find("GET", "/at/ab").parameters) == {"place": "a", "ext": "b"}


def test_of_equal_templates_one_that_takes_the_value_is_meant() -> None:
    def path(name: str, **schema: Any) -> dict[str, Any]:
        parameter = {"name": name, "in": "path", "required": True, "schema": schema}
        responses = {"200": {"content": {"application/json": {"example": name}}}}
        return {"get": {"parameters": [parameter], "responses": responses}}

    document = {
        "paths": {
            "/files/{id}": path("id", type="string", format="uuid"),
            "/files/{name}": path("name", type="string"),
        }
    }
    app = FakeApp(document)
    for value, known in (("cat.png", b"name"), ("3fa85f64-5717-4562-b3fc-2c963f66afa6", b"id")):
        reply = app.respond(ReceivedRequest("GET", f"/files/{value}", "", (), b""))
        assert (reply.status, b"".join(map(bytes, reply.steps))) == (200, b'"%s"' % known)  # type: ignore[arg-type]
