"""What a client was constructed with."""

from __future__ import annotations

import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from logging import Logger
    from typing import NoReturn

    from .api import Api
    from .hooks import Hooks
    from .operation import Operation
    from .preparing import Stencil
    from .timeouts import Timeout


class Settings:
    """The constants of one client; ``changed`` makes another."""

    __slots__ = (
        "_logger",
        "api",
        "base_url",
        "base_url_given",
        "credentials",
        "headers",
        "hooks",
        "log",
        "max_retries",
        "query",
        "server_variables",
        "stencils",
        "strict",
        "timeout",
    )

    def __init__(
        self,
        api: Api,
        *,
        credentials: Mapping[str, object],
        base_url: str | None,
        timeout: Timeout | float | None,
        max_retries: int,
        default_headers: Mapping[str, str] | None,
        default_query: Mapping[str, object] | None,
        strict: bool,
        hooks: Hooks | None,
        server_variables: Mapping[str, object] | None = None,
    ) -> None:
        self.api: Api = api
        self.credentials: dict[str, object] = {}
        for name, scheme in api.security.items():
            self.credentials[name] = scheme.resolve(credentials.get(name))
        given = base_url or os.environ.get(f"{api.env_prefix}_BASE_URL")
        self.base_url_given: bool = bool(given)
        if not given:
            if not api.servers:
                path = api.server_path
                named = f"gives the path {path} and no host" if path else "names no server"
                example = f"'https://...{path}'" if path else "..."
                self._refuse(
                    f"Missing base URL: the API's document {named}. "
                    f"Pass base_url={example} or set {api.env_prefix}_BASE_URL"
                )
            given = api.servers[0]
        self.server_variables: Mapping[str, str] = {
            name: str(value) for name, value in (server_variables or {}).items()
        }
        if self.server_variables:
            from .servers import check_variables

            check_variables(api.server_variables, self.server_variables)
        self.base_url: str = self.checked_url(self._filled(given))
        if timeout is not None:
            from .timeouts import Timeout

            timeout = Timeout.of(timeout)
        self.timeout: Timeout | None = timeout
        self.max_retries: int = max_retries
        self.headers: Mapping[str, str | None] = dict(default_headers or ())
        self.query: Mapping[str, object] = dict(default_query or ())
        self.strict: bool = strict
        self.hooks: Hooks | None = hooks
        self.log: str | None = os.environ.get(f"{api.env_prefix}_LOG")
        """What the environment asks to be shown on stderr (:func:`.watching.configure`)."""
        self._logger: Logger | None = None
        self.stencils: tuple[dict[Operation, Stencil], dict[Operation, Stencil]] = ({}, {})
        """What requests have in common (:mod:`.preparing`), of plain calls and of streams."""

    def changed(
        self,
        *,
        timeout: Timeout | float | None,
        max_retries: int | None,
        headers: Mapping[str, str | None] | None,
        query: Mapping[str, object] | None,
        strict: bool | None,
        hooks: Hooks | None,
    ) -> Settings:
        """A copy with other defaults, None leaving one as it is."""
        copy = object.__new__(Settings)
        for name in Settings.__slots__:
            setattr(copy, name, getattr(self, name))
        copy.stencils = ({}, {})
        if timeout is not None:
            from .timeouts import Timeout

            copy.timeout = Timeout.of(timeout)
        if max_retries is not None:
            copy.max_retries = max_retries
        if headers:
            copy.headers = {**self.headers, **headers}
        if query:
            copy.query = {**self.query, **query}
        if strict is not None:
            copy.strict = strict
        if hooks is not None:
            copy.hooks = hooks
        return copy

    def operation_url(self, server: str) -> str:
        """The base URL of an operation that has a server of its own. Raises ConfigurationError."""
        from .servers import operation_base

        base = operation_base(
            server,
            self.base_url,
            is_given=self.base_url_given,
            document_path=self._filled(self.api.server_path),
        )
        return self.checked_url(self._filled(base))

    def _filled(self, url: str) -> str:
        if "{" not in url:
            return url
        from .servers import fill

        return fill(url, self.api.server_variables, self.server_variables)

    def checked_url(self, url: str) -> str:
        """A base URL without its last slash. Raises ConfigurationError."""
        rest = (
            url[8:]
            if url[:8].lower() == "https://"
            else url[7:] if url[:7].lower() == "http://" else ""
        )
        host = rest.split("/", 1)[0].split("?", 1)[0]
        if not host or "#" in url or not url.isprintable() or " " in url:
            self._refuse(f"base_url must be an absolute http(s) URL, not {url!r}")
        if "@" in host:
            self._refuse(
                "base_url must not contain a user or password; pass them as credentials or headers"
            )
        return url

    @staticmethod
    def _refuse(message: str) -> NoReturn:
        from .errors import ConfigurationError

        raise ConfigurationError(message)

    @property
    def watched(self) -> bool:
        """Whether anybody wants to be told of calls."""
        if self.hooks is not None or self.log:
            return True
        # Nobody can have asked for our messages where this was never imported.
        return "logging" in sys.modules and self.logger.isEnabledFor(10)  # logging.DEBUG

    @property
    def logger(self) -> Logger:
        """The logger named like the package."""
        logger = self._logger
        if logger is None:
            from logging import getLogger

            logger = self._logger = getLogger(self.api.name)
        return logger
