"""`python -m tests.comparison`: make the clients, try them, print the table; `--write` puts it into docs/why.md.

openapi-python-client comes with the development environment; for OpenAPI Generator, `pip install openapi-generator-cli==7.26.0` and Java 11
or later are needed. Without a generator, its column stays as the page has it.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from .answering import serving
from .making import GENERATORS, try_client
from .table import replaced, shown_cells, table

PAGE = Path(__file__).resolve().parents[2] / "docs" / "why.md"


def main() -> int:
    page = PAGE.read_text(encoding="utf-8")
    shown = shown_cells(page)
    results: dict[str, dict[str, object]] = {}
    with serving() as server:
        for name, generator in GENERATORS.items():
            with tempfile.TemporaryDirectory() as folder:
                try:
                    results[name] = try_client(generator, server, Path(folder))
                except FileNotFoundError as error:
                    print(
                        f"comparison: {error} is not installed; its column stays", file=sys.stderr
                    )
                    results[name] = dict(shown[name])
    made = table(results)
    if "--write" in sys.argv[1:]:
        PAGE.write_text(replaced(page, made), encoding="utf-8", newline="\n")
    print(made)
    return 0


if __name__ == "__main__":
    sys.exit(main())
