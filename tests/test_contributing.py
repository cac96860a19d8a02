"""The walk-through for contributors is of the tree as it is: its files exist, its diff is in them."""

from __future__ import annotations

import re

from tests.conftest import REPOSITORY
from tests.test_docs import blocks

PAGE = REPOSITORY / "docs" / "contributing" / "add-a-content-type.md"
SOURCES = REPOSITORY / "generator" / "sdkpress"
MOST_SOURCES = 4
"""Source files that a content type may touch; more of them, and a boundary is wrong."""


def test_every_file_and_function_that_it_names_exists() -> None:
    text = PAGE.read_text(encoding="utf-8")
    named = set(re.findall(r"`([\w/.-]+\.(?:py|md)|[\w/]+/)`", text))
    assert len(named) > 8
    missing = [
        name for name in named if not any((root / name).exists() for root in (REPOSITORY, SOURCES))
    ]
    assert missing == []
    for file, names in re.findall(r"`([\w/]+\.py)` \((`\w+`(?:, `\w+`)*)\)", text):
        source = (SOURCES / file).read_text(encoding="utf-8")
        for name in re.findall(r"\w+", names):
            assert re.search(rf"^def {name}\(", source, re.MULTILINE), f"{file} has no {name}"


def test_its_diff_is_in_the_tree() -> None:
    shown = [block.text for block in blocks(PAGE) if block.language == "diff"]
    assert 1 < len(shown) <= MOST_SOURCES
    for text in shown:
        path = re.findall(r"^\+\+\+ b/(.+)$", text, re.MULTILINE)
        assert len(path) == 1
        now = (REPOSITORY / path[0]).read_text(encoding="utf-8")
        for hunk in re.split(r"^@@.*\n", text, flags=re.MULTILINE)[1:]:
            lines = [line for line in hunk.splitlines() if not line.startswith("-")]
            assert "\n".join(line[1:] for line in lines) in now, f"{path[0]}:\n{hunk}"


def test_its_test_is_the_one_in_the_tree() -> None:
    (shown,) = (block.text for block in blocks(PAGE) if block.language == "python")
    file = REPOSITORY / "tests" / "behaviour" / "test_line_media_types.py"
    assert shown in file.read_text(encoding="utf-8")
