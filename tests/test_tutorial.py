"""The tutorial is followed from its first line to its last, in one shell, and prints what it shows.

A block that begins with a file's name is that file; a `diff` is an edit of the file that it names.
In shown output `...` stands for anything. `# exits with N` behind a command is how it ends.
"""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
import venv
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.conftest import REPOSITORY, free_port, plain_environment
from tests.test_docs import Block, blocks, place

PAGE = REPOSITORY / "docs" / "tutorial.md"
SECONDS = 600
MARK = "\x01"

pytestmark = [pytest.mark.slow, pytest.mark.index]


@dataclass(frozen=True, slots=True)
class Step:
    """A command of the page, or an edit in its words, and what it must print."""

    place: str
    script: str
    output: str = ""
    code: int = 0


def _edit(block: Block) -> Step:
    """Lines with a minus, which are there once, give way to those with a plus."""
    first, *lines = block.text.splitlines()
    file = first.removeprefix("--- ")
    old = "".join(f"{line[1:]}\n" for line in lines if line[0] in " -")
    new = "".join(f"{line[1:]}\n" for line in lines if line[0] in " +")
    program = (
        "import pathlib, sys; name, old, new = sys.argv[1:]; path = pathlib.Path(name); "
        "text = path.read_text(); assert text.count(old) == 1, (name, old); "
        "path.write_text(text.replace(old, new))"
    )
    return Step(place(block), shlex.join(["python", "-c", program, file, old, new]))


def _file(block: Block, name: str) -> Step:
    text = block.text.partition("\n")[2]
    made = f"mkdir -p {shlex.quote(str(Path(name).parent))}"
    return Step(place(block), f"{made}; printf %s {shlex.quote(text)} > {shlex.quote(name)}")


def _commands(block: Block) -> list[Step]:
    steps = []
    for part in re.split(r"^\$ ", block.text, flags=re.MULTILINE)[1:]:
        line, _, output = part.partition("\n")
        command, _, note = line.partition("  # ")
        code = int(note.removeprefix("exits with ")) if note else 0
        if command.endswith(" &"):
            # A server: what follows has to find it, and what it prints is nobody's output.
            (port,) = re.findall(r"(?:-p|--port) (\d+)", command)
            reach = f"import socket; socket.create_connection(('127.0.0.1', {port})).close()"
            wait = f"for i in $(seq 200); do python -c {shlex.quote(reach)} 2>/dev/null && break; sleep 0.1; done"
            command = f"{command[:-2]} > /dev/null 2>&1 & {wait}"
        steps.append(Step(place(block), command, output, code))
    return steps


def steps() -> list[Step]:
    found: list[Step] = []
    for block in blocks(PAGE):
        name = re.match(r"# ([\w./]+)\n", block.text)
        if block.excuse:
            continue
        if block.language == "console":
            found += _commands(block)
        elif block.language == "diff":
            found.append(_edit(block))
        else:
            assert name, f"{place(block)} is neither a file nor a command"
            found.append(_file(block, name[1]))
    return found


def _pattern(shown: str) -> re.Pattern[str]:
    """What is shown as a regular expression: `...` alone on a line is any lines, none included."""
    lines = []
    for line in shown.splitlines():
        if line == "...":
            lines.append(r"(?:.*\n)*?")
        else:
            words = [r"\s+".join(map(re.escape, part.split())) for part in line.split("...")]
            lines.append(r"[ ]*" + r"[^\n]*?".join(words) + r"[ ]*\n")
    return re.compile("".join(lines))


@pytest.fixture
def shell(tmp_path: Path, package_index: None) -> dict[str, str]:
    """The environment of the reader: Python of their own, and the tools of this repository in it.

    What the page installs goes there; what is installed here need not be downloaded again.
    """
    folder = tmp_path / "environment"
    venv.create(folder, with_pip=False)
    (site,) = folder.glob("lib/*/site-packages")
    here = next(Path(path) for path in sys.path if path.endswith("site-packages"))
    (site / "tools.pth").write_text(f"{REPOSITORY / 'generator'}\n{here}\n")
    # Scripts start the interpreter that they were installed for: this one must find both.
    scripts = {
        "sdkpress": "-m sdkpress",
        "pip": "-m pip",
        "pypi-server": "-m pypiserver",
    }
    for name, arguments in scripts.items():
        script = folder / "bin" / name
        # The backend is here, so that the client is built without a download.
        own = "PIP_NO_BUILD_ISOLATION=0; export PIP_NO_BUILD_ISOLATION\n" if name == "pip" else ""
        script.write_text(f'#!/bin/sh\n{own}exec {folder}/bin/python {arguments} "$@"\n')
        script.chmod(0o755)
    path = f"{folder / 'bin'}:{Path(sys.executable).parent}:/usr/local/bin:/usr/bin:/bin"
    author = {f"GIT_{who}_{what}": "reader@shop.example" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}  # fmt: skip
    return plain_environment(
        PATH=path,
        HOME=str(tmp_path),
        PIP_DISABLE_PIP_VERSION_CHECK="1",
        **author,
    )


@pytest.mark.skipif(sys.platform == "win32", reason="the page speaks to a POSIX shell")
def test_the_tutorial_can_be_followed(tmp_path: Path, shell: dict[str, str]) -> None:
    every = steps()
    assert len(every) > 30
    script = ["set +e", "trap 'kill $(jobs -p) 2>/dev/null' EXIT"]
    for step in every:
        script += [step.script, f"printf '{MARK}%s\\n' $?"]
    text = "\n".join(script)
    for port in set(re.findall(r"127\.0\.0\.1:(\d+)", PAGE.read_text(encoding="utf-8"))):
        text = text.replace(port, str(free_port()))
    (tmp_path / "follow.sh").write_text(text, encoding="utf-8")
    work = tmp_path / "work"
    work.mkdir()
    done = subprocess.run(
        ["bash", str(tmp_path / "follow.sh")],
        cwd=work, env=shell, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, encoding="utf-8", timeout=SECONDS, check=False,
    )  # fmt: skip
    parts = re.split(rf"{MARK}(\d+)\n", done.stdout)
    outputs, codes = parts[0::2], parts[1::2]
    assert len(codes) == len(every), done.stdout[-3000:]
    for step, output, code in zip(every, outputs, codes, strict=False):
        shown = f"{step.place}: {step.script}\n{output}"
        assert int(code) == step.code, shown
        if step.output:
            assert _pattern(step.output).fullmatch(output), f"{shown}\nand not\n{step.output}"


def test_what_is_not_printed_is_found_out() -> None:
    """The test above can fail."""
    assert _pattern("...\nok  types ... 100 %\n").fullmatch("a\nok       types   2 s 100 %\n")
    assert not _pattern("...\nok  types ... 100 %\n").fullmatch("a\nok  types  99 %\n")
    assert not _pattern("in step\n").fullmatch("in step\nand more\n")
