"""schemathesis, all of its checks, against the fake server over real HTTP.

It sends valid and invalid requests to every operation, follows links, takes keys away and tries
methods that are not there. The documents beside this file are complete, so that nothing may be
found. What is found of others is the fault of the document, or of how a request was written.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from sdkpress.bundling import load_document
from sdkpress.diagnostics import Diagnostics
from sdkpress.overlays import apply_overlays
from sdkpress.runtime.testing.app import FakeApp
from sdkpress.runtime.testing.serving import serve

HERE = Path(__file__).parent / "schemathesis"
BEARER, BASIC = "Authorization: Bearer k", "Authorization: Basic dGVzdDp0ZXN0"

UNDOCUMENTED = "Undocumented status code"
ACCEPTED, REJECTED = "Schema-violating request accepted", "Schema-valid request rejected"


def findings(
    app: FakeApp, folder: Path, *headers: str, examples: int, document: Any = None
) -> set[tuple[str, str]]:
    """Operations and what schemathesis finds wrong with them.

    `document` is what schemathesis is given where it is not the server's.
    """
    spec, report = folder / "openapi.json", folder / "report.json"
    spec.write_text(json.dumps(document or app.document), encoding="utf-8")
    program = "from schemathesis.cli import schemathesis; schemathesis()"
    with serve(app) as server:
        done = subprocess.run(
            [
                *(sys.executable, "-c", program, "run", str(spec), "--url", server.url),
                *("--checks", "all", "--continue-on-failure", "--max-examples", str(examples)),
                *("--generation-deterministic", "--no-shrink", "--no-color"),
                *("--report", "json", "--report-json-path", str(report)),
                *(part for header in headers for part in ("--header", header)),
            ],
            cwd=folder,
            env={**os.environ, "PYTHONWARNINGS": "ignore", "PYTHONUTF8": "1"},
            capture_output=True,
            encoding="utf-8",
            timeout=600,
        )
    print(done.stdout[-20_000:], done.stderr)  # how to reproduce what was found
    found = json.loads(report.read_text(encoding="utf-8"))
    assert found["complete"]
    assert found["operations"]["tested"] == found["operations"]["selected"] > 0
    return {(name, kind["title"]) for kind in found["failures"] for name in kind["operations"]}


def document_of(path: Path, *overlays: Path) -> dict[str, Any]:
    diagnostics = Diagnostics()
    return apply_overlays(load_document(path, diagnostics), list(overlays), diagnostics).tree


@pytest.mark.parametrize(("name", "header"), [("shop", "X-Api-Key: k"), ("museum", BASIC)])
def test_nothing_is_found_of_a_complete_document(tmp_path: Path, name: str, header: str) -> None:
    document = document_of(HERE / f"{name}.yaml")
    app = FakeApp(document, remembers_deletions=True)
    assert findings(app, tmp_path, header, examples=6) == set()


def test_nothing_is_found_of_siray(tmp_path: Path, repository: Path) -> None:
    folder = repository / "openapi-spec"
    document = document_of(folder / "qwen3-max-256k.yaml", folder / "qwen3-max-256k.overlay.yaml")
    app = FakeApp(document, remembers_deletions=True)
    assert findings(app, tmp_path, BEARER, examples=15) == set()


def test_what_a_server_does_wrong_is_found(tmp_path: Path) -> None:
    document = document_of(HERE / "shop.yaml")
    open_to_all = FakeApp({**document, "security": []})
    found = findings(open_to_all, tmp_path, "X-Api-Key: k", examples=1, document=document)
    assert ("POST /pet", "API accepts requests without authentication") in found


@pytest.mark.shared
@pytest.mark.slow
def test_what_is_found_of_public_documents_is_theirs(tmp_path: Path, shared: Path) -> None:
    for name, headers, faults in (
        # No operation has an answer for a missing key.
        ("museum.yaml", [BASIC], {UNDOCUMENTED}),
        # An array of objects has no form in `x-www-form-urlencoded`, and one of one text looks
        # like the text.
        ("petstore.yaml", [BEARER, "api_key: k"], {ACCEPTED, REJECTED}),
        ("redocly_cafe_3_2.yaml", [BEARER, "X-API-Key: k"], {UNDOCUMENTED}),
        # Nearly all operations have an answer for success and none for anything else.
        ("ollama.yaml", [], {UNDOCUMENTED}),
    ):
        path = shared / "specs" / "real" / name
        if not path.is_file():
            pytest.skip("no ../shared/specs with documents beside the checkout")
        app = FakeApp(document_of(path), remembers_deletions=True)
        found = findings(app, tmp_path, *headers, examples=4)
        assert {title for _, title in found} <= faults, name
        if name == "petstore.yaml":
            assert found <= {(f"{method} /pet", fault) for method in ("POST", "PUT") for fault in faults}  # fmt: skip
