"""The clients of the comparison: each made by its generator of the same document, and tried in a process of its own."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from sdkpress.config import config_from_options
from sdkpress.diagnostics import Diagnostics
from sdkpress.pipeline import analyse, source_files

from .answering import CannedServer

__all__ = ["GENERATORS", "Generator", "try_client"]

HERE = Path(__file__).parent
ADDRESS = "http://127.0.0.1:8080/v1"
"""The server of the document, for which that of the run is put."""


@dataclass(frozen=True, slots=True)
class Generator:
    """`title` is its column; `program` tries its client; `made` is the folder with the package, below that of the run."""

    title: str
    program: str
    made: str
    version: str = ""
    command: tuple[str, ...] = ()
    """How the client is made, with `{spec}` and `{out}`; none for our own, which is made in this process."""


GENERATORS: Mapping[str, Generator] = {
    "sdkpress": Generator("sdkpress", "try_sdkpress", "src"),
    "openapi-python-client": Generator(
        "openapi-python-client",
        "try_openapi_python_client",
        ".",
        "0.29.1",
        (
            *(sys.executable, "-m", "openapi_python_client", "generate", "--path", "{spec}"),
            *("--meta", "none", "--config", str(HERE / "openapi_python_client.yaml")),
            *("--output-path", "{out}/shop"),
        ),
    ),
    "openapi-generator": Generator(
        "OpenAPI Generator (`python`)",
        "try_openapi_generator",
        ".",
        "7.26.0",
        (
            *("openapi-generator-cli", "generate", "-i", "{spec}", "-g", "python"),
            *("-o", "{out}", "--package-name", "shop"),
        ),
    ),
}


def try_client(generator: Generator, server: CannedServer, folder: Path) -> dict[str, object]:
    """What each probe showed of the client that a generator makes, in a folder that is empty.

    Raises FileNotFoundError where the generator is not installed, and RuntimeError where the client cannot be made or tried.
    """
    text = (HERE / "shop.yaml").read_text(encoding="utf-8").replace(ADDRESS, server.url)
    out = folder / "made"
    _make(generator, text, folder / "shop.yaml", out)
    server.forget()
    found: dict[str, object] = json.loads(
        _run(
            [
                *(sys.executable, "-m", f"tests.comparison.clients.{generator.program}"),
                server.url,
            ],
            PYTHONPATH=str(out / generator.made),
        )
    )
    newer = text.replace("openapi: 3.1.0", "openapi: 3.2.0")
    try:
        _make(generator, newer, folder / "newer.yaml", folder / "newer")
        found["openapi_3_2"] = True
    except RuntimeError:
        found["openapi_3_2"] = "refused"
    return found


def _make(generator: Generator, text: str, spec: Path, out: Path) -> None:
    """The client of a document, in a folder that is not there yet. Raises as `try_client`."""
    spec.write_text(text, encoding="utf-8")
    if generator.command:
        program = shutil.which(generator.command[0])
        if program is None:
            raise FileNotFoundError(generator.command[0])
        _run([part.format(spec=spec, out=out) for part in (program, *generator.command[1:])])
        return
    config = config_from_options(spec=spec, out=out, name="shop", package="shop", client="Shop")
    for path, content in source_files(analyse(config, Diagnostics())).items():
        (out / path).parent.mkdir(parents=True, exist_ok=True)
        (out / path).write_bytes(content)


def _run(command: list[str], **variables: str) -> str:
    environment = {**os.environ, **variables, "SHOP_API_KEY": "k", "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(
        command,
        cwd=HERE.parents[1],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    if done.returncode:
        raise RuntimeError(f"{command[0]} failed:\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
    return done.stdout
