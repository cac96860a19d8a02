"""Views of the package as a whole: clients, exports, project files."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from sdkpress.config import ClientConfig
from sdkpress.model import Api
from sdkpress.naming.fixtures import FixtureNames, fixture_names
from sdkpress.records import Struct
from sdkpress.text import describe, docstring, one_line
from sdkpress.views.credentials import CredentialArgument, CredentialView, credential_views
from sdkpress.views.factories import FactoryModuleView
from sdkpress.views.fakes import FakeModuleView
from sdkpress.views.metadata import MetadataView, metadata_view
from sdkpress.views.models import ModuleView
from sdkpress.views.operations import OperationView
from sdkpress.views.resources import ResourceView
from sdkpress.views.servers import ServersView, servers_view
from sdkpress.views.webhooks import WebhooksView

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
    "PaginationError",
    "PermissionDeniedError",
    "RateLimitError",
    "ResponseDecodeError",
    "ResponseValidationError",
    "StreamDecodeError",
    "StreamError",
    "StreamServerError",
    "StreamTruncatedError",
    "TokenError",
    "UnprocessableEntityError",
)
"""The public error classes of the runtime, besides the root of the tree."""


class ExportView(Struct, frozen=True):
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
    servers: ServersView
    has_servers: bool
    credentials: tuple[CredentialView, ...]
    needs_mutual_tls: bool
    resources: tuple[ResourceView, ...]
    model_modules: tuple[ModuleView, ...]
    param_modules: tuple[ModuleView, ...]
    errors: tuple[str, ...]
    metadata: MetadataView
    has_sse: bool
    webhooks: WebhooksView | None = None
    factory_modules: tuple[FactoryModuleView, ...] = ()
    fakes: tuple[FakeModuleView, ...] = ()
    renamed_models: tuple[tuple[str, str], ...] = ()
    """Former and present class names."""

    @property
    def roots(self) -> tuple[ResourceView, ...]:
        """Resources that are attributes of the client."""
        return tuple(item for item in self.resources if len(item.path) == 1)

    @property
    def operations(self) -> tuple[tuple[ResourceView, OperationView], ...]:
        """All operations with their resources."""
        return tuple((item, operation) for item in self.resources for operation in item.operations)

    @property
    def fake(self) -> str:
        """The class of the fake server; FakeApp is the one that every such class is made from."""
        return f"Fake{self.client}" if self.client != "App" else "FakeAppServer"

    def scripted(self, dotted: str) -> str:
        """The script of the operation `dotted` below the fake server."""
        root, _, rest = dotted.partition(".")
        attributes = {item.resource: item.attribute for item in self.fakes}
        return f"{attributes[root]}.{rest}"

    @property
    def fixtures(self) -> FixtureNames:
        """What the client brings to pytest."""
        return fixture_names(self.client, self.package)

    @property
    def has_pages(self) -> bool:
        """Whether answers of an operation come in pages."""
        return any(item.has_pages for item in self.resources)

    @property
    def auth_classes(self) -> tuple[str, ...]:
        """Runtime classes that the security schemes need, but for OAuth 2."""
        return tuple(
            sorted({item.auth_class for item in self.credentials if not item.needs_oauth2})
        )

    @property
    def needs_oauth2(self) -> bool:
        """Whether a scheme fetches access tokens."""
        return any(item.needs_oauth2 for item in self.credentials)

    @property
    def credential_arguments(self) -> tuple[CredentialArgument, ...]:
        """The arguments of the client for credentials, of all schemes."""
        return tuple(argument for item in self.credentials for argument in item.arguments)

    @property
    def abc_names(self) -> tuple[str, ...]:
        """Names of collections.abc that annotations of the clients use."""
        return _abc_names(self.credential_arguments)

    @property
    def fake_abc_names(self) -> tuple[str, ...]:
        """The same for the fake server, which makes clients with a credential for tests."""
        return _abc_names(item for item in self.credential_arguments if item.sample)

    @property
    def typing_names(self) -> tuple[str, ...]:
        """What the module of the clients takes from `typing`."""
        variables = self.servers.variables
        names = {"TypedDict"} if variables else set[str]()
        if self.needs_oauth2 or any("Literal[" in annotation for _, annotation in variables):
            names.add("Literal")
        return tuple(sorted(names))

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
    def former_exports(self) -> tuple[tuple[str, ExportView], ...]:
        """Former names of models, and of the TypedDicts beside them, with what they are now."""
        exports = {item.name: item for item in self.model_exports}
        found = {
            f"{old}{suffix}": exports[f"{new}{suffix}"]
            for old, new in self.renamed_models
            for suffix in ("", "Param")
            if f"{new}{suffix}" in exports and f"{old}{suffix}" not in exports
        }
        return tuple(sorted(found.items(), key=lambda item: item[0]))

    @property
    def former_names(self) -> tuple[tuple[str, str], ...]:
        """Former names and what to say of each, for readers."""
        found = [
            (item.dotted, f"use `{item.present}`") for one in self.resources for item in one.aliases
        ]
        for one in self.resources:
            found += [(item.dotted, item.advice) for item in one.removed]
        found += [
            (f"models.{old}", f"use `models.{item.name}`") for old, item in self.former_exports
        ]
        return tuple(sorted(found))

    @property
    def factory_exports(self) -> tuple[ExportView, ...]:
        """Every factory with its module, sorted by name."""
        found = [
            ExportView(item.name, module.name, item.name)
            for module in self.factory_modules
            for item in module.factories
        ]
        return tuple(sorted(found, key=lambda item: item.name))

    @property
    def testing_names(self) -> tuple[str, ...]:
        """`__all__` of the package's fixtures."""
        names = {
            "AppTransport", "AsyncAppTransport", "AsyncRecordingTransport", "AsyncReplayTransport",
            "FakeApp", "Received", "Recording", "RecordingTransport", "Replay", "ReplayTransport",
            "Script", "ScriptError", "ServedApp", "StreamScript", "UnmatchedRequestError",
            self.fake, "document", "factories", "fake_app", "serve",
        }  # fmt: skip
        if self.webhooks is not None and self.webhooks.parsed:
            names.add("webhook_body")
        return tuple(sorted(names))

    @property
    def public_names(self) -> tuple[str, ...]:
        """`__all__` of the package."""
        names = {
            self.client, self.async_client, self.error, "Options", "Response", "Timeout", "UNSET",
            "AsyncStream", "Stream", "Hooks", *self.errors, "errors", "models", "streaming",
            "__version__",
        }  # fmt: skip
        if self.webhooks is not None:
            names.add("webhooks")
        if self.has_pages:
            names |= {"AsyncPage", "AsyncPages", "Page"}
        return tuple(sorted(names))


