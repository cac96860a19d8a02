"""`sdkpress init`: what it writes, what it keeps, and that its result is in step."""

from __future__ import annotations

import json
import os
import re
import socket
import sys
import tomllib
from pathlib import Path
from typing import NoReturn

import pytest
import yaml

from sdkpress import project_files
from sdkpress.cli import main
from sdkpress.diagnostics import Diagnostics
from sdkpress.initialising import Wishes, plan
from sdkpress.repository_facts import web_address
from tests.conftest import PROJECT, REPOSITORY, SMALL_DOCUMENT, run
from tests.unit.loopback_site import Site, here, site, snapshot

__all__ = ["here", "site"]  # fixtures

CI = {
    project_files.CHECK_WORKFLOW,
    project_files.PUBLISH_WORKFLOW,
    project_files.PRE_COMMIT,
    project_files.MAKEFILE,
    project_files.GITIGNORE,
}


@pytest.fixture(autouse=True)
def unknown_to_git(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who runs these tests is not found out."""
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")


def ours(here: Path) -> set[str]:
    """What is there, apart from the client."""
    return {name for name in snapshot(here) if not name.startswith("generated/")}


def test_a_document_in_the_project(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (here / "spec").mkdir()
    (here / "spec" / "pets.yaml").write_text(SMALL_DOCUMENT)
    (here / "values.yaml").write_text("openapi: true\n")
    (here / "pyproject.toml").write_bytes(b'[project]\r\nname = "x"  # mine\r\n')
    before = snapshot(here)
    assert main(["init", "--dry-run"]) == 0
    assert snapshot(here) == before
    planned = capsys.readouterr().out
    assert main(["init"]) == 0
    printed = capsys.readouterr().out
    assert planned.replace("would create", "created").replace("would extend", "extended") == (
        printed[: printed.index("Next:")]
    )
    assert ours(here) == {*before, *CI, "spec/pets.names.lock"}
    text = (here / "pyproject.toml").read_bytes()
    assert text.startswith(before["pyproject.toml"]) and b"\r\n[[tool.sdkpress.client]]\r\n" in text
    (client,) = tomllib.loads(text.decode())["tool"]["sdkpress"]["client"]
    assert client == {
        "name": "pets",
        "package": "pets",
        "client": "Pets",
        "spec": "spec/pets.yaml",
        "out": "generated/pets",
        "env_prefix": "PETS",
    }
    assert main(["check", "--full"]) == 0
    after = snapshot(here)
    assert main(["init"]) == 0
    assert snapshot(here) == after
    assert "pyproject.toml: configures clients" in capsys.readouterr().out


def test_an_address(here: Path, site: Site) -> None:
    site.answers["/openapi.yaml"] = (200, {"ETag": '"1"'}, SMALL_DOCUMENT.encode())
    assert main(["init", f"{site.url}/openapi.yaml", "--name", "pets-sdk", "--client", "Zoo"]) == 0
    written = {"sdkpress.toml", "openapi-spec/openapi.yaml", "openapi-spec/openapi.names.lock"}
    written |= {"openapi-spec/sources.lock", project_files.UPSTREAM_WORKFLOW}
    assert ours(here) == CI | written
    (client,) = tomllib.loads((here / "sdkpress.toml").read_text())["client"]
    assert (client["name"], client["client"]) == ("pets-sdk", "Zoo")
    assert (here / "generated/pets-sdk/src/pets_sdk/__init__.py").is_file()
    assert main(["check"]) == main(["pull", "--check"]) == 0


def test_a_second_client(here: Path) -> None:
    (here / "pets.yaml").write_text(SMALL_DOCUMENT)
    (here / "cars.yaml").write_text(SMALL_DOCUMENT.replace("title: Pets", "title: Cars"))
    (here / "pyproject.toml").write_text(PROJECT)
    assert main(["init", "pets.yaml"]) == 0
    assert (here / "pyproject.toml").read_text() == PROJECT
    assert main(["init", "cars.yaml", "--no-ci"]) == 0
    assert main(["check", "cars"]) == 0
    clients = tomllib.loads((here / "pyproject.toml").read_text())["tool"]["sdkpress"]["client"]
    assert [client["name"] for client in clients] == ["pets-client", "cars"]


def test_nothing_is_replaced(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (here / "pets.yaml").write_text(SMALL_DOCUMENT)
    for name in (*CI - {"Makefile"}, "makefile"):
        (here / name).parent.mkdir(parents=True, exist_ok=True)
        (here / name).write_text("# mine\n")
    before = snapshot(here)
    assert main(["init"]) == 0
    after = snapshot(here)
    assert {name: after[name] for name in before} == before
    printed = capsys.readouterr().out
    assert all(f"kept {name}: is there already" in printed for name in before if "pets" not in name)
    assert "id: sdkpress-check" in printed  # what to add to the hooks that are there
    assert main(["check"]) == 0


def test_the_hook_runs_for_the_documents_wherever_they_are(here: Path) -> None:
    (here / "api docs").mkdir()
    (here / "api docs/it's.v1.yaml").write_text(SMALL_DOCUMENT)
    assert main(["init"]) == 0
    ((hook,),) = [
        repo["hooks"]
        for repo in yaml.safe_load((here / project_files.PRE_COMMIT).read_text())["repos"]
    ]
    for path in ours(here) - CI - {"sdkpress.toml"}:
        assert re.search(hook["files"], path), path
    assert re.search(hook["files"], "sdkpress.toml")
    assert not re.search(hook["files"], "api docs/its.txt")
    assert not re.search(hook["files"], "README.md")


def test_a_folder_below_the_top_of_a_repository(
    here: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (here / ".git").mkdir()
    below = here / "api client"
    below.mkdir()
    (below / "pets.yaml").write_text(SMALL_DOCUMENT)
    (below / "pyproject.toml").write_text("[project]\n")
    (below / "sdkpress.toml").write_text("# Clients.\n")
    monkeypatch.chdir(below)
    assert main(["init"]) == 0
    assert not (below / ".github").exists() and not (below / project_files.PRE_COMMIT).exists()
    assert 'working-directory: "api client"' in capsys.readouterr().out
    assert (below / "pyproject.toml").read_text() == "[project]\n"
    assert (below / "sdkpress.toml").read_text().startswith("# Clients.\n\n[[client]]\n")
    assert main(["check"]) == 0


@pytest.mark.parametrize(
    ("files", "arguments", "id"),
    [
        ({}, [], "no-document-to-begin-with"),
        ({"a.yaml": SMALL_DOCUMENT, "b/b.yml": SMALL_DOCUMENT}, [], "no-document-to-begin-with"),
        ({"a.yaml": "openapi: 3.1.0\n"}, ["missing.yaml"], "file-not-found"),
        ({"a.yaml": "swagger: '2.0'\n"}, ["a.yaml"], "swagger-2"),
        ({"a.yaml": SMALL_DOCUMENT}, ["--name", "a b"], "invalid-option"),
        ({"a.yaml": SMALL_DOCUMENT, "pyproject.toml": "[x\n"}, [], "invalid-toml"),
        ({"a.yaml": SMALL_DOCUMENT, "pyproject.toml": "tool = {x = 1}\n"}, [], "invalid-config"),
        ({"a.yaml": SMALL_DOCUMENT, "generated/pets/README.md": "mine"}, [], "foreign-file"),
        ({"a.yaml": SMALL_DOCUMENT, ".github": "a file"}, [], "file-unwritable"),
        ({}, ["http://127.0.0.1:1/x.yaml"], "fetch-failed"),
    ],
)
def test_what_cannot_be_done_leaves_everything_as_it_was(
    here: Path,
    capsys: pytest.CaptureFixture[str],
    files: dict[str, str],
    arguments: list[str],
    id: str,
) -> None:
    for name, text in files.items():
        (here / name).parent.mkdir(parents=True, exist_ok=True)
        (here / name).write_text(text)
    before = snapshot(here)
    folders = sorted(here.rglob("*"))
    assert main(["init", *arguments]) == 2
    assert f"error[{id}]" in capsys.readouterr().err
    assert snapshot(here) == before and sorted(here.rglob("*")) == folders


def test_hostile_names_stay_names(here: Path) -> None:
    title = 'x"\n[[evil]]\n$(touch no) ${{ github.token }}'
    document = yaml.safe_load(SMALL_DOCUMENT)
    document["info"]["title"] = title
    (here / "a.yaml").write_text(yaml.safe_dump(document))
    (here / ".git").mkdir()
    (here / ".git" / "HEAD").write_text("ref: refs/heads/$(touch-no)\n")
    assert main(["init"]) == 0
    assert set(tomllib.loads((here / "sdkpress.toml").read_text())) == {"client"}
    workflow = yaml.safe_load((here / project_files.CHECK_WORKFLOW).read_text())
    assert workflow[True]["push"] == {"branches": ["main"]}  # "on" is a boolean of YAML 1.1
    assert main(["check"]) == 0


def test_what_is_written_pins_what_this_repository_pins() -> None:
    own = (REPOSITORY / ".github" / "workflows" / "ci.yml").read_text()
    for text in (project_files.check_workflow("main"), project_files.upstream_workflow(("a",))):
        lines = [line.strip() for line in text.splitlines() if "uses:" in line]
        assert len(lines) == 2 and all(line in own for line in lines)
        workflow = yaml.safe_load(text)
        (job,) = workflow["jobs"].values()
        assert not any("${{" in step.get("run", "") for step in job["steps"])
        assert job["steps"][0]["with"] == {"persist-credentials": False}


def test_the_makefile_works(here: Path) -> None:
    (here / "pets.yaml").write_text(SMALL_DOCUMENT)
    assert main(["init"]) == 0
    bin = str(Path(sys.executable).parent)
    path = f"{bin}:/usr/bin:/bin"
    listed = dict(line.split(": ", 1) for line in run(["make"], cwd=here).stdout.splitlines())
    assert listed["check"] == "fail where a client is out of step"
    assert list(listed)[:3] == ["help", "generate", "check"]
    assert {"diff", "pull", "install", "test", "build", "publish"} < set(listed)
    for target in sorted(listed):
        run(["make", "--dry-run", target, "REPOSITORY=x"], cwd=here)
    source = str(REPOSITORY / "generator")
    assert "in step" in run(["make", "check"], cwd=here, PATH=path, PYTHONPATH=source).stdout
    done = run(["make", "publish"], cwd=here, check=False, PATH=path, PYTHONPATH=source)
    assert done.returncode == 2 and "REPOSITORY=URL" in done.stderr


def test_a_makefile_that_is_there_gets_a_fragment(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (here / "pets.yaml").write_text(SMALL_DOCUMENT)
    mine = "all: ; @echo mine\ntest: ; @echo my tests\n"
    (here / "Makefile").write_text(mine)
    assert main(["init"]) == 0
    assert (here / "Makefile").read_text() == mine
    assert "add to Makefile:\n  include sdkpress.mk" in capsys.readouterr().out
    (here / "Makefile").write_text(f"{mine}include sdkpress.mk\n")
    done = run(["make", "test", "--warn-undefined-variables"], cwd=here)
    assert (done.stdout, done.stderr) == ("my tests\n", "")
    dry = run(["make", "--dry-run", "sdkpress-diff", "sdkpress-test"], cwd=here).stdout
    assert "sdkpress diff git:HEAD --client pets" in dry and "pytest generated/pets" in dry
    after = snapshot(here)
    assert main(["init"]) == 0
    assert snapshot(here) == after and "include" not in capsys.readouterr().out


@pytest.mark.parametrize(
    "pyproject",
    [
        '[project]\nname = "x"\n\n[tool.uv]  # uv\ndev-dependencies = []\n',
        '[tool.poetry]\nname = "x"\n\n[tool.poetry.dependencies]\npython = "^3.11"  # mine\n',
        '[build-system]\nrequires = ["hatchling"]\n\n[tool.hatch.envs.default]\nscripts = {a = "b"}',
        "# Only a remark.\n",
    ],
    ids=["uv", "poetry", "hatch", "remark"],
)
@pytest.mark.parametrize("is_repository", [True, False])
def test_projects_of_other_tools(here: Path, pyproject: str, is_repository: bool) -> None:
    (here / "pets.yaml").write_text(SMALL_DOCUMENT)
    (here / "pyproject.toml").write_text(pyproject)
    if is_repository:
        run(["git", "init", "-q", "-b", "trunk"], cwd=here)
    assert main(["init", "--dry-run"]) == 0
    plan = made_without_client(here)
    text = plan["pyproject.toml"].decode()
    assert text.startswith(pyproject)
    before, after = tomllib.loads(pyproject), tomllib.loads(text)
    assert after["tool"].pop("sdkpress")["client"][0]["name"] == "pets"
    assert {key: value for key, value in after.items() if value} == before
    assert '# license = "MIT"' in text
    workflow = plan[project_files.CHECK_WORKFLOW].decode()
    assert ("[trunk]" if is_repository else "[main]") in workflow


def made_without_client(here: Path) -> dict[str, bytes]:
    found = plan(here, Wishes(), Diagnostics())
    return {**found.created, **found.extended}


@pytest.mark.parametrize(
    ("info", "servers", "name"),
    [
        ("title: API", "[{url: https://api.zoo-shop.co.uk/v1}]", "zoo-shop"),
        ("title: ''", "[{url: 'https://{region}.example.com'}]", "project"),
        ("title: Swagger API Documentation", "[{url: /v1}]", "project"),
        (
            "title: OpenAPI",
            "[{url: 'http://127.0.0.1:80'}, {url: https://x.example.com}]",
            "project",
        ),
        ("title: Class", "[]", "class-api"),
        ("title: JSON", "[]", "json-api"),
        ("title: The Zoo API", "[{url: https://api.example.com}]", "the-zoo-api"),
    ],
)
def test_a_title_that_says_nothing(here: Path, info: str, servers: str, name: str) -> None:
    text = f"openapi: 3.1.0\ninfo: {{{info}, version: '1'}}\nservers: {servers}\npaths: {{}}\n"
    (here / "a.yaml").write_text(text)
    assert plan(here, Wishes(), Diagnostics()).client == name


def test_a_title_that_is_a_builtin(here: Path) -> None:
    (here / "a.yaml").write_text(SMALL_DOCUMENT.replace("title: Pets", "title: Exception"))
    text = made_without_client(here)["sdkpress.toml"].decode()
    assert 'client = "ExceptionApi"' in text and 'package = "exception"' in text


def test_documents_are_found_however_they_are_written(here: Path) -> None:
    tree = yaml.safe_load(SMALL_DOCUMENT)
    last = {**{key: value for key, value in tree.items() if key != "openapi"}, "x": "-" * 70_000}
    text = json.dumps({**last, "openapi": tree["openapi"]})
    (here / "other.json").write_text('{"about": {"openapi": "3.1.0"}}')
    for content in (text.encode(), b"\xef\xbb\xbf" + json.dumps(tree).encode()):
        (here / "a.json").write_bytes(content)
        assert plan(here, Wishes(), Diagnostics()).document == "a.json"


@pytest.mark.parametrize(
    ("text", "id"),
    [
        ("{swagger: '2.0', info: {}, paths: {}}", "swagger-2"),
        (f"{SMALL_DOCUMENT}\nmore: [\n", "invalid-yaml"),
    ],
)
def test_the_only_document_may_be_wrong(
    here: Path, capsys: pytest.CaptureFixture[str], text: str, id: str
) -> None:
    (here / "api.yaml").write_text(text)
    assert main(["init"]) == 2
    first = capsys.readouterr().err.splitlines()[0]
    assert first.startswith("api.yaml:") and f"error[{id}]" in first


def test_what_git_knows(here: Path) -> None:
    (here / "pets.yaml").write_text(SMALL_DOCUMENT)
    (here / ".gitignore").write_text("generated/\n")
    run(["git", "init", "-q"], cwd=here)
    (here / ".git" / "config").write_text(
        '[user]\nname = Ada \\"L\\"\nemail = ada@example.org\n'
        '[remote "origin"]\nurl = git@git.example.com:ada/pets.git\n'
    )
    planned = plan(here, Wishes(), Diagnostics())
    (client,) = tomllib.loads(planned.created["sdkpress.toml"].decode())["client"]
    assert client["authors"] == [{"name": 'Ada "L"', "email": "ada@example.org"}]
    assert client["urls"] == {"Repository": "https://git.example.com/ada/pets"}
    assert [hint.split(",")[0] for hint in planned.hints] == [
        "Git ignores generated/pets/pyproject.toml"
    ]
    contact = "title: Pets, contact: {email: zoo@example.com}"
    (here / "pets.yaml").write_text(SMALL_DOCUMENT.replace("title: Pets", contact))
    assert b"\n# authors = " in made_without_client(here)["sdkpress.toml"]


@pytest.mark.parametrize(
    ("remote", "address"),
    [
        ("https://ada:secret@git.example.com/ada/pets.git", "https://git.example.com/ada/pets"),
        ("https://git.example.com:8443/ada/pets/", "https://git.example.com:8443/ada/pets"),
        ("ssh://git@git.example.com:2222/ada/pets.git", "https://git.example.com/ada/pets"),
        ("/srv/git/pets.git", ""),
        ("file:///srv/git/pets.git", ""),
        ("host:pets", ""),
        ("https://[x", ""),
        ('https://example.com/a"]\\n', ""),
    ],
)
def test_the_page_of_a_repository(
    monkeypatch: pytest.MonkeyPatch, here: Path, remote: str, address: str
) -> None:
    monkeypatch.setenv("GIT_CONFIG_COUNT", "1")
    monkeypatch.setenv("GIT_CONFIG_KEY_0", "remote.origin.url")
    monkeypatch.setenv("GIT_CONFIG_VALUE_0", remote)
    assert web_address(here) == address


def test_a_name_that_is_taken_gets_a_number(here: Path) -> None:
    (here / "pets.yaml").write_text(SMALL_DOCUMENT)
    (here / "v2.yaml").write_text(SMALL_DOCUMENT)
    section = PROJECT.replace("pets-client", "pets").replace("pets_client", "pets")
    (here / "pyproject.toml").write_text(section)
    found = plan(here, Wishes("v2.yaml"), Diagnostics())
    assert (found.client, found.out) == ("pets-2", "generated/pets-2")


def test_names_that_had_no_effect_are_told(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (here / "pets.yaml").write_text(SMALL_DOCUMENT)
    (here / "pyproject.toml").write_text(PROJECT)
    for words in (["pets.yaml", "--client", "Zoo"], ["--name", "zoo", "--client", "Zoo"]):
        assert main(["init", "--dry-run", *words]) == 0
        assert "--client had no effect" in capsys.readouterr().out


# ---------------------------------------------------------------- no network


def test_only_pull_uses_the_network(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*arguments: object, **more: object) -> NoReturn:
        raise AssertionError("a socket was opened")

    (here / "pets.yaml").write_text(SMALL_DOCUMENT)
    (here / "pyproject.toml").write_text(PROJECT)
    for name in ("connect", "connect_ex", "bind", "sendto"):
        monkeypatch.setattr(socket.socket, name, refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    assert main(["generate"]) == main(["check"]) == 0
    assert main(["inspect", "pets.yaml"]) == main(["init", "--no-ci"]) == 0
    assert main(["pull", "http://127.0.0.1:1/x.yaml"]) not in (0, 1)
