"""Work is counted here, never timed: it grows with the document, and nothing is done twice."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from sdkpress import document
from sdkpress.cli import main
from sdkpress.config import config_from_options
from sdkpress.diagnostics import Diagnostics
from sdkpress.pipeline import build
from tests.behaviour.conftest import GENERATED, assemble
from tests.behaviour.fault_server import reply, serving


def api(resources: int) -> dict[str, Any]:
    """A document that grows in every direction: paths, components, shared and inline schemas."""
    paths: dict[str, Any] = {}
    schemas: dict[str, Any] = {"Common": {"type": "object", "properties": {"id": TEXT}}}
    for number in range(resources):
        thing = {"$ref": f"#/components/schemas/Thing{number}"}
        item = {"name": "id", "in": "path", "required": True, "schema": TEXT}
        listed = {"type": "object", "properties": {"data": {"type": "array", "items": thing}}}
        paths[f"/things{number}"] = {
            "get": {"operationId": "list", "responses": {"200": answer(listed)}},
            "post": {
                "operationId": "create",
                "requestBody": {"content": {"application/json": {"schema": thing}}},
                "responses": {"201": answer(thing), "400": answer(COMMON)},
            },
        }
        for below in ("", "/parts", "/parts/{id}/refresh"):
            paths[f"/things{number}/{{id}}{below}"] = {
                "parameters": [item],
                "get": {"responses": {"200": answer(thing)}},
            }
        schemas[f"Thing{number}"] = {
            "type": "object",
            "description": f"Thing number {number}. " * 4,
            "properties": {
                "common": COMMON,
                "next": {"$ref": f"#/components/schemas/Thing{number ^ 1}"},
                "inline": {"type": "object", "properties": {"kind": {"enum": ["a", "b"]}}},
                "either": {"oneOf": [TEXT, COMMON]},
            },
        }
    info = {"title": "Things", "version": "1"}
    return {"openapi": "3.1.0", "info": info, "paths": paths, "components": {"schemas": schemas}}


TEXT = {"type": "string"}
COMMON = {"$ref": "#/components/schemas/Common"}


def answer(schema: dict[str, Any]) -> dict[str, Any]:
    return {"description": "Good.", "content": {"application/json": {"schema": schema}}}


def calls(work: Callable[[], object]) -> Counter[str]:
    """How often each function of this project was called, and what they called themselves."""
    counted: Counter[str] = Counter()

    def count(frame: Any, event: str, argument: Any) -> None:
        if event in ("call", "c_call") and "sdkpress" in frame.f_code.co_filename:
            counted[f"{Path(frame.f_code.co_filename).name}:{frame.f_code.co_name}"] += 1

    before = sys.getprofile()
    sys.setprofile(count)
    try:
        work()
    finally:
        sys.setprofile(before)
    return counted


def generation(folder: Path, resources: int) -> Counter[str]:
    spec = folder / f"{resources}.json"
    spec.write_text(json.dumps(api(resources)))
    config = config_from_options(spec=spec, out=folder / "out", title="", name="things")
    return calls(lambda: build(config, Diagnostics(), black="off"))


def test_work_grows_as_the_document_does(tmp_path: Path) -> None:
    generation(tmp_path, 2)  # what is done once in a process
    small, large = generation(tmp_path, 8), generation(tmp_path, 32)
    faults = {
        name: (small[name], count)
        for name, count in large.items()
        if count > 1_000 and count > 6 * small[name]  # four times the document
    }
    assert not faults
    assert large.total() < 8_000 * 5 * 32  # five operations and two models each


def test_nothing_is_parsed_when_nothing_changed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SDKPRESS_CACHE", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)
    Path("spec.json").write_text(json.dumps(api(2)))
    Path("pyproject.toml").write_text(
        '[[tool.sdkpress.client]]\nname = "things"\nspec = "spec.json"\nout = "out"\n'
    )
    parsed: list[str] = []
    parse_file = document.parse_file

    def parse(data: bytes, display: str, *arguments: Any, **more: Any) -> Any:
        parsed.append(display)
        return parse_file(data, display, *arguments, **more)

    monkeypatch.setattr("sdkpress.bundling.parse_file", parse)
    assert main(["generate", "--no-black"]) == 0
    assert parsed == ["spec.json"]
    assert main(["generate"]) == 0
    assert main(["check"]) == 0
    assert parsed == ["spec.json"]
    text = Path("spec.json").read_text()
    Path("spec.json").write_text(text.replace("Good.", "Better."))
    assert main(["check"]) == 1
    assert parsed == ["spec.json", "spec.json"]


# -- what is loaded, and when

HEAVY = {"asyncio", "dataclasses", "enum", "json", "logging", "re", "ssl", "typing"}
"""None of these at the import of a package, nor for the construction of a client."""
NEVER = {
    "asyncio",
    "email",
    "http",
    "json",
    "logging",
    "random",
    "ssl",
    "unittest",
    "urllib.request",
}
"""None of these for a plain call over http."""

PROBE = """
import sys
sys.path[:0] = sys.argv[1].split(";")
before = set(sys.modules)
def report(label):
    print(label, *sorted(set(sys.modules) - before))
