"""Credentials of generated clients over real HTTP: every kind of scheme, and OAuth 2 tokens."""

from __future__ import annotations

import asyncio
import base64
import logging
import pickle
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from types import ModuleType
from typing import Any

import pytest

from tests.behaviour.case_packages import import_case
from tests.behaviour.scripted_server import Answer, Received, Server, scripted

SECRET = "very/secret+value="
ID = "client 1"


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> ModuleType:
    return import_case("security", tmp_path_factory.mktemp("security"))


class Caller:
    """One way to write a test for both clients."""

    def __init__(self, package: ModuleType, is_async: bool) -> None:
        self.package = package
        self.is_async = is_async

    def call(self, path: str, count: int = 1, **options: Any) -> list[Any]:
        """The outcomes of `count` calls of `get` of a resource at once; errors are raised."""
        arguments = options.pop("call", {})
        return self.run(lambda client: getattr(client, path).get(**arguments), count, **options)

    def run(self, make: Callable[[Any], Any], count: int = 1, **options: Any) -> list[Any]:
        if not self.is_async:
            with self.package.Things(**options) as client:
                if count == 1:
                    return [make(client)]
                with ThreadPoolExecutor(count) as pool:
                    started = [pool.submit(make, client) for _ in range(count)]
                    return [done.result() for done in started]

        async def main() -> list[Any]:
            async with self.package.AsyncThings(**options) as client:
                return await asyncio.gather(*(make(client) for _ in range(count)))

        return asyncio.run(main())


@pytest.fixture(params=["sync", "async"])
def caller(request: pytest.FixtureRequest, package: ModuleType) -> Caller:
    return Caller(package, request.param == "async")


class Issuer:
    """A token endpoint and an API that takes its tokens."""

    def __init__(self) -> None:
        self.issued = 0
        self.valid: set[str] = set()
        self.answer: dict[str, Any] = {"token_type": "bearer", "expires_in": 3600}
        self.refusals: list[Answer] = []
        self.delay = 0.0
        self._lock = threading.Lock()

    def __call__(self, request: Received) -> Answer:
        if request.path.startswith("/oauth/"):
            time.sleep(self.delay)
            with self._lock:
                if self.refusals:
                    return self.refusals.pop(0)
                self.issued += 1
                token = f"token-{self.issued}"
                self.valid = {token}
            return Answer({"access_token": token, **self.answer})
        token = request.headers.get("authorization", "").removeprefix("Bearer ")
        return Answer(status=204) if token in self.valid else Answer({"error": "expired"}, 401)


@pytest.fixture
def issuer() -> Issuer:
    return Issuer()


@pytest.fixture
def server(issuer: Issuer) -> Iterator[Server]:
    with scripted(issuer) as running:
        yield running


def credentials(server: Server, **more: Any) -> dict[str, Any]:
    return {
        "base_url": f"{server.url}/v1",
        "client_id": ID,
        "client_secret": SECRET,
        **more,
    }


# -- keys


def first(caller: Caller, path: str, **options: Any) -> Received:
    with scripted(lambda request: Answer({})) as server:
        caller.call(path, base_url=server.url, **options)
        (request,) = server.requests
    return request


def test_every_kind_of_scheme(caller: Caller) -> None:
    assert first(caller, "closed", api_key="k1").headers["x-key"] == "k1"
    assert first(caller, "token", bearer_token="b").headers["authorization"] == "Bearer b"
    assert first(caller, "token", bearer_token="Bearer b").headers["authorization"] == "Bearer b"
    assert first(caller, "query", query_key="q&").query == {"key": "q&"}
    digest = first(caller, "digest", authorization='username="me"')
    assert digest.headers["authorization"] == 'Digest username="me"'
    assert first(caller, "mutual", api_key="k1").headers["x-key"] == "k1"
    cookie = first(caller, "cookie", session="a=b+/c", call={"theme": "dark"})
    assert cookie.headers["cookie"] == "theme=dark; session=a=b+/c"
    both = first(caller, "both", api_key="k1", app_key="k2")
    assert (both.headers["x-key"], both.headers["x-app-key"]) == ("k1", "k2")
    assert first(caller, "oauth", oidc="t").headers["authorization"] == "Bearer t"


