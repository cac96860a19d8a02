"""`--help`: every command has a summary, sections and examples, and every example runs."""

from __future__ import annotations

import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer

from sdkpress.cli import main
from sdkpress.cli.app import app
from tests.conftest import SMALL_DOCUMENT, plain_environment, run
from tests.publishing.test_publish import INSTALLING, LOOKING, Index, index
from tests.unit.loopback_site import Site, here, site

__all__ = ["here", "index", "site"]  # fixtures

CONFIGURATION = """\
[[client]]
name = "museum"
package = "museum"
client = "Museum"
spec = "openapi-spec/museum.yaml"
out = "generated/museum"
license = "MIT"
authors = [{name = "Museum", email = "museum@example.com"}]
urls = {Homepage = "https://museum.example.com"}
"""
CASSETTE = """\
version: 1
api: Museum
exchanges:
  - request: {method: GET, path: /pets}
    response: {status: 200, headers: {content-type: application/json}, json: []}
"""
OVERLAY = """\
overlay: 1.0.0
info: {title: Mended, version: 1.0.0}
actions:
  - {target: $.info, update: {title: Museum}}
"""
CALLER = "from museum import Museum\n\nMuseum().pets.list(limit=1)\n"


def commands() -> Iterator[tuple[str, ...]]:
    def walk(path: tuple[str, ...], command: Any) -> Iterator[tuple[str, ...]]:
        yield path
        for name, below in getattr(command, "commands", {}).items():
            yield from walk((*path, name), below)

    return walk((), typer.main.get_command(app))


COMMANDS = list(commands())


def help_of(capsys: pytest.CaptureFixture[str], path: tuple[str, ...]) -> str:
    assert main([*path, "--help"]) == 0
    captured = capsys.readouterr()
    assert captured.err == ""
    return captured.out


def examples(text: str) -> list[str]:
    """The command lines of a help text, without what a shell does around them."""
    section = re.search(r"^Examples:\n((?:  .*\n)+)", text, re.MULTILINE)
    lines = [line.strip() for line in section[1].splitlines()] if section else []
    shown = [line for line in lines if not line.startswith("#")]
    assert len(shown) * 2 == len(lines), "each example has a remark above it"
    return [re.search(r"sdkpress [^>)]*", line)[0].strip() for line in shown]  # type: ignore[index]


