"""`sdkpress publish` for real: the gate, an upload to an index on loopback, installs from there."""

from __future__ import annotations

import contextlib
import importlib.util
import io
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
import venv
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from sdkpress.building import build
from sdkpress.cli import main
from sdkpress.cli.publish import EXAMPLES
from sdkpress.project_files import EXAMPLE_EMAIL
from sdkpress.publishing.gate import GATE
from tests.conftest import (
    GENERATED,
    REPOSITORY,
    SMALL_DOCUMENT,
    free_port,
    make_environment,
    plain_environment,
    run,
)
from tests.unit.loopback_site import Site, site

__all__ = ["site"]

SCHEMA = Draft202012Validator(
    json.loads((REPOSITORY / "docs/schemas/publish.schema.json").read_text("utf-8"))
)
DIST = "loopback-pets"
WHEEL = "loopback_pets-0.1.0-py3-none-any.whl"
SDIST = "loopback_pets-0.1.0.tar.gz"
SECRET = "s3cret-token"
WHO = """\
authors = [{name = "Pet Shop", email = "pets@example.com"}]
urls = {Homepage = "https://pets.example.com"}
"""
"""What a publisher knows and a document need not say."""
NOWHERE = "http://127.0.0.1:1/"
"""No step that a test wants to see gets as far as asking it."""
INSTALLING = ("wheel", "sdist", "types", "tests")
LOOKING = ("metadata", "wheel-contents", "pyproject", "rating")


@dataclass
class Outcome:
    """How a call ended: its exit code, its report, and all that it printed."""

    code: int
    report: dict[str, Any]
    printed: str

    @property
    def states(self) -> dict[str, str]:
        return {step["name"]: step["state"] for step in self.report["steps"]}

    @property
    def refused(self) -> dict[str, Any]:
        """The one step that refused."""
        (step,) = [step for step in self.report["steps"] if step["state"] == "refused"]
        assert step["message"] and step["repair"]
        return dict(step)


def publish(project: Path, *arguments: str, client: str = DIST) -> Outcome:
    """The report of a call in a project; it fits the schema, and nothing printed tells the secret."""
    out, errors = io.StringIO(), io.StringIO()
    with contextlib.chdir(project), contextlib.redirect_stdout(out):
        with contextlib.redirect_stderr(errors):
            code = main(["publish", client, *arguments, "--format", "json"])
    report = json.loads(out.getvalue())
    SCHEMA.validate(report)
    printed = f"{out.getvalue()}{errors.getvalue()}"
    assert SECRET not in printed
    return Outcome(code, report, printed)


def skipping(*names: str) -> list[str]:
    return [part for name in names for part in ("--skip", name)]


def only(*names: str) -> list[str]:
    return ["--dry-run", *(part for name in names for part in ("--only", name))]


def generate(project: Path) -> None:
    with contextlib.chdir(project), contextlib.redirect_stdout(io.StringIO()):
        assert main(["generate", "--no-black"]) == 0


def make_project(folder: Path, document: str = SMALL_DOCUMENT, **keys: str) -> Path:
    folder.mkdir()
    (folder / "pets.yaml").write_text(document, encoding="utf-8")
    configure(folder, **{"license": "MIT", **keys})
    generate(folder)
    return folder


def configure(folder: Path, **keys: str) -> None:
    values = {"name": DIST, "spec": "pets.yaml", "out": "client", **keys}
    lines = [f"{key} = {json.dumps(value)}" for key, value in values.items() if value]
    text = "\n".join(["[[tool.sdkpress.client]]", *lines, WHO])
    (folder / "pyproject.toml").write_text(text)


