"""OAuth 2 access tokens: given by the caller, or fetched with client credentials (RFC 6749).

The token is fetched by the first call that needs one, over the client's own connections, and kept
until shortly before it expires. One call at a time fetches; the others wait for what it gets. All
of it is steps of the call (:mod:`.steps`), so both clients share the logic.
"""

from __future__ import annotations

import time
from random import random
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import quote_plus, urlencode, urljoin

from . import retries
from .api import from_environment, refuse, text_of
from .errors import ConfigurationError, TokenError
from .gates import Gate
from .steps import Acquire, Close, Read, Send, Sleep
from .transport import PreparedRequest, TransportError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from .answers import Head
    from .api import Signable
    from .call import Call
    from .steps import Steps

LEEWAY = 30.0
"""Seconds before its end at which a token counts as expired; a tenth of its life, if that is less."""

MAX_ANSWER = 1024 * 1024
_METHODS = ("client_secret_basic", "client_secret_post")


class OAuth2Client:
    """What a client was constructed with for one OAuth 2 scheme; None: see the environment."""

    __slots__ = (
        "access_token",
        "client_id",
        "client_secret",
        "scopes",
        "token_endpoint_auth_method",
        "token_url",
    )

    def __init__(
        self,
        *,
        access_token: str | Callable[[], object] | None = None,
        client_id: str | None = None,
        client_secret: str | None = None,
        scopes: Sequence[str] | str | None = None,
        token_url: str | None = None,
        token_endpoint_auth_method: str | None = None,
    ) -> None:
        self.access_token = access_token
        self.client_id = client_id
        self.client_secret = client_secret
        self.scopes = scopes
        self.token_url = token_url
        self.token_endpoint_auth_method = token_endpoint_auth_method


class ClientCredentialsAuth:
    """``Authorization: Bearer ...`` with a token that is given, or fetched with client credentials."""

    __slots__ = ("argument", "auth_method", "env_prefix", "prefix", "refresh_url", "token_url")

    def __init__(
        self,
        argument: str,
        *,
        env_prefix: str,
        prefix: str = "",
        token_url: str = "",
        refresh_url: str = "",
        auth_method: str = "client_secret_basic",
    ) -> None:
        self.argument = argument
        """The argument for an access token."""
        self.env_prefix = env_prefix
        self.prefix = prefix
        """Stands before ``client_id`` and the other arguments where a client has several schemes."""
        self.token_url = token_url
        self.refresh_url = refresh_url
        self.auth_method = auth_method

    def _variable(self, argument: str) -> str:
        return f"{self.env_prefix}_{argument.upper()}"

    @property
    def needs(self) -> str:
        """What the caller has to do."""
        id, secret = f"{self.prefix}client_id", f"{self.prefix}client_secret"
        return (
            f"pass {id}=... and {secret}=... or {self.argument}=..., or set "
            f"{self._variable(id)} and {self._variable(secret)} or {self._variable(self.argument)}"
        )

    def resolve(self, given: Any) -> object:
        """A token, a callable that returns one, or a TokenSource; arguments before variables."""
        if given is None:
            given = OAuth2Client()
        elif not isinstance(given, OAuth2Client):
            return given
        options: OAuth2Client = given
        if options.access_token is not None:
            return options.access_token
        id, secret = options.client_id, options.client_secret
        if id is None and secret is None:
            token = from_environment(self._variable(self.argument))
            if token is not None:
                return token
        id = id or from_environment(self._variable(f"{self.prefix}client_id"))
        secret = secret or from_environment(self._variable(f"{self.prefix}client_secret"))
        if not id or not secret:
            return None
        scopes = options.scopes
        if scopes is None:
            scopes = from_environment(self._variable(f"{self.prefix}scopes"))
        given_url = options.token_url or from_environment(self._variable(f"{self.prefix}token_url"))
        method = options.token_endpoint_auth_method or self.auth_method
        if method not in _METHODS:
            refuse(f"{self.prefix}token_endpoint_auth_method must be one of {', '.join(_METHODS)}")
        url = given_url or self.token_url
        if not url:
            refuse(
                f"pass {self.prefix}token_url=... as well: the API's document does not say where "
                "tokens are fetched"
            )
        return TokenSource(
            text_of(id, f"{self.prefix}client_id"),
            text_of(secret, f"{self.prefix}client_secret"),
            scopes=scopes if scopes is None or isinstance(scopes, str) else " ".join(scopes),
            token_url=url,
            refresh_url=url if given_url or not self.refresh_url else self.refresh_url,
            auth_method=method,
        )

    def provided(self, request: Signable) -> bool:
        """Whether the caller's own headers authenticate already."""
        return request.sets("header", "authorization")

    def sign(self, credential: Any, request: Signable) -> None:
        """Put the token into the request."""
        token = text_of(credential, self.argument)
        request.add_secret(token)
        request.add_header("Authorization", f"Bearer {token}")


