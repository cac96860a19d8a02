"""Stoplight Prism as a second opinion: a validating proxy between a generated client and its fake server."""

from __future__ import annotations

import importlib
import json
import shutil
import socket
import subprocess
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx2

from .arguments import Description, python_arguments
from .packages import endpoints, plain_client

__all__ = ["PRISM", "Validated", "find_prism", "validate"]

PRISM = "@stoplight/prism-cli@5.14.2"
_START_SECONDS = 120


@dataclass(slots=True)
class Validated:
    """What Prism said to the requests of one document: two for each operation."""

    document: str
    note: str = ""
    requests: int = 0
    accepted: int = 0
    undescribed: int = 0
    """Answers of the fake server with a status that the document leaves out."""
    refused: list[str] = field(default_factory=list[str])


def find_prism(work: Path) -> Path | str:
    """The program, installed below `work` on first use, or why there is none."""
    program = work / "npm" / "node_modules" / ".bin" / "prism"
    if program.is_file():
        return program
    npm = shutil.which("npm")
    if npm is None:
        return "npm is not on PATH"
    command = [npm, "install", "--no-audit", "--no-fund", "--prefix", str(work / "npm"), PRISM]
    done = subprocess.run(command, capture_output=True, encoding="utf-8", check=False, timeout=600)
    return program if program.is_file() else f"npm install {PRISM} failed: {done.stderr[-200:]}"


def validate(package: str, name: str, program: Path, work: Path) -> Validated:
    """Send the requests of one generated client through Prism to the package's own fake server."""
    found = Validated(name)
    testing = importlib.import_module(f"{package}.testing")
    tree: dict[str, Any] = testing.document()
    description = Description(tree)
    shown = json.loads(json.dumps(tree))
    found.note = "; ".join(_adapted(shown))
    file = work / f"prism-{package}.json"
    file.write_text(json.dumps(shown), encoding="utf-8")
    root = importlib.import_module(package)
    client_name = next(n for n in root.__all__ if hasattr(root, f"Async{n}"))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with testing.serve() as server, _proxy(program, file, server.url) as url:
            answers: list[httpx2.Response] = []

            def look(response: httpx2.Response) -> None:
                response.read()
                answers.append(response)

            http = httpx2.Client(event_hooks={"response": [look]}, timeout=60)
            client = plain_client(root, client_name, base_url=url, max_retries=0, http_client=http)
            for endpoint in endpoints(client):
                operation = description.operation(endpoint.key)
                if operation is None:
                    continue
                for is_minimal in (True, False):
                    values = description.arguments(
                        operation, endpoint.operation.media_type or "", is_minimal=is_minimal
                    )
                    positional, named = python_arguments(endpoint, values)
                    answers.clear()
                    server.app.reset()
                    found.requests += 1
                    problem = ""
                    try:
                        client.send(endpoint.build(*positional, **named))
                    except Exception as error:
                        problem = f"{type(error).__name__}: {error}"
                    text = answers[0].text if answers else ""
                    # Prism forwards only what is valid.
                    if server.app.requests:
                        found.accepted += 1
                        found.undescribed += bool(answers) and answers[0].status_code >= 500
                    else:
                        is_prisms = "stoplight.io/prism/errors" in text
                        problem = _explained(text) if is_prisms else problem
                        found.refused.append(f"{endpoint.key}: {problem[:400]}")
    file.unlink()
    return found


def _adapted(document: dict[str, Any]) -> Iterator[str]:
    """Change what Prism cannot read, and say so."""
    version = str(document["openapi"])
    if version.startswith("3.2"):
        document["openapi"] = "3.1.1"
        yield f"labelled 3.1.1 in place of {version}, which Prism does not read"
    count = 0
    shared = document.get("components", {}).get("parameters", {}).values()
    for item in document["paths"].values():
        own = [node for node in item.values() if isinstance(node, dict)]
        lists = [item.get("parameters", []), *(node.get("parameters", []) for node in own)]
        for parameter in [node for each in lists for node in each] + list(shared):
            schema = parameter.get("schema", {})
            kinds = schema.get("type")
            if kinds == "array" and schema.pop("nullable", False):
                count += 1
            elif isinstance(kinds, list) and "array" in kinds and len(kinds) > 1:
                schema["type"] = "array"
                count += 1
    if count:
        yield f"{count} parameters with a nullable array shown without null: Prism does not split those"


def _explained(text: str) -> str:
    problem = json.loads(text)
    details = problem.get("validation") or [{"message": problem.get("detail")}]
    return f"{problem.get('title')}: " + "; ".join(
        f"{'/'.join(map(str, item.get('location', [])))} {item.get('message')}" for item in details
    )


@contextmanager
def _proxy(program: Path, document: Path, upstream: str) -> Iterator[str]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    log = document.with_suffix(".log")
    command = [str(program), "proxy", "--errors", "--host", "127.0.0.1", "--port", str(port)]
    with (
        log.open("w") as output,
        subprocess.Popen(
            [*command, str(document), upstream], stdout=output, stderr=subprocess.STDOUT
        ) as process,
    ):
        try:
            end = time.monotonic() + _START_SECONDS
            while "is listening" not in log.read_text(errors="replace"):
                if process.poll() is not None or time.monotonic() > end:
                    raise RuntimeError(f"Prism did not start: {log.read_text()[-500:]}")
                time.sleep(0.1)
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()
            process.wait()
    log.unlink()
