"""The wire request: URL, query, headers, cookies, credentials, bodies. No I/O."""

from __future__ import annotations

import copy
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from sdkpress.runtime.address import split_url
from sdkpress.runtime.api import Api, ApiKeyAuth, BasicAuth, BearerAuth
from sdkpress.runtime.bodies import build_body
from sdkpress.runtime.draft import Draft
from sdkpress.runtime.errors import (
    ConfigurationError,
    InvalidRequestError,
    MissingCredentialsError,
)
from sdkpress.runtime.headers import Headers
from sdkpress.runtime.operation import Content, Operation, Parameter, Property
from sdkpress.runtime.preparing import draft_request
from sdkpress.runtime.redirects import follow
from sdkpress.runtime.request import NO_BODY, Request
from sdkpress.runtime.settings import Settings
from sdkpress.runtime.transport import PreparedRequest


def api(**changes: Any) -> Api:
    given: dict[str, Any] = {
        "name": "x",
        "distribution": "x",
        "version": "1",
        "env_prefix": "XTEST",
        "servers": ("https://api.example",),
    }
    return Api(**{**given, **changes})


def settings(the_api: Api | None = None, **changes: Any) -> Settings:
    given: dict[str, Any] = {
        "credentials": {},
        "base_url": None,
        "timeout": None,
        "max_retries": 2,
        "default_headers": None,
        "default_query": None,
        "strict": False,
        "hooks": None,
    }
    return Settings(the_api or api(), **{**given, **changes})


def prepare(
    operation: Operation, the_settings: Settings | None = None, **parts: Any
) -> PreparedRequest:
    chosen = the_settings or settings()
    request: Request[Any] = Request(operation, **parts)
    first, second = (draft_request(chosen, request).prepare(1) for _ in range(2))
    # What a client has prepared once holds for the next call, and says the same as the URL.
    assert second.url == first.url and (first.origin, first.target) == split_url(first.url)
    assert without_key(second.headers) == without_key(first.headers)
    if not request.options:
        # Options that change nothing, but keep the client from what it has prepared.
        plain: Request[Any] = Request(operation, **{**parts, "options": {"headers": {}}})
        third = draft_request(chosen, plain).prepare(1)
        assert third.url == first.url and third.head().startswith(first.head()[:20])
        assert sorted(without_key(third.headers)) == sorted(without_key(first.headers))
    return first


def without_key(headers: list[tuple[str, str]]) -> list[tuple[str, str]]:
    return [field for field in headers if field[0] != "Idempotency-Key"]


def get(path: str, *parameters: Parameter, **more: Any) -> Operation:
    return Operation(method="get", path=path, parameters=parameters, **more)


def test_a_copy_of_a_request_is_of_the_same_operation_and_has_a_body_or_none() -> None:
    operation = get("/x")
    bare = copy.deepcopy(Request[Any](operation))
    assert bare.operation is operation and bare.body is NO_BODY
    content = {"a": [1]}
    full = copy.deepcopy(Request[Any](operation, body=content))
    assert full.body == content and full.body is not content


@pytest.mark.parametrize(
    ("base", "path", "url"),
    [
        ("https://h", "/a", "https://h/a"),
        ("https://h/", "/a", "https://h/a"),
        ("https://h/v1/", "/a/", "https://h/v1/a/"),
        ("HTTP://h:8/v1", "a", "HTTP://h:8/v1/a"),
        ("https://h/v1?api-version=3", "/a", "https://h/v1/a?api-version=3"),
    ],
)
def test_base_url(base: str, path: str, url: str) -> None:
    assert prepare(get(path), settings(base_url=base)).url == url


@pytest.mark.parametrize(
    "base",
    ["h/v1", "ftp://h", "https://", "https://h/\nx", "https://h/#x", "https://u:p@h", "https:// h"],
)
def test_base_urls_that_are_none(base: str) -> None:
    with pytest.raises(ConfigurationError):
        settings(base_url=base)


