"""docs/diagnostics.md lists every id, and no other; `SDKPRESS_GOLDEN=rewrite` writes it."""

from __future__ import annotations

import os

from sdkpress.diagnostics import CATALOG
from tests.conftest import REPOSITORY

PAGE = REPOSITORY / "docs" / "diagnostics.md"

HEAD = """# Diagnostics

Everything that sdkpress has to say about an input has a stable id, a place and, where there is one,
a next step:

```text
spec.yaml:12:7: warning[dangling-ref]: nothing at #/components/schemas/Pet; the type is left open
     12 |       $ref: '#/components/schemas/Pet'
        |       ^
  help: Correct the `$ref`, or add what it names.
```

An error ends the command with exit code 2.
A warning says that something was left out or widened; `--strict` turns warnings into errors.
A note says what was decided.

| id | severity | meaning | help |
|---|---|---|---|
"""


def page() -> str:
    rows = [
        f"| `{id}` | {entry.severity.value} | {entry.title} | {entry.help} |\n"
        for id, entry in sorted(CATALOG.items())
    ]
    return HEAD + "".join(row.replace(" |  |", " | |") for row in rows)


def test_page_lists_every_id() -> None:
    if os.environ.get("SDKPRESS_GOLDEN") == "rewrite":
        PAGE.write_text(page(), encoding="utf-8", newline="\n")
    assert PAGE.read_text(encoding="utf-8") == page()
