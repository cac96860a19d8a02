"""The argument that asks for a stream is sent only when it is given, nullable or not."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from sdkpress.config import config_from_options
from sdkpress.diagnostics import Diagnostics
from sdkpress.pipeline import build

STREAM = {
    "plain": {"type": "boolean"},
    "nullable": {"anyOf": [{"type": "boolean"}, {"type": "null"}], "default": False},
}


@pytest.mark.parametrize("kind", STREAM)
def test_none_is_not_given(kind: str, tmp_path: Path) -> None:
    body = {"type": "object", "properties": {"stream": STREAM[kind], "n": {"type": "integer"}}}
    answer = {"schema": {"type": "object", "properties": {"text": {"type": "string"}}}}
    content = {"application/json": answer, "text/event-stream": answer}
    operation = {
        "operationId": "createText",
        "requestBody": {"content": {"application/json": {"schema": body}}},
        "responses": {"200": {"description": "A text.", "content": content}},
    }
    document = {
        "openapi": "3.1.0",
        "info": {"title": "Texts", "version": "1"},
        "paths": {"/texts": {"post": operation}},
    }
    spec = tmp_path / "texts.json"
    spec.write_text(json.dumps(document), encoding="utf-8")
    config = config_from_options(spec=spec, out=tmp_path / "out", title="Texts")
    files = build(config, Diagnostics(), black="off").files
    text = next(f.content.decode() for f in files if "/resources/texts" in f"/{f.path}")
    assert "if stream is not None:" in text
    assert "stream is not UNSET" not in text
