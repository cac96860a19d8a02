"""The few options there are, as one frozen dataclass per client, and where they come from.

`[[tool.sdkpress.client]]` in `pyproject.toml`, `[[client]]` in a `sdkpress.toml` where a repository
has no `pyproject.toml`, or the options of one call.
"""

from __future__ import annotations

import difflib
import json
import os
import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any, NoReturn, cast

from sdkpress.client_names import (
    derive_names,
    distribution_name,
    is_identifier,
    name_problems,
)
from sdkpress.diagnostics import COMMAND_LINE, Diagnostics, Location, SdkpressError, fatal
from sdkpress.provenance import sha256
from sdkpress.tomlsource import find_key

__all__ = [
    "Alias",
    "ClientConfig",
    "Config",
    "config_digest",
    "config_from_options",
    "find_project",
    "load_config",
]

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


@dataclass(frozen=True)
class Config:
    """The clients of a project, in the order of the file, and the file they were read from."""

    clients: tuple[ClientConfig, ...]
    file: Path


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
    if config.aliases:
        values["aliases"] = [[alias.old, alias.new, alias.note] for alias in config.aliases]
    return sha256(json.dumps(values, sort_keys=True, default=str).encode())


def find_project(start: Path) -> Path:
    """The folder, from `start` upwards, whose configuration names clients.

    Raises SdkpressError (`no-configuration`) when there is none.
    """
    absolute = Path(os.path.abspath(start))
    for steps in range(len(absolute.parents) + 1):
        folder = start.joinpath(*[".."] * steps)
        if (folder / "sdkpress.toml").is_file():
            return folder
        text = _read(folder / "pyproject.toml") if (folder / "pyproject.toml").is_file() else ""
        # A substring decides where to look; load_config reads it properly and reports what is wrong.
        if re.search(r"^\s*\[+\s*tool\s*\.\s*sdkpress\b", text, re.MULTILINE):
            return folder
    raise fatal(
        "no-configuration",
        "no pyproject.toml with [[tool.sdkpress.client]] here or in a folder above",
        Location(_display(start / "pyproject.toml"), 1, 1),
        help="Name the files: sdkpress generate --spec FILE --out DIR. Or add a client to pyproject.toml.",
    )


def load_config(project_dir: Path) -> Config:
    """Read the clients of a project.

    Raises SdkpressError with one located diagnostic for each thing that is wrong.
    """
    pyproject, own = project_dir / "pyproject.toml", project_dir / "sdkpress.toml"
    if pyproject.is_file():
        tree = _parse(pyproject)
        section = _table(_table(tree.get("tool")).get("sdkpress"))
        if section or not own.is_file():
            if own.is_file():
                raise fatal(
                    "invalid-config",
                    "both pyproject.toml ([tool.sdkpress]) and sdkpress.toml configure sdkpress",
                    Location(_display(own), 1, 1),
                    "Keep one of them.",
                )
            return _load(pyproject, section, ("tool", "sdkpress", "client"))
    if own.is_file():
        tree = _parse(own)
        nested = _table(_table(tree.get("tool")).get("sdkpress"))
        if nested:
            return _load(own, nested, ("tool", "sdkpress", "client"))
        return _load(own, tree, ("client",))
    raise fatal(
        "no-configuration",
        f"{_display(project_dir)} has neither a pyproject.toml nor a sdkpress.toml",
        Location(_display(pyproject), 1, 1),
        help="Name the files: sdkpress generate --spec FILE --out DIR.",
    )


def config_from_options(
    *,
    spec: Path,
    out: Path,
    title: str = "",
    name: str | None = None,
    package: str | None = None,
    client: str | None = None,
    overlays: Sequence[Path] = (),
    black: bool | None = None,
) -> ClientConfig:
    """The client that the options of one call describe; `title` (of the document) stands in for
    `name`. Raises SdkpressError (`invalid-option`), naming the option."""
    diagnostics = Diagnostics()
    values: dict[str, Any] = {"name": name or distribution_name(title)}
    if package is not None:
        values["package"] = package
    if client is not None:
        values["client"] = client
    names = derive_names(values)
    for key, problem in name_problems(names).items():
        option = "name" if key == "env_prefix" else key  # derived from it
        diagnostics.add("invalid-option", f"--{option}: {problem}", COMMAND_LINE)
    diagnostics.raise_errors()
    return ClientConfig(
        pins_names=False,
        name=names["name"],
        package=names["package"],
        client=names["client"],
        env_prefix=names["env_prefix"],
        spec=spec,
        out=out,
        overlays=tuple(overlays),
        black=black,
    )


