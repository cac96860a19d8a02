"""What is configured of a client, as one frozen value.

`config` reads it from a file or from the options of one call.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any

from sdkpress.diagnostics import COMMAND_LINE, Location
from sdkpress.package_metadata import Metadata
from sdkpress.provenance import sha256

__all__ = ["Alias", "ClientConfig", "config_digest"]

_EMPTY: Mapping[str, Any] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Alias:
    """A former name that stays for a while: of an operation (`files.purge`), of a resource with all
    that is below it, or of a model (`models.OldPet`).

    `new` is the present name, "" for an operation that is gone; `note` is what to tell its callers.
    """

    old: str
    new: str
    note: str = ""
    place: Location = field(default=COMMAND_LINE, compare=False)


@dataclass(frozen=True)
class ClientConfig:
    """One client to generate. Paths are as the caller can open them (relative to the working folder
    or absolute); `name` is the distribution, `package` the import name, `client` the class."""

    name: str
    package: str
    client: str
    spec: Path
    out: Path
    overlays: tuple[Path, ...] = ()
    env_prefix: str = ""
    version: str = "0.1.0"
    description: str = ""
    license: str = "MIT"
    is_license_chosen: bool = False
    """Whether the configuration names the licence: what is published needs a decision."""
    metadata: Metadata = field(default_factory=Metadata)
    names: Mapping[str, str] = field(default_factory=lambda: _EMPTY)
    pagination: Mapping[str, Any] = field(default_factory=lambda: _EMPTY)
    aliases: tuple[Alias, ...] = ()
    compatibility: Mapping[str, str] = field(default_factory=lambda: _EMPTY)
    """How much a break counts: `typing`, of what only type checkers see: major, minor or patch."""
    black: bool | None = None
    pins_names: bool = True
    """Whether the names are kept in a lock beside the document: those of one call are not."""

    @property
    def async_client(self) -> str:
        """The name of the asynchronous client class."""
        return f"Async{self.client}"


def config_digest(config: ClientConfig) -> str:
    """The SHA-256 (hex) of the options that decide the output; folders and `black` do not."""
    values: dict[str, Any] = {
        "name": config.name,
        "package": config.package,
        "client": config.client,
        "env_prefix": config.env_prefix,
        "version": config.version,
        "description": config.description,
        "license": config.license,
        "source": config.spec.name,
        "names": dict(config.names),
        "pagination": dict(config.pagination),
    }
    values.update(config.metadata.options())
    if config.aliases:
        values["aliases"] = [[alias.old, alias.new, alias.note] for alias in config.aliases]
    return sha256(json.dumps(values, sort_keys=True, default=str).encode())