class TokenSource:
    """The access token of one client, fetched when it is needed. Shared by threads and tasks."""

    __slots__ = (
        "_auth_method",
        "_expires_at",
        "_gate",
        "_id",
        "_refresh_token",
        "_refresh_url",
        "_scopes",
        "_secret",
        "_token",
        "_token_url",
    )

    def __init__(
        self,
        id: str,
        secret: str,
        *,
        scopes: str | None,
        token_url: str,
        refresh_url: str,
        auth_method: str,
    ) -> None:
        self._id = id
        self._secret = secret
        self._scopes = scopes
        self._token_url = token_url
        self._refresh_url = refresh_url
        self._auth_method = auth_method
        self._token: str | None = None
        self._refresh_token: str | None = None
        self._expires_at: float | None = None
        self._gate = Gate()

    def reject(self, token: str) -> None:
        """Use this token no more: the API has refused it."""
        if self._token == token:
            self._token = None

    def token_steps(self, call: Call) -> Steps:
        """The steps to a token that has not expired; they end with it. Raises TokenError."""
        token = self._current()
        if token is not None:
            return token
        try:
            release: Callable[[], None] = yield Acquire(self._gate, call.budget)
        except TimeoutError:
            limit, seconds = call.budget.blame("total")
            raise TransportError(
                "another call is fetching the access token",
                "connecting",
                limit=limit,
                seconds=seconds,
            ) from None
        try:
            token = self._current()
            if token is None:
                token = yield from self._fetch(call)
            return token
        finally:
            release()

    def _current(self) -> str | None:
        # Read once: another thread may take it away in between.
        token = self._token
        expires_at = self._expires_at
        expired = expires_at is not None and time.monotonic() >= expires_at
        return None if expired else token

    def _fetch(self, call: Call) -> Steps:
        attempt = 0
        refresh_token = self._refresh_token
        while True:
            attempt += 1
            url = self._refresh_url if refresh_token else self._token_url
            request = self._request(urljoin(call.settings.base_url, url), refresh_token)
            try:
                head, content = yield from _exchange(call, request)
            except TransportError as failure:
                if call.exchange is not None:
                    yield Close(call.exchange)
                    call.exchange = None
                pause = retries.backoff(attempt, random())
                if failure.permanent or attempt > call.max_retries or _is_late(call, pause):
                    raise call.connection_error(failure, address=f"POST {request.url}") from failure
                yield Sleep(pause)
                continue
            if 200 <= head.status < 300:
                return self._keep(request, head, content)
            if refresh_token is not None:
                # It may have been revoked or used up: begin anew.
                refresh_token = self._refresh_token = None
                continue
            error = self._error(request, head, content, "")
            if attempt > call.max_retries or head.status not in (408, 429, 500, 502, 503, 504):
                raise error
            delay = retries.delay_before_retry(error.headers, time.time(), attempt, random())
            if delay is None or _is_late(call, delay):
                raise error
            yield Sleep(delay)

    def _request(self, url: str, refresh_token: str | None) -> PreparedRequest:
        from .bodies import Body

        if not url.lower().startswith(("https://", "http://")):
            raise ConfigurationError("the URL of the token endpoint must be an http(s) URL")
        if refresh_token is not None:
            form = {"grant_type": "refresh_token", "refresh_token": refresh_token}
        else:
            form = {"grant_type": "client_credentials"}
            if self._scopes:
                form["scope"] = self._scopes
        headers = [
            ("Accept", "application/json"),
            ("Accept-Encoding", "identity"),
            ("Content-Type", "application/x-www-form-urlencoded"),
        ]
        if self._auth_method == "client_secret_post":
            form["client_id"] = self._id
            form["client_secret"] = self._secret
        else:
            headers.append(("Authorization", f"Basic {self._basic}"))
        content = urlencode(form).encode()
        headers.append(("Content-Length", str(len(content))))
        return PreparedRequest("POST", url.partition("#")[0], headers, Body(content, None))

    @property
    def _basic(self) -> str:
        from binascii import b2a_base64

        # RFC 6749 section 2.3.1: both are form-urlencoded first.
        pair = f"{quote_plus(self._id)}:{quote_plus(self._secret)}"
        return b2a_base64(pair.encode(), newline=False).decode()

    def _keep(self, request: PreparedRequest, head: Head, content: bytes) -> str:
        """The token of a successful answer (RFC 6749 section 5.1), remembered."""
        answer = _json_object(content)
        token: Any = answer.get("access_token")
        if not isinstance(token, str) or not token or not token.isascii():
            raise self._error(request, head, content, "the answer has no access_token")
        kind: Any = answer.get("token_type")
        if isinstance(kind, str) and kind.lower() in ("mac", "dpop", "pop"):
            raise self._error(request, head, content, f"tokens of type {kind} are not supported")
        seconds = _seconds(answer.get("expires_in"))
        self._expires_at = (
            None
            if seconds is None
            else time.monotonic() + max(seconds - min(LEEWAY, seconds / 10), 0.0)
        )
        again: Any = answer.get("refresh_token")
        if isinstance(again, str) and again:
            self._refresh_token = again
        self._token = token
        return token

    def _error(
        self, request: PreparedRequest, head: Head, content: bytes, problem: str
    ) -> TokenError:
        """What the server says (RFC 6749 section 5.2), without the secrets that it may echo."""
        for secret in (self._secret, quote_plus(self._secret), self._basic, self._refresh_token):
            if secret:
                content = content.replace(secret.encode(), b"***")
        body = _json_object(content)
        code: Any = body.get("error")
        code = code if isinstance(code, str) else None
        description: Any = body.get("error_description")
        description = description if isinstance(description, str) else None
        said = ": ".join(part for part in (code, description) if part)
        address = request.url.partition("?")[0]
        error = TokenError(
            f"no access token from {address}: {problem or said or 'refused'} (status {head.status})",
            status_code=head.status,
            headers=head.headers,
            request_id=head.request_id,
            body=body or content.decode("utf-8", "replace"),
            content=content,
            code=code,
        )
        error.description = description
        error.retryable = head.status >= 500 or head.status in (408, 429)
        return error


