"""Revisions of a client in folders: what the tests of vendoring have in common.

The documents are those of the chain of edits of the museum, ten of them, each with a version.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Any

from sdkpress.cli import main
from sdkpress.config import config_from_options
from sdkpress.diagnostics import Diagnostics
from sdkpress.emitting import emit
from sdkpress.pipeline import build
from tests.diffing.chains.chain import steps

COUNT = 10


@dataclass(frozen=True)
class Ran:
    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


def sdkpress(*words: str | Path, at: Path) -> Ran:
    """Run the command line in this process, in the folder `at`."""
    out, err = io.StringIO(), io.StringIO()
    with contextlib.chdir(at), contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = main([str(word) for word in words])
    return Ran(code, out.getvalue(), err.getvalue())


def write_client(document: Mapping[str, Any], version: str, folder: Path) -> Path:
    """Generate the client `museum` of a document; the folder `folder`/museum-VERSION."""
    spec = folder / "museum.json"
    spec.write_text(json.dumps(document), encoding="utf-8")
    out = folder / f"museum-{version}"
    config = config_from_options(
        spec=spec, out=out, title="Museum", name="museum", package="museum", client="Museum"
    )
    built = build(replace(config, version=version), Diagnostics(), black="off")
    emit(built.files, out, built.facts, built.lock)
    return out


def write_revisions(folder: Path) -> tuple[Path, ...]:
    """Ten revisions of the museum, in the order of the chain."""
    return tuple(
        write_client(step.before, f"1.{step.number}.0", folder)
        for step in islice(steps("museum"), COUNT)
    )


def make_host(folder: Path, *requirements: str) -> Path:
    """A project with a package `app`, in which things are vendored."""
    folder.mkdir(parents=True, exist_ok=True)
    listed = ", ".join(f'"{item}"' for item in requirements)
    (folder / "pyproject.toml").write_text(
        f'[project]\nname = "host"\nversion = "1"\ndependencies = [{listed}]\n', "utf-8"
    )
    (folder / "app" / "_vendor").mkdir(parents=True)
    (folder / "app" / "__init__.py").touch()
    (folder / "app" / "_vendor" / "__init__.py").touch()
    return folder


def contents(folder: Path) -> dict[str, bytes]:
    """Every file below a folder, hidden ones too."""
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in _files(folder)}


def _files(folder: Path) -> Iterator[Path]:
    for parent, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if name != "__pycache__")
        yield from (Path(parent, name) for name in sorted(names))


def write_package(folder: Path, version: str, files: Mapping[str, str | bytes]) -> Path:
    """A small project with the package `tiny`, which is no client, but laid out like one."""
    root = folder / f"tiny-{version}"
    package = root / "src" / "tiny"
    for path, content in {"__init__.py": "", **files}.items():
        (package / path).parent.mkdir(parents=True, exist_ok=True)
        raw = content if isinstance(content, bytes) else content.encode()
        (package / path).write_bytes(raw)
    (root / "LICENSE").write_text("Do as you like.\n", "utf-8")
    (root / "pyproject.toml").write_text(
        f'[project]\nname = "tiny"\nversion = "{version}"\nlicense = "MIT-0"\n'
        'requires-python = ">=3.11"\ndependencies = ["msgspec>=0.22,<0.23"]\n',
        "utf-8",
    )
    return root
