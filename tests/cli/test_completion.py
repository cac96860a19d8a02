"""Shell completion: what is offered, and that bash, zsh and fish take it."""

from __future__ import annotations

import os
import pty
import re
import select
import shutil
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import pytest
import typer

from sdkpress.cli import main
from sdkpress.cli.app import app
from sdkpress.cli.completing import answer, complete, split_line
from tests.conftest import plain_environment

CONFIGURATION = """\
[tool.other]
x = 1

[[tool.sdkpress.client]]
name = "museum"

[[tool.sdkpress.client]]
name = "mueslibox"

[[tool.sdkpress.client]]
name = "$(touch hacked)"
"""
BREAKS = " \t\n\"'><=;|&(:"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "pyproject.toml").write_text(CONFIGURATION)
    for name in ("openapi-spec", "app/below"):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / "open.yaml").write_text("")
    monkeypatch.chdir(tmp_path / "app")
    return tmp_path


@pytest.mark.parametrize(
    ("line", "values", "paths"),
    [
        ("sdkpress gen", ["generate"], ""),
        ("sdkpress -v --quiet che", ["check"], ""),
        ("/opt/bin/sdkpress overlay ", ["apply"], ""),
        ("NO_COLOR=1 sdkpress comp", ["completion"], ""),
        ("sdkpress check mu", ["museum", "mueslibox"], ""),
        ("sdkpress check museum mu", ["mueslibox"], ""),
        ("sdkpress check -- mu", ["museum", "mueslibox"], ""),
        ("sdkpress check --form", ["--format"], ""),
        ("sdkpress check --format ", ["text", "json", "github", "sarif"], ""),
        ("sdkpress check --format=s", ["--format=sarif"], ""),
        ("sdkpress check --format json --fo", [], ""),
        ("sdkpress check 'mus", ["museum"], ""),
        ("sdkpress generate --no-b", ["--no-black"], ""),
        ("sdkpress generate --bl", ["--black"], ""),
        ("sdkpress generate --spec x.yaml --out ", [], "directories"),
        ("sdkpress generate --overlay a.yaml --over", ["--overlay"], ""),
        ("sdkpress generate --spec ", [], "files"),
        ("sdkpress diff git:H", ["git:HEAD"], "files"),
        ("sdkpress diff a b --client muse", ["museum"], ""),
        ("sdkpress mock m", ["museum", "mueslibox"], "files"),
        ("sdkpress mock museum --port ", [], ""),
        ("sdkpress doctor x.yaml --ignore missing-operation-", ["missing-operation-id"], ""),
        ("sdkpress completion ", ["bash", "zsh", "fish"], ""),
        ("sdkpress nonsense ", [], ""),
        ("sdkpress check --nonsense=", [], ""),
    ],
)
def test_what_is_offered(folder: Path, line: str, values: list[str], paths: str) -> None:
    words, current = split_line(line)
    words = words[1:] if words[0] != "NO_COLOR=1" else words[2:]
    offer = complete(typer.main.get_command(app), words, current)
    assert ([value for value, _ in offer.values], offer.paths) == (values, paths)


def test_every_option_of_every_command_is_offered(folder: Path) -> None:
    root = typer.main.get_command(app)
    names = {value for value, _ in complete(root, ["generate"], "-").values}
    assert {"--spec", "--out", "--black", "--no-black", "--bump", "--quiet", "--help"} <= names
    offered = complete(root, [], "").values
    assert all(help for _, help in offered) and len(offered) >= 10