# ------------------------------------------------------------------------------------------ reading

_VERSION = re.compile(
    r"v?(\d+!)?\d+(\.\d+)*([-_.]?(a|b|c|rc|alpha|beta|pre|preview)[-_.]?\d*)?"
    r"(-\d+|[-_.]?(post|rev|r)[-_.]?\d*)?([-_.]?dev[-_.]?\d*)?(\+[a-z0-9]+([-_.][a-z0-9]+)*)?",
    re.ASCII,
)
_LICENSE = re.compile(r"[A-Za-z0-9][A-Za-z0-9.+()\- ]*")

_STRINGS = ("name", "package", "client", "spec", "out", "env_prefix", "version", "description")
_KEYS = (
    *_STRINGS,
    "license",
    "overlays",
    "names",
    "black",
    "pagination",
    "aliases",
    "compatibility",
)
_BUMPS = ("major", "minor", "patch")


def _load(file: Path, section: Mapping[str, Any], table: tuple[str, ...]) -> Config:
    reader = _Reader(file, table)
    for key in section:
        if key != "client":
            reader.report(-1, (key,), f"unknown key `{key}`{_did_you_mean(key, ('client',))}")
    raw = section.get("client")
    if raw is None:
        raise fatal(
            "no-configuration",
            f"no client is configured: add [[{'.'.join(table)}]]",
            Location(_display(file), 1, 1),
        )
    entries: Sequence[Any] = cast("Sequence[Any]", raw) if isinstance(raw, list) else ()
    if not entries or not all(isinstance(entry, dict) for entry in entries):
        reader.fail(0, (), f"`client` must be an array of tables: [[{'.'.join(table)}]]")
    clients = [reader.client(index, entry) for index, entry in enumerate(entries)]
    found = [client for client in clients if client is not None]
    _check_apart(reader, found)
    reader.diagnostics.raise_errors()
    return Config(tuple(found), file)


def _check_apart(reader: _Reader, clients: Sequence[ClientConfig]) -> None:
    names: dict[str, int] = {}
    folders: dict[str, str] = {}
    for index, client in enumerate(clients):
        normal = re.sub(r"[-_.]+", "-", client.name).lower()
        if normal in names:
            reader.report(index, ("name",), f"two clients are called `{client.name}`")
        names[normal] = index
        folder = os.path.normcase(os.path.abspath(client.out))
        for other, owner in folders.items():
            if os.path.commonpath([folder, other]) in (folder, other):
                message = f"`out` is the folder of `{owner}`, or one of the two is inside the other"
                reader.report(index, ("out",), message)
        folders[folder] = client.name