@pytest.fixture(scope="session")
def pets(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project whose client could be published; tests that change it take a copy."""
    return make_project(tmp_path_factory.mktemp("projects") / "pets")


@pytest.fixture
def copy(pets: Path, tmp_path: Path) -> Path:
    return shutil.copytree(pets, tmp_path / "copy")


# ---------------------------------------------------------------- what is refused at once


def test_what_is_missing_is_named_before_anything_is_done(
    pets: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pyroma", None)  # as if it were not installed
    found = publish(pets, "--repository", NOWHERE)
    assert found.code == 2
    (item,) = found.report["diagnostics"]
    assert item["id"] == "missing-tool"
    assert "pyroma" in item["message"] and "sdkpress[publish]" in item["help"]


def test_a_tree_that_is_out_of_step(copy: Path) -> None:
    with (copy / "client/src/loopback_pets/client.py").open("a") as file:
        file.write("# by hand\n")
    found = publish(copy, "--repository", NOWHERE)
    assert (found.code, found.refused["name"]) == (1, "in-step")
    assert any("edited" in line for line in found.refused["details"])
    assert set(found.states.values()) == {"refused", "passed", "not-run"}
    assert found.states["build"] == "not-run"


def test_a_licence_that_nobody_chose(copy: Path) -> None:
    configure(copy)
    found = publish(copy, "--repository", NOWHERE)
    assert (found.code, found.refused["name"]) == (1, "licence")
    assert "license" in found.refused["repair"] and "pyproject.toml" in found.refused["repair"]


def test_a_licence_without_a_text(tmp_path: Path) -> None:
    project = make_project(tmp_path / "project", license="LicenseRef-Ours")
    found = publish(project, "--repository", NOWHERE)
    assert (found.code, found.refused["name"]) == (1, "licence")


def test_a_version_that_no_index_takes(tmp_path: Path) -> None:
    project = make_project(tmp_path / "project", version="1.0.0+ours")
    found = publish(project, "--repository", NOWHERE)
    assert (found.code, found.refused["name"]) == (1, "version")


def test_an_index_that_does_not_answer_is_not_taken_for_an_empty_one(pets: Path) -> None:
    found = publish(pets, "--repository", f"http://me:{SECRET}@127.0.0.1:1/")
    assert (found.code, found.refused["name"]) == (1, "unpublished")
    assert found.states["build"] == "not-run"
    assert found.report["repository"] == NOWHERE


@pytest.mark.skipif(os.name == "nt", reason="signals as POSIX has them")
def test_an_interrupted_run_ends_at_once_and_leaves_nothing(pets: Path, tmp_path: Path) -> None:
    """It waits for an index that takes the connection and says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        silent.settimeout(300)
        address = f"http://127.0.0.1:{silent.getsockname()[1]}/"
        command = [sys.executable, "-m", "sdkpress", "publish", DIST, "--repository", address]
        environment = plain_environment(
            PYTHONPATH=str(REPOSITORY / "generator"), TMPDIR=str(tmp_path)
        )
        pipe = subprocess.PIPE
        with subprocess.Popen(
            command, cwd=pets, env=environment, stdout=pipe, stderr=pipe
        ) as process:
            connection, _ = silent.accept()
            with connection:
                assert connection.recv(10)
                assert list(tmp_path.iterdir())
                process.send_signal(signal.SIGINT)
                process.communicate()
    assert process.returncode == 130
    assert list(tmp_path.iterdir()) == []


def test_an_address_without_an_index(pets: Path, site: Site) -> None:
    found = publish(pets, "--repository", site.url)
    assert (found.code, found.refused["name"]) == (1, "unpublished")
    assert "--repository-index" in found.refused["repair"]


def test_a_folder_for_the_archives_that_cannot_be_one(pets: Path, site: Site) -> None:
    """It is said before anything is uploaded, not after."""
    arguments = ["--out", str(pets / "pets.yaml" / "dist")]
    found = publish(pets, "--repository", site.url, *arguments)
    (item,) = found.report["diagnostics"]
    assert (found.code, item["id"]) == (2, "file-unwritable")
    assert site.requests == []


def test_a_version_whose_file_the_index_cannot_give(pets: Path, site: Site) -> None:
    page = json.dumps({"files": [{"filename": WHEEL}]}).encode()
    media_type = {"Content-Type": "application/vnd.pypi.simple.v1+json"}
    site.answers[f"/simple/{DIST}/"] = (200, media_type, page)
    found = publish(pets, "--repository", site.url, *only("unpublished"))
    assert (found.code, found.refused["name"]) == (1, "unpublished")
    assert "published already" in found.refused["message"]


@pytest.mark.parametrize(
    "arguments",
    [
        ["--only", "build"],
        ["--skip", "nothing"],
        ["--skip", "build"],
        ["--dry-run", "--only", "bump", "--skip", "types"],
    ],
)
def test_calls_that_make_no_sense(pets: Path, arguments: list[str]) -> None:
    assert publish(pets, "--repository", NOWHERE, *arguments).code == 2


# ---------------------------------------------------------------- the version


@pytest.fixture(scope="session")
def published_wheel(pets: Path, tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """Version 0.1.0 as somebody published it."""
    return build(pets / "client", tmp_path_factory.mktemp("wheel")).wheel.read_bytes()


def offer(site: Site, wheel: bytes, name: str = WHEEL) -> str:
    files = [{"filename": name, "url": f"/files/{name}", "hashes": {}}]
    page = json.dumps({"meta": {"api-version": "1.0"}, "files": files}).encode()
    media_type = {"Content-Type": "application/vnd.pypi.simple.v1+json"}
    site.answers[f"/simple/{DIST}/"] = (200, media_type, page)
    site.answers[f"/files/{name}"] = (200, {}, wheel)
    return site.url


FEWER = SMALL_DOCUMENT.replace("        - {name: limit, in: query, schema: {type: integer}}\n", "")
FEWER = FEWER.replace("      parameters:\n", "")
MORE = SMALL_DOCUMENT.replace(
    "{name: limit, in: query, schema: {type: integer}}",
    "{name: limit, in: query, schema: {type: integer}}\n"
    "        - {name: kind, in: query, schema: {type: string}}",
)


@pytest.mark.parametrize(
    ("document", "version", "demanded"),
    [
        (FEWER, "0.1.1", "0.2.0"),
        (FEWER, "0.2.0", ""),
        (FEWER, "0.2.0rc1", ""),
        (FEWER, "0.1.0.post1", "0.2.0"),
        (MORE, "0.1.1", ""),
        (SMALL_DOCUMENT, "0.1.0.post1", ""),
        (FEWER, "0.0.9", ""),
    ],
    ids=["too-small", "enough", "announced", "post", "more", "same", "older"],
)
def test_the_version_says_at_least_what_changed(
    tmp_path: Path,
    site: Site,
    published_wheel: bytes,
    document: str,
    version: str,
    demanded: str,
) -> None:
    url = offer(site, published_wheel)
    project = make_project(tmp_path / "project", document, version=version)
    found = publish(project, "--repository", url, *only("bump", "in-step"))
    if not demanded:
        assert (found.code, found.states["bump"]) == (0, "passed")
        return
    assert (found.code, found.refused["name"]) == (1, "bump")
    assert any("limit" in line for line in found.refused["details"])
    assert found.report["bump"] == {
        "old_version": "0.1.0",
        "demanded_version": demanded,
        "bump": "major",
    }
    assert f'version = "{demanded}"' in found.refused["repair"]


def test_the_package_is_compared_and_not_only_the_document(
    copy: Path, site: Site, published_wheel: bytes
) -> None:
    """The document is the same, another name was chosen for one of its operations."""
    url = offer(site, published_wheel)
    configure(copy, license="MIT", version="0.1.1")
    with (copy / "pyproject.toml").open("a") as file:
        file.write('[tool.sdkpress.client.names]\n"GET /pets" = "animals.all"\n')
    generate(copy)
    found = publish(copy, "--repository", url, *only("bump"))
    assert (found.code, found.refused["name"]) == (1, "bump")
    assert any("pets.list" in line for line in found.refused["details"])


def test_a_published_package_of_other_origin(pets: Path, site: Site, tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "other.whl", "w") as archive:
        archive.writestr("loopback_pets/__init__.py", "")
    url = offer(site, (tmp_path / "other.whl").read_bytes(), WHEEL.replace("0.1.0", "0.0.1"))
    found = publish(pets, "--repository", url, *only("bump"))
    assert (found.code, found.refused["name"]) == (1, "bump")
    assert "--skip bump" in found.refused["repair"]
    with zipfile.ZipFile(tmp_path / "list.whl", "w") as archive:
        archive.writestr("loopback_pets/testing/document.json", "[]")
    offer(site, (tmp_path / "list.whl").read_bytes(), WHEEL.replace("0.1.0", "0.0.1"))
    found = publish(pets, "--repository", url, *only("bump"))
    assert "cannot be compared" in found.refused["message"]
    assert "--skip bump" in found.refused["repair"]


# ---------------------------------------------------------------- the whole way


@dataclass
class Index:
    """A pypiserver on loopback, and the folder that it serves."""

    url: str
    folder: Path

    @property
    def files(self) -> list[str]:
        return sorted(path.name for path in self.folder.iterdir())


@pytest.fixture(scope="session")
def index(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Index]:
    folder = tmp_path_factory.mktemp("index")
    port = free_port()
    command = [sys.executable, "-W", "ignore", "-m", "pypiserver", "run", "-p", str(port)]
    command += ["-i", "127.0.0.1", "-P", ".", "-a", ".", "--disable-fallback", str(folder)]
    quiet = subprocess.DEVNULL
    with subprocess.Popen(command, stdin=quiet, stdout=quiet, stderr=quiet) as process:
        url = f"http://127.0.0.1:{port}/"
        while True:  # as long as a busy machine takes
            with contextlib.suppress(OSError), urllib.request.urlopen(f"{url}simple/"):
                break
            assert process.poll() is None, "pypiserver did not start"
            time.sleep(0.05)
        yield Index(url, folder)
        process.terminate()


@pytest.fixture(scope="session")
def links(
    pets: Path,
    constraints: Path,
    package_index: None,
    tmp_path_factory: pytest.TempPathFactory,
) -> Path:
    """A folder with all that the client and its build require, so that no other index is asked."""
    folder = tmp_path_factory.mktemp("links")
    wanted = ["hatchling", "httptools", "hypothesis", "msgspec", "pytest", "pyyaml", "uvicorn"]
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--only-binary", ":all:"]
    command += ["--disable-pip-version-check", "--constraint", str(constraints)]
    run([*command, "--dest", str(folder), *wanted], cwd=folder)
    return folder


@pytest.fixture(scope="session")
def published(
    pets: Path, index: Index, links: Path, tmp_path_factory: pytest.TempPathFactory
) -> Outcome:
    """The client published to the index, with every step of the gate."""
    out = tmp_path_factory.mktemp("dist")
    address = index.url.replace("http://", f"http://me:{SECRET}@")
    requirements = ["--index-url", f"{index.url}simple/", "--find-links", str(links)]
    # The last example of the help, with this client and index.
    words = EXAMPLES[-1][0].replace("http://localhost:8080/", address).split()
    assert words[:3] == ["sdkpress", "publish", "museum"]
    return publish(pets, *words[3:], *requirements, "--out", str(out))


@pytest.mark.index
def test_a_client_passes_the_gate_and_is_uploaded(published: Outcome, index: Index) -> None:
    assert [step for step in published.report["steps"] if step["state"] != "passed"] == []
    assert published.code == 0, published.printed
    assert published.states == {step.name: "passed" for step in GATE}
    assert published.report["published"] and published.report["passed"]
    assert [file["name"] for file in published.report["files"]] == [WHEEL, SDIST]
    assert {file["state"] for file in published.report["files"]} == {"uploaded"}
    assert index.files == [WHEEL, SDIST]
    by_name = {step["name"]: step["message"] for step in published.report["steps"]}
    assert by_name["rating"] == "10/10"
    assert by_name["types"].startswith("100 %")
    assert " passed" in by_name["tests"] and "failed" not in by_name["tests"]


def test_metadata_that_is_not_complete_names_the_keys(copy: Path) -> None:
    file = copy / "pyproject.toml"
    lines = file.read_text().splitlines(keepends=True)
    file.write_text("".join(line for line in lines if not line.startswith(("authors", "urls"))))
    generate(copy)
    found = publish(copy, "--repository", NOWHERE, *only("rating"))
    assert (found.code, found.refused["name"]) == (1, "author")
    assert "authors = " in found.refused["repair"] and "urls = " in found.refused["repair"]
    assert (found.states["build"], found.states["rating"]) == ("not-run", "not-run")

    # Nor does the example do that `init` leaves in a comment.
    file.write_text("".join(lines).replace("pets@example.com", EXAMPLE_EMAIL))
    generate(copy)
    found = publish(copy, "--repository", NOWHERE, *only("author"))
    assert found.refused["message"].startswith(f"{EXAMPLE_EMAIL} is an example")


@pytest.mark.index
@pytest.mark.parametrize("installer", ["pip", "uv"])
def test_a_clean_install_from_the_index_passes_its_tests(
    published: Outcome, pets: Path, index: Index, links: Path, tmp_path: Path, installer: str
) -> None:
    assert published.code == 0
    options = ["--index-url", f"{index.url}simple/", "--find-links", str(links)]
    folder = tmp_path / "environment"
    if installer == "pip":
        python = make_environment(sys.executable, folder, [*options, f"{DIST}[testing]"])
    else:
        uv = shutil.which("uv")
        if uv is None and importlib.util.find_spec("uv") is None:
            pytest.skip("uv is not installed")
        command = [uv] if uv is not None else [sys.executable, "-m", "uv"]
        venv.create(folder)
        python = folder / ("Scripts" if os.name == "nt" else "bin") / "python"
        options += ["--no-progress", "--python", str(python)]
        run([*command, "pip", "install", *options, f"{DIST}[testing]"], cwd=tmp_path)
    shutil.copytree(pets / "client" / "tests", tmp_path / "elsewhere" / "tests")
    done = run(
        [python, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests"],
        cwd=tmp_path / "elsewhere",
    )
    assert " passed" in done.stdout and " failed" not in done.stdout
    where = "import loopback_pets; print(loopback_pets.__file__)"
    assert run([python, "-c", where], cwd=tmp_path).stdout.startswith(str(folder))


@pytest.mark.index
def test_a_duplicate_is_refused_by_the_gate_and_by_the_index(
    published: Outcome, pets: Path, index: Index
) -> None:
    assert published.code == 0
    found = publish(pets, "--repository", index.url)
    assert (found.code, found.refused["name"]) == (1, "unpublished")
    assert WHEEL in found.refused["message"] and "is published already" in found.refused["message"]

    blind = skipping("unpublished", *LOOKING, *INSTALLING)
    found = publish(pets, "--repository", index.url, *blind)
    assert (found.code, found.report["passed"], found.report["published"]) == (1, True, False)
    assert "is on the index already, with the same bytes" in found.report["upload"]["message"]
    assert "--skip-existing" in found.report["upload"]["repair"]
    assert [file["state"] for file in found.report["files"]] == ["failed", "held-back"]
    assert "skipped: unpublished, bump" in found.printed


@pytest.mark.index
def test_an_upload_that_broke_off_goes_on(
    published: Outcome, pets: Path, index: Index, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert published.code == 0
    (index.folder / SDIST).unlink()
    arguments = ["--skip-existing", *skipping(*LOOKING, *INSTALLING)]
    with monkeypatch.context() as patch:  # other bytes under the same name
        patch.setenv("SOURCE_DATE_EPOCH", "1700000000")
        found = publish(pets, "--repository", index.url, *arguments)
    assert (found.code, found.report["published"]) == (1, False)
    assert "with other bytes" in found.report["upload"]["message"]
    assert index.files == [WHEEL]
    found = publish(pets, "--repository", index.url, *arguments)
    assert found.code == 0
    assert [file["state"] for file in found.report["files"]] == ["present", "uploaded"]
    assert index.files == [WHEEL, SDIST]


@pytest.mark.index
def test_a_test_that_fails(copy: Path, index: Index, links: Path) -> None:
    """A hand-written one, beside those that are generated."""
    (copy / "client/tests/test_ours.py").write_text("def test_it() -> None:\n    assert 1 == 2\n")
    requirements = ["--index-url", f"{index.url}simple/", "--find-links", str(links)]
    found = publish(copy, "--repository", index.url, *requirements, *only("in-step", "tests"))
    assert (found.code, found.refused["name"]) == (1, "tests")
    assert found.states["in-step"] == "passed"
    assert "1 failed" in found.refused["message"]
    assert any("test_ours.py" in line for line in found.refused["details"])


def test_a_server_that_takes_no_files(pets: Path, site: Site) -> None:
    """The upload fails, nothing is told of the credentials, and the first failure is the last."""
    site.answers["/simple/"] = (200, {"Content-Type": "text/html"}, b"<html></html>")
    address = site.url.replace("http://", f"http://me:{SECRET}@")
    found = publish(pets, "--repository", address, *skipping(*LOOKING, *INSTALLING))
    assert (found.code, found.report["published"]) == (1, False)
    assert "501" in found.report["upload"]["message"]
    assert [file["state"] for file in found.report["files"]] == ["failed", "held-back"]
    assert all(headers.get("authorization") for _, headers in site.requests)


def test_modules_that_would_be_left_behind(copy: Path, site: Site) -> None:
    site.answers["/simple/"] = (200, {"Content-Type": "text/html"}, b"<html></html>")
    (copy / "client/src/loopback_pets/helpers.py").write_text("x = 1\n")
    found = publish(copy, "--repository", site.url, *only("build"))
    assert (found.code, found.refused["name"]) == (1, "build")
    assert "helpers.py" in found.refused["message"]


# ---------------------------------------------------------------- as text


def test_the_report_as_text(
    copy: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    configure(copy)
    monkeypatch.chdir(copy)
    arguments = ["--repository", NOWHERE, "--dry-run", "--skip", "types"]
    assert main(["publish", DIST, *arguments]) == 1
    out, errors = capsys.readouterr()
    lines = out.splitlines()
    (refused,) = [
        number for number, line in enumerate(lines) if line.startswith("REFUSED  licence ")
    ]
    assert lines[refused + 1].startswith("    repair: Add `license")
    assert any(line.startswith("ok       in-step") for line in lines)
    assert lines[-1] == f"{DIST} 0.1.0: not published; refused by licence"
    assert any(line.startswith("not run  unpublished, ") for line in lines)
    assert "the gate was not asked everything; skipped: types" in errors

    assert main(["publish", DIST, *arguments, "--quiet"]) == 1
    out, errors = capsys.readouterr()
    assert "in-step" not in out and "REFUSED  licence" in out
    assert "skipped: types" in errors


# ---------------------------------------------------------------- clients of real documents


@pytest.mark.index
@pytest.mark.slow
@pytest.mark.parametrize("client", ["siray-chat", "museum", "svix"])
def test_clients_of_real_documents_pass(
    client: str, index: Index, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    project = tmp_path / "project"
    project.mkdir()
    if client == "siray-chat":
        shutil.copytree(REPOSITORY / "openapi-spec", project / "openapi-spec")
        shutil.copytree(GENERATED, project / "generated" / "siray-chat")
        shutil.copy(REPOSITORY / "pyproject.toml", project)
    else:
        name = {"museum": "museum.yaml", "svix": "svix.json"}[client]
        shared: Path = request.getfixturevalue("shared")
        shutil.copy(shared / "specs" / "real" / name, project)
        (project / "pyproject.toml").write_text(
            f'[[tool.sdkpress.client]]\nname = "{client}"\nspec = "{name}"\nlicense = "MIT"\n{WHO}'
        )
    generate(project)
    found = publish(project, "--repository", index.url, client=client)
    assert found.code == 0, found.printed
    assert found.states == {step.name: "passed" for step in GATE}