@pytest.mark.parametrize("path", COMMANDS, ids=lambda path: " ".join(path) or "sdkpress")
def test_the_shape_of_help(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, path: tuple[str, ...]
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    text = help_of(capsys, path)
    assert text.isascii() and "\x1b" not in text
    assert max(map(len, text.splitlines())) <= 80
    usage, summary, *_ = text.split("\n\n")
    assert usage.startswith(f"Usage: {' '.join(('sdkpress', *path))} ")
    assert "\n" not in summary and summary.endswith("."), "a summary is one line"
    titles = re.findall(r"^([A-Z][\w ]+):$", text, re.MULTILINE)
    assert "Options" in titles and len(titles) == len(set(titles))
    if "Commands" not in titles or not path:
        assert "Examples" in titles
        assert titles[-1] == "Output", "how to print comes last"
    monkeypatch.setenv("COLUMNS", "50")
    assert summary.split()[:3] == help_of(capsys, path).split("\n\n")[1].split()[:3]


def test_the_list_of_commands_builds_none_of_them() -> None:
    root: Any = typer.main.get_command(app)
    with root.make_context("sdkpress", ["generate"], resilient_parsing=True) as context:
        text = root.get_help(context)
    assert all(f"\n  {name} " in text for name in root.commands)
    assert root.commands.built == {}


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project in git with a client of its own, and what the examples speak of."""
    folder = tmp_path_factory.mktemp("examples") / "project"
    document = SMALL_DOCUMENT.replace("title: Pets", "title: Museum")
    for name, content in {
        "openapi.yaml": document,
        "old.yaml": document.replace("Every pet.", "Pets."),
        "source/museum.yaml": document,
        "mended.overlay.yaml": OVERLAY,
        "calls.yaml": CASSETTE,
        "sdkpress.toml": CONFIGURATION,
        "app/main.py": CALLER,
        "app/_vendor/__init__.py": "",
    }.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(content)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        assert main(["--quiet", "pull", "source/museum.yaml"]) == 0
        assert main(["--quiet", "generate"]) == 0
    own = ("-c", "user.name=a", "-c", "user.email=a@example.com", "-c", "commit.gpgsign=false")
    for words in (("init", "-q"), ("add", "-A"), (*own, "commit", "-q", "-m", "one")):
        run(["git", *words], cwd=folder)
    return folder


FINDINGS = {("doctor",)}  # exit code 1 says that there is something to mend, as there is


@pytest.mark.parametrize(
    "path",
    [path for path in COMMANDS if path != ("publish",)],
    ids=lambda path: " ".join(path) or "sdkpress",
)
def test_the_examples_run(
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    here: Path,
    site: Site,
    prepared: Path,
    path: tuple[str, ...],
) -> None:
    site.answers["/openapi.yaml"] = (200, {}, SMALL_DOCUMENT.encode())
    monkeypatch.setenv("SHELL", "/bin/bash")
    folder = here / "copy"
    shutil.copytree(prepared, folder)
    monkeypatch.chdir(folder)
    lines = examples(help_of(capsys, path))
    assert lines or path in (("overlay",), ("vendor",))
    if path[:1] == ("vendor",) and path not in (("vendor",), ("vendor", "add")):
        lines.insert(0, examples(help_of(capsys, ("vendor", "add")))[0])
    for line in lines:
        words = line.replace("https://api.example.com", site.url).split()[1:]
        assert path == tuple(words[: len(path)]) or "vendor" in words or "--verbose" in words
        if "--write" in words:
            (folder / words[words.index("--write") + 1]).unlink(missing_ok=True)
        if path == ("mock",):
            serve(words, folder)
            continue
        code = main(words)
        captured = capsys.readouterr()
        assert code in ((0, 1) if path in FINDINGS else (0,)), (line, captured.out, captured.err)
        assert "error[" not in captured.err


def test_the_examples_of_publish_run(
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    here: Path,
    prepared: Path,
    index: Index,
) -> None:
    """With the quick steps; tests/publishing/ takes all."""
    folder = here / "copy"
    shutil.copytree(prepared, folder)
    monkeypatch.chdir(folder)
    monkeypatch.setenv("TWINE_USERNAME", "any")
    monkeypatch.setenv("TWINE_PASSWORD", "any")
    skipped = [word for step in (*INSTALLING, *LOOKING) for word in ("--skip", step)]
    lines = examples(help_of(capsys, ("publish",)))
    assert "--dry-run" in lines[0] and "--dry-run" not in lines[-1]
    for line in lines:
        words = line.replace("http://localhost:8080/", index.url).split()[1:]
        narrowed = ["--only", "version"] if "--dry-run" in words else skipped
        assert main([*words, *narrowed]) == 0, capsys.readouterr()
        assert (index.files != []) == ("--dry-run" not in words)


def serve(words: list[str], folder: Path) -> None:
    """Runs until Ctrl-C; on a free port, whatever the example says."""
    process = subprocess.Popen(
        [sys.executable, "-m", "sdkpress", *words, "--port", "0"],
        cwd=folder,
        env=plain_environment(PYTHONPATH=":".join(sys.path)),
        stdout=subprocess.PIPE,
        encoding="utf-8",
    )
    assert process.stdout
    with process:
        line = process.stdout.readline()
        process.send_signal(signal.SIGINT)
        assert re.search(r"http://127\.0\.0\.1:\d+", line), line
        assert process.wait(30) == 0
