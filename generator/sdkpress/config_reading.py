"""Reading the tables of clients in a configuration file; what is wrong is collected with its place."""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any, NoReturn, cast

from sdkpress.client_config import Alias, ClientConfig
from sdkpress.client_names import derive_names, is_identifier, name_problems
from sdkpress.config_keys import CLIENT_KEYS, NESTED_KEYS
from sdkpress.diagnostics import Diagnostics, Location, SdkpressError, fatal
from sdkpress.package_metadata import license_problem, read_metadata
from sdkpress.suggesting import suggestion
from sdkpress.tomlsource import find_key

__all__ = ["ConfigReader", "as_table", "did_you_mean", "display", "parse_toml", "read_text"]

_VERSION = re.compile(
    r"v?(\d+!)?\d+(\.\d+)*([-_.]?(a|b|c|rc|alpha|beta|pre|preview)[-_.]?\d*)?"
    r"(-\d+|[-_.]?(post|rev|r)[-_.]?\d*)?([-_.]?dev[-_.]?\d*)?(\+[a-z0-9]+([-_.][a-z0-9]+)*)?",
    re.ASCII,
)
_STRINGS = ("name", "package", "client", "spec", "out", "env_prefix", "version", "description")
_KEYS = tuple(key.name for key in CLIENT_KEYS)
_COMPATIBILITY = tuple(key.name for key in NESTED_KEYS["compatibility"])
_BUMPS = ("major", "minor", "patch")


class ConfigReader:
    """Reads the tables of one file and collects what is wrong with them, with its place."""

    def __init__(self, file: Path, table: tuple[str, ...]) -> None:
        self.file = file
        self.table = table
        self.text = read_text(file)
        self.diagnostics = Diagnostics()

    def report(self, index: int, path: Sequence[str], message: str, help: str = "") -> None:
        if index < 0:
            line, column = _section_key(self.text, path[0]), 1
        else:
            line, column = find_key(self.text, self.table, index, path)
        location = Location(display(self.file), line, column)
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
                hint = did_you_mean(key, _KEYS)
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
        metadata = read_metadata(
            raw, self.file.parent, lambda path, message: self.report(index, path, message)
        )
        if len(self.diagnostics.items) > before:
            return None
        derived = derive_names(raw)
        for key, problem in name_problems(derived).items():
            self.report(index, (key,), f"`{key}`: {problem}")
        version, license = raw.get("version", "0.1.0"), raw.get("license", "MIT")
        if not _VERSION.fullmatch(version):
            message = f"`version`: {version!r} is not a version such as 1.2.0 (PEP 440)"
            self.report(index, ("version",), message)
        if problem := license_problem(license):
            self.report(index, ("license",), f"`license`: {license!r} {problem}")
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
            is_license_chosen="license" in raw,
            metadata=metadata,
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
            place = Location(display(self.file), line, column)
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
            if key not in _COMPATIBILITY:
                hint = did_you_mean(key, _COMPATIBILITY)
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


def did_you_mean(word: str, known: Sequence[str]) -> str:
    """The end of a message about an unknown key, "" where none is near."""
    return suggestion(word, known, "`")


# -------------------------------------------------------------------------------------------- files


def parse_toml(file: Path) -> dict[str, Any]:
    """The file as a tree. Raises SdkpressError: `invalid-toml`, and as `read_text`."""
    text = read_text(file)
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        message = str(error)
        place = re.search(r"\(at line (\d+), column (\d+)\)", message)
        line, column = (int(place[1]), int(place[2])) if place else (text.count("\n") + 1, 1)
        message = re.sub(r"\s*\(at .*\)$", "", message)
        location = Location(display(file), line, column)
        raise fatal("invalid-toml", f"not TOML: {message}", location) from None
    except RecursionError:
        location = Location(display(file), 1, 1)
        raise fatal("invalid-toml", "not TOML: nested too deeply", location) from None


def read_text(file: Path) -> str:
    """The text of a file, its lines ended by LF.

    Raises SdkpressError: `file-unreadable`, `invalid-encoding`.
    """
    try:
        return file.read_bytes().decode("utf-8").replace("\r\n", "\n")
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise _unreadable(file, "file-unreadable", f"cannot be read: {reason}") from None
    except UnicodeDecodeError:
        raise _unreadable(file, "invalid-encoding", "not UTF-8 text") from None


def _unreadable(file: Path, id: str, message: str) -> SdkpressError:
    return fatal(id, message, Location(display(file), 1, 1))


def _section_key(text: str, key: str) -> int:
    pattern = re.compile(rf"^\s*(\[+[^\]]*\b)?{re.escape(key)}\b")
    for number, line in enumerate(text.split("\n"), 1):
        if pattern.match(line):
            return number
    return 1


def _join(base: Path, name: str) -> Path:
    return Path(os.path.normpath(base / name))


def display(path: Path) -> str:
    """The path as diagnostics name it."""
    return path.as_posix()


def as_table(value: Any) -> Mapping[str, Any]:
    """The value where it is a table, else an empty one."""
    return cast("Mapping[str, Any]", value) if isinstance(value, dict) else {}


def _kind(value: Any) -> str:
    for kind, name in ((bool, "a boolean"), (int, "an integer"), (float, "a number")):
        if isinstance(value, kind):
            return name
    return "an array" if isinstance(value, list) else "a table or a date"
