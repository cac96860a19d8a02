"""docs/supported.md: every field of the specification, what it does, and the proof of each row.

The proof is the difference: a package is made of a small document with the field and of the same
document without it. `code`: what runs or what a type checker reads is another; `documentation`:
only docstrings, README and reference are; `nothing`: the two are the same. What the fake server
checks is shown by values that it refuses with the field and takes without.

The rows stand in tests/supported/rows_*.yaml, the fields in tests/supported/specification.yaml;
`SDKPRESS_GOLDEN=rewrite` writes the page.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.conftest import REPOSITORY
from tests.supported.measuring import Row, effect_of, refused, rows, specified

PAGE = REPOSITORY / "docs" / "supported.md"

HEAD = """# What of OpenAPI is supported

Every object and fixed field of OpenAPI 3.0, 3.1 and 3.2 and every keyword of JSON Schema 2020-12.
Whatever is not expressed in types is still in the document that the fake server reads; no operation
is ever left out, but those whose author says so (`x-sdkpress-ignore` and what
[other generators](migrating/from-hosted-generators.md#extensions-that-are-read) read).

| mark | meaning |
|---|---|
| code | it changes what the package does, or its types |
| documentation | it is in docstrings, the README or the reference |
| fake server | the fake server refuses what does not match it; types stay wider |
| nothing | the package is the same without it |

Each row is a test, `tests/test_supported.py::test_row[Object.field]`: it makes a package of a small
document with the field and of the same document without it, and compares. The rows stand in
`tests/supported/`; a row for every field of the specification, and no other, is a test as well.
"""


@pytest.mark.parametrize("row", rows(), ids=lambda row: row.id)
def test_row(row: Row, tmp_path: Path) -> None:
    effect, text = effect_of(row, tmp_path)
    assert effect == row.effect
    for shown in row.shows:
        assert shown in text
    if row.refuses or row.accepts:
        with_field, without_field = refused(row)
        assert with_field == list(row.refuses)
        assert [value for value in row.refuses if value in without_field] == []


def test_every_field_has_a_row_and_every_row_a_field() -> None:
    assert sorted(row.id for row in rows()) == sorted(specified())


def page() -> str:
    parts = [HEAD]
    for name in dict.fromkeys(row.object for row in rows()):
        parts.append(f"\n## {name}\n\n| field | since | effect | how |\n|---|---|---|---|\n")
        for row in rows():
            if row.object == name:
                marks = [] if row.effect == "nothing" and row.refuses else [row.effect]
                marks += ["fake server"] if row.refuses else []
                field = row.field.replace("|", "\\|")
                parts.append(f"| `{field}` | {row.since} | {', '.join(marks)} | {row.how} |\n")
    return "".join(parts)


def test_page_shows_the_rows() -> None:
    if os.environ.get("SDKPRESS_GOLDEN") == "rewrite":
        PAGE.write_text(page(), encoding="utf-8", newline="\n")
    assert PAGE.read_text(encoding="utf-8") == page()
