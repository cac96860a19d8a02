"""What the guide shows is what the command prints."""

from __future__ import annotations

from pathlib import Path

import pytest

from sdkpress.cli import main
from tests.conftest import REPOSITORY
from tests.diffing.sample_reports import OLD

LIMIT = """\
        - name: limit
          in: query
          schema: {type: integer}
"""


def test_the_first_example_of_the_guide(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    changed = OLD.replace(LIMIT, "").replace("{type: string}\n", '{type: [string, "null"]}\n')
    (tmp_path / "old.yaml").write_text(OLD, encoding="utf-8")
    (tmp_path / "new.yaml").write_text(changed, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    assert main(["diff", "old.yaml", "new.yaml"]) == 1
    guide = (REPOSITORY / "docs/guides/diff.md").read_text(encoding="utf-8")
    shown = guide.partition("$ sdkpress diff old.yaml new.yaml\n")[2].partition("```")[0]
    assert capsys.readouterr().out == shown
