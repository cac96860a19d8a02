"""docs/diagnostics.md: every id, an example that produces it, what is said, and what to do.

The examples stand in tests/diagnostics/examples.yaml; each is run, and its output is what the page
shows. `SDKPRESS_GOLDEN=rewrite` writes the page.
"""

from __future__ import annotations

import ast
import contextlib
import io
import os
import re
import tempfile
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from sdkpress.cli import main
from sdkpress.diagnostics import CATALOG
from tests.conftest import REPOSITORY

PAGE = REPOSITORY / "docs" / "diagnostics.md"
TESTS = REPOSITORY / "tests"
GENERATE = ["generate", "--spec", "spec.yaml", "--out", "out"]
BELOW = re.compile(r" *\d* *\| |  help: ")
BEGINNING = "openapi: 3.1.0\ninfo: {title: Pets, version: 1.0.0}\n"

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
A note says what was decided; `--verbose` shows notes.

| id | severity | meaning |
|---|---|---|
"""


@cache
def examples() -> dict[str, dict[str, Any]]:
    text = (TESTS / "diagnostics" / "examples.yaml").read_text(encoding="utf-8")
    return dict(yaml.load(text, yaml.CSafeLoader))


def files_of(example: dict[str, Any]) -> dict[str, str | bytes]:
    """The files of an example, the document first."""
    files: dict[str, str | bytes] = {}
    if "add" in example:
        files["spec.yaml"] = BEGINNING + example["add"]
    return {**files, **example.get("files", {})}


@cache
def said(id: str) -> str:
    """What the command prints about an example."""
    example = examples()[id]
    printed = io.StringIO()
    with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):
        for name, text in files_of(example).items():
            path = Path(name)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(text if isinstance(text, bytes) else text.encode())
        with contextlib.redirect_stderr(printed), contextlib.redirect_stdout(io.StringIO()):
            main([*example.get("run", GENERATE), "--verbose"])
    return printed.getvalue()


def passage(id: str) -> str:
    """The first diagnostic of that id with its lines of source and help."""
    lines = said(id).splitlines()
    start = next(number for number, line in enumerate(lines) if f"[{id}]" in line)
    end = start + 1
    while end < len(lines) and BELOW.match(lines[end]):
        end += 1
    return "\n".join(lines[start:end])


PRODUCED = sorted(id for id, example in examples().items() if "tested_by" not in example)
ELSEWHERE = sorted(id for id, example in examples().items() if "tested_by" in example)


def test_every_id_has_an_example_and_every_example_an_id() -> None:
    assert sorted(examples()) == sorted(CATALOG)


@pytest.mark.parametrize("id", PRODUCED)
def test_example_produces_its_id(id: str) -> None:
    assert f"{CATALOG[id].severity.value}[{id}]: " in said(id)


@pytest.mark.parametrize("id", ELSEWHERE)
def test_what_no_example_can_show_has_a_test(id: str) -> None:
    file, _, name = examples()[id]["tested_by"].partition("::")
    source = (TESTS / file).read_text(encoding="utf-8")
    assert f'"{id}"' in source or f"[{id}]" in source
    functions = {
        node.name for node in ast.walk(ast.parse(source)) if isinstance(node, ast.FunctionDef)
    }
    assert not name or name in functions


@pytest.mark.parametrize("id", sorted(CATALOG))
def test_every_id_has_a_remedy(id: str) -> None:
    assert CATALOG[id].help or examples()[id].get("remedy")


def page() -> str:
    parts = [HEAD]
    for id, entry in sorted(CATALOG.items()):
        parts.append(f"| [`{id}`](#{id}) | {entry.severity.value} | {entry.title} |\n")
    for id, entry in sorted(CATALOG.items()):
        example = examples()[id]
        parts.append(f"\n## {id}\n\n{entry.title}.\n")
        if "tested_by" not in example:
            for name, text in files_of(example).items():
                if isinstance(text, str):
                    parts.append(f"\n`{name}`:\n\n{block(text.rstrip())}\n")
            if "run" in example:
                parts.append(
                    f"\n```console\n$ sdkpress {' '.join(map(shown, example['run']))}\n```\n"
                )
            parts.append(f"\n```text\n{passage(id)}\n```\n")
        remedies = dict.fromkeys(item for item in (entry.help, example.get("remedy")) if item)
        parts.append(f"\nWhat to do: {' '.join(remedies)}\n")
    return "".join(parts)


def block(text: str) -> str:
    """The text as a code block, indented where it has fences itself."""
    if "```" in text:
        return "\n".join(f"    {line}".rstrip() for line in text.splitlines())
    return f"```text\n{text}\n```"


def shown(word: str) -> str:
    return f"'{word}'" if " " in word else word


def test_page_lists_every_id() -> None:
    if os.environ.get("SDKPRESS_GOLDEN") == "rewrite":
        PAGE.write_text(page(), encoding="utf-8", newline="\n")
    assert PAGE.read_text(encoding="utf-8") == page()
