"""Which clients a command works on, and building one of them."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from sdkpress.checking import Cause
from sdkpress.client_names import distribution_name
from sdkpress.config import (
    ClientConfig,
    Config,
    config_digest,
    config_from_options,
    find_project,
    load_config,
)
from sdkpress.diagnostics import (
    COMMAND_LINE,
    Diagnostic,
    Diagnostics,
    Location,
    SdkpressError,
    as_dict,
    fatal,
)
from sdkpress.fingerprint import Remembered, recall, remember, request_key
from sdkpress.formatting import Mode

if TYPE_CHECKING:
    from sdkpress.model import Api
    from sdkpress.naming import Names
    from sdkpress.pipeline import Build

__all__ = [
    "Target",
    "analyse_target",
    "build_target",
    "configured_targets",
    "named_or_spec",
    "option_target",
    "recall_target",
    "remember_target",
    "summary_of",
]


@dataclass(frozen=True)
class Target:
    """A client to work on, before its configuration is complete: without `--name` the document's
    title has a say."""

    out: Path
    options: Mapping[str, Any]
    sources: Mapping[Cause, str]
    resolve: Callable[[], ClientConfig]
    label: str
    overlays: tuple[str, ...] = ()

    @property
    def key(self) -> str:
        """The key under which a run on this target is remembered."""
        return request_key(self.out, self.options)


Progress = Callable[[str], None]
_MODES: Mapping[bool | None, Mode] = {None: "auto", True: "on", False: "off"}


def project_config() -> Config:
    """The configuration of the project around the working folder."""
    return load_config(find_project(Path()))


def configured_targets(names: Sequence[str]) -> tuple[Target, ...]:
    """The configured clients, or those named (by distribution, package or class).

    Raises SdkpressError (`unknown-client`, and what reading the configuration can raise).
    """
    config = project_config()
    if not names:
        return tuple(_configured(client, config.file) for client in config.clients)
    found: dict[str, Target] = {}
    for name in names:
        client = _find(config, name)
        if client is None:
            known = ", ".join(client.name for client in config.clients)
            message = f"no client {name!r} in {config.file.as_posix()}; configured: {known}"
            message += _suggested(name, config)
            raise fatal("unknown-client", message, Location(config.file.as_posix(), 1, 1))
        found[client.name] = _configured(client, config.file)
    return tuple(found.values())


def option_target(
    *,
    spec: Path,
    out: Path,
    name: str | None = None,
    package: str | None = None,
    client: str | None = None,
    overlays: Sequence[Path] = (),
) -> Target:
    """The client that `--spec`, `--out` and the options beside them describe."""

    def resolve() -> ClientConfig:
        title = "" if name else _document_title(spec, overlays)
        return config_from_options(
            spec=spec,
            out=out,
            title=title,
            name=name,
            package=package,
            client=client,
            overlays=overlays,
        )

    if name:
        resolve()  # what is wrong with the names is said before the document is read
    given = {"name": name, "package": package, "client": client}
    return Target(
        out=out,
        options={**given, "spec": str(spec), "overlays": [str(path) for path in overlays]},
        sources=_sources(spec, None),
        resolve=resolve,
        label=name or spec.as_posix(),
        overlays=tuple(path.as_posix() for path in overlays),
    )


def named_or_spec(argument: str, overlays: Sequence[Path] = ()) -> Target:
    """What `SPEC|CLIENT` means: a configured client, unless a file has that name.

    Raises SdkpressError (`file-not-found`) when it is neither.
    """
    path = Path(argument)
    if not path.exists():
        try:
            config = project_config()
        except SdkpressError as error:
            if any(item.id != "no-configuration" for item in error.diagnostics):
                raise
        else:
            client = _find(config, argument)
            if client is not None:
                if overlays:
                    message = f"--overlay goes with a document; {client.name} has its own overlays"
                    raise fatal("usage", message, COMMAND_LINE)
                return _configured(client, config.file)
            hint = _suggested(argument, config)
            if hint:
                message = f"no such file, and no client of that name{hint}"
                raise fatal("file-not-found", message, Location(path.as_posix(), 1, 1))
    return option_target(spec=path, out=Path(distribution_name(path.stem)), overlays=overlays)


def build_target(
    target: Target, *, black: bool | None, progress: Progress = lambda stage: None
) -> tuple[ClientConfig, Build, Diagnostics]:
    """Build a client in memory. Raises SdkpressError when the document has errors."""
    from sdkpress.pipeline import build

    config = target.resolve()
    insists = config.black if black is None else black
    diagnostics = Diagnostics()
    try:
        built = build(config, diagnostics, black=_MODES[insists], progress=progress)
        diagnostics.raise_errors()
    except SdkpressError as error:
        # Errors alone: the warnings of a run that came to nothing would bury them.
        raise SdkpressError(*dict.fromkeys(error.diagnostics)) from None
    return config, built, diagnostics


def analyse_target(
    target: Target, *, progress: Progress = lambda stage: None
) -> tuple[ClientConfig, Api, Names, Diagnostics]:
    """What sdkpress understood of a client's document, without formatting anything.

    Raises SdkpressError when the document has errors.
    """
    config, built, diagnostics = build_target(target, black=False, progress=progress)
    return config, built.api, built.names, diagnostics


def recall_target(target: Target) -> Remembered | None:
    """What the last run gave, when nothing that matters has changed since."""
    return recall(target.key, target.out)


def summary_of(
    config: ClientConfig, built: Build, diagnostics: Sequence[Diagnostic]
) -> Mapping[str, Any]:
    """What `generate --format json` says about a client, apart from its files."""
    return {
        "name": config.name,
        "package": config.package,
        "client": config.client,
        "async_client": config.async_client,
        "operations": len(built.api.operations),
        "diagnostics": [as_dict(item) for item in diagnostics],
    }


def remember_target(target: Target, built: Build, summary: Mapping[str, Any]) -> None:
    """Note that the target is in step now."""
    lock = built.lock.path if built.lock is not None else None
    facts = built.facts
    remember(target.key, target.out, built.files, facts.inputs, summary, lock=lock)


def _configured(client: ClientConfig, file: Path) -> Target:
    return Target(
        out=client.out,
        options={
            "configuration": config_digest(client),
            "spec": str(client.spec),
            "overlays": [str(path) for path in client.overlays],
        },
        sources=_sources(client.spec, file),
        resolve=lambda: client,
        label=client.name,
        overlays=tuple(path.as_posix() for path in client.overlays),
    )


def _suggested(name: str, config: Config) -> str:
    from sdkpress.suggesting import suggestion

    clients = config.clients
    names = [client.name for client in clients]
    return suggestion(name, [*names, *(c.package for c in clients), *(c.client for c in clients)])


def _find(config: Config, name: str) -> ClientConfig | None:
    for client in config.clients:
        if name in (client.name, client.package, client.client):
            return client
    return None


def _sources(spec: Path, file: Path | None) -> Mapping[Cause, str]:
    sources: dict[Cause, str] = {"document": spec.as_posix()}
    if file is not None:
        sources["configuration"] = Path(os.path.normpath(file)).as_posix()
    return sources


def _document_title(spec: Path, overlays: Sequence[Path]) -> str:
    """`info.title` after the overlays; what is wrong with the document is reported by the build."""
    from sdkpress.bundling import load_document
    from sdkpress.overlays import apply_overlays

    unheard = Diagnostics()
    document = apply_overlays(load_document(spec, unheard), overlays, unheard)
    info = document.tree.get("info")
    title: object = cast("Mapping[str, Any]", info).get("title") if isinstance(info, dict) else ""
    return title if isinstance(title, str) else ""