def _is_late(call: Call, delay: float) -> bool:
    """Whether nothing can be done any more after ``delay`` seconds."""
    remaining = call.budget.remaining()
    return remaining is not None and delay >= remaining


def _exchange(call: Call, request: PreparedRequest) -> Steps:
    """Send, and read the whole answer: head and body. Redirects are not followed."""
    from .answers import Head
    from .content_coding import ContentCodingError, decompressor

    exchange = yield Send(request, call.budget)
    call.exchange = exchange
    head = Head(exchange.status, exchange.headers, call.settings.api)
    content = b""
    while len(content) <= MAX_ANSWER:
        block = yield Read(exchange)
        if not block:
            break
        content += block
    yield Close(exchange)
    call.exchange = None
    try:
        coding = decompressor(head.headers.get("content-encoding"))
        return head, content if coding is None else coding.feed(content)
    except ContentCodingError:
        return head, b""


def _json_object(content: bytes) -> Mapping[str, Any]:
    import json

    try:
        found: Any = json.loads(content)
    except (ValueError, RecursionError):
        return {}
    return cast("dict[str, Any]", found) if isinstance(found, dict) else {}


def _seconds(value: object) -> float | None:
    """``expires_in``; some servers send it as text."""
    if isinstance(value, str) and value.strip().isdecimal() and len(value) < 12:
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 < value < 1e11:
        return None
    return float(value)
