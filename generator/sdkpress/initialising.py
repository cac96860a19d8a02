"""`sdkpress init`: what a repository needs for its first client, as a plan. Nothing is written here.

What can be found out is not asked for: the document, the client's names (from its title), the
branch, and what the repository has already. No file that is there is replaced; a configuration that
is there is extended at its end.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sdkpress import project_files
from sdkpress.bundling import load_document
from sdkpress.client_names import derive_names, distribution_name
from sdkpress.config import Config, config_from_options, load_config
from sdkpress.diagnostics import Diagnostics, Location, SdkpressError, fatal
from sdkpress.document import check_openapi, load_file, parse_file
from sdkpress.package_metadata import is_email
from sdkpress.pages import is_page
from sdkpress.pulling import FOLDER, Options, PullResult, pull
from sdkpress.repository_facts import author, is_ignored, web_address
from sdkpress.source_reading import Progress, is_url
from sdkpress.source_text import decode, read_bytes
from sdkpress.titles import title_for
from sdkpress.trees import is_mapping
from sdkpress.workflow_commands import repository_root

__all__ = ["Initialisation", "Wishes", "plan"]

_SKIPPED = frozenset(("generated", "node_modules", "build", "dist", "venv", "tests", "test"))
_MAX_LOOKED_AT = 2_000
_MAX_BYTES = 20_000_000
_HEAD = re.compile(
    rb"""(?:^(?:\xef\xbb\xbf)?|[{,])\s*["']?(?:openapi["']?\s*:\s*["']?3\.|swagger["']?\s*:\s*["']?2\.)""",
    re.MULTILINE,
)
"""Keys may be in any order, in one line, and behind a byte order mark."""
_CONFIGURATIONS = ("sdkpress.toml", "pyproject.toml")
_MAKEFILES = ("GNUmakefile", "makefile", "Makefile")


@dataclass(frozen=True, slots=True)
class Wishes:
    """What the command line asked for; `name` is the distribution, `client` the class."""

    document: str = ""
    name: str | None = None
    client: str | None = None
    has_ci: bool = True
    allowed_hosts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Initialisation:
    """What there is to write (paths below the project), and what stays as it is, with the reason."""

    created: Mapping[str, bytes]
    extended: Mapping[str, bytes]
    kept: tuple[tuple[str, str], ...]
    client: str = ""
    """The name of the new client, "" for none."""
    document: str = ""
    out: str = ""
    hints: tuple[str, ...] = ()


@dataclass
class _Plan:
    created: dict[str, bytes] = field(default_factory=dict[str, bytes])
    extended: dict[str, bytes] = field(default_factory=dict[str, bytes])
    kept: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])
    hints: list[str] = field(default_factory=list[str])


def plan(
    project_dir: Path,
    wishes: Wishes,
    diagnostics: Diagnostics,
    *,
    progress: Progress = lambda done, total: None,
) -> Initialisation:
    """What to write into the project. Raises `SdkpressError` for a document that cannot be used,
    for names that cannot be, and where there is no document, or more than one, to begin with."""
    made = _Plan()
    config = _configuration(project_dir)
    tree: Any = None
    document, values, pulled = "", dict[str, str](), None
    if wishes.document or config is None:
        wanted = wishes.document or _only_document(project_dir)
        document, tree, pulled = _document(wanted, project_dir, wishes, diagnostics, progress)
        values = _client(document, title_for(tree, project_dir), config, wishes)
    if pulled is not None:
        for path, content in pulled.contents.items():
            target = made.extended if (project_dir / path).exists() else made.created
            target[path] = content
    if values:
        _add_configuration(made, project_dir, config, values, tree)
    elif config is not None:
        reason = "configures this document already" if wishes.document else "configures clients"
        made.kept.append((config.file.name, reason))
    if not values:
        _tell_ignored(made, wishes)
    watched = _watched(config, values)
    has_sources = pulled is not None or (project_dir / FOLDER / "sources.lock").is_file()
    clients = _clients(config, values)
    _add_files(made, project_dir, wishes, clients, watched, has_sources=has_sources)
    return Initialisation(
        made.created,
        made.extended,
        tuple(made.kept),
        client=values.get("name", ""),
        document=document,
        out=values.get("out", ""),
        hints=tuple(made.hints),
    )


