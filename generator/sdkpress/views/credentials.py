"""Views of credentials: the arguments of the client for the security schemes of the document."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from sdkpress.config import ClientConfig
from sdkpress.model import Api, SecurityScheme
from sdkpress.naming.words import RESERVED, safe, snake, unique
from sdkpress.text import literal, one_line, paragraphs

CLIENT_ARGUMENTS = frozenset(
    {
        "self", "base_url", "timeout", "max_retries", "http_client", "default_headers",
        "default_query", "strict", "hooks", "server_variables", "proxy", "ssl_context", "unix_socket",
    }
)  # fmt: skip
"""The arguments that every client has."""

_TOKEN = "str | Callable[[], str] | None"
_ASYNC_TOKEN = "str | Callable[[], str | Awaitable[str]] | None"
_OAUTH2_ARGUMENTS = (
    "client_id", "client_secret", "scopes", "token_url", "token_endpoint_auth_method",
)  # fmt: skip
# No word of a language: wherever a credential occurs in a message, it is hidden.
_SAMPLE = "test-key"
_LONGEST_TEXT = 300
_EMPTY_WORDS = frozenset(
    "api auth authentication authorization authorisation basic bearer default header http https "
    "key o oauth oauth2 oidc open openid openidconnect query scheme security token".split()
)
"""Words of scheme names that say no more than the kind of the scheme does."""


@dataclass(frozen=True, slots=True)
class CredentialArgument:
    """One argument of the client; `sample` is a value for tests, empty where none is needed."""

    name: str
    variable: str
    annotation: str
    async_annotation: str
    doc: str
    sample: str = ""

    @property
    def doc_lines(self) -> tuple[str, ...]:
        """The argument's part of a docstring; all but the first line belong further in."""
        return tuple(paragraphs(f"{self.name}: {self.doc}", 84))


@dataclass(frozen=True, slots=True)
class CredentialView:
    """A security scheme: its arguments, and what the generated client makes of them."""

    scheme: str
    arguments: tuple[CredentialArgument, ...]
    construction: str
    auth_class: str
    value: tuple[str, ...]

    @property
    def needs_oauth2(self) -> bool:
        """Whether tokens can be fetched."""
        return self.auth_class == "ClientCredentialsAuth"


def credential_views(api: Api, config: ClientConfig) -> tuple[CredentialView, ...]:
    """The schemes that operations ask for, `api_key` first; mutual TLS is the HTTP client's matter."""
    used = {
        name
        for operation in api.operations
        for alternative in operation.security
        for name in alternative
    }
    schemes = [
        scheme
        for scheme in api.security_schemes
        if scheme.name in used and scheme.kind != "mutualTLS"
    ]
    keys = [scheme for scheme in schemes if scheme.kind in ("bearer", "apiKey")]
    taken = set(CLIENT_ARGUMENTS)
    found: list[CredentialView] = []
    for scheme in schemes:
        same = [
            item
            for item in schemes
            if item.kind == scheme.kind
            and item.has_client_credentials == scheme.has_client_credentials
        ]
        view = _credential(scheme, config.env_prefix, taken, len(same) == 1, len(keys) == 1)
        taken |= {item.name for item in view.arguments}
        found.append(_described(view, scheme))
    # The one that may be given without its name.
    return tuple(sorted(found, key=lambda view: view.arguments[0].name != "api_key"))


def _described(view: CredentialView, scheme: SecurityScheme) -> CredentialView:
    """The view with what the document says about the scheme."""
    words = [view.arguments[0].doc] if view.arguments else []
    text = one_line(scheme.docs.description)
    if text:
        words.append(text if len(text) <= _LONGEST_TEXT else f"{text[:_LONGEST_TEXT]} ...")
    if scheme.docs.deprecated:
        words.append("Deprecated.")
    if len(words) < 2:
        return view
    first = replace(view.arguments[0], doc=" ".join(words))
    return replace(view, arguments=(first, *view.arguments[1:]))


def _credential(
    scheme: SecurityScheme, prefix: str, taken: set[str], is_only: bool, is_only_key: bool
) -> CredentialView:
    stem = snake(scheme.name_hint or scheme.name, fallback="credential")
    own = "" if is_only and not scheme.name_hint else stem

    def named(argument: str) -> str:
        # A name of the document may stand in the way of `username` or `client_id`.
        wanted = f"{own}_{argument}" if own else argument
        return unique(wanted if wanted not in taken else f"{stem}_{argument}", taken)

    match scheme.kind:
        case "basic":
            return _basic(scheme, named("username"), named("password"), prefix)
        case "oauth2" if scheme.has_client_credentials:
            first = named("client_id").removesuffix("client_id")
            return _client_credentials(scheme, first, named("access_token"), prefix)
        case "bearer" | "apiKey":
            wanted = "api_key" if is_only_key else _key_name(scheme, stem)
            kind = "api_key" if scheme.kind == "apiKey" else "bearer_token"
        case "http":
            wanted = kind = "authorization"
        case _:
            wanted = kind = "access_token"
    if scheme.name_hint:
        wanted = stem
    if wanted in taken:
        wanted = stem if stem not in taken else f"{stem}_{kind}"
    name = unique(safe(wanted, RESERVED), taken)
    return _single(scheme, name, f"{prefix}_{name.upper()}")


