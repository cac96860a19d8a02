"""Ctrl-C, being told to end, and a disk that is full: one line, an exit code, and files as a whole."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import PROJECT, SMALL_DOCUMENT, plain_environment, run

# Runs commands one after the other, each in a fresh copy of a folder. A signal comes at the moment
# when the interpreter says for the n-th time that it is about to do something.
SCENARIOS = """\
import contextlib, hashlib, io, json, os, resource, shutil, signal, sys, tempfile
from pathlib import Path

alarm = {"event": "", "left": 0, "signal": 0}

def listen(event, arguments):
    if event == alarm["event"]:
        alarm["left"] -= 1
        if alarm["left"] == 0:
            os.kill(os.getpid(), alarm["signal"])
            os.kill(os.getpid(), alarm["signal"])  # as from a terminal and from make

sys.addaudithook(listen)
from sdkpress.cli import main

def snapshot():
    found = {}
    for path in sorted(Path().rglob("*")):
        if path.is_file() and ".git" not in path.parts:
            found[path.as_posix()] = hashlib.sha256(path.read_bytes()).hexdigest()
        elif path.is_dir() and ".git" not in path.parts:
            found[path.as_posix()] = "folder"
    return found

origin, temporary, scenarios = Path(sys.argv[1]), Path(sys.argv[2]), json.loads(sys.argv[3])
tempfile.tempdir = str(temporary)
hard = resource.getrlimit(resource.RLIMIT_FSIZE)[1]
for number, (folder, words, event, left, name) in enumerate(scenarios):
    copy = origin.parent / f"copy{number}"
    shutil.copytree(origin / folder, copy, symlinks=True)
    os.chdir(copy)
    before, out, err = snapshot(), io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        if event == "limit":
            resource.setrlimit(resource.RLIMIT_FSIZE, (left, hard))
        else:
            alarm.update(event=event, left=left, signal=getattr(signal, name or "SIGINT"))
        code = main(words)
        alarm["event"] = ""
        resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))
    print(json.dumps({
        "code": code, "out": out.getvalue(), "err": err.getvalue(), "left": alarm["left"],
        "before": before, "after": snapshot(), "temporary": os.listdir(temporary),
    }), flush=True)
    os.chdir("/")
    shutil.rmtree(copy)
"""
GENERATE = ["generate", "--no-black"]
MOMENTS: list[tuple[str, list[str], str, int]] = [
    ("new", GENERATE, "os.rename", 1),
    ("new", GENERATE, "os.rename", 100),
    ("changed", GENERATE, "os.rename", 2),
    ("changed", ["check"], "open", 40),
    ("changed", ["pull", "source/pets.yaml"], "os.rename", 1),
    ("changed", ["pull", "source/pets.yaml"], "tempfile.mkstemp", 2),
    ("changed", ["diff", "git:HEAD"], "tempfile.mkdtemp", 1),
    ("changed", ["diff", "git:HEAD"], "subprocess.Popen", 2),
    ("empty", ["init"], "tempfile.mkstemp", 2),
    ("empty", ["init"], "os.rename", 40),
]
"""The folder, the command, and what it is about to do for the n-th time when the signal comes."""


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three projects: without a client yet, with a client of an older document, without anything."""
    top = tmp_path_factory.mktemp("interrupts") / "folders"
    (top / "empty").mkdir(parents=True)
    (top / "empty" / "pets.yaml").write_text(SMALL_DOCUMENT)
    (top / "new").mkdir()
    (top / "new" / "pets.yaml").write_text(SMALL_DOCUMENT)
    (top / "new" / "pyproject.toml").write_text(PROJECT)
    changed = top / "changed"
    (changed / "source").mkdir(parents=True)
    (changed / "pyproject.toml").write_text(PROJECT)
    document = SMALL_DOCUMENT.replace("/Pet", "/Beast").replace("    Pet:", "    Beast:")
    (changed / "pets.yaml").write_text(document + "    Thing: {type: string, enum: [a]}\n")
    (changed / "source" / "pets.yaml").write_text(SMALL_DOCUMENT)
    from sdkpress.cli import main

    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(changed)
        assert main(["--quiet", *GENERATE]) == 0
    own = ("-c", "user.name=a", "-c", "user.email=a@example.com", "-c", "commit.gpgsign=false")
    for words in (("init", "-q"), ("add", "-A"), (*own, "commit", "-q", "-m", "one")):
        run(["git", *words], cwd=changed)
    (changed / "pets.yaml").write_text(SMALL_DOCUMENT)
    return top


