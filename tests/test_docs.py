"""What the documentation says is true: links resolve, Python runs, shown commands and options exist.

A block that cannot run says why, on the line above it: `<!-- not executed: reason -->`. One that
begins with the name of a file (`# assistant.py`) can be imported by those that follow on its page.
"""

from __future__ import annotations

import os
import re
import shlex
import sys
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import filter as filter_names
from fnmatch import fnmatch
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
# tests/test_tutorial.py follows it from its first line to its last.
TUTORIAL = REPOSITORY / "docs" / "tutorial.md"
EXECUTED = [
    page
    for page in PAGES
    if page.parent == REPOSITORY
    or (
        page.is_relative_to(REPOSITORY / "docs")
        # tests/test_migrating.py runs these, with the client of their own document.
        and not page.is_relative_to(REPOSITORY / "docs" / "migrating")
        and page != TUTORIAL
    )
]


TESTING = Path("generator", "sdkpress", "runtime", "testing")


@dataclass(frozen=True, slots=True)
class Block:
    page: Path
    line: int
    language: str
    text: str
    excuse: str

    @property
    def file(self) -> str:
        """The name of the file that it is shown as."""
        found = re.match(r"# (\w+\.py)\n", self.text)
        return found[1] if found else ""

    @property
    def shown_tests(self) -> int:
        """How many tests it shows; one with parameters would count as one."""
        return len(re.findall(r"^ *(?:async )?def test_", self.text, re.M))


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


def test_the_architecture_has_a_place_for_every_module_of_the_fake_server() -> None:
    text = (REPOSITORY / "docs" / "architecture.md").read_text(encoding="utf-8")
    section = text.partition("## The fake server\n")[2].partition("\n## ")[0]
    named = re.findall(r"`([a-z_*]+)`", section)
    modules = [path.stem for path in (REPOSITORY / TESTING).glob("[a-z]*.py")]
    assert modules
    assert [module for module in modules if not any(fnmatch(module, one) for one in named)] == []
    assert [one for one in named if not filter_names(modules, one)] == []


# ---------------------------------------------------------------- Python


PYTHON = [block for page in EXECUTED for block in blocks(page) if block.language == "python"]
TESTS = [block for block in PYTHON if block.shown_tests]
PROGRAMS = [block for block in PYTHON if not block.shown_tests]


def place(block: Block) -> str:
    return f"{name(block.page)}:{block.line}"


def written(block: Block, folder: Path, file: str) -> Path:
    """The block as a file, beside those of its page that have a name and come before it."""
    compile(block.text, place(block), "exec")
    if block.excuse:
        pytest.skip(f"not executed: {block.excuse}")
    for other in PYTHON:
        if other.page == block.page and other.line < block.line and other.file:
            (folder / other.file).write_text(other.text, encoding="utf-8")
    program = folder / file
    program.write_text(block.text, encoding="utf-8")
    return program


@pytest.mark.parametrize("block", TESTS, ids=place)
def test_shown_tests_pass(block: Block, generated: Path, tmp_path: Path) -> None:
    """They bring everything with them: here are neither a server nor a key."""
    program = written(block, tmp_path, "test_block.py")
    command = [sys.executable, "-W", "error", "-m"]
    if "import unittest" in block.text:
        command += ["unittest", program.stem]
    else:
        # As an installed package would bring them.
        plugins = ["siray_chat.testing.pytest_plugin", "no:cacheprovider"]
        command += ["pytest", "-q", *(f"-p{plugin}" for plugin in plugins), program.name]
    done = run(command, cwd=tmp_path, PYTHONPATH=str(generated / "src"))
    outcome = re.search(r"^(\d+) passed in |^Ran (\d+) tests? in ", done.stdout + done.stderr, re.M)
    assert outcome, done.stdout + done.stderr
    assert int(outcome[1] or outcome[2]) == block.shown_tests


@pytest.mark.slow
def test_type_checkers_have_nothing_to_say_about_tests(generated: Path, tmp_path: Path) -> None:
    pages = {block.page for block in TESTS if not block.excuse}
    for number, block in enumerate(block for block in PYTHON if block.page in pages):
        text = f"# {place(block)}\n{block.text}"
        (tmp_path / (block.file or f"block_{number}.py")).write_text(text, encoding="utf-8")
    (tmp_path / "mypy.ini").write_text("[mypy]\nstrict = true\nfollow_imports = silent\n")
    files = sorted(path.name for path in tmp_path.glob("*.py"))
    path = os.pathsep.join(map(str, (generated / "src", tmp_path)))
    run([sys.executable, "-m", "mypy", *files], cwd=tmp_path, MYPYPATH=path)


@pytest.mark.parametrize("block", PROGRAMS, ids=place)
def test_python_blocks_run_against_the_fake_server(
    block: Block, fake_server: str, tmp_path: Path
) -> None:
    program = written(block, tmp_path, "block.py")
    run(
        [sys.executable, program],
        cwd=tmp_path,
        PYTHONPATH=str(GENERATED / "src"),
        SIRAY_API_KEY="any-key-will-do",
        SIRAY_BASE_URL=fake_server,
    )


def test_every_option_of_a_call_is_explained() -> None:
    source = (REPOSITORY / "generator/sdkpress/runtime/options.py").read_text(encoding="utf-8")
    options = re.findall(r"^ {8}(\w+): ", source, re.MULTILINE)
    page = (REPOSITORY / "docs/guides/requests.md").read_text(encoding="utf-8")
    section = page.partition("## Other settings for one call\n")[2].partition("\n## ")[0]
    rows = re.findall(r"^\| (`\w+`[^|]*) \|", section, re.MULTILINE)
    assert sorted(re.findall(r"\w+", " ".join(rows))) == sorted(options) != []


def test_the_readme_has_python_that_runs() -> None:
    assert [block.page.name for block in PYTHON if not block.excuse].count("README.md") >= 1


@pytest.mark.parametrize(
    "program", sorted((REPOSITORY / "docs" / "examples").glob("*.py")), ids=lambda path: path.name
)
def test_examples_run(program: Path, generated: Path, tmp_path: Path) -> None:
    done = run([sys.executable, program], cwd=tmp_path, PYTHONPATH=str(generated / "src"))
    assert done.stdout.strip()
    assert done.stderr == ""


# ---------------------------------------------------------------- commands


def shown_commands() -> list[tuple[Block, str]]:
    shown = []
    for page in PAGES:
        if page == TUTORIAL:
            continue
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
    if program == "pip":
        project = tomllib.loads((GENERATED / "pyproject.toml").read_text(encoding="utf-8"))
        extras = project["project"]["optional-dependencies"]
        assert words in [["install", f"siray-chat[{extra}]"] for extra in extras]
        return
    if program in (".", "python", "export"):  # of the shell, around our own
        assert all("=" in word or word.endswith((".py", "/bin/activate")) for word in words)
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