def package_view(
    api: Api,
    config: ClientConfig,
    resources: tuple[ResourceView, ...],
    models: tuple[ModuleView, ...],
    params: tuple[ModuleView, ...],
    webhooks: WebhooksView | None = None,
    factories: tuple[FactoryModuleView, ...] = (),
    fakes: tuple[FakeModuleView, ...] = (),
    renamed_models: tuple[tuple[str, str], ...] = (),
) -> PackageView:
    """The view of the package from the API and the configuration."""
    title = one_line(api.title) or config.name
    description = one_line(config.description or api.docs.summary or api.title)
    lines = describe(f"{title}: client with typed models, sync and async.", "")
    servers = servers_view(api)
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
        summary=_summary(description, title),
        doc=docstring(lines, 0),
        servers=servers,
        has_servers=servers.has_any,
        credentials=credential_views(api, config),
        needs_mutual_tls=any(item.kind == "mutualTLS" for item in api.security_schemes),
        resources=resources,
        model_modules=models,
        param_modules=params,
        errors=tuple(sorted((*ERRORS, "WebhookError"))) if webhooks else ERRORS,
        metadata=metadata_view(api, config),
        has_sse=any(item.has_streams for item in resources),
        webhooks=webhooks,
        factory_modules=factories,
        fakes=fakes,
        renamed_models=renamed_models,
    )


def _abc_names(arguments: Iterable[CredentialArgument]) -> tuple[str, ...]:
    annotations = " ".join(item.async_annotation for item in arguments)
    names = ("Awaitable", "Callable", "Sequence")
    return tuple(sorted({"Mapping", *(name for name in names if name in annotations)}))


def _summary(description: str, title: str) -> str:
    """One line for indexes: what the document says, and more where that is next to nothing."""
    shown = description[:500].strip()
    return shown if len(shown) > 10 else f"{shown or title[:400]}: a typed client"


def _root_error(client: str) -> str:
    name = f"{client}Error"
    return name if name not in ERRORS else f"{client}ClientError"
