"""What a generated client knows about its API: name, servers, ways to authenticate."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any, Literal, NoReturn, Protocol

    class Signable(Protocol):
        """The parts of a request that a credential may be put into."""

        def add_header(self, name: str, value: str) -> None:
            """Set a header field, unless the caller has set it."""
            ...

        def add_query(self, name: str, value: str) -> None:
            """Append a query parameter."""
            ...

        def add_cookie(self, name: str, value: str) -> None:
            """Append a cookie."""
            ...

        def add_secret(self, value: str) -> None:
            """Keep ``value`` out of messages and logs."""
            ...

    class Scheme(Protocol):
        """A way to authenticate: the place for OAuth 2 and whatever else comes.

        A credential that is a callable is called once for each call of an operation, so a scheme
        that has to fetch tokens is given a callable that does.
        """

        argument: str
        variable: str

        def provided(self, headers: Mapping[str, str]) -> bool:
            """Whether the caller's own headers (lower-case names) authenticate already."""
            ...

        def sign(self, credential: object, request: Signable) -> None:
            """Put the credential into the request. Raises ConfigurationError."""
            ...


class BearerAuth:
    """``Authorization: Bearer ...`` (RFC 6750)."""

    __slots__ = ("argument", "variable")

    def __init__(self, argument: str, variable: str) -> None:
        self.argument = argument
        self.variable = variable

    def provided(self, headers: Mapping[str, str]) -> bool:
        """Whether the caller's own headers authenticate already."""
        return "authorization" in headers

    def sign(self, credential: object, request: Signable) -> None:
        """Put the token into the request."""
        token = _text(credential, self.argument)
        request.add_secret(token)
        request.add_header("Authorization", f"Bearer {token}")


class ApiKeyAuth:
    """A key in a header, the query, or a cookie (OpenAPI ``apiKey``)."""

    __slots__ = ("argument", "location", "name", "variable")

    def __init__(
        self,
        argument: str,
        variable: str,
        location: Literal["header", "query", "cookie"],
        name: str,
    ) -> None:
        self.argument = argument
        self.variable = variable
        self.location: Literal["header", "query", "cookie"] = location
        self.name = name

    def provided(self, headers: Mapping[str, str]) -> bool:
        """Whether the caller's own headers authenticate already."""
        return self.location == "header" and self.name.lower() in headers

    def sign(self, credential: object, request: Signable) -> None:
        """Put the key into the request."""
        key = _text(credential, self.argument)
        request.add_secret(key)
        if self.location == "header":
            request.add_header(self.name, key)
        elif self.location == "query":
            request.add_query(self.name, key)
        else:
            request.add_cookie(self.name, key)


class BasicAuth:
    """``Authorization: Basic ...`` (RFC 7617); the credential is ``(user, password)`` or ``user:password``."""

    __slots__ = ("argument", "variable")

    def __init__(self, argument: str, variable: str) -> None:
        self.argument = argument
        self.variable = variable

    def provided(self, headers: Mapping[str, str]) -> bool:
        """Whether the caller's own headers authenticate already."""
        return "authorization" in headers

    def sign(self, credential: object, request: Signable) -> None:
        """Put user and password into the request."""
        from binascii import b2a_base64

        pair: Any = credential
        if isinstance(credential, tuple) and len(pair) == 2:
            text = f"{pair[0]}:{pair[1]}"
        else:
            text = _text(pair, self.argument)
        if ":" not in text:
            _refuse(f"{self.argument} must be (user, password) or 'user:password'")
        encoded = b2a_base64(text.encode(), newline=False).decode()
        request.add_secret(text.partition(":")[2])
        request.add_secret(encoded)
        request.add_header("Authorization", f"Basic {encoded}")


def _text(credential: object, argument: str) -> str:
    if not isinstance(credential, str):
        _refuse(
            f"{argument} must be a str or a callable that returns one, not {type(credential).__name__}"
        )
    if not credential or not credential.isprintable() or not credential.isascii():
        # The value itself must not be shown.
        _refuse(f"{argument} is empty or has characters that cannot be sent in a header")
    return credential


def _refuse(message: str) -> NoReturn:
    from .errors import ConfigurationError

    raise ConfigurationError(message)


class Api:
    """The constants of one generated client."""

    __slots__ = (
        "distribution",
        "env_prefix",
        "name",
        "request_id_headers",
        "security",
        "servers",
        "user_agent",
        "version",
    )

    def __init__(
        self,
        *,
        name: str,
        distribution: str,
        version: str,
        env_prefix: str,
        servers: tuple[str, ...] = (),
        security: Mapping[str, Scheme] | None = None,
        request_id_headers: tuple[str, ...] = ("x-request-id", "request-id"),
    ) -> None:
        from sys import version_info

        self.name: str = name
        self.distribution: str = distribution
        self.version: str = version
        self.env_prefix: str = env_prefix
        self.servers: tuple[str, ...] = servers
        self.security: Mapping[str, Scheme] = security or {}
        self.request_id_headers: tuple[str, ...] = request_id_headers
        self.user_agent: str = (
            f"{distribution}/{version} python/{version_info[0]}.{version_info[1]}"
        )
