"""The few options there are, as one frozen dataclass per client, and where they come from.

`[[tool.sdkpress.client]]` in `pyproject.toml`, `[[client]]` in a `sdkpress.toml` where a repository
has no `pyproject.toml`, or the options of one call.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from sdkpress.client_config import Alias, ClientConfig, config_digest
from sdkpress.client_names import derive_names, distribution_name, name_problems
from sdkpress.config_reading import (
    ConfigReader,
    as_table,
    did_you_mean,
    display,
    parse_toml,
    read_text,
)
from sdkpress.diagnostics import COMMAND_LINE, Diagnostics, Location, fatal

__all__ = [
    "Alias",
    "ClientConfig",
    "Config",
    "config_digest",
    "config_from_options",
    "find_project",
    "load_config",
]


@dataclass(frozen=True)
class Config:
    """The clients of a project, in the order of the file, and the file they were read from."""

    clients: tuple[ClientConfig, ...]
    file: Path


def find_project(start: Path) -> Path:
    """The folder, from `start` upwards, whose configuration names clients.

    Raises SdkpressError (`no-configuration`) when there is none.
    """
    absolute = Path(os.path.abspath(start))
    for steps in range(len(absolute.parents) + 1):
        folder = start.joinpath(*[".."] * steps)
        if (folder / "sdkpress.toml").is_file():
            return folder
        text = read_text(folder / "pyproject.toml") if (folder / "pyproject.toml").is_file() else ""
        # A substring decides where to look; load_config reads it properly and reports what is wrong.
        if re.search(r"^\s*\[+\s*tool\s*\.\s*sdkpress\b", text, re.MULTILINE):
            return folder
    raise fatal(
        "no-configuration",
        "no pyproject.toml with [[tool.sdkpress.client]] here or in a folder above",
        Location(display(start / "pyproject.toml"), 1, 1),
        help="`sdkpress init DOCUMENT` sets a project up. Without one, name the files: "
        "sdkpress generate --spec FILE --out DIR, sdkpress diff OLD NEW.",
    )


def load_config(project_dir: Path) -> Config:
    """Read the clients of a project.

    Raises SdkpressError with one located diagnostic for each thing that is wrong.
    """
    pyproject, own = project_dir / "pyproject.toml", project_dir / "sdkpress.toml"
    if pyproject.is_file():
        tree = parse_toml(pyproject)
        section = as_table(as_table(tree.get("tool")).get("sdkpress"))
        if section or not own.is_file():
            if own.is_file():
                raise fatal(
                    "invalid-config",
                    "both pyproject.toml ([tool.sdkpress]) and sdkpress.toml configure sdkpress",
                    Location(display(own), 1, 1),
                    "Keep one of them.",
                )
            return _load(pyproject, section, ("tool", "sdkpress", "client"))
    if own.is_file():
        tree = parse_toml(own)
        nested = as_table(as_table(tree.get("tool")).get("sdkpress"))
        if nested:
            return _load(own, nested, ("tool", "sdkpress", "client"))
        return _load(own, tree, ("client",))
    raise fatal(
        "no-configuration",
        f"{display(project_dir)} has neither a pyproject.toml nor a sdkpress.toml",
        Location(display(pyproject), 1, 1),
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


def _load(file: Path, section: Mapping[str, Any], table: tuple[str, ...]) -> Config:
    reader = ConfigReader(file, table)
    for key in section:
        if key != "client":
            reader.report(-1, (key,), f"unknown key `{key}`{did_you_mean(key, ('client',))}")
    raw = section.get("client")
    if raw is None:
        reader.diagnostics.raise_errors()  # a key that was meant to be this one
        raise fatal(
            "no-configuration",
            f"no client is configured: add [[{'.'.join(table)}]]",
            Location(display(file), 1, 1),
        )
    entries: Sequence[Any] = cast("Sequence[Any]", raw) if isinstance(raw, list) else ()
    if not entries or not all(isinstance(entry, dict) for entry in entries):
        reader.fail(0, (), f"`client` must be an array of tables: [[{'.'.join(table)}]]")
    clients = [reader.client(index, entry) for index, entry in enumerate(entries)]
    found = [client for client in clients if client is not None]
    _check_apart(reader, found)
    reader.diagnostics.raise_errors()
    return Config(tuple(found), file)


def _check_apart(reader: ConfigReader, clients: Sequence[ClientConfig]) -> None:
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