def test_where_the_base_url_comes_from(monkeypatch: pytest.MonkeyPatch) -> None:
    operation = get("/a", servers=("https://other.example/",))
    assert prepare(operation).url == "https://other.example/a"
    assert prepare(operation, settings(base_url="http://given")).url == "http://given/a"
    monkeypatch.setenv("XTEST_BASE_URL", "http://env")
    assert prepare(operation).url == "http://env/a"
    monkeypatch.delenv("XTEST_BASE_URL")
    with pytest.raises(ConfigurationError, match="XTEST_BASE_URL"):
        settings(api(servers=()))


@given(
    st.one_of(
        st.text(min_size=1), st.sampled_from(["..", ".", "../..", "a/../b", "%2e%2e", "?x", "#"])
    )
)
def test_a_path_value_stays_in_its_segment(value: str) -> None:
    operation = get("/a/{id}/b")
    if value in (".", ".."):
        with pytest.raises(InvalidRequestError):
            prepare(operation, path={"id": value})
        return
    url = prepare(operation, path={"id": value}).url
    path = urlsplit(url).path
    segments = path.split("/")
    assert (segments[0], segments[1], segments[3:]) == ("", "a", ["b"])
    assert unquote(segments[2], errors="surrogatepass") == value
    assert urlsplit(url).query == "" and urlsplit(url).fragment == ""


@pytest.mark.parametrize("value", ["", None, [], ["."]])
def test_path_values_that_would_vanish(value: Any) -> None:
    with pytest.raises(InvalidRequestError):
        prepare(get("/a/{id}/b"), path={"id": value})


def test_path_templates_within_a_segment() -> None:
    operation = get("/a/{x}.{y}/c:{z}")
    url = prepare(operation, path={"x": ".", "y": "json", "z": "d/e"}).url
    assert url == "https://api.example/a/..json/c:d%2Fe"
    with pytest.raises(InvalidRequestError, match="'y'"):
        prepare(operation, path={"x": 1, "z": 2})


def test_query_of_client_call_and_options() -> None:
    chosen = settings(default_query={"v": 1, "w": 1})
    options: Any = {"query": {"w": 3, "x": [1, 2]}}
    operation = get("/a", Parameter("x", "query", explode=False))
    assert prepare(operation, chosen, query={"w": 2}, options=options).url.endswith(
        "/a?v=1&w=3&x=1,2"
    )


HOSTILE = ["a\r\nX: y", "a\nb", "a\rb", "a\x00b", "a\x7f", "a\u2028b"]


@pytest.mark.parametrize("value", HOSTILE)
def test_header_injection(value: str) -> None:
    operation = get("/a")
    for make in (
        lambda: prepare(operation, headers={"X-A": value}),
        lambda: prepare(operation, options={"headers": {"X-A": value}}),
        lambda: prepare(operation, settings(default_headers={"X-A": value})),
        lambda: prepare(operation, options={"headers": {value: "x"}}),
        lambda: prepare(operation, options={"idempotency_key": value}),
        lambda: Draft("GET", "https://h").add_cookie_pairs([f"a={value}"]),
    ):
        run: Callable[[], object] = make
        with pytest.raises(InvalidRequestError):
            run()


def test_a_line_end_after_a_header_value() -> None:
    assert ("X-A", "a b") in prepare(get("/a"), headers={"X-A": "a b\r\n"}).headers


def test_a_length_that_the_document_asks_for_is_that_of_the_body() -> None:
    headers = prepare(get("/a"), headers={"content-length": "3"}).headers
    assert [value for name, value in headers if name.lower() == "content-length"] == ["0"]


def secured(*alternatives: tuple[str, ...]) -> Operation:
    return get("/a", security=alternatives)


SCHEMES = {
    "bearer": BearerAuth("api_key", "XTEST_API_KEY"),
    "header": ApiKeyAuth("key", "XTEST_KEY", "header", "X-Key"),
    "query": ApiKeyAuth("query_key", "XTEST_QUERY", "query", "key"),
    "cookie": ApiKeyAuth("cookie_key", "XTEST_COOKIE", "cookie", "session"),
    "basic": BasicAuth("username", "XTEST_USERNAME", "password", "XTEST_PASSWORD"),
}


def authenticated(operation: Operation, **credentials: object) -> PreparedRequest:
    return prepare(operation, settings(api(security=SCHEMES), credentials=credentials))


