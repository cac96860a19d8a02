"""What a generated client knows about its API: name, servers, ways to authenticate."""

from __future__ import annotations

from os import environ

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

        def sets(self, location: str, name: str) -> bool:
            """Whether the caller has set a ``header``, ``query`` parameter or ``cookie`` himself."""
            ...

    class Scheme(Protocol):
        """A way to authenticate.

        A credential that is a callable is called once for each call of an operation; one that has
        a method ``token_steps`` fetches tokens (:mod:`.oauth2`).
        """

        argument: str

        @property
        def needs(self) -> str:
            """What the caller has to do: ``pass api_key=... or set X_API_KEY``."""
            ...

        def resolve(self, given: Any) -> object:
            """The credential, from the arguments of the client or the environment; None without."""
            ...

        def provided(self, request: Signable) -> bool:
            """Whether the caller has put the credential into the request himself."""
            ...

        def sign(self, credential: Any, request: Signable) -> None:
            """Put the credential into the request. Raises ConfigurationError."""
            ...


def from_environment(variable: str) -> str | None:
    """The value of a variable, or None where there is none or an empty one."""
    # A variable read from a file often ends in a line break.
    return (environ.get(variable) or "").strip() or None if variable else None


class TokenAuth:
    """A text as the value of ``Authorization``, behind the name of its HTTP scheme.

    ``Bearer`` (RFC 6750) is the usual one; of others, as Digest, the caller gives what follows.
    """

    __slots__ = ("argument", "scheme", "variable")

    def __init__(self, argument: str, variable: str, scheme: str = "Bearer") -> None:
        self.argument = argument
        self.variable = variable
        self.scheme = scheme

    @property
    def needs(self) -> str:
        """What the caller has to do."""
        return f"pass {self.argument}=... or set {self.variable}"

    def resolve(self, given: Any) -> object:
        """The token, or a callable that returns one."""
        return from_environment(self.variable) if given is None else given

    def provided(self, request: Signable) -> bool:
        """Whether the caller's own headers authenticate already."""
        return request.sets("header", "authorization")

    def sign(self, credential: Any, request: Signable) -> None:
        """Put the token into the request."""
        token = text_of(credential, self.argument)
        start = f"{self.scheme} "
        if token[: len(start)].lower() == start.lower():
            token = token[len(start) :]
        request.add_secret(token)
        request.add_header("Authorization", start + token)


class BearerAuth(TokenAuth):
    """``Authorization: Bearer ...`` (RFC 6750)."""

    __slots__ = ()


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

    @property
    def needs(self) -> str:
        """What the caller has to do."""
        return f"pass {self.argument}=... or set {self.variable}"

    def resolve(self, given: Any) -> object:
        """The key, or a callable that returns one."""
        return from_environment(self.variable) if given is None else given

    def provided(self, request: Signable) -> bool:
        """Whether the caller has set the header, parameter or cookie himself."""
        return request.sets(self.location, self.name)

    def sign(self, credential: Any, request: Signable) -> None:
        """Put the key into the request."""
        key = text_of(credential, self.argument)
        request.add_secret(key)
        if self.location == "header":
            request.add_header(self.name, key)
        elif self.location == "query":
            request.add_query(self.name, key)
        else:
            request.add_cookie(self.name, key)


class BasicAuth:
    """``Authorization: Basic ...`` (RFC 7617); the credential is ``(user name, password)``."""

    __slots__ = ("argument", "password_argument", "password_variable", "variable")

    def __init__(
        self, argument: str, variable: str, password_argument: str, password_variable: str
    ) -> None:
        self.argument = argument
        self.variable = variable
        self.password_argument = password_argument
        self.password_variable = password_variable

    @property
    def needs(self) -> str:
        """What the caller has to do."""
        return (
            f"pass {self.argument}=... and {self.password_argument}=... "
            f"or set {self.variable} and {self.password_variable}"
        )

    def resolve(self, given: Any) -> object:
        """User name and password, either from the environment; None unless both are there."""
        user, password = given or (None, None)
        if user is None:
            user = from_environment(self.variable)
        if password is None:
            password = from_environment(self.password_variable)
        return None if user is None or password is None else (user, password)

    def provided(self, request: Signable) -> bool:
        """Whether the caller's own headers authenticate already."""
        return request.sets("header", "authorization")

    def sign(self, credential: Any, request: Signable) -> None:
        """Put user name and password into the request."""
        from binascii import b2a_base64

        user, password = credential
        for text, argument in ((user, self.argument), (password, self.password_argument)):
            if not isinstance(text, str):
                refuse(f"{argument} must be a str, not {type(text).__name__}")
            if not text.isprintable():
                refuse(f"{argument} has characters that cannot be sent")
        if ":" in user:
            refuse(f"{self.argument} must not contain a colon")
        encoded = b2a_base64(f"{user}:{password}".encode(), newline=False).decode()
        request.add_secret(password)
        request.add_secret(encoded)
        request.add_header("Authorization", f"Basic {encoded}")


def text_of(credential: object, argument: str) -> str:
    """A credential that can be sent as it is. Raises ConfigurationError, which does not show it."""
    if not isinstance(credential, str):
        refuse(
            f"{argument} must be a str or a callable that returns one, not {type(credential).__name__}"
        )
    if not credential or not credential.isprintable() or not credential.isascii():
        # The value itself must not be shown.
        refuse(f"{argument} is empty or has characters that cannot be sent in a header")
    return credential


def refuse(message: str) -> NoReturn:
    """Raise ConfigurationError."""
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
        "server_path",
        "server_variables",
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
        server_variables: Mapping[str, str] | None = None,
        server_path: str = "",
        security: Mapping[str, Scheme] | None = None,
        request_id_headers: tuple[str, ...] = ("x-request-id", "request-id"),
    ) -> None:
        from sys import version_info

        self.name: str = name
        self.distribution: str = distribution
        self.version: str = version
        self.env_prefix: str = env_prefix
        self.servers: tuple[str, ...] = servers
        """Absolute URLs, with placeholders as the document writes them."""
        self.server_variables: Mapping[str, str] = server_variables or {}
        """The placeholders and their defaults, empty where there is none."""
        self.server_path: str = server_path
        """The path of the document's first server."""
        self.security: Mapping[str, Scheme] = security or {}
        self.request_id_headers: tuple[str, ...] = request_id_headers
        self.user_agent: str = (
            f"{distribution}/{version} python/{version_info[0]}.{version_info[1]}"
        )
