"""What the documentation says is true: links resolve, Python runs, shown commands and options exist.

A block that cannot run says why, on the line above it: `<!-- not executed: reason -->`.
"""

from __future__ import annotations

import re
import shlex
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

from tests.conftest import GENERATED, REPOSITORY, run

PAGES = sorted(
    [
        *REPOSITORY.glob("*.md"),
        *REPOSITORY.glob("docs/**/*.md"),
        *REPOSITORY.glob("tests/*.md"),
        *REPOSITORY.glob("tests/benchmarks/*.md"),
    ]
)
EXECUTED = [
    page
    for page in PAGES
    if page.parent == REPOSITORY or page.is_relative_to(REPOSITORY / "docs" / "guides")
]


@dataclass(frozen=True, slots=True)
class Block:
    page: Path
    line: int
    language: str
    text: str
    excuse: str


def blocks(page: Path) -> Iterator[Block]:
    """The fenced blocks of a page, each with the line of its fence (from 1)."""
    lines = page.read_text(encoding="utf-8").splitlines()
    start: int | None = None
    for number, line in enumerate(lines):
        if start is None and line.startswith("```"):
            start = number
        elif start is not None and line == "```":
            above = next((text for text in reversed(lines[:start]) if text.strip()), "")
            excuse = re.fullmatch(r"<!-- not executed: (.+) -->", above)
            yield Block(
                page=page,
                line=start + 1,
                language=lines[start].removeprefix("```").strip(),
                text="\n".join(lines[start + 1 : number]) + "\n",
                excuse=excuse[1] if excuse else "",
            )
            start = None
    assert start is None, f"{page}: a fence opened on line {(start or 0) + 1} is not closed"


def prose(page: Path) -> str:
    text = re.sub(r"^```.*?^```$", "", page.read_text(encoding="utf-8"), flags=re.M | re.S)
    return re.sub(r"`[^`\n]*`", "", text)


def anchors(page: Path) -> set[str]:
    """The fragment of each heading, as code hosts make them."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def name(page: Path) -> str:
    return page.relative_to(REPOSITORY).as_posix()


# ---------------------------------------------------------------- links


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_internal_links_resolve(page: Path) -> None:
    broken = []
    for target in re.findall(r"\]\(([^)\s]+)\)", prose(page)):
        if re.match(r"[a-z]+:", target):
            continue
        path, _, fragment = target.partition("#")
        destination = (page.parent / path).resolve() if path else page
        if not destination.exists():
            broken.append(target)
        elif fragment and fragment not in anchors(destination):
            broken.append(target)
    assert broken == []


def test_every_page_of_docs_can_be_reached_from_the_index() -> None:
    seen: set[Path] = set()
    waiting = [REPOSITORY / "docs" / "index.md"]
    while waiting:
        page = waiting.pop()
        if page in seen or not page.is_file():
            continue
        seen.add(page)
        for target in re.findall(r"\]\(([^)\s#]+\.md)[^)]*\)", prose(page)):
            if "://" not in target:
                waiting.append((page.parent / target).resolve())
    assert [name(p) for p in REPOSITORY.glob("docs/**/*.md") if p.resolve() not in seen] == []


# ---------------------------------------------------------------- Python


PYTHON = [block for page in EXECUTED for block in blocks(page) if block.language == "python"]


@pytest.mark.parametrize("block", PYTHON, ids=lambda block: f"{name(block.page)}:{block.line}")
def test_python_blocks_run_against_the_fake_server(
    block: Block, fake_server: str, tmp_path: Path
) -> None:
    compile(block.text, f"{block.page}:{block.line}", "exec")
    if block.excuse:
        pytest.skip(f"not executed: {block.excuse}")
    program = tmp_path / "block.py"
    program.write_text(block.text, encoding="utf-8")
    run(
        [sys.executable, program],
        cwd=tmp_path,
        timeout=60,
        PYTHONPATH=str(GENERATED / "src"),
        SIRAY_API_KEY="any-key-will-do",
        SIRAY_BASE_URL=fake_server,
    )


def test_the_readme_has_python_that_runs() -> None:
    assert [block.page.name for block in PYTHON if not block.excuse].count("README.md") >= 1


@pytest.mark.parametrize(
    "program", sorted((REPOSITORY / "docs" / "examples").glob("*.py")), ids=lambda path: path.name
)
def test_examples_run(program: Path, generated: Path, tmp_path: Path) -> None:
    done = run(
        [sys.executable, program], cwd=tmp_path, timeout=60, PYTHONPATH=str(generated / "src")
    )
    assert done.stdout.strip()
    assert done.stderr == ""


# ---------------------------------------------------------------- commands


def shown_commands() -> list[tuple[Block, str]]:
    shown = []
    for page in PAGES:
        for block in blocks(page):
            if block.language == "console":
                lines = re.findall(r"^\$ (.+?)(?:\s+# .*)?$", block.text, re.MULTILINE)
                assert lines, f"{name(page)}:{block.line} has no line that starts with a prompt"
                shown += [(block, line) for line in lines]
    return shown


@cache
def help_of(*command: str) -> str:
    done = run(
        [sys.executable, "-m", "sdkpress", *command, "--help"],
        cwd=REPOSITORY,
        PYTHONPATH=str(REPOSITORY / "generator"),
    )
    return done.stdout


def listed(word: str, text: str) -> bool:
    """Whether a help text lists a command or an option, at the start of a row or after a comma."""
    return re.search(rf"(?:^|[\s│,|]){re.escape(word)}(?=[\s,=│|]|$)", text, re.M) is not None


@pytest.mark.parametrize(
    "shown", shown_commands(), ids=lambda shown: f"{name(shown[0].page)}: {shown[1]}"
)
def test_shown_commands_exist(shown: tuple[Block, str]) -> None:
    program, *words = shlex.split(shown[1])
    if program == "make":
        makefile = (REPOSITORY / "Makefile").read_text(encoding="utf-8")
        targets = [word for word in words if "=" not in word]
        missing = [t for t in targets if not re.search(rf"^{t}:", makefile, re.MULTILINE)]
        assert missing == []
        return
    assert program == "sdkpress", f"what is {program}?"
    command: list[str] = []
    while words and re.fullmatch(r"[a-z-]+", words[0]) and not words[0].startswith("-"):
        if not listed(words[0], help_of(*command)):
            break
        command.append(words.pop(0))
    options = [word.partition("=")[0] for word in words if word.startswith("-")]
    assert command or options in (["--version"], ["--help"]), "no such command"
    assert [option for option in options if not listed(option, help_of(*command))] == []


def test_the_fake_command_of_the_docs_test_is_found_out() -> None:
    """The test above can fail: it knows commands from words that only look like them."""
    assert not listed("no-such-command", help_of())
    assert listed("generate", help_of())
