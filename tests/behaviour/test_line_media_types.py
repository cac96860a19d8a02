"""Every name of JSON lines: the generator makes a stream of it, the fake server writes it, the client reads it."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path

import pytest

from sdkpress.config import config_from_options
from sdkpress.content import ContentKind, classify
from sdkpress.diagnostics import Diagnostics
from sdkpress.pipeline import build
from sdkpress.runtime.receiving import LINE_TYPES
from sdkpress.runtime.testing.media_types import kind_of

NAMES = sorted(LINE_TYPES)

DOCUMENT = """\
openapi: 3.2.0
info: {title: Lines, version: 1.0.0}
servers: [{url: https://lines.example.com}]
paths:
"""
OPERATION = """\
  /r{number}:
    get:
      operationId: readR{number}
      tags: [r{number}]
      responses:
        "200":
          description: Lines.
          content:
            {name}:
              itemSchema: {{type: object, required: [n], properties: {{n: {{type: integer}}}}}}
"""


@pytest.mark.parametrize("name", NAMES)
def test_all_three_know_the_name(name: str) -> None:
    assert classify(name) is ContentKind.JSONL
    assert kind_of(name) in ("ndjson", "json-seq")


def test_each_is_a_stream_of_items(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    operations = (OPERATION.format(number=number, name=name) for number, name in enumerate(NAMES))
    (tmp_path / "lines.yaml").write_text(DOCUMENT + "".join(operations), encoding="utf-8")
    config = config_from_options(
        spec=tmp_path / "lines.yaml", out=tmp_path, title="Lines", name="line-types",
        package="line_types", client="Lines", overlays=[],
    )  # fmt: skip
    diagnostics = Diagnostics()
    for file in build(config, diagnostics, black="off").files:
        target = tmp_path / file.path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(file.content)
    assert [item.id for item in diagnostics.items] == []
    monkeypatch.syspath_prepend(str(tmp_path / "src"))
    testing = importlib.import_module("line_types.testing")
    with testing.fake_app().client() as client:
        for number, name in enumerate(NAMES):
            with getattr(client, f"r{number}").get() as stream:
                items = list(stream)
            assert items and all(isinstance(item.n, int) for item in items), name
    for module in [module for module in sys.modules if module.partition(".")[0] == "line_types"]:
        del sys.modules[module]
