"""Each rule finds what it is about, at a place in the file, and leaves alone what is close to it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from sdkpress.diagnostics import Severity
from sdkpress.doctor.catalog import RULES
from sdkpress.yaml_text import dump_yaml
from tests.conftest import REPOSITORY
from tests.doctor.documents import diagnosed, document_of, examples

PAGE = REPOSITORY / "docs" / "doctor-rules.md"


def test_every_rule_has_an_example_and_every_example_a_rule() -> None:
    assert sorted(examples()) == sorted(RULES)


@pytest.mark.parametrize("id", sorted(RULES))
def test_rule_finds_its_example(id: str, tmp_path: Path) -> None:
    found = [
        finding
        for finding in diagnosed(tmp_path, document_of(examples()[id]["finds"])).placed
        if finding.id == id
    ]
    assert found
    for finding in found:
        assert finding.severity is RULES[id].severity
        assert finding.location.file.endswith("spec.yaml")
        assert finding.location.line >= 1 and finding.location.column >= 1
        assert finding.message.endswith(".")


@pytest.mark.parametrize("id", sorted(RULES))
def test_rule_leaves_the_near_miss_alone(id: str, tmp_path: Path) -> None:
    diagnosis = diagnosed(tmp_path, document_of(examples()[id]["leaves"]))
    assert [item.message for item in diagnosis.placed if item.id == id] == []


def test_nothing_is_wrong_with_the_skeleton(tmp_path: Path) -> None:
    assert diagnosed(tmp_path, document_of({})).placed == ()


HEAD = """# The rules of doctor

What [`sdkpress doctor`](guides/doctor.md) looks for in a document, with an example that each rule finds.
An error makes a client wrong or leaks something, a warning makes it worse, a note is advice.
What the generator itself reports is among the findings, too: see [diagnostics](diagnostics.md).

| id | severity | what | `--write` |
|---|---|---|---|
"""


def page() -> str:
    parts = [HEAD]
    for id, rule in sorted(RULES.items()):
        mends = "yes" if rule.mend else ""
        parts.append(f"| [`{id}`](#{id}) | {rule.severity.value} | {rule.title} | {mends} |\n")
    for id, rule in sorted(RULES.items()):
        parts.append(f"\n## {id}\n\n{rule.title}. ({rule.severity.value.capitalize()})\n\n")
        parts.append(f"{rule.reason}\n\n```yaml\n{shown(examples()[id]['finds'])}```\n")
        if rule.mend:
            parts.append(f"\n`--write`: {rule.mend}\n")
    return "".join(parts)


def shown(parts: dict[str, Any]) -> str:
    """The example, without the document around it."""
    written: dict[str, Any] = {}
    for key, value in parts.items():
        written.update(value if key == "document" else {key: value})
    return dump_yaml(written)


def test_page_lists_every_rule() -> None:
    if os.environ.get("SDKPRESS_GOLDEN") == "rewrite":
        PAGE.write_text(page(), encoding="utf-8", newline="\n")
    assert PAGE.read_text(encoding="utf-8") == page()


def test_errors_are_few() -> None:
    errors = [id for id, rule in RULES.items() if rule.severity is Severity.ERROR]
    assert len(errors) < len(RULES) / 5