class _Reader:
    """Reads the tables of one file and collects what is wrong with them, with its place."""

    def __init__(self, file: Path, table: tuple[str, ...]) -> None:
        self.file = file
        self.table = table
        self.text = _read(file)
        self.diagnostics = Diagnostics()

    def report(self, index: int, path: Sequence[str], message: str, help: str = "") -> None:
        if index < 0:
            line, column = _section_key(self.text, path[0]), 1
        else:
            line, column = find_key(self.text, self.table, index, path)
        location = Location(_display(self.file), line, column)
        self.diagnostics.add("invalid-config", message, location, help)

    def fail(self, index: int, path: Sequence[str], message: str) -> NoReturn:
        self.report(index, path, message)
        self.diagnostics.raise_errors()
        raise AssertionError("unreachable")

    def client(self, index: int, raw: dict[str, Any]) -> ClientConfig | None:
        before = len(self.diagnostics.items)
        for key in raw:
            if key not in _KEYS:
                known = ", ".join(_KEYS)
                hint = _did_you_mean(key, _KEYS)
                self.report(index, (key,), f"unknown key `{key}`{hint}", f"Known keys: {known}.")
        for key in (*_STRINGS, "license"):
            if key in raw and not isinstance(raw[key], str):
                self.report(index, (key,), f"`{key}` must be a string, not {_kind(raw[key])}")
        for key in ("name", "spec"):
            if key not in raw:
                self.report(index, (), f"a client needs `{key}`")
            elif raw[key] == "":
                self.report(index, (key,), f"`{key}` is empty")
        if raw.get("out") == "":
            self.report(index, ("out",), "`out` is empty")
        overlays = self._overlays(index, raw.get("overlays", []))
        names = self._names(index, raw.get("names", {}))
        if "black" in raw and not isinstance(raw["black"], bool):
            self.report(index, ("black",), f"`black` must be true or false, not {raw['black']!r}")
        pagination = self._pagination(index, raw.get("pagination", {}))
        aliases = self._aliases(index, raw.get("aliases", {}))
        compatibility = self._compatibility(index, raw.get("compatibility", {}))
        if len(self.diagnostics.items) > before:
            return None
        derived = derive_names(raw)
        for key, problem in name_problems(derived).items():
            self.report(index, (key,), f"`{key}`: {problem}")
        version, license = raw.get("version", "0.1.0"), raw.get("license", "MIT")
        if not _VERSION.fullmatch(version):
            message = f"`version`: {version!r} is not a version such as 1.2.0 (PEP 440)"
            self.report(index, ("version",), message)
        if not _LICENSE.fullmatch(license):
            message = f"`license`: {license!r} is not an SPDX expression such as MIT or Apache-2.0"
            self.report(index, ("license",), message)
        if len(self.diagnostics.items) > before:
            return None
        base = self.file.parent
        return ClientConfig(
            name=derived["name"],
            package=derived["package"],
            client=derived["client"],
            env_prefix=derived["env_prefix"],
            spec=_join(base, raw["spec"]),
            out=_join(base, raw.get("out", f"generated/{raw['name']}")),
            overlays=tuple(_join(base, overlay) for overlay in overlays),
            version=version,
            description=raw.get("description", ""),
            license=license,
            names=MappingProxyType(names),
            pagination=MappingProxyType(pagination),
            aliases=aliases,
            compatibility=MappingProxyType(compatibility),
            black=raw.get("black"),
        )

    def _overlays(self, index: int, value: Any) -> list[str]:
        items = cast("Sequence[Any]", value) if isinstance(value, list) else [None]
        if not all(isinstance(item, str) and item for item in items):
            self.report(index, ("overlays",), "`overlays` must be an array of file names")
            return []
        return list(items)

    def _names(self, index: int, value: Any) -> dict[str, str]:
        if not isinstance(value, dict):
            self.report(index, ("names",), "`names` must be a table")
            return {}
        names = cast("dict[str, Any]", value)
        for key, name in names.items():
            parts = name.split(".") if isinstance(name, str) else [""]
            if not all(is_identifier(part) for part in parts):
                message = f"`names`: {name!r} is not a Python name, nor names joined by dots"
                self.report(index, ("names", key), message)
        return names

    def _pagination(self, index: int, value: Any) -> dict[str, Any]:
        """Rules by operation; `false` for all of them at once."""
        if value is False:
            return {"*": False}
        if not isinstance(value, dict):
            self.report(index, ("pagination",), "`pagination` must be a table, or false")
            return {}
        rules = cast("dict[str, Any]", value)
        for key, rule in rules.items():
            if not isinstance(rule, (bool, dict)):
                message = f"`pagination`: {key!r} must be a table, true or false"
                self.report(index, ("pagination", key), message)
        return dict(rules)

    def _aliases(self, index: int, value: Any) -> tuple[Alias, ...]:
        """Former names by the present ones; `false` or `{removed = "..."}` for what is gone."""
        if not isinstance(value, dict):
            self.report(index, ("aliases",), "`aliases` must be a table")
            return ()
        found: list[Alias] = []
        for old, new in sorted(cast("dict[str, Any]", value).items()):
            line, column = find_key(self.text, self.table, index, ("aliases", old))
            place = Location(_display(self.file), line, column)
            present, note = _alias_target(new)
            if present is None:
                message = (
                    f"`aliases`: {old!r} must be the present name, false, "
                    'or {removed = "what to do instead"}'
                )
                self.report(index, ("aliases", old), message)
                continue
            for name in filter(None, (old, present)):
                if not all(is_identifier(part) for part in name.split(".")):
                    message = f"`aliases`: {name!r} is not a Python name, nor names joined by dots"
                    self.report(index, ("aliases", old), message)
            found.append(Alias(old, present, note, place))
        return tuple(found)

    def _compatibility(self, index: int, value: Any) -> dict[str, str]:
        if not isinstance(value, dict):
            self.report(index, ("compatibility",), "`compatibility` must be a table")
            return {}
        rules = cast("dict[str, Any]", value)
        for key, bump in rules.items():
            place = ("compatibility", key)
            if key != "typing":
                hint = _did_you_mean(key, ("typing",))
                self.report(index, place, f"unknown key `compatibility.{key}`{hint}")
            elif bump not in _BUMPS:
                message = f"`compatibility.typing` must be major, minor or patch, not {bump!r}"
                self.report(index, place, message)
        return rules


