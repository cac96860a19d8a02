"""Whatever a client can call can be recorded and replayed: documents of all sorts."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from sdkpress.config import config_from_options
from sdkpress.diagnostics import Diagnostics
from sdkpress.pipeline import build

HERE = Path(__file__).parent
CASES = HERE.parent / "cases"
DOCUMENTS = [
    HERE / "schemathesis" / "museum.yaml",
    HERE / "schemathesis" / "shop.yaml",
    HERE / "recorded.yaml",
    *(CASES / name / "spec.yaml" for name in
      ("answers", "bodies", "content_types", "pagination", "parameters", "servers", "streams")),
]  # fmt: skip


@pytest.mark.parametrize(
    "document", DOCUMENTS, ids=lambda path: path.stem if path.stem != "spec" else path.parent.name
)
def test_every_operation(document: Path, tmp_path: Path) -> None:
    config = config_from_options(
        spec=document, out=tmp_path, name="replayed-things", package="replayed_things",
        client="Things",
    )  # fmt: skip
    for file in build(config, Diagnostics(), black="off").files:
        target = tmp_path / file.path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(file.content)
    script = HERE / "record_every_operation.py"
    done = subprocess.run(
        [sys.executable, script, tmp_path, "replayed_things", "Things", tmp_path / "all.yaml"],
        capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    found = re.match(r"(\d+) operations, 0 different\n", done.stdout)
    assert found, done.stdout
    assert int(found[1]) > 0
