"""cli/: exit codes, what goes to which stream, and that a run on nothing new is known to be one."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import types
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from sdkpress.cli import main
from sdkpress.cli.entry import DEFECT, INTERRUPTED

Command = Callable[..., "subprocess.CompletedProcess[str]"]
CLIENT = "generated/pets-client"


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SDKPRESS_CACHE", str(tmp_path / "cache"))


@pytest.fixture
def inside(project: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(project)
    return project


@pytest.fixture
def made(inside: Path, capsys: pytest.CaptureFixture[str]) -> Iterator[Path]:
    assert main(["generate"]) == 0
    capsys.readouterr()
    yield inside


def snapshot(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def replace_in(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))


def read_json(capsys: pytest.CaptureFixture[str]) -> Any:
    captured = capsys.readouterr()
    return json.loads(captured.out)


# --- calls ----------------------------------------------------------------------------------------


def test_help_imports_nothing_heavy() -> None:
    script = (
        "import sys; from sdkpress.cli import main; assert main(['--help']) == 0; "
        "heavy = {'rich', 'yaml', 'jinja2', 'black', 'msgspec', 'httpx2', 'jsonpath', 'pydantic',"
        " 'openapi_python_client', 'uvicorn', 'griffe', 'mypy', 'importlib.metadata', 'tomllib',"
        " 'sdkpress.config', 'sdkpress.pipeline', 'sdkpress.document', 'sdkpress.diffing',"
        " 'sdkpress.doctor'}; "
        "sys.exit(', '.join(heavy & set(sys.modules)) or 0)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert "generate" in done.stdout


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--version"]) == 0
    assert re.fullmatch(r"sdkpress \d+\.\d+\.\d+\n", capsys.readouterr().out)


@pytest.mark.parametrize(
    "arguments",
    [
        ["--nonsense"],
        ["nonsense"],
        ["generate", "--nonsense"],
        ["generate", "--spec", "pets.yaml"],
        ["generate", "--out", "x"],
        ["generate", "--overlay", "x"],
        ["generate", "pets-client", "--spec", "pets.yaml", "--out", "x"],
        ["generate", "no-such-client"],
        ["generate", "--format", "xml"],
        ["check", "no-such-client"],
        ["check", "--format", "xml"],
        ["overlay"],
        ["overlay", "apply", "pets.yaml"],
        ["mock", "pets.yaml", "--port", "99999"],
        ["generate", "--spec", "nothing.yaml", "--out", "x"],
        ["generate", "--spec", "pets.yaml", "--out", "x", "--package", "not-one"],
        ["generate", "--spec", "pets.yaml", "--out", "x", "--name", "a b"],
        ["generate", "--spec", "pets.yaml", "--out", "x", "--client", "9"],
        ["generate", "--spec", "pets.yaml", "--out", "pets.yaml"],
        ["generate", "--spec", "pets.yaml", "--out", "pets.yaml/x"],
        ["inspect", "nothing.yaml"],
        ["inspect", "pets-client", "--overlay", "pets.yaml"],
        ["mock", "nothing.yaml"],
        ["diff"],
        ["diff", "nothing.yaml", "pets.yaml"],
        ["diff", "pets.yaml", "."],
        ["diff", "pets.yaml", "pets.yaml", "--client", "no-such-client"],
        ["diff", "pets.yaml", "pets.yaml", "--format", "pdf"],
        ["diff", "pets.yaml", "pets.yaml", "--today", "2030-13-01"],
        ["diff", "pets.yaml", "pets.yaml", "--callers", "pets.yaml"],
        ["diff", "pets.yaml", "pets.yaml", "--out", "x/report.html", "--format", "html"],
        ["diff", "git:", "pets.yaml"],
        ["diff", "git:--output=x", "pets.yaml"],
        ["doctor"],
        ["doctor", "no-such-client"],
        ["doctor", "pets.yaml", "--ignore", "no-such-rule"],
        ["doctor", "pets.yaml", "--overlay", "pets.yaml"],
        ["doctor", "pets.yaml", "--write", "pets.yaml"],
        ["pull", "nothing.yaml"],
        ["pull", "file:///etc/passwd"],
        ["pull", "--as", "a.yaml"],
        ["pull", "pets.yaml", "--as", "../a.yaml"],
        ["pull", "pets.yaml", "--timeout", "nan"],
        ["pull", "pets.yaml", "--allow-host", "a b"],
        ["pull", "pets.yaml", "--allow-host", "https://example.com"],
        ["completion", "tcsh"],
        ["init", "nothing.yaml"],
        ["init", "pets.yaml", "--name", "../x"],
    ],
    ids=" ".join,
)
def test_a_wrong_call_is_2_and_changes_nothing(
    inside: Path, capsys: pytest.CaptureFixture[str], arguments: list[str]
) -> None:
    before = snapshot(inside)
    assert main(arguments) == 2
    captured = capsys.readouterr()
    assert captured.out == "" and captured.err != "" and "Traceback" not in captured.err
    assert snapshot(inside) == before and not (inside / "x").exists()


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"a: [", "invalid-yaml"),
        (b"just text", "not-openapi"),
        (b"swagger: '2.0'\n", "swagger-2"),
        (b"", "empty-document"),
        (b"\xff\xff\xff", "invalid-encoding"),
    ],
)
def test_a_bad_document_is_one_located_line_and_2(
    inside: Path, sdkpress: Command, content: bytes, words: str
) -> None:
    (inside / "bad.yaml").write_bytes(content)
    done = sdkpress("generate", "--spec", "bad.yaml", "--out", "x", cwd=inside, check=False)
    assert (done.returncode, done.stdout) == (2, "")
    assert re.match(rf"bad\.yaml:\d+:\d+: error\[{words}\]: ", done.stderr)
    assert not (inside / "x").exists()


@pytest.mark.parametrize(
    "arguments", [["check"], ["diff", "pets.yaml"], ["doctor", "pets-client"]], ids=" ".join
)
def test_a_broken_names_lock_is_located(
    inside: Path, capsys: pytest.CaptureFixture[str], arguments: list[str]
) -> None:
    (inside / "pets.names.lock").write_text("{\n<<<<<<< ours\n")
    assert main(arguments) == 2
    words = "pets.names.lock:2:1: error[invalid-lock]: the names lock cannot be read: "
    assert capsys.readouterr().err.startswith(words)


def test_a_wrong_configuration_is_located(inside: Path, capsys: pytest.CaptureFixture[str]) -> None:
    replace_in(inside / "pyproject.toml", "package", "pakcage")
    assert main(["check"]) == 2
    assert "pyproject.toml:3:1: error[invalid-config]" in capsys.readouterr().err


# --- generate -------------------------------------------------------------------------------------


def test_generate_says_what_it_wrote(inside: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["generate", "--format", "json"]) == 0
    (client,) = read_json(capsys)["clients"]
    assert list(client) == [
        "name",
        "package",
        "client",
        "async_client",
        "out",
        "files",
        "operations",
        "diagnostics",
    ]
    assert (client["async_client"], client["out"], client["operations"]) == (
        "AsyncPets",
        CLIENT,
        2,
    )
    states = {file["path"]: file["state"] for file in client["files"]}
    assert states["src/pets_client/client.py"] == states[".sdkpress.json"] == "written"
    assert all((inside / CLIENT / path).exists() for path in states)


def test_a_second_generate_is_the_same_without_building(
    made: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert main(["generate", "--full", "--format", "json"]) == 0
    built = read_json(capsys)
    monkeypatch.setitem(sys.modules, "sdkpress.pipeline", types.ModuleType("none"))
    assert main(["generate", "--format", "json"]) == 0
    assert read_json(capsys) == built
    assert {file["state"] for file in built["clients"][0]["files"]} == {"unchanged"}
    assert main(["check"]) == 0
    assert main(["check", "--full"]) == DEFECT


@pytest.mark.parametrize(
    "touch",
    [
        "pets.yaml",
        "pyproject.toml",
        f"{CLIENT}/src/pets_client/client.py",
        f"{CLIENT}/.sdkpress.json",
        "pets.names.lock",
    ],
)
def test_nothing_is_taken_for_unchanged_that_is_not(
    made: Path, monkeypatch: pytest.MonkeyPatch, touch: str
) -> None:
    """Each input and output counts by its bytes, also with the old size and time."""
    path = made / touch
    stat = path.stat()
    content = path.read_bytes()
    if touch == "pyproject.toml":
        content = content.replace(b'"PETS"', b'"PUTS"')
    else:
        content = content[:-2] + bytes([content[-2] ^ 1]) + content[-1:]
    path.write_bytes(content)
    os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    monkeypatch.setitem(sys.modules, "sdkpress.pipeline", types.ModuleType("none"))
    assert main(["check"]) == DEFECT, "it should have built"


def test_a_referred_file_counts_too(
    made: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    replace_in(made / "pets.yaml", '"#/components/schemas/Pet"', '"pet.yaml"')
    before = snapshot(made)
    assert main(["generate"]) == 2
    assert "error[ref-file-missing]" in capsys.readouterr().err
    assert snapshot(made) == before
    (made / "pet.yaml").write_text("type: object\n")  # what was missing is there
    assert main(["check"]) == 1
    assert main(["generate"]) == 0
    (made / "pet.yaml").write_text("type: string\n")
    assert main(["check"]) == 1


def test_generate_without_configuration(inside: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = snapshot(inside)
    arguments = ["generate", "--spec", "pets.yaml", "--out", "o/pets", "--format", "json"]
    assert main(arguments) == 0
    (client,) = read_json(capsys)["clients"]
    assert (client["name"], client["package"], client["client"]) == ("pets", "pets", "Pets")
    assert {name: content for name, content in snapshot(inside).items() if name in before} == before
    assert {path.name for path in inside.iterdir()} == {"pets.yaml", "pyproject.toml", "o"}


def test_an_edited_file_is_refused(made: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = made / CLIENT / "src/pets_client/client.py"
    path.write_text(path.read_text() + "# mine\n")
    replace_in(made / "pets.yaml", "An animal.", "A beast.")
    before = snapshot(made)
    assert main(["generate"]) == 1
    captured = capsys.readouterr()
    assert snapshot(made) == before and captured.out == ""
    assert f"{CLIENT}/src/pets_client/client.py:" in captured.err
    assert "error[edited-file]" in captured.err and "extras/" in captured.err
    assert main(["generate", "--format", "json"]) == 1
    (client,) = read_json(capsys)["clients"]
    assert client["files"] == []
    assert [item["id"] for item in client["diagnostics"]] == ["edited-file"]


def test_one_edited_file_stops_all_clients(made: Path) -> None:
    second = (made / "pyproject.toml").read_text().replace("pets", "dogs").replace("Pets", "Dogs")
    second = second.replace("dogs.yaml", "pets.yaml")
    with (made / "pyproject.toml").open("a") as stream:
        stream.write(second)
    path = made / CLIENT / "src/pets_client/client.py"
    path.write_text("mine")
    assert main(["generate"]) == 1
    assert not (made / "generated/dogs-client").exists()
    path.unlink()
    assert main(["generate"]) == 0
    assert main(["check", "--full"]) == 0, "clients of one document share its names lock"


def test_strict_turns_warnings_into_errors(
    inside: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    replace_in(inside / "pets.yaml", "type: object", "type: thing")
    assert main(["generate", "--strict"]) == 2
    assert "error[invalid-node]" in capsys.readouterr().err
    assert not (inside / "generated").exists()
    assert main(["generate"]) == 0
    assert "warning[invalid-node]" in capsys.readouterr().err
    assert main(["generate"]) == 0
    assert "warning[invalid-node]" in capsys.readouterr().err, "a recalled run says it too"
    assert main(["generate", "--strict"]) == 2
    capsys.readouterr()
    assert main(["generate", "--quiet"]) == 0
    captured = capsys.readouterr()
    assert (captured.out, captured.err) == ("", "")


def test_strict_holds_back_the_clients_without_warnings_too(
    inside: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pets = (inside / "pets.yaml").read_text()
    (inside / "dogs.yaml").write_text(pets.replace("type: object", "type: thing"))
    config = (inside / "pyproject.toml").read_text()
    dogs = config.replace("pets", "dogs").replace("Pets", "Dogs").replace("PETS", "DOGS")
    (inside / "pyproject.toml").write_text(f"{config}\n{dogs}")
    assert main(["generate", "--strict"]) == 2
    assert not (inside / "generated").exists()
    assert main(["generate", "--strict", "pets-client"]) == 0
    capsys.readouterr()
    assert main(["generate", "--strict", "--format", "json"]) == 2
    printed = json.loads(capsys.readouterr().out)
    assert [item["severity"] for item in printed["diagnostics"]] == ["error"]
    assert not (inside / "generated/dogs-client").exists()


def test_json_stands_alone_on_stdout_also_in_failure(
    inside: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["generate", "--spec", "nothing.yaml", "--out", "x", "--format", "json"]
    assert main(arguments) == 2
    captured = capsys.readouterr()
    failed = json.loads(captured.out)
    assert failed["clients"] == []
    assert [item["id"] for item in failed["diagnostics"]] == ["file-not-found"]
    assert captured.err.startswith("nothing.yaml:1:1: error[file-not-found]")


# --- check ----------------------------------------------------------------------------------------


def test_check_names_the_cause_and_the_repair(
    made: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    replace_in(made / "pets.yaml", "An animal.", "A beast.")
    before = snapshot(made)
    assert main(["check"]) == 1
    out = capsys.readouterr().out
    assert "  document: pets.yaml: the document has changed" in out
    assert "+" in out and "A beast." in out
    assert out.endswith("repair: sdkpress generate\n")
    assert snapshot(made) == before
    assert main(["check", "pets-client", "--format", "json"]) == 1
    answer = read_json(capsys)
    assert list(answer) == ["in_step", "findings", "repair"]
    assert (answer["in_step"], answer["repair"]) == (False, "sdkpress generate pets-client")
    keys = ["client", "cause", "path", "message", "diff", "line", "causes", "repair"]
    assert list(answer["findings"][0]) == keys
    assert {finding["cause"] for finding in answer["findings"]} == {"document"}
    assert main(["generate"]) == 0
    assert main(["check", "--full"]) == 0


def test_check_annotates_for_github(made: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = made / CLIENT / "src/pets_client/client.py"
    path.write_text("::error::%0A\n" + path.read_text())
    assert main(["check", "--format", "github"]) == 1
    (line,) = capsys.readouterr().out.splitlines()
    assert re.match(
        rf"::error file={re.escape(CLIENT)}/src/pets_client/client\.py,line=1,"
        r"title=pets-client%3A edited::was edited by hand",
        line,
    )
    assert "%0A-::error::%250A%0A" in line


def test_check_of_the_same_commit_on_windows(made: Path) -> None:
    """git's autocrlf turns every text file of a checkout."""
    for path in made.rglob("*"):
        if path.is_file():
            path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    assert main(["check", "--full"]) == 0
    before = snapshot(made)
    assert main(["generate", "--full"]) == 0
    assert snapshot(made) == before


