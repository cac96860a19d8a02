"""The table of contents: from a configuration to the files of a client, all in memory."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sdkpress import __version__
from sdkpress.annotations import Annotator
from sdkpress.bill_of_materials import bill_of_materials
from sdkpress.config import ClientConfig, config_digest
from sdkpress.diagnostics import Diagnostics, Location, fatal
from sdkpress.document import Document
from sdkpress.examples import Examples, webhook_bodies
from sdkpress.formatting import Mode, format_texts
from sdkpress.json_text import dump_json
from sdkpress.layout import copied_files, file_jobs
from sdkpress.loading import load_overlaid, lower_document
from sdkpress.model import Api
from sdkpress.naming import Names, PinnedNames, apply_names, decide_names, operation_key
from sdkpress.naming.former import resolve_aliases
from sdkpress.naming.lock import pinned_section, read_lock, write_lock
from sdkpress.output import BuildFacts, NamesLock, OutputFile, Owner
from sdkpress.paginating import configure_pagination
from sdkpress.provenance import input_file, sha256, templates_digest
from sdkpress.rendering import render
from sdkpress.views.about import about_view
from sdkpress.views.derived import DERIVED_KEY, DerivedSchemas
from sdkpress.views.docs import DocsView, docs_view
from sdkpress.views.factories import factory_modules
from sdkpress.views.fakes import fake_modules
from sdkpress.views.models import model_modules, param_modules
from sdkpress.views.modules import assign_modules, input_schemas
from sdkpress.views.package import PackageView, package_view
from sdkpress.views.pagination import pagination_facts
from sdkpress.views.resources import living, resource_views
from sdkpress.views.webhooks import webhooks_view
from sdkpress.wrapping.memory import remembering

__all__ = ["Analysis", "Build", "analyse", "build", "lock_of", "source_files"]

Progress = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Build:
    """A client in memory: its files, and what they were made from."""

    files: tuple[OutputFile, ...]
    api: Api
    names: Names
    lock: NamesLock | None
    facts: BuildFacts
    unformatted_lines: int


@dataclass(frozen=True, slots=True)
class Analysis:
    """A client with everything decided and nothing rendered. `locked` is the names lock as read."""

    config: ClientConfig
    document: Document
    api: Api
    names: Names
    package: PackageView
    derived: DerivedSchemas
    facts: BuildFacts
    lock_path: Path
    locked: bytes | None


def analyse(
    config: ClientConfig,
    diagnostics: Diagnostics,
    *,
    loaded: Document | None = None,
    pinned: PinnedNames | None = None,
    has_testing: bool = True,
    progress: Progress = lambda stage: None,
) -> Analysis:
    """The stages up to the views. `loaded` is what `load_overlaid` gave, where it is known already;
    `pinned` takes the place of the names lock; without `has_testing` factories and the fake
    server's sides of operations are left out.

    Raises SdkpressError where the document or the configuration is unusable.
    """
    progress("load")
    if loaded is None:
        loaded = load_overlaid(config.spec, config.overlays, diagnostics, progress)
    document, api = lower_document(loaded, diagnostics, progress)
    progress("name")
    lock_path = lock_of(config)
    locked = _lock_bytes(lock_path)
    if pinned is None:
        pinned = _names_of(lock_path, locked, config.name)
    api = apply_names(api, config.names, pinned)
    names = decide_names(api, pinned, config.names, diagnostics, document)
    api = configure_pagination(api, names, config.pagination, document, diagnostics)
    progress("view")
    params = input_schemas(api, names)
    annotator = Annotator(api, names, params)
    modules = assign_modules(api, names)
    models = model_modules(api, names, annotator, modules)
    derived = DerivedSchemas(api, names, document.tree)
    exported = {name for module in models for name in module.exports}
    former = resolve_aliases(config.aliases, names.operations, exported, diagnostics)
    resources = resource_views(api, names, annotator, former)
    package = package_view(
        api,
        config,
        resources,
        models,
        param_modules(api, names, annotator, modules, params),
        webhooks_view(api, names, annotator),
        factory_modules(api, names, annotator, models, derived) if has_testing else (),
        (
            fake_modules(
                api, names, annotator, living(resources), (config.client, config.async_client)
            )
            if has_testing
            else ()
        ),
        former.models,
    )
    facts = _facts(config, document, names, lock_path, locked)
    return Analysis(config, document, api, names, package, derived, facts, lock_path, locked)


def build(
    config: ClientConfig,
    diagnostics: Diagnostics,
    *,
    black: Mode = "auto",
    progress: Progress = lambda stage: None,
) -> Build:
    """Run all stages but the last; nothing is written.

    Raises SdkpressError where the document or the configuration is unusable.
    """
    done = analyse(config, diagnostics, progress=progress)
    document, api, names, package = done.document, done.api, done.names, done.package
    progress("render")
    jobs = file_jobs(
        package,
        docs_view(
            package,
            _calls(api, names, document, package),
            _chats(api, names),
            webhook_bodies(api, names, document),
            about_view(api, names),
        ),
    )
    with remembering():
        texts = {job.path: render(job) for job in jobs}
    progress("format")
    python = {path: text for path, text in texts.items() if path.endswith(".py")}
    formatted = format_texts(python, mode=black)
    texts.update(formatted.texts)
    owners: dict[str, Owner] = {job.path: job.owner for job in jobs}
    files = [OutputFile(path, text.encode(), owners[path]) for path, text in texts.items()]
    copied = copied_files(package, dump_json(_served(document, api, done.derived)))
    files.extend((*copied, bill_of_materials(package, api, done.facts, copied)))
    content = write_lock(
        done.locked, config.name, names.operations, names.schemas, names.webhooks, names.members
    )
    return Build(
        tuple(sorted(files, key=lambda file: file.path)),
        api,
        names,
        NamesLock(done.lock_path, content, _pinned(done)) if config.pins_names else None,
        done.facts,
        formatted.skipped,
    )


def _pinned(done: Analysis) -> str | None:
    """The digest of the names that the lock holds for the client, as `BuildFacts.names_digest`."""
    section = pinned_section(done.locked, done.config.name)
    return None if section is None else sha256(json.dumps(section, sort_keys=True).encode())


def source_files(done: Analysis) -> dict[str, bytes]:
    """The files below `src/` alone, by path: what importers of the client see. Not formatted, as
    that changes no byte."""
    unread = DocsView((), None, None, False)
    jobs = [job for job in file_jobs(done.package, unread) if job.path.startswith("src/")]
    with remembering():
        files = {job.path: render(job).encode() for job in jobs}
    served = dump_json(_served(done.document, done.api, done.derived))
    files.update((file.path, file.content) for file in copied_files(done.package, served))
    return dict(sorted(files.items()))


def _facts(
    config: ClientConfig, document: Document, names: Names, lock_path: Path, locked: bytes | None
) -> BuildFacts:
    overlays = tuple(input_file(path, path.read_bytes()) for path in config.overlays)
    return BuildFacts(
        generator_version=__version__,
        document_digest=_document_digest(config, document),
        overlay_digests=tuple(overlay.text_digest for overlay in overlays),
        config_digest=config_digest(config),
        templates_digest=templates_digest(),
        names_digest=sha256(json.dumps(names_of(names), sort_keys=True).encode()),
        inputs=(*document.inputs, *overlays, input_file(lock_path, locked)),
    )


def _calls(
    api: Api, names: Names, document: Document, package: PackageView
) -> dict[str, tuple[str, ...]]:
    """Example arguments of every operation, by its dotted name."""
    examples = Examples(document)
    operations = {names.operations[operation_key(item)].dotted(): item for item in api.operations}
    return {
        dotted: examples.arguments(operations[dotted], view)
        for resource, view in package.operations
        for dotted in (f"{resource.dotted}.{view.method}",)
    }


def _chats(api: Api, names: Names) -> frozenset[str]:
    """Operations whose stream has the shape of a chat: choices with a delta."""
    return frozenset(
        names.operations[operation_key(item)].dotted()
        for item in api.operations
        if item.stream is not None and ("delta", "message") in item.stream.renames
    )


def _served(document: Document, api: Api, derived: DerivedSchemas) -> dict[str, Any]:
    """The document with what the fake server has to know of pages, and the factories of models."""
    pages = {
        f"{operation.method} {operation.path}": pagination_facts(operation.pagination)
        for operation in api.operations
        if operation.pagination is not None
    }
    added = {"x-sdkpress-pages": pages, DERIVED_KEY: derived.written()}
    return {**document.tree, **{key: value for key, value in added.items() if value}}


def names_of(names: Names) -> dict[str, dict[str, str]]:
    """The public names as plain data."""
    found = {
        "operations": {key: place.dotted() for key, place in names.operations.items()},
        "schemas": {str(id): name for id, name in names.schemas.items()},
    }
    further = {"webhooks": dict(names.webhooks), "members": dict(names.members)}
    return found | {key: listed for key, listed in further.items() if listed}


def lock_of(config: ClientConfig) -> Path:
    """The names lock of a client, beside its document."""
    return config.spec.with_name(f"{config.spec.stem}.names.lock")


def names_in(lock: Path, client: str) -> PinnedNames:
    """The names that a lock holds for a client; none where there is no such file.

    Raises SdkpressError: `invalid-lock`, `file-unreadable`.
    """
    return _names_of(lock, _lock_bytes(lock), client)


def _lock_bytes(lock: Path) -> bytes | None:
    """None where there is no such file: only a configured client has one."""
    try:
        return lock.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        place = Location(lock.as_posix(), 1, 1)
        raise fatal("file-unreadable", f"{lock.as_posix()}: {error.strerror}", place) from None


def _names_of(lock: Path, content: bytes | None, client: str) -> PinnedNames:
    try:
        return read_lock(content, client)
    except ValueError as error:
        line, message = 1, str(error)
        if isinstance(error, json.JSONDecodeError):
            line, message = error.lineno, error.msg
        place = Location(lock.as_posix(), line, 1)
        raise fatal("invalid-lock", f"the names lock cannot be read: {message}", place) from None


def _document_digest(config: ClientConfig, document: Document) -> str:
    """The SHA-256 (hex) of the document as written: without overlays, wherever it stands."""
    folder = config.spec.parent
    lines = [
        f"{file.text_digest} {Path(os.path.relpath(file.path, folder)).as_posix() if number else ''}"
        for number, file in enumerate(document.inputs)
    ]
    return sha256("\n".join(lines).encode("utf-8", "surrogatepass"))