def outcomes(folders: Path, scenarios: list[Any]) -> list[dict[str, Any]]:
    temporary = folders.parent / "temporary"
    temporary.mkdir(exist_ok=True)
    environment = plain_environment(
        PYTHONPATH=":".join(sys.path), SDKPRESS_CACHE=str(folders.parent / "cache")
    )
    done = subprocess.run(
        [sys.executable, "-c", SCENARIOS, str(folders), str(temporary), json.dumps(scenarios)],
        env=environment,
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_an_interrupt_at_any_moment_leaves_the_old_state_or_the_new(folders: Path) -> None:
    commands = list(dict.fromkeys((folder, tuple(words)) for folder, words, *_ in MOMENTS))
    undisturbed = [(folder, words, "", 0, "") for folder, words in commands]
    names = ("SIGINT", "SIGTERM", "SIGHUP")
    disturbed = [(*moment, names[number % 3]) for number, moment in enumerate(MOMENTS)]
    found = outcomes(folders, [*undisturbed, *disturbed])
    whole = dict(zip(commands, found, strict=False))
    assert {outcome["code"] for outcome in whole.values()} <= {0, 1}
    states: set[bool] = set()
    for moment, outcome in zip(MOMENTS, found[len(commands) :], strict=True):
        assert outcome["left"] <= 0, f"the moment does not come: {moment}"
        complete = whole[(moment[0], tuple(moment[1]))]
        assert outcome["err"].splitlines()[-1:] == ["sdkpress: interrupted"], (moment, outcome)
        assert (outcome["code"], "Traceback" in outcome["err"]) == (130, False), moment
        assert outcome["temporary"] == [], moment
        assert outcome["after"] in (outcome["before"], complete["after"]), (
            moment,
            sorted(set(outcome["after"].items()) ^ set(complete["after"].items()))[:9],
        )
        if complete["after"] != complete["before"]:
            states.add(outcome["after"] == outcome["before"])
    assert states == {True, False}, "both kinds of moments are among them"


def test_a_full_disk_is_a_located_error_and_changes_nothing(folders: Path) -> None:
    commands: list[tuple[str, list[str]]] = [
        ("new", GENERATE),
        ("changed", GENERATE),
        ("changed", ["pull", "source/pets.yaml"]),
        ("empty", ["init"]),
        ("empty", ["overlay", "apply", "pets.yaml", "o.yaml", "--out", "x.yaml"]),
        ("empty", ["completion", "zsh"]),
    ]
    (folders / "empty" / "o.yaml").write_text(
        "overlay: 1.0.0\ninfo: {title: x, version: '1'}\nactions:\n"
        "  - {target: $.info, update: {x-more: y}}\n"
    )
    found = outcomes(folders, [(*command, "limit", 600, "") for command in commands])
    (folders / "empty" / "o.yaml").unlink()
    assert found.pop()["code"] == 0  # nothing to write
    for command, outcome in zip(commands, found, strict=False):
        assert outcome["code"] == 2, (command, outcome)
        (line,) = [line for line in outcome["err"].splitlines() if "error[" in line]
        assert "File too large" in line and line.split(":1:1: error[")[0], line
        assert "internal error" not in outcome["err"] and "Traceback" not in outcome["err"]
        assert outcome["after"] == outcome["before"], command


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM"])
def test_while_python_is_still_starting(folders: Path, name: str) -> None:
    script = (
        "import os, signal, sys\n"
        "def listen(event, arguments):\n"
        "    if event == 'import' and arguments[0] == 'typer':\n"
        f"        os.kill(os.getpid(), signal.{name})\n"
        "sys.addaudithook(listen)\n"
        "from sdkpress.cli import main\n"
        "sys.exit(main())\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, "generate"],
        cwd=folders / "new",
        env=plain_environment(PYTHONPATH=":".join(sys.path)),
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "sdkpress: interrupted\n")


def test_a_process_that_is_told_to_end(folders: Path) -> None:
    folder = folders / "new"
    with subprocess.Popen(
        [sys.executable, "-m", "sdkpress", "-v", *GENERATE],
        cwd=folder,
        env=plain_environment(PYTHONPATH=":".join(sys.path)),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
    ) as process:
        assert process.stderr
        for line in process.stderr:
            if ": render:" in line:
                process.send_signal(signal.SIGTERM)
                break
        rest = process.stderr.read()
        assert process.wait(60) == 130
    assert rest.splitlines()[-1] == "sdkpress: interrupted"
    assert sorted(path.name for path in folder.iterdir()) == ["pets.yaml", "pyproject.toml"]


@pytest.mark.parametrize("words", [["completion", "bash"], ["check", "--help"]], ids=" ".join)
def test_standard_output_that_is_full(folders: Path, words: list[str]) -> None:
    if not Path("/dev/full").exists():
        pytest.skip("no /dev/full here")
    with open("/dev/full", "w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "sdkpress", *words],
            cwd=folders / "new",
            env=plain_environment(PYTHONPATH=":".join(sys.path)),
            stdout=full,
            stderr=subprocess.PIPE,
            encoding="utf-8",
            check=False,
        )
    assert done.returncode == 2
    (line,) = done.stderr.splitlines()
    assert line.startswith("sdkpress: ") and line.endswith("No space left on device")