def test_schemes() -> None:
    def fields(request: PreparedRequest) -> Headers:
        return Headers(request.headers)

    assert fields(authenticated(secured(("bearer",)), bearer="k"))["authorization"] == "Bearer k"
    assert fields(authenticated(secured(("header",)), header="k"))["x-key"] == "k"
    assert authenticated(secured(("query",)), query="k&1").url.endswith("/a?key=k%261")
    assert fields(authenticated(secured(("cookie",)), cookie="k"))["cookie"] == "session=k"
    request = authenticated(secured(("basic",)), basic=("u", "p"))
    assert fields(request)["authorization"] == "Basic dTpw"


def test_alternatives_and_combinations() -> None:
    operation = secured(("bearer", "header"), ("query",))
    both = Headers(authenticated(operation, bearer="a", header="b", query="c").headers)
    assert both["authorization"] == "Bearer a" and both["x-key"] == "b"
    assert "key=c" in authenticated(operation, bearer="a", query="c").url
    with pytest.raises(MissingCredentialsError) as caught:
        authenticated(operation, bearer="a")
    assert "key=" in str(caught.value) and "XTEST_KEY" in str(caught.value)
    assert "api_key" not in str(caught.value)


def test_optional_security() -> None:
    operation = secured((), ("bearer",))
    assert "authorization" not in Headers(authenticated(operation).headers)
    assert "authorization" in Headers(authenticated(operation, bearer="a").headers)
    assert "authorization" not in Headers(authenticated(secured(), bearer="a").headers)


@pytest.mark.parametrize("key", ["", "a\r\nb", "a\nb", "schlüssel", 5])
def test_keys_that_cannot_be_sent_are_not_shown(key: Any) -> None:
    with pytest.raises(ConfigurationError) as caught:
        authenticated(secured(("bearer",)), bearer=key)
    assert key == "" or str(key) not in str(caught.value)


# -- bodies


def body(kind: Any, value: Any, extra: Any = None, **encoding: Property) -> Any:
    operation = Operation(method="POST", path="/", body=kind, encoding=encoding)
    return build_body(operation.content(None), value, extra)


def sent(made: Any) -> bytes:
    return b"".join(made.blocks())


def test_json() -> None:
    made = body("json", {"a": 1, "b": 2}, {"b": None, "c": [1]})
    assert json.loads(sent(made)) == {"a": 1, "b": None, "c": [1]}
    assert made.content_type == "application/json" and made.length == len(sent(made))
    assert sent(body("json", None)) == b"null"
    with pytest.raises(InvalidRequestError):
        body("json", [1], {"a": 1})
    with pytest.raises(InvalidRequestError):
        body("json", {"a": object()})
    loop: list[Any] = []
    loop.append(loop)
    with pytest.raises(InvalidRequestError):
        body("json", loop)


def test_form() -> None:
    value = {"a": "x y", "t": True, "list": [1, 2], "o": {"k": 1}, "n": None, "d": {"p": {"q": 1}}}
    made = body("form", value, {"a": "&"}, d=Property(style="deepObject", explode=True))
    assert sent(made).decode() == "a=%26&t=true&list=1&list=2&o=%7B%22k%22%3A1%7D&d%5Bp%5D%5Bq%5D=1"
    assert made.content_type == "application/x-www-form-urlencoded"


def test_multipart(tmp_path: Path) -> None:
    path = tmp_path / 'odd"name\r\n.txt'
    path.write_bytes(b"from disk")
    made = body(
        "multipart",
        {
            "text": "T",
            "n": 5,
            "none": None,
            "object": {"a": 1},
            "raw": b"R",
            "path": path,
            "file": io.BytesIO(b"F"),
            "named": ("n.csv", "a,b", "text/csv", {"X-Part": "1"}),
            "many": [b"1", b"2"],
        },
    )
    data = sent(made)
    assert len(data) == made.length and data == sent(made) and made.replayable
    boundary = made.content_type.partition("boundary=")[2]
    parts = data.split(f"--{boundary}".encode())
    assert parts[0] == b"" and parts[-1] == b"--\r\n" and len(parts) == 11
    assert parts[1] == b'\r\nContent-Disposition: form-data; name="text"\r\n\r\nT\r\n'
    assert b"Content-Type: application/json\r\n\r\n" in parts[3]
    assert b'filename="odd%22name%0D%0A.txt"' in parts[5] and parts[5].endswith(b"from disk\r\n")
    assert b"Content-Type: text/csv\r\nX-Part: 1\r\n\r\na,b" in parts[7]
    assert body("multipart", {"a": 1}).content_type != made.content_type