import siray_work
from siray_work import AsyncSiray, Siray
report("import")
client = Siray("key-0123456789", base_url=sys.argv[2], max_retries=0)
AsyncSiray("key-0123456789", base_url=sys.argv[2])
report("construct")
client.chat.completions.create(model="m", messages=[{"role": "user", "content": "Hi"}])
report("call")
"""

COMPLETION = {
    "id": "1",
    "object": "chat.completion",
    "created": 1,
    "model": "m",
    "choices": [{"index": 0, "message": {"role": "assistant", "content": "Hi"}}],
}


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> dict[str, set[str]]:
    """Modules that are new in a bare interpreter after each step of a script with one call."""
    folder = tmp_path_factory.mktemp("work")
    assemble(GENERATED, folder, "siray_work")
    sys.path.remove(str(folder))
    # No site module: what it loads would hide what the package does.
    site_packages = str(Path(msgspec.__file__).parents[1])
    with serving(reply(json.dumps(COMPLETION))) as server:
        done = subprocess.run(
            [sys.executable, "-I", "-S", "-c", PROBE, f"{folder};{site_packages}", server.url],
            capture_output=True,
            text=True,
            timeout=60,
        )
    assert done.returncode == 0, done.stderr
    lines = [line.split() for line in done.stdout.splitlines()]
    return {label: set(modules) for label, *modules in lines}


def own(modules: set[str]) -> set[str]:
    return {name for name in modules if name.partition(".")[0] == "siray_work"}


def test_little_is_loaded_before_the_first_call(loaded: dict[str, set[str]]) -> None:
    assert len(own(loaded["import"])) <= 15
    for step in ("import", "construct"):
        others = loaded[step] - own(loaded[step])
        assert others <= set(sys.stdlib_module_names) | {"os.path"}
        assert not others & HEAVY
    assert own(loaded["construct"]) == own(loaded["import"])


def test_a_call_loads_what_it_needs(loaded: dict[str, set[str]]) -> None:
    assert not loaded["call"] & NEVER
    libraries = {name.partition(".")[0] for name in loaded["call"] - own(loaded["call"])}
    libraries = {name for name in libraries if "cython" not in name}  # parts of httptools
    assert libraries - set(sys.stdlib_module_names) <= {"httptools", "msgspec", "typing_extensions"}
    # Of the runtime: no other transport, nothing of streams, retries, pages, hooks or multipart.
    runtime = {name.rpartition(".")[2] for name in own(loaded["call"])}
    assert not runtime & {
        "stream",
        "retries",
        "reports",
        "pages",
        "watching",
        "multipart",
        "oauth2",
        "building",
    }
    assert len(own(loaded["call"])) <= 60
