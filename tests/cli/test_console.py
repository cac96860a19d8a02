"""What a run says while it works: terminals and pipes, colours, quiet and verbose."""

from __future__ import annotations

import json
import os
import pty
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from sdkpress.cli import console as console_module
from sdkpress.cli import main
from sdkpress.cli.console import Console
from tests.conftest import plain_environment

STAGES = ("prepare", "load", "validate", "lower", "name", "view", "render", "format", "compare")


@pytest.fixture
def inside(project: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(project)
    for name in ("NO_COLOR", "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)
    return project


@pytest.mark.parametrize("where", ["before", "behind"])
def test_verbose_says_how_long_each_stage_took(
    inside: Path, capsys: pytest.CaptureFixture[str], where: str
) -> None:
    def verbose(*words: str) -> list[str]:
        words = ("-v", *words) if where == "before" else (*words, "--verbose")
        assert main(list(words)) in (0, 1)
        lines = capsys.readouterr().err.splitlines()
        return re.findall(
            r"^sdkpress: ([a-z -]+(?:: [a-z ]+)?): \d+\.\d\d s \(CPU \d+\.\d\d s\)$",
            "\n".join(lines),
            re.MULTILINE,
        )

    stages = [f"generating pets-client: {stage}" for stage in STAGES]
    assert verbose("generate") == [*stages, "generating pets-client", "writing pets-client"]
    if where == "before":
        return
    assert verbose("check", "--full")[-1] == "checking pets-client"
    assert verbose("diff", "pets.yaml", "pets.yaml")[-1] == "comparing"
    assert verbose("pull", "pets.yaml")[-1] == "pulling"
    built = verbose("build", "pets-client", "--out", "dist")
    assert built[-1] == "building pets-client" and len(built) >= 2


def test_quiet_leaves_errors_alone(inside: Path, capsys: pytest.CaptureFixture[str]) -> None:
    document = (inside / "pets.yaml").read_text()
    (inside / "pets.yaml").write_text(document.replace("type: object", "type: thing"))
    for words in (["-q", "generate"], ["check", "-q"], ["-v", "check", "-q", "--full"]):
        assert main(words) == 0
        captured = capsys.readouterr()
        assert (captured.out, captured.err) == ("", ""), words
    (inside / "pets.yaml").write_text("openapi: 3.1.0\n  x")
    assert main(["-q", "check"]) == 2
    assert "error[" in capsys.readouterr().err


def test_json_stands_alone_whatever_is_said(
    inside: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["-v", "generate", "--format", "json"]) == 0
    captured = capsys.readouterr()
    assert json.loads(captured.out)["clients"] and captured.err == ""


@pytest.mark.parametrize(
    ("variables", "is_colored"),
    [
        ({}, False),
        ({"FORCE_COLOR": "1"}, True),
        ({"FORCE_COLOR": "0"}, False),
        ({"FORCE_COLOR": "1", "NO_COLOR": "1"}, False),
        ({"FORCE_COLOR": "1", "NO_COLOR": ""}, True),
        ({"TERM": "xterm-256color"}, False),
    ],
    ids=str,
)
def test_colors_in_a_pipe(
    inside: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    variables: dict[str, str],
    is_colored: bool,
) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    document = (inside / "pets.yaml").read_text()
    (inside / "pets.yaml").write_text(document.replace("type: object", "type: thing"))
    assert main(["inspect", "pets.yaml"]) == 0
    assert ("\x1b[" in capsys.readouterr().err) == is_colored


def on_terminal(folder: Path, *words: str, **environment: str) -> str:
    """What a run writes to a terminal of its own, both streams."""
    ours, theirs = pty.openpty()
    child = subprocess.Popen(
        [sys.executable, "-m", "sdkpress", *words],
        cwd=folder,
        env=plain_environment(PYTHONPATH=":".join(sys.path)) | {"NO_COLOR": ""} | environment,
        stdout=theirs,
        stderr=theirs,
    )
    os.close(theirs)
    seen = b""
    while True:
        try:
            block = os.read(ours, 65536)
        except OSError:  # how Linux says that the other end is closed
            break
        if not block:
            break
        seen += block
    os.close(ours)
    assert child.wait() == 0
    return seen.decode()


@pytest.mark.parametrize("no_color", ["", "1"])
def test_a_terminal_gets_progress_and_color_unless_it_declines(
    project: Path, no_color: str
) -> None:
    document = project / "pets.yaml"
    document.write_text(document.read_text("utf-8").replace("type: object", "type: thing"), "utf-8")
    seen = on_terminal(project, "generate", TERM="xterm", NO_COLOR=no_color)
    assert "generating pets-client" in seen
    assert ("\x1b[1;33mwarning" in seen) == (not no_color)
    assert "warning[invalid-node]" in seen


def test_a_terminal_has_a_spinner_and_times_below_it(project: Path) -> None:
    seen = on_terminal(project, "generate", "--verbose", "--no-black", TERM="xterm", COLUMNS="120")
    assert "\x1b[?25l" in seen and "\x1b[?25h" in seen, "the cursor is hidden and comes back"
    *_, rest = seen.split("\x1b[?25h")
    assert "sdkpress: writing pets-client: " in rest
    assert "sdkpress: generating pets-client: render: " in seen


@pytest.mark.parametrize(
    "words", [("-q", "inspect", "pets.yaml"), ("inspect", "pets.yaml")], ids=" ".join
)
def test_a_dumb_or_quiet_one_has_none(project: Path, words: tuple[str, ...]) -> None:
    terminal = "dumb" if "-q" not in words else "xterm"
    seen = on_terminal(project, *words, TERM=terminal)
    assert "\x1b" not in seen and "reading" not in seen


def test_help_on_a_terminal_is_bold_and_fits(project: Path) -> None:
    seen = on_terminal(project, "check", "--help", TERM="xterm", COLUMNS="60")
    assert "\x1b[1mExamples:\x1b[0m" in seen
    lines = re.sub(r"\x1b\[\d*m", "", seen).splitlines()
    assert max(len(line) for line in lines if not line.startswith(("  #", "  sdkpress"))) <= 60
    assert "\x1b" not in on_terminal(project, "check", "--help", TERM="xterm", NO_COLOR="1")


def test_what_takes_long_is_said_where_there_is_no_terminal(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever takes long: here everything does."""
    monkeypatch.setattr(console_module, "PATIENCE", 0.0)

    def said(*, quiet: bool = False, is_json: bool = False) -> str:
        console = Console()
        console.configure(quiet=quiet, is_json=is_json)
        with console.progress("generating x") as step:
            begin: Callable[[str], None] = step
            begin("render")
        return capsys.readouterr().err

    assert said() == "sdkpress: generating x: render\n"
    assert said(quiet=True) == said(is_json=True) == ""


def test_help_is_quick_because_little_is_imported() -> None:
    """0.15 s of CPU is the promise; what is counted here does not depend on the machine."""
    script = (
        "import sys; from sdkpress.cli import main; code = main(sys.argv[1:]); "
        "own = sorted(name for name in sys.modules if name.startswith('sdkpress')); "
        "print(len(sys.modules), len(own), code, file=sys.stderr)"
    )
    for words, limit in ((["--help"], 230), (["__complete", "fish", "check", ""], 240)):
        done = subprocess.run(
            [sys.executable, "-c", script, *words],
            env=plain_environment(PYTHONPATH=":".join(sys.path)),
            capture_output=True,
            encoding="utf-8",
            check=True,
        )
        modules, own, code = map(int, done.stderr.split())
        assert code == 0 and own <= 40, own
        assert modules <= limit, modules
