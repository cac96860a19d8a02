"""Views of the package as a whole: clients, exports, project files."""

from __future__ import annotations

from dataclasses import dataclass

from sdkpress.config import ClientConfig
from sdkpress.model import Api, SecurityScheme
from sdkpress.naming.words import RESERVED, safe, snake, unique
from sdkpress.text import describe, docstring, literal, one_line
from sdkpress.views.models import ModuleView
from sdkpress.views.operations import OperationView
from sdkpress.views.resources import ResourceView

ERRORS = (
    "APIConnectionError",
    "APIResponseError",
    "APIStatusError",
    "APITimeoutError",
    "AuthenticationError",
    "BadRequestError",
    "ConfigurationError",
    "ConflictError",
    "InternalServerError",
    "InvalidRequestError",
    "MissingCredentialsError",
    "NotFoundError",
    "PermissionDeniedError",
    "RateLimitError",
    "ResponseDecodeError",
    "ResponseValidationError",
    "StreamDecodeError",
    "StreamError",
    "StreamServerError",
    "StreamTruncatedError",
    "UnprocessableEntityError",
)
"""The public error classes of the runtime, besides the root of the tree."""

_CLIENT_ARGUMENTS = frozenset(
    {
        "self", "base_url", "timeout", "max_retries", "http_client", "default_headers",
        "default_query", "strict", "hooks",
    }
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class CredentialView:
    """An argument of the client for one security scheme."""

    scheme: str
    argument: str
    variable: str
    construction: str
    auth_class: str
    annotation: str
    async_annotation: str


@dataclass(frozen=True, slots=True)
class ExportView:
    """A public name and the module that has it."""

    name: str
    module: str
    original: str


@dataclass(frozen=True, slots=True)
class PackageView:
    """Everything that templates say about the package itself."""

    distribution: str
    package: str
    client: str
    async_client: str
    error: str
    version: str
    license: str
    env_prefix: str
    source: str
    title: str
    summary: str
    doc: str
    servers: str
    has_servers: bool
    credentials: tuple[CredentialView, ...]
    resources: tuple[ResourceView, ...]
    model_modules: tuple[ModuleView, ...]
    param_modules: tuple[ModuleView, ...]
    errors: tuple[str, ...]
    homepage: str
    has_sse: bool

    @property
    def roots(self) -> tuple[ResourceView, ...]:
        """Resources that are attributes of the client."""
        return tuple(item for item in self.resources if len(item.path) == 1)

    @property
    def operations(self) -> tuple[tuple[ResourceView, OperationView], ...]:
        """All operations with their resources."""
        return tuple((item, operation) for item in self.resources for operation in item.operations)

    @property
    def auth_classes(self) -> tuple[str, ...]:
        """Runtime classes that the security schemes need."""
        return tuple(sorted({item.auth_class for item in self.credentials}))

    @property
    def model_exports(self) -> tuple[ExportView, ...]:
        """Every model with its module, sorted by name."""
        found = [
            ExportView(name, module.name, name)
            for module in (*self.model_modules, *self.param_modules)
            for name in module.exports
        ]
        return tuple(sorted(found, key=lambda item: item.name))

    @property
    def public_names(self) -> tuple[str, ...]:
        """`__all__` of the package."""
        names = {
            self.client, self.async_client, self.error, "Options", "Response", "Timeout", "UNSET",
            "AsyncStream", "Stream", "Hooks", *self.errors, "errors", "models", "streaming",
            "__version__",
        }  # fmt: skip
        return tuple(sorted(names))


def package_view(
    api: Api,
    config: ClientConfig,
    resources: tuple[ResourceView, ...],
    models: tuple[ModuleView, ...],
    params: tuple[ModuleView, ...],
) -> PackageView:
    """The view of the package from the API and the configuration."""
    title = one_line(api.title) or config.name
    description = one_line(config.description or api.docs.summary or api.title)
    lines = describe(f"{title}: client with typed models, sync and async.", "")
    servers = tuple(url for url in api.servers if "://" in url or url.startswith("//"))
    inner = ", ".join(literal(url) for url in servers)
    return PackageView(
        distribution=config.name,
        package=config.package,
        client=config.client,
        async_client=config.async_client,
        error=_root_error(config.client),
        version=config.version,
        license=config.license,
        env_prefix=config.env_prefix,
        source=one_line(config.spec.name),
        title=title,
        summary=description[:500] or title,
        doc=docstring(lines, 0),
        servers=f"({inner},)" if len(servers) == 1 else f"({inner})",
        has_servers=bool(servers),
        credentials=_credentials(api, config),
        resources=resources,
        model_modules=models,
        param_modules=params,
        errors=ERRORS,
        homepage=api.contact_url if api.contact_url.startswith(("https://", "http://")) else "",
        has_sse=any(item.has_streams for item in resources),
    )


def _root_error(client: str) -> str:
    name = f"{client}Error"
    return name if name not in ERRORS else f"{client}ClientError"


def _credentials(api: Api, config: ClientConfig) -> tuple[CredentialView, ...]:
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
    taken: set[str] = set(_CLIENT_ARGUMENTS)
    found: list[CredentialView] = []
    for scheme in schemes:
        if len(schemes) == 1:
            wanted = {"bearer": "api_key", "apiKey": "api_key", "basic": "basic_auth"}.get(
                scheme.kind, "access_token"
            )
        else:
            wanted = safe(snake(scheme.name, fallback="credential"), RESERVED)
        argument = unique(wanted, taken)
        taken.add(argument)
        found.append(_credential(scheme, argument, f"{config.env_prefix}_{argument.upper()}"))
    return tuple(found)


def _credential(scheme: SecurityScheme, argument: str, variable: str) -> CredentialView:
    names = f"argument={literal(argument)}, variable={literal(variable)}"
    kind, value = "BearerAuth", "str"
    construction = f"BearerAuth({names})"
    if scheme.kind == "apiKey":
        kind = "ApiKeyAuth"
        place = f"location={literal(scheme.location)}, name={literal(scheme.parameter)}"
        construction = f"ApiKeyAuth({names}, {place})"
    elif scheme.kind == "basic":
        kind, value = "BasicAuth", "str | tuple[str, str]"
        construction = f"BasicAuth({names})"
    elif scheme.kind == "http":
        kind = "ApiKeyAuth"
        construction = f'ApiKeyAuth({names}, location="header", name="Authorization")'
    return CredentialView(
        scheme=scheme.name,
        argument=argument,
        variable=variable,
        construction=construction,
        auth_class=kind,
        annotation=f"{value} | Callable[[], {value}] | None",
        async_annotation=f"{value} | Callable[[], {value} | Awaitable[{value}]] | None",
    )