def _key_name(scheme: SecurityScheme, stem: str) -> str:
    """Name of one of several keys: `appKeyAuth` -> `app_key`, `BearerAuth` -> `bearer_token`."""
    short = re.sub(
        r"^x_|(?<=[a-z0-9])_(auth|authentication|authorization|security|scheme|header)$", "", stem
    )
    if short in ("api_key", "access_token", "bearer_token"):
        return short
    if all(word in _EMPTY_WORDS for word in short.split("_")):
        return "api_key" if scheme.kind == "apiKey" else "bearer_token"
    return short


def _single(scheme: SecurityScheme, name: str, variable: str) -> CredentialView:
    names = f"argument={literal(name)}, variable={literal(variable)}"
    thing = "The credential"
    match scheme.kind:
        case "apiKey":
            auth_class = "ApiKeyAuth"
            place = f"location={literal(scheme.location)}, name={literal(scheme.parameter)}"
            construction = f"ApiKeyAuth({names}, {place})"
            thing = "The API key"
        case "http":
            auth_class = "TokenAuth"
            construction = f"TokenAuth({names}, scheme={literal(scheme.scheme)})"
            thing = f"What follows {one_line(scheme.scheme)} in the Authorization header"
        case _:
            auth_class = "BearerAuth"
            construction = f"BearerAuth({names})"
            if scheme.kind == "oauth2":
                thing = "An OAuth 2 access token"
            elif scheme.kind == "openIdConnect":
                thing = "An access token of OpenID Connect"
    doc = f"{thing}, or a function that returns it anew for each request; {_without(variable)}."
    if scheme.kind == "openIdConnect" and scheme.open_id_connect_url:
        doc += f" Where tokens come from: {one_line(scheme.open_id_connect_url)}."
    argument = CredentialArgument(name, variable, _TOKEN, _ASYNC_TOKEN, doc, _SAMPLE)
    return CredentialView(scheme.name, (argument,), construction, auth_class, (name,))


def _basic(scheme: SecurityScheme, user: str, password: str, prefix: str) -> CredentialView:
    variables = f"{prefix}_{user.upper()}", f"{prefix}_{password.upper()}"
    construction = (
        f"BasicAuth(argument={literal(user)}, variable={literal(variables[0])}, "
        f"password_argument={literal(password)}, password_variable={literal(variables[1])})"
    )
    arguments = (
        CredentialArgument(
            user,
            variables[0],
            "str | None",
            "str | None",
            f"The user name; {_without(variables[0])}.",
            "user",
        ),
        CredentialArgument(
            password,
            variables[1],
            _TOKEN,
            _ASYNC_TOKEN,
            "The password, or a function that returns it anew for each request; "
            f"{_without(variables[1])}.",
            _SAMPLE,
        ),
    )
    return CredentialView(
        scheme.name, arguments, construction, "BasicAuth", (f"({user}, {password})",)
    )


def _client_credentials(
    scheme: SecurityScheme, first: str, token: str, prefix: str
) -> CredentialView:
    parts = [literal(token), f"env_prefix={literal(prefix)}"]
    if first:
        parts.append(f"prefix={literal(first)}")
    for name, value in (("token_url", scheme.token_url), ("refresh_url", scheme.refresh_url)):
        if value:
            parts.append(f"{name}={literal(value)}")
    if scheme.token_endpoint_auth_method:
        parts.append(f"auth_method={literal(scheme.token_endpoint_auth_method)}")
    scopes = ", ".join(one_line(scope) for scope in scheme.scopes[:12])
    more = ", ..." if len(scheme.scopes) > 12 else ""
    variable = {name: f"{prefix}_{first}{name}".upper() for name in _OAUTH2_ARGUMENTS}
    told = {
        "client_id": "For an access token by client credentials (RFC 6749 section 4.4), fetched "
        f"when it is needed; {_without(variable['client_id'])}.",
        "client_secret": f"The secret of client_id; {_without(variable['client_secret'])}.",
        "scopes": "What to ask for instead of the server's default"
        + (f": {scopes}{more}." if scopes else "."),
        "token_url": "The token endpoint, instead of the document's.",
        "token_endpoint_auth_method": "How client_id and client_secret are sent, client_secret_basic "
        f"or client_secret_post; by default {scheme.token_endpoint_auth_method or 'client_secret_basic'}.",
    }  # fmt: skip
    annotations = {
        "scopes": "Sequence[str] | str | None",
        "token_endpoint_auth_method": 'Literal["client_secret_basic", "client_secret_post"] | None',
    }
    arguments = [
        CredentialArgument(
            token,
            f"{prefix}_{token.upper()}",
            _TOKEN,
            _ASYNC_TOKEN,
            "An access token, or a function that returns one for each request, where you fetch "
            f"tokens yourself; {_without(f'{prefix}_{token.upper()}')}.",
            _SAMPLE,
        )
    ]
    for name in _OAUTH2_ARGUMENTS:
        annotation = annotations.get(name, "str | None")
        listed = variable[name] if name != "token_endpoint_auth_method" else ""
        arguments.append(
            CredentialArgument(f"{first}{name}", listed, annotation, annotation, told[name])
        )
    names = ("access_token", *_OAUTH2_ARGUMENTS)
    given = (token, *(f"{first}{name}" for name in _OAUTH2_ARGUMENTS))
    return CredentialView(
        scheme.name,
        tuple(arguments),
        f"ClientCredentialsAuth({', '.join(parts)})",
        "ClientCredentialsAuth",
        (
            "OAuth2Client(",
            *(f"    {name}={value}," for name, value in zip(names, given, strict=True)),
            ")",
        ),
    )


def _without(variable: str) -> str:
    return f"without it, the environment variable {variable}"