def _alias_target(value: Any) -> tuple[str | None, str]:
    """The present name and the note that the value of an alias gives; None where it is wrong."""
    if isinstance(value, dict):
        told = cast("dict[str, Any]", value)
        note = told.get("removed")
        return ("", note) if set(told) == {"removed"} and isinstance(note, str) else (None, "")
    if value is False:
        return "", ""
    return (value, "") if isinstance(value, str) and value else (None, "")


def _did_you_mean(word: str, known: Sequence[str]) -> str:
    close = difflib.get_close_matches(word.lower().replace("-", "_"), known, 1, 0.6)
    return f"; did you mean `{close[0]}`?" if close else ""


# -------------------------------------------------------------------------------------------- files


def _parse(file: Path) -> dict[str, Any]:
    text = _read(file)
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        message = str(error)
        place = re.search(r"\(at line (\d+), column (\d+)\)", message)
        line, column = (int(place[1]), int(place[2])) if place else (text.count("\n") + 1, 1)
        message = re.sub(r"\s*\(at .*\)$", "", message)
        location = Location(_display(file), line, column)
        raise fatal("invalid-toml", f"not TOML: {message}", location) from None
    except RecursionError:
        location = Location(_display(file), 1, 1)
        raise fatal("invalid-toml", "not TOML: nested too deeply", location) from None


def _read(file: Path) -> str:
    try:
        return file.read_bytes().decode("utf-8").replace("\r\n", "\n")
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise _unreadable(file, "file-unreadable", f"cannot be read: {reason}") from None
    except UnicodeDecodeError:
        raise _unreadable(file, "invalid-encoding", "not UTF-8 text") from None


def _unreadable(file: Path, id: str, message: str) -> SdkpressError:
    return fatal(id, message, Location(_display(file), 1, 1))


def _section_key(text: str, key: str) -> int:
    pattern = re.compile(rf"^\s*(\[+[^\]]*\b)?{re.escape(key)}\b")
    for number, line in enumerate(text.split("\n"), 1):
        if pattern.match(line):
            return number
    return 1


def _join(base: Path, name: str) -> Path:
    return Path(os.path.normpath(base / name))


def _display(path: Path) -> str:
    return path.as_posix()


def _table(value: Any) -> Mapping[str, Any]:
    return cast("Mapping[str, Any]", value) if isinstance(value, dict) else {}


def _kind(value: Any) -> str:
    for kind, name in ((bool, "a boolean"), (int, "an integer"), (float, "a number")):
        if isinstance(value, kind):
            return name
    return "an array" if isinstance(value, list) else "a table or a date"