def test_multipart_by_position() -> None:
    encoding = {"0": Property("text/markdown"), "1": Property("text/csv")}
    made = build_body(
        Content("multipart", "multipart/mixed", encoding),
        ["x", "a,b", {"a": 1}, ("c.bin", b"C", "application/zip", {"X-Part": "1"})],
        None,
    )
    data = sent(made)
    assert len(data) == made.length
    assert made.content_type and made.content_type.startswith("multipart/mixed; boundary=")
    parts = data.split(f"--{made.content_type.partition('boundary=')[2]}".encode())
    assert parts[1] == b"\r\nContent-Type: text/markdown\r\n\r\nx\r\n"
    assert parts[2] == b"\r\nContent-Type: text/csv\r\n\r\na,b\r\n"
    assert parts[4] == b"\r\nContent-Type: application/zip\r\nX-Part: 1\r\n\r\nC\r\n"


@pytest.mark.parametrize("value", [b"one", [b"one", io.BytesIO(b"two")], ("a.txt", b"one")])
def test_a_form_of_files_without_names_calls_them_file(value: object) -> None:
    made = build_body(Content("multipart", "multipart/form-data"), value, None)
    sent = b"".join(made.blocks())
    assert made.content_type and made.content_type.startswith("multipart/form-data; boundary=")
    assert sent.count(b'; name="file"') == (2 if isinstance(value, list) else 1)
    assert b"\r\n\r\none\r\n" in sent


def test_multipart_refuses_injected_part_headers() -> None:
    for value in [("n", b"", "text/x\r\nA: b"), ("n", b"", None, {"X": "a\nb"})]:
        with pytest.raises(InvalidRequestError):
            body("multipart", {"f": value})


def test_binary(tmp_path: Path) -> None:
    path = tmp_path / "f"
    path.write_bytes(b"x" * 200_000)
    made = body("binary", path)
    assert made.length == 200_000 and next(len(block) for block in made.blocks()) == 65536
    assert sent(body("binary", iter([b"a", b"b"]))) == b"ab"
    assert not body("binary", iter([b"a"])).replayable
    assert body("binary", [b"a", b"b"]).replayable and sent(body("binary", [b"a", b"b"])) == b"ab"
    with pytest.raises(InvalidRequestError):
        body("binary", tmp_path / "absent")
    with pytest.raises(InvalidRequestError):
        body("binary", 5)


def test_text() -> None:
    made = body("text", "grüße")
    assert sent(made) == "grüße".encode() and made.content_type.startswith("text/plain")


# -- redirects


def redirect(
    source: str, location: str, method: str = "GET", status: int = 307
) -> PreparedRequest | None:
    fields = [("Authorization", "x"), ("Accept", "a"), ("X-Own", "y")]
    request = PreparedRequest(method, source, fields, None)
    return follow(request, status, Headers([("location", location)]))


@pytest.mark.parametrize(
    ("location", "kept"),
    [
        ("/b", True),
        ("b?c#d", True),
        ("https://H.example:443/b", True),
        ("https://h.example:444/b", False),
        ("https://other.example/b", False),
        ("//other.example/b", False),
        ("https://h.example.evil/b", False),
    ],
)
def test_credentials_stay_with_their_origin(location: str, kept: bool) -> None:
    target = redirect("https://h.example/a", location)
    assert target is not None and "#" not in target.url
    names = {name for name, _ in target.headers}
    assert names == ({"Authorization", "Accept", "X-Own"} if kept else {"Accept"})