def _tell_ignored(made: _Plan, wishes: Wishes) -> None:
    """No client is added, so the names on the command line name nothing."""
    given = {"--name": wishes.name, "--client": wishes.client}
    ignored = " and ".join(option for option, value in given.items() if value is not None)
    if ignored:
        made.hints.append(
            f"No client was added, so {ignored} had no effect. What is configured is changed in the "
            "configuration; sdkpress init DOCUMENT --name DIST adds another client."
        )


def _clients(config: Config | None, values: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    """The names of all clients, and their folders from that of the configuration."""
    found: list[tuple[str, str]] = []
    for client in config.clients if config is not None else ():
        assert config is not None
        found.append((client.name, _posix(os.path.relpath(client.out, config.file.parent))))
    return (*found, (values["name"], values["out"])) if values else tuple(found)


# ---------------------------------------------------------------- the document


def _only_document(project_dir: Path) -> str:
    unusable: list[SdkpressError] = []
    found = sorted(_documents(project_dir, unusable))
    if len(found) == 1:
        return found[0]
    if not found and len(unusable) == 1:  # the one that was meant, and why it cannot be
        raise unusable[0]
    place = Location(".", 1, 1)
    if not found:
        message = "There is no OpenAPI document here to begin with."
        help = "Name it, or its address: sdkpress init DOCUMENT."
    else:
        message = f"There are {len(found)} OpenAPI documents here: {', '.join(found[:10])}."
        help = f"Name the wanted one: sdkpress init {found[0]}."
    raise fatal("no-document-to-begin-with", message, place, help)


def _documents(project_dir: Path, unusable: list[SdkpressError]) -> Iterator[str]:
    """OpenAPI 3 documents in the project and in the folders of its first two levels; what is wrong
    with those that cannot be read goes to `unusable`."""
    looked_at = 0
    for folder, folders, files in os.walk(project_dir):
        inside = Path(folder).relative_to(project_dir)
        folders[:] = sorted(
            name for name in folders if name not in _SKIPPED and not name.startswith((".", "_"))
        )
        if len(inside.parts) >= 2:
            folders.clear()
        for name in sorted(files):
            path = Path(folder, name)
            if not name.lower().endswith((".yaml", ".yml", ".json")) or path.is_symlink():
                continue
            looked_at += 1
            if looked_at > _MAX_LOOKED_AT:
                return
            if _is_document(path, unusable):
                yield (inside / name).as_posix()


def _is_document(path: Path, unusable: list[SdkpressError]) -> bool:
    try:
        with path.open("rb") as file:
            if not _HEAD.search(file.read(_MAX_BYTES)):
                return False
        check_openapi(load_file(path, Diagnostics()))
    except OSError:
        return False
    except SdkpressError as error:
        if all(item.id != "not-openapi" for item in error.diagnostics):
            unusable.append(error)
        return False
    return True


def _document(
    wanted: str, project_dir: Path, wishes: Wishes, diagnostics: Diagnostics, progress: Progress
) -> tuple[str, Any, PullResult | None]:
    """The document's path below the project, its tree, and what has to be written for it."""
    inside = "" if is_url(wanted) else _path_inside(Path(wanted), project_dir)
    if inside:
        data = read_bytes(Path(wanted), wanted)
        if not is_page(data, wanted):
            document = load_document(Path(wanted), diagnostics, display=wanted)
            return inside, document.tree, None
    options = Options(check=True, allowed_hosts=wishes.allowed_hosts)
    result = pull([wanted], project_dir, True, diagnostics, options=options, progress=progress)
    names = [found.document for found in result.documents]
    if len(names) != 1:
        message = f"This leads to {len(names)} documents: {', '.join(names[:10])}."
        help = "Pull them (sdkpress pull), then name one: sdkpress init FILE."
        raise fatal("no-document-to-begin-with", message, Location(wanted, 1, 1), help)
    path = names[0]
    content = result.contents.get(path)
    if content is None:  # it is there already, as the source has it
        content = read_bytes(project_dir / path, path)
    return path, parse_file(content, path, Diagnostics()).tree, result


def _path_inside(path: Path, project_dir: Path) -> str:
    """The path below the project; "" where it is not there."""
    try:
        return path.resolve().relative_to(project_dir.resolve()).as_posix()
    except (ValueError, OSError):
        return ""


# ---------------------------------------------------------------- the configuration


def _configuration(project_dir: Path) -> Config | None:
    try:
        return load_config(project_dir)
    except SdkpressError as error:
        if any(item.id != "no-configuration" for item in error.diagnostics):
            raise
    return None


def _client(document: str, title: str, config: Config | None, wishes: Wishes) -> dict[str, str]:
    """The values of the new client; none where one for this document is configured already."""
    for client in config.clients if config is not None else ():
        assert config is not None
        own = os.path.relpath(client.spec, config.file.parent)
        if Path(own).as_posix() == document and wishes.name in (None, client.name):
            return {}
    name = wishes.name or _free_name(distribution_name(title), config)
    found = config_from_options(spec=Path(document), out=Path(), name=name, client=wishes.client)
    derived = derive_names({"name": found.name, "client": found.client})
    return {
        "name": found.name,
        "package": derived["package"],
        "client": found.client,
        "spec": document,
        "out": f"generated/{found.name}",
        "env_prefix": found.env_prefix,
    }


def _free_name(name: str, config: Config | None) -> str:
    """The name, with a number behind it where a client has it already."""
    taken = {client.name.lower() for client in config.clients} if config is not None else set[str]()
    numbered = (f"{name}-{number}" for number in range(2, len(taken) + 2))
    return next(one for one in (name, *numbered) if one not in taken)


def _add_configuration(
    made: _Plan, project_dir: Path, config: Config | None, values: Mapping[str, str], tree: Any
) -> None:
    if config is not None:
        name = config.file.name
    else:  # a file of our own that is there without a client yet is the one to extend
        there = [item for item in _CONFIGURATIONS if (project_dir / item).exists()]
        name = there[0] if there else "sdkpress.toml"
    table = "tool.sdkpress.client" if name == "pyproject.toml" else "client"
    file = project_dir / name
    known = _known_author(project_dir, tree), web_address(project_dir)
    section = project_files.client_section(table, values, *known)
    if not file.exists():
        made.created[name] = section.encode()
        return
    before = read_bytes(file, name)
    text = decode(before, name)
    if table == "client" and re.search(r"^\s*\[+\s*tool\s*\.\s*sdkpress\b", text, re.MULTILINE):
        section = project_files.client_section("tool.sdkpress.client", values, *known)
    ending = "\r\n" if "\r\n" in text else "\n"
    gap = "" if not text.strip() else ending if text.endswith("\n") else ending * 2
    content = before + (gap + section.replace("\n", ending)).encode()
    try:
        tomllib.loads(content.decode("utf-8-sig").replace("\r\n", "\n"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError):
        message = "The section of a client cannot be added at the end of this file."
        help = f"Add it by hand: {section.strip()}".replace("\n", "; ")
        raise fatal("invalid-config", message, Location(name, 1, 1), help) from None
    made.extended[name] = content


def _known_author(project_dir: Path, tree: Any) -> dict[str, str] | None:
    """Who commits here, for a document that names nobody to write to."""
    info = tree.get("info") if is_mapping(tree) else None
    contact = info.get("contact") if is_mapping(info) else None
    email = contact.get("email") if is_mapping(contact) else None
    if isinstance(email, str) and is_email(email.strip()):
        return None
    person = author(project_dir)
    return {"name": person.name, "email": person.email} if person is not None else None


# ---------------------------------------------------------------- the other files


def _watched(
    config: Config | None, values: Mapping[str, str]
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """What clients are made of, and where they are, from the folder of the configuration."""
    inputs, outputs = [values["spec"]] if values else [], [values["out"]] if values else []
    for client in config.clients if config is not None else ():
        assert config is not None
        folder = config.file.parent
        inputs += [os.path.relpath(path, folder) for path in (client.spec, *client.overlays)]
        outputs.append(os.path.relpath(client.out, folder))
    return tuple(map(_posix, inputs)), tuple(map(_posix, outputs))


def _posix(path: str) -> str:
    return Path(path).as_posix()


def _add_files(
    made: _Plan,
    project_dir: Path,
    wishes: Wishes,
    clients: tuple[tuple[str, str], ...],
    watched: tuple[tuple[str, ...], tuple[str, ...]],
    *,
    has_sources: bool,
) -> None:
    inside = _inside_repository(project_dir)
    if inside:
        made.hints.append(
            "Workflows and hooks are read from the top of a repository only, so none was written. "
            f"The step of a workflow there:\n  - run: sdkpress check --format github\n"
            f"    working-directory: {json.dumps(inside, ensure_ascii=False)}"
        )
    elif wishes.has_ci:
        branch = _branch(project_dir)
        _add(made, project_dir, project_files.CHECK_WORKFLOW, project_files.check_workflow(branch))
        names = tuple(name for name, _ in clients)
        publish = project_files.publish_workflow(names)
        _add(made, project_dir, project_files.PUBLISH_WORKFLOW, publish)
        if has_sources:
            text = project_files.upstream_workflow(names)
            _add(made, project_dir, project_files.UPSTREAM_WORKFLOW, text)
    if (project_dir / project_files.PRE_COMMIT).exists():
        text = decode(
            read_bytes(project_dir / project_files.PRE_COMMIT, project_files.PRE_COMMIT), ""
        )
        if "sdkpress" not in text:
            hooks = project_files.pre_commit_hooks(*watched)
            made.hints.append(f"To check before each commit, add to its `repos`:\n{hooks}")
    if not inside:
        text = project_files.pre_commit_config(*watched)
        _add(made, project_dir, project_files.PRE_COMMIT, text)
    _add(made, project_dir, project_files.GITIGNORE, project_files.gitignore())
    for path in (*watched[0], *(f"{folder}/pyproject.toml" for folder in watched[1])):
        if is_ignored(project_dir, path):
            made.hints.append(
                f"Git ignores {path}, and a clone would not be in step without it: mend .gitignore."
            )
    _add_makefile(made, project_dir, clients)


def _add_makefile(made: _Plan, project_dir: Path, clients: tuple[tuple[str, str], ...]) -> None:
    """A Makefile, or a fragment for the one that is there."""
    there = [name for name in _MAKEFILES if os.path.lexists(project_dir / name)]
    if not there:
        _add(made, project_dir, project_files.MAKEFILE, project_files.makefile(clients))
        return
    made.kept.append((there[0], "is there already"))
    text = b""
    with contextlib.suppress(SdkpressError):
        text = read_bytes(project_dir / there[0], there[0])
    fragment = project_files.FRAGMENT
    if b"sdkpress generate" in text:  # ours, from an earlier run
        return
    _add(made, project_dir, fragment, project_files.makefile(clients, is_fragment=True))
    if fragment.encode() not in text:
        made.hints.append(
            f"For `make sdkpress-check` and the like, add to {there[0]}:\n  include {fragment}"
        )


def _add(made: _Plan, project_dir: Path, path: str, text: str) -> None:
    if os.path.lexists(project_dir / path):
        made.kept.append((path, "is there already"))
    else:
        made.created[path] = text.encode()


def _inside_repository(project_dir: Path) -> str:
    """The project's folder as its repository has it; "" where it is the top, or in none."""
    here = Path(os.path.abspath(project_dir))
    root = repository_root(here)
    return here.relative_to(root).as_posix() if here != root else ""


def _branch(project_dir: Path) -> str:
    """The branch that is checked out, where that is plain to see."""
    try:
        head = (project_dir / ".git" / "HEAD").read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return "main"
    found = re.fullmatch(r"ref: refs/heads/(\S+)\s*", head)
    return found[1] if found else "main"
