"""Work is counted here, never timed: it grows with the document, and nothing is done twice."""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from sdkpress import document
from sdkpress.cli import main
from sdkpress.config import config_from_options
from sdkpress.diagnostics import Diagnostics
from sdkpress.pipeline import build


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