def test_redirects_that_are_not_followed() -> None:
    assert redirect("https://h/a", "http://h/a") is None
    assert redirect("http://h/a", "https://h/a") is not None
    assert redirect("https://h/a", "/b", "POST", 302) is None
    assert redirect("https://h/a", "/b", "GET", 302) is not None
    assert redirect("https://h/a", "/b", "GET", 300) is None
    after_post = redirect("https://h/a", "/b", "POST", 303)
    assert after_post is not None and after_post.method == "GET"


@given(st.text(max_size=30))
def test_no_location_breaks_the_decision(location: str) -> None:
    assume("\n" not in location)
    target = redirect("https://h.example/a", location)
    assert target is None or target.url.startswith("https://")


def test_what_is_sent_is_the_head_of_an_http_request() -> None:
    operation = get("/things/{id}", Parameter("id", "path"), idempotency_header="Idempotency-Key")
    request = prepare(operation, path={"id": "a b"}, query={"q": "1"}, body={"a": 1})
    head = request.head().decode()
    assert head.startswith("GET /things/a%20b?q=1 HTTP/1.1\r\nHost: api.example\r\n")
    assert head.endswith("Content-Length: 7\r\n\r\n") and head.count("\r\n\r\n") == 1
    for name, value in request.headers:
        assert f"\r\n{name}: {value}\r\n" in head
    # Fields may be added, as by telemetry; a proxy takes the whole URL and fields of its own.
    request.headers.append(("traceparent", "00"))
    proxied = request.head(request.url, "Proxy-Authorization: x\r\n").decode()
    assert proxied.startswith("GET https://api.example/things/a%20b?q=1 HTTP/1.1\r\n")
    assert "Host: api.example\r\n" in proxied and "traceparent: 00\r\n" in proxied
    assert proxied.endswith("\r\nProxy-Authorization: x\r\n\r\n")


def test_a_host_of_the_caller_stays_the_only_one() -> None:
    head = prepare(get("/a"), settings(default_headers={"host": "other"})).head().lower()
    assert head.count(b"host: ") == 1 and b"\r\nhost: other\r\n" in head


def test_one_call_leaves_nothing_to_the_next() -> None:
    chosen = settings(api(security=SCHEMES), credentials={"bearer": "k"})
    operation = get("/a", security=(("bearer",),))
    request: Request[Any] = Request(operation)
    first = draft_request(chosen, request)
    first.set_header("X-A", "1")
    first.add_query("q", "1")
    first.add_secret("secret")
    second = draft_request(chosen, request)
    assert second.prepare(1).url == "https://api.example/a"
    assert "x-a" not in Headers(second.prepare(1).headers)
    assert second.redact("secret k") == "secret k"
    assert first.redact("secret") == "***"
    assert ("X-A", "1") in first.prepare(1).headers and "?q=1" in first.prepare(1).url


@pytest.mark.parametrize(
    ("url", "place"),
    [
        ("https://API.example", ("https://api.example", "/")),
        ("https://api.example:443/a?b#c", ("https://api.example", "/a?b")),
        ("http://api.example:0080/", ("http://api.example", "/")),
        ("http://api.example:443?a=/", ("http://api.example:443", "/?a=/")),
        ("HTTPS://[2001:DB8::1]:8443/x", ("https://[2001:db8::1]:8443", "/x")),
        ("http://[::1]", ("http://[::1]", "/")),
        (
            "https://b\u00fccher.example/\u00fc b%20",
            ("https://xn--bcher-kva.example", "/%C3%BC%20b%20"),
        ),
        ("http://h/a\r\nX: y", ("http://h", "/a%0D%0AX:%20y")),
    ],
)
def test_an_address_in_its_parts(url: str, place: tuple[str, str]) -> None:
    assert split_url(url) == place


@pytest.mark.parametrize(
    "url",
    [
        "",
        "/a",
        "ftp://h/",
        "http://",
        "http:///a",
        "http://u:p@h/",
        "http://h:x/",
        "http://h:65536/",
        "http://h:-1/",
        "http://a b/",
        "http://a:b:1/",
        "http://h\r\n/",
        "http://:80/",
        "h:80",
    ],
)
def test_no_address(url: str) -> None:
    with pytest.raises(ValueError, match="is no"):
        split_url(url)