def test_what_a_shell_gets(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    root = typer.main.get_command(app)
    assert answer(root, ["bash", "sdkpress check --format=j", BREAKS]) == ["none", "json"]
    assert answer(root, ["bash", "sdkpress check --format=j", " "]) == ["none", "--format=json"]
    assert answer(root, ["bash", "sdkpress diff git:", BREAKS]) == ["files", "HEAD"]
    assert answer(root, ["zsh", "diff", "git:"]) == ["files", "git\\:HEAD:the last commit"]
    assert answer(root, ["fish", "check", "mus"]) == ["none", "museum\tconfigured client"]
    for wrong in ([], ["bash"], ["tcsh", "x"], ["bash", "sdkpress"]):
        assert main(["__complete", *wrong]) in (0, 1)
        assert capsys.readouterr().err == ""


def test_a_broken_configuration_offers_nothing(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for text in ("[x\n", "tool = 1\n", "[tool]\nsdkpress = 2\n", "[tool.sdkpress]\nclient = 3\n"):
        (folder / "pyproject.toml").write_text(text)
        assert main(["__complete", "fish", "check", ""]) in (0, 1)
        captured = capsys.readouterr()
        assert (captured.out.replace("none\n", ""), captured.err) == ("", "")


def test_the_shell_is_guessed(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert main(["completion", "fish"]) == 0
    script = capsys.readouterr().out
    monkeypatch.setenv("SHELL", "/usr/local/bin/fish")
    assert main(["completion"]) == 0
    assert capsys.readouterr().out == script
    monkeypatch.setenv("SHELL", "/bin/tcsh")
    assert main(["completion"]) == 2
    assert "bash, zsh, fish" in capsys.readouterr().err


# ---------------------------------------------------------------- real shells


@pytest.fixture
def path(tmp_path: Path) -> str:
    """A PATH on which `sdkpress` is this one."""
    bin = tmp_path / "bin"
    bin.mkdir()
    (bin / "sdkpress").write_text(f'#!/bin/sh\nexec "{sys.executable}" -m sdkpress "$@"\n')
    (bin / "sdkpress").chmod(0o755)
    return f"{bin}{os.pathsep}{os.environ['PATH']}"


def found(shell: str) -> str:
    program = shutil.which(shell)
    if program is None:
        pytest.skip(f"no {shell} here")
    return program


class Typed:
    """A shell on a terminal of its own. `press` gives what is on the line when nothing is awaited."""

    def __init__(self, command: Sequence[str], folder: Path, environment: dict[str, str]) -> None:
        self.pid, self.terminal = pty.fork()
        if self.pid == 0:
            os.chdir(folder)
            os.execvpe(command[0], list(command), environment)

    def press(self, keys: str, wanted: str) -> str:
        os.write(self.terminal, keys.encode())
        seen = ""
        end = time.monotonic() + 60
        while time.monotonic() < end:
            if select.select([self.terminal], [], [], 0.2)[0]:
                seen += os.read(self.terminal, 4096).decode(errors="replace")
                if re.search(wanted, re.sub(r"\x1b\[[\d;?]*[A-Za-z]|.\x08", "", seen)):
                    return seen
        raise AssertionError(f"{keys!r} never led to {wanted!r}: {seen!r}")

    def close(self) -> None:
        os.write(self.terminal, b"\x15exit\r")
        os.close(self.terminal)
        os.waitpid(self.pid, 0)


@pytest.mark.parametrize("shell", ["bash", "zsh"])
def test_a_shell_with_a_terminal(folder: Path, path: str, shell: str) -> None:
    start = [found(shell), *{"bash": ["--norc", "--noprofile", "-i"], "zsh": ["-f", "-i"]}[shell]]
    environment = plain_environment(PATH=path, PYTHONPATH=":".join(sys.path), HOME=str(folder))
    environment.pop("PROMPT_COMMAND", None)
    typed = Typed(start, folder, environment)
    try:
        if shell == "zsh":
            typed.press("autoload -U compinit; compinit -u -D; echo re''ady\r", "ready\r\n")
        typed.press(f"eval \"$(sdkpress completion {shell})\"; echo re''ady2\r", "ready2\r\n")
        typed.press("sdkpress che\t", "sdkpress check ")
        typed.press("muse\t", "museum ")
        typed.press("--format=sa\t", "--format=sarif")
        typed.press("\x15sdkpress inspect open.y\t", "open.yaml")
        typed.press("\x15sdkpress build --out ap\t", "app/")
    finally:
        typed.close()
    assert not (folder / "hacked").exists()


def test_fish(folder: Path, path: str) -> None:
    lines = ("che", "check mu", "check --format=s", "inspect open.", "build --out ../app/")
    asked = "; ".join(f'complete -C "sdkpress {line}"; echo =' for line in lines)
    done = subprocess.run(
        [found("fish"), "--no-config", "-c", f"sdkpress completion fish | source; {asked}"],
        cwd=folder,
        env=plain_environment(PATH=path, PYTHONPATH=":".join(sys.path), HOME=str(folder)),
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    answers = [
        sorted(line.partition("\t")[0] for line in block.strip("\n").split("\n"))
        for block in re.split(r"^=$", done.stdout, flags=re.MULTILINE)[:-1]
    ]
    assert answers[:4] == [
        ["check"],
        ["mueslibox", "museum"],
        ["--format=sarif"],
        ["open.yaml"],
    ], done
    assert not (folder / "hacked").exists()