def test_the_first_alternative_that_is_given(caller: Caller) -> None:
    user = {"username": "ü", "password": "p:w"}
    assert "x-key" in first(caller, "either", api_key="k1", **user).headers
    sent = first(caller, "either", **user).headers["authorization"]
    assert base64.b64decode(sent.removeprefix("Basic ")).decode() == "ü:p:w"
    assert not {"x-key", "authorization"} & set(first(caller, "either").headers)
    assert "x-key" not in first(caller, "open", api_key="k1").headers


def test_credentials_from_the_environment(caller: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("THINGS_USERNAME", "me")
    monkeypatch.setenv("THINGS_PASSWORD", "pass\n")
    sent = first(caller, "either").headers["authorization"]
    assert base64.b64decode(sent.removeprefix("Basic ")) == b"me:pass"


def test_missing_credentials_name_arguments_and_variables(caller: Caller) -> None:
    wanted = {
        "closed": ("api_key=", "THINGS_API_KEY"),
        "both": ("app_key=", "THINGS_APP_KEY", "api_key="),
        "oauth": ("client_id=", "THINGS_CLIENT_SECRET", "access_token=", "oidc="),
        "cookie": ("session=", "THINGS_SESSION"),
    }
    for path, words in wanted.items():
        with pytest.raises(caller.package.MissingCredentialsError) as caught:
            first(caller, path)
        assert all(word in str(caught.value) for word in words), str(caught.value)


def test_the_callers_own_header_goes_before(caller: Caller) -> None:
    own = first(caller, "closed", api_key="k1", default_headers={"X-Key": "mine"})
    assert own.headers["x-key"] == "mine"
    none = first(caller, "closed", api_key="k1", call={"options": {"headers": {"X-Key": None}}})
    assert "x-key" not in none.headers
    query = first(caller, "query", query_key="q", call={"options": {"query": {"key": "mine"}}})
    assert query.target.count("key=") == 1 and query.query == {"key": "mine"}


@pytest.mark.parametrize(
    ("path", "options"),
    [
        ("closed", {"api_key": "key-0123456789"}),
        ("query", {"query_key": "key-0123456789"}),
        ("cookie", {"session": "key-0123456789"}),
        ("token", {"bearer_token": "key-0123456789"}),
        ("either", {"username": "me", "password": "key-0123456789"}),
        ("digest", {"authorization": "key-0123456789"}),
    ],
)
@pytest.mark.parametrize("echoes", [False, True])
def test_no_key_goes_to_another_origin(
    caller: Caller, path: str, options: dict[str, str], echoes: bool
) -> None:
    with scripted(lambda request: Answer(status=204)) as foreign:

        def redirect(request: Received) -> Answer:
            target = request.target if echoes else "/elsewhere"
            return Answer(status=307, headers={"location": foreign.url + target})

        with scripted(redirect) as server:
            try:
                caller.call(path, base_url=server.url, max_retries=0, **options)
            except caller.package.APIStatusError as error:
                assert "key-0123456789" not in str(error)
        encoded = base64.b64encode(b"me:key-0123456789").decode()
        for request in foreign.requests:
            told = f"{request.target} {request.headers}"
            assert "key-0123456789" not in told and encoded not in told


def test_keys_are_in_no_log_error_or_repr(caller: Caller, caplog: pytest.LogCaptureFixture) -> None:
    key = "key-0123456789"

    def refuse(request: Received) -> Answer:
        return Answer({"message": f"{key} is wrong"}, 401)

    options: dict[str, Any] = {"api_key": key, "app_key": key + "-2"}
    with caplog.at_level(logging.DEBUG), scripted(refuse) as server:
        with pytest.raises(caller.package.AuthenticationError) as caught:
            caller.call("both", base_url=server.url, **options)
        client = caller.package.Things(base_url=server.url, **options)
        shown = repr(client) + repr(client._settings) + repr(client.both)
        client.close()
    assert key not in str(caught.value) + repr(caught.value) + caplog.text + shown


# -- OAuth 2


def test_a_token_is_fetched_once_and_kept(caller: Caller, server: Server, issuer: Issuer) -> None:
    issuer.delay = 0.05
    caller.call("oauth", 8, **credentials(server, scopes=["read", "write"]))
    (request,) = server.at("/oauth/token")
    pair = base64.b64encode(b"client+1:very%2Fsecret%2Bvalue%3D").decode()
    assert request.headers["authorization"] == f"Basic {pair}"
    assert request.form == {"grant_type": "client_credentials", "scope": "read write"}
    assert len(server.at("/v1/oauth")) == 8
    assert {item.headers["authorization"] for item in server.at("/v1/oauth")} == {"Bearer token-1"}


def test_no_token_is_fetched_before_it_is_needed(
    caller: Caller, server: Server, issuer: Issuer
) -> None:
    with pytest.raises(caller.package.AuthenticationError):
        caller.call("open", **credentials(server))
    assert issuer.issued == 0


def test_secret_in_the_form(caller: Caller, server: Server) -> None:
    method = "client_secret_post"
    caller.call("oauth", **credentials(server, token_endpoint_auth_method=method))
    (request,) = server.at("/oauth/token")
    assert "authorization" not in request.headers
    assert request.form["client_id"] == ID and request.form["client_secret"] == SECRET


def test_own_token_url_and_environment(
    caller: Caller, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("THINGS_CLIENT_ID", "a")
    monkeypatch.setenv("THINGS_CLIENT_SECRET", "b")
    monkeypatch.setenv("THINGS_SCOPES", "read")
    monkeypatch.setenv("THINGS_TOKEN_URL", f"{server.url}/oauth/other")
    caller.call("oauth", base_url=server.url)
    assert server.at("/oauth/other")[0].form["scope"] == "read"


@pytest.mark.parametrize("is_callable", [False, True])
def test_an_own_token_goes_before(
    caller: Caller, server: Server, issuer: Issuer, is_callable: bool
) -> None:
    issuer.valid = {"mine"}
    token: Any = (lambda: "mine") if is_callable else "mine"
    caller.call("oauth", **credentials(server, access_token=token))
    assert issuer.issued == 0


def test_an_expired_token_is_fetched_anew(caller: Caller, server: Server, issuer: Issuer) -> None:
    issuer.answer = {"expires_in": "1"}  # as text, as some servers send it

    def twice(client: Any) -> Any:
        if not caller.is_async:
            client.oauth.get()
            time.sleep(1)
            return client.oauth.get()

        async def main() -> None:
            await client.oauth.get()
            await asyncio.sleep(1)
            await client.oauth.get()

        return main()

    caller.run(twice, **credentials(server))
    assert issuer.issued == 2


@pytest.mark.parametrize("count", [1, 6])
def test_a_refused_token_is_fetched_anew_once(
    caller: Caller, server: Server, issuer: Issuer, count: int
) -> None:
    def twice(client: Any) -> Any:
        if not caller.is_async:
            client.oauth.get()
            issuer.valid.discard("token-1")
            return client.oauth.get()

        async def main() -> None:
            await client.oauth.get()
            issuer.valid.discard("token-1")
            await client.oauth.get()

        return main()

    caller.run(twice, count, **credentials(server, max_retries=0))
    assert issuer.issued == 2


def test_a_second_refusal_is_an_error(caller: Caller, issuer: Issuer) -> None:
    def respond(request: Received) -> Answer:
        return issuer(request) if request.path.startswith("/oauth") else Answer({}, 401)

    with scripted(respond) as strict:
        with pytest.raises(caller.package.AuthenticationError) as caught:
            caller.call("oauth", **credentials(strict))
        assert caught.value.attempts == 2
        assert len(strict.at("/v1/oauth")) == 2 and len(strict.at("/oauth/token")) == 2


def test_a_refresh_token_is_used_and_may_fail(
    caller: Caller, server: Server, issuer: Issuer
) -> None:
    issuer.answer = {"expires_in": 3600, "refresh_token": "again"}

    def thrice(client: Any) -> Any:
        def refuse() -> None:
            issuer.valid = set()

        if not caller.is_async:
            client.oauth.get()
            refuse()
            client.oauth.get()
            refuse()
            issuer.refusals = [Answer({"error": "invalid_grant"}, 400)]
            return client.oauth.get()

        async def main() -> None:
            await client.oauth.get()
            refuse()
            await client.oauth.get()
            refuse()
            issuer.refusals = [Answer({"error": "invalid_grant"}, 400)]
            await client.oauth.get()

        return main()

    caller.run(thrice, **credentials(server))
    refreshed = [request.form for request in server.at("/oauth/refresh")]
    assert refreshed == [{"grant_type": "refresh_token", "refresh_token": "again"}] * 2
    assert len(server.at("/oauth/token")) == 2


def test_errors_of_the_token_endpoint(caller: Caller, server: Server, issuer: Issuer) -> None:
    said = {"error": "invalid_client", "error_description": f"{SECRET} is wrong"}
    issuer.refusals = [Answer(said, 401)]
    with pytest.raises(caller.package.TokenError) as caught:
        caller.call("oauth", **credentials(server))
    error = caught.value
    assert (error.code, error.status_code, error.retryable) == ("invalid_client", 401, False)
    assert "invalid_client" in str(error) and f"{server.url}/oauth/token" in str(error)
    told = f"{error!s} {error!r} {error.body} {error.content!r} {error.description}"
    assert SECRET not in told
    assert SECRET.encode() not in pickle.dumps(error)
    assert isinstance(error, caller.package.APIStatusError)
    assert not server.at("/v1/oauth")


def test_a_busy_token_endpoint_is_asked_again(
    caller: Caller, server: Server, issuer: Issuer
) -> None:
    issuer.refusals = [Answer({}, 503, {"retry-after": "0"})]
    caller.call("oauth", **credentials(server))
    assert issuer.issued == 1 and len(server.at("/oauth/token")) == 2


@pytest.mark.parametrize(("wait", "limits"), [("3600", {}), ("20", {"total": 5})])
def test_a_token_endpoint_is_not_waited_for_too_long(
    caller: Caller, server: Server, issuer: Issuer, wait: str, limits: dict[str, float]
) -> None:
    issuer.refusals = [Answer({}, 503, {"retry-after": wait})]
    timeout = caller.package.Timeout(**limits)
    with pytest.raises(caller.package.TokenError) as caught:
        caller.call("oauth", **credentials(server, timeout=timeout))
    assert caught.value.status_code == 503
    assert len(server.at("/oauth/token")) == 1


@pytest.mark.parametrize("body", [b"<html>", b"", b"[]", {"token_type": "bearer"}])
def test_an_answer_without_token(caller: Caller, server: Server, issuer: Issuer, body: Any) -> None:
    issuer.refusals = [Answer(body)]
    with pytest.raises(caller.package.TokenError, match="access_token"):
        caller.call("oauth", **credentials(server))


def test_the_token_endpoint_is_not_left_by_a_redirect(
    caller: Caller, server: Server, issuer: Issuer
) -> None:
    with scripted(lambda request: Answer({"access_token": "stolen"})) as foreign:
        issuer.refusals = [Answer(None, 307, {"location": f"{foreign.url}/oauth/token"})]
        with pytest.raises(caller.package.TokenError):
            caller.call("oauth", **credentials(server))
        assert not foreign.requests


def test_a_cancelled_fetch_lets_the_next_one_through(
    package: ModuleType, server: Server, issuer: Issuer
) -> None:
    issuer.delay = 0.3

    async def main() -> None:
        async with package.AsyncThings(**credentials(server)) as client:
            task = asyncio.create_task(client.oauth.get())
            await asyncio.sleep(0.1)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            async with asyncio.timeout(5):
                await client.oauth.get()

    asyncio.run(main())


def test_waiting_for_another_call_is_bounded(
    caller: Caller, server: Server, issuer: Issuer
) -> None:
    issuer.delay = 1.0

    def make(client: Any) -> Any:
        return client.oauth.get(options={"timeout": 0.2, "max_retries": 0})

    with pytest.raises(caller.package.APITimeoutError):
        caller.run(make, 2, **credentials(server))
