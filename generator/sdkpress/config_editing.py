"""One value in a configuration file set to another, with everything else in it left as it is."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any, cast

from sdkpress.diagnostics import Location, fatal
from sdkpress.tomlsource import find_key

__all__ = ["with_version"]

_VALUE = r"""("(?:[^"\\\n]|\\.)*"|'[^'\n]*')"""
_TABLES = (("tool", "sdkpress", "client"), ("client",))


def with_version(content: bytes, file: Path, name: str, version: str) -> bytes:
    """The configuration `content` of `file` with another version of the client `name`.

    Where it has none, one is put below the name. Raises SdkpressError (`invalid-config`) where the
    place cannot be found, as in a table on one line.
    """
    text = content.decode("utf-8")
    tree = tomllib.loads(text)
    table, index = _place(tree, name)
    lines = text.split("\n")
    line = find_key(text, table, index, ("version",))[0]
    key = re.compile(rf"""^(\s*(?:version|"version"|'version')\s*=\s*){_VALUE}""")
    found = key.match(lines[line - 1])
    if found is not None:
        lines[line - 1] = f'{found[1]}"{version}"{lines[line - 1][found.end() :]}'
    else:
        line = find_key(text, table, index, ("name",))[0]
        indent = re.match(r"\s*", lines[line - 1])
        ending = "\r" if lines[line - 1].endswith("\r") else ""
        lines.insert(line, f'{indent[0] if indent else ""}version = "{version}"{ending}')
    edited = "\n".join(lines)
    _clients(tree, table)[index]["version"] = version
    if _parsed(edited) != tree:
        message = f'the version of {name} cannot be written here; set version = "{version}" by hand'
        raise fatal("invalid-config", message, Location(file.as_posix(), line, 1))
    return edited.encode()


def _place(tree: dict[str, Any], name: str) -> tuple[tuple[str, ...], int]:
    """The array of tables that has the client, and the client's place in it."""
    for table in _TABLES:
        for index, client in enumerate(_clients(tree, table)):
            if client.get("name") == name:
                return table, index
    raise ValueError(f"no client {name!r} is configured")


def _clients(tree: dict[str, Any], table: tuple[str, ...]) -> list[dict[str, Any]]:
    value: Any = tree
    for key in table:
        value = cast("dict[str, Any]", value).get(key) if isinstance(value, dict) else None
    return cast("list[dict[str, Any]]", value) if isinstance(value, list) else []


def _parsed(text: str) -> dict[str, Any] | None:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return None
