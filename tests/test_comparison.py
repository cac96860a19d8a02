"""docs/why.md says only what is so: its table is what probes showed, and the tests that it names are there."""

from __future__ import annotations

import ast
import re
import shutil
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path

import pytest

from tests.comparison.answering import CannedServer, serving
from tests.comparison.making import GENERATORS, try_client
from tests.comparison.rows import ROWS, cell
from tests.comparison.table import replaced, shown_cells, table
from tests.conftest import REPOSITORY

PAGE = (REPOSITORY / "docs" / "why.md").read_text(encoding="utf-8")
NAMED = sorted(set(re.findall(r"`tests/([\w/]+\.py)::(\w+)`", PAGE)))


@pytest.fixture(scope="module")
def server() -> Iterator[CannedServer]:
    with serving() as started:
        yield started


def tried(name: str, server: CannedServer, folder: Path) -> dict[str, str]:
    results = try_client(GENERATORS[name], server, folder)
    return {probe: cell(result) for probe, result in results.items()}


def test_the_page_tells_what_ours_does(server: CannedServer, tmp_path: Path) -> None:
    found = tried("sdkpress", server, tmp_path)
    assert found == shown_cells(PAGE)["sdkpress"]
    assert sorted(found) == sorted(row.probe for row in ROWS)
    assert set(found.values()) == {"yes", "6 of 6"}


def test_the_page_tells_what_openapi_python_client_does(
    server: CannedServer, tmp_path: Path
) -> None:
    assert GENERATORS["openapi-python-client"].version == version("openapi-python-client")
    found = tried("openapi-python-client", server, tmp_path)
    assert found == shown_cells(PAGE)["openapi-python-client"]


@pytest.mark.slow
@pytest.mark.skipif(
    shutil.which("openapi-generator-cli") is None or shutil.which("java") is None,
    reason="openapi-generator-cli and Java are not installed",
)
def test_the_page_tells_what_openapi_generator_does(server: CannedServer, tmp_path: Path) -> None:
    found = tried("openapi-generator", server, tmp_path)
    assert found == shown_cells(PAGE)["openapi-generator"]


@pytest.mark.parametrize(("path", "name"), NAMED)
def test_what_the_page_names_is_a_test(path: str, name: str) -> None:
    tree = ast.parse((REPOSITORY / "tests" / path).read_text(encoding="utf-8"))
    functions = {
        node.name
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    }
    assert name in functions and name.startswith("test_")


def test_each_row_of_a_table_is_tested_or_cited() -> None:
    rows = [line for line in PAGE.splitlines() if line.startswith("| ") and "---" not in line]
    claims = [line for line in rows if not line.startswith("| |")]
    assert len(claims) > len(ROWS)
    for line in claims:
        assert re.search(r"`tests/[\w/]+\.py::\w+`|\]\(|`make \w+`", line), line


def test_a_table_is_read_as_it_was_written() -> None:
    results = {name: {row.probe: f"{name} {row.probe}" for row in ROWS} for name in GENERATORS}
    page = replaced(
        "before\n<!-- comparison -->\nold\n<!-- end of comparison -->\n", table(results)
    )
    assert shown_cells(page) == results
    assert "old" not in page