def test_check_from_below(
    made: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(made / CLIENT)
    assert main(["check", "--full"]) == 0
    assert capsys.readouterr().out == "pets-client: in step\n"


# --- overlay and inspect --------------------------------------------------------------------------

OVERLAY = """\
overlay: 1.0.0
info: {title: x, version: "1"}
actions: [{target: $.info, update: {title: Beasts}}]
"""


def test_overlay_apply(inside: Path, capsysbinary: pytest.CaptureFixture[bytes]) -> None:
    (inside / "o.yaml").write_text(OVERLAY)
    assert main(["overlay", "apply", "pets.yaml", "o.yaml"]) == 0
    printed = capsysbinary.readouterr().out
    assert b"title: Beasts" in printed
    assert main(["overlay", "apply", "pets.yaml", "o.yaml", "--out", "new.yaml"]) == 0
    assert (inside / "new.yaml").read_bytes() == printed
    assert main(["overlay", "apply", "pets.yaml", "o.yaml", "--out", "no/such/x"]) == 2
    assert main(["generate", "--spec", "pets.yaml", "--overlay", "o.yaml", "--out", "x"]) == 0
    assert 'name = "beasts"' in (inside / "x/pyproject.toml").read_text()


def test_inspect(inside: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["inspect", "pets.yaml", "--format", "json"]) == 0
    answer = read_json(capsys)
    assert {"client", "async_client", "operations", "types", "diagnostics"} <= set(answer)
    assert {(item["method"], item["path"]) for item in answer["operations"]} == {
        ("GET", "/pets"),
        ("POST", "/pets"),
    }
    assert main(["inspect", "pets-client"]) == 0
    assert "/pets" in capsys.readouterr().out


# --- streams and accidents ------------------------------------------------------------------------


def test_nothing_of_a_document_reaches_the_terminal_raw(
    inside: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    hostile = r"\e[31m[bold]\u202e"
    replace_in(inside / "pets.yaml", "listPets", f'"{hostile}"')
    replace_in(inside / "pets.yaml", "An animal.", f'"{hostile}"')
    for arguments in (["generate"], ["inspect", "pets.yaml"], ["check"]):
        main(arguments)
        captured = capsys.readouterr()
        assert not re.search("[\x1b\u202e]", captured.out + captured.err)
    replace_in(inside / "pets.yaml", hostile, hostile + "x")
    assert main(["check"]) == 1
    captured = capsys.readouterr()
    assert not re.search("[\x1b\u202e]", captured.out + captured.err)


def test_any_encoding_will_do(project: Path, sdkpress: Command) -> None:
    replace_in(project / "pets.yaml", "An animal.", '"Ein Tier – größer als 🐕."')
    for name, content in (("größe.yaml", (project / "pets.yaml").read_bytes()),):
        (project / name).write_bytes(content)
        plain = {"LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"}
        options = ("--out", "x", "--verbose")
        assert sdkpress("generate", "--spec", name, *options, cwd=project, **plain).stderr
        done = sdkpress("inspect", name, "--format", "json", cwd=project, **plain)
        assert json.loads(done.stdout)["client"]
        assert sdkpress("inspect", name, cwd=project, **plain).stdout


def test_a_defect_is_one_line(
    inside: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = types.ModuleType("sdkpress.pipeline")

    def build(*_: object, **__: object) -> None:
        raise RuntimeError("first line\nsecond \x1b[31m")

    monkeypatch.setattr(broken, "build", build, raising=False)
    monkeypatch.setitem(sys.modules, "sdkpress.pipeline", broken)
    monkeypatch.delenv("SDKPRESS_DEBUG", raising=False)
    assert main(["generate"]) == DEFECT
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("sdkpress: internal error: RuntimeError: first line (please report")
    assert main(["generate", "--verbose"]) == DEFECT
    err = capsys.readouterr().err
    assert "Traceback" in err and "\x1b" not in err


def test_an_interrupt_is_one_line(
    inside: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = types.ModuleType("sdkpress.pipeline")

    def build(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(broken, "build", build, raising=False)
    monkeypatch.setitem(sys.modules, "sdkpress.pipeline", broken)
    assert main(["generate"]) == INTERRUPTED
    assert capsys.readouterr().err.strip() == "sdkpress: interrupted"


@pytest.mark.parametrize("arguments", [["inspect", "pets.yaml"], ["--help"], ["generate"]])
def test_a_reader_that_goes_away_is_no_error(project: Path, arguments: list[str]) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    try:
        done = subprocess.run(
            [sys.executable, "-m", "sdkpress", *arguments],
            cwd=project,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
            stdout=writing,
            stderr=subprocess.PIPE,
            text=True,
        )
    finally:
        os.close(writing)
    assert "Traceback" not in done.stderr and "BrokenPipe" not in done.stderr
    assert done.returncode in (0, 1)


def test_a_terminal_that_is_closed(project: Path) -> None:
    command = f"exec {sys.executable} -m sdkpress generate >&- 2>&-"
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    assert subprocess.run(["sh", "-c", command], cwd=project, env=environment).returncode == 0
    assert (project / CLIENT / ".sdkpress.json").exists()
