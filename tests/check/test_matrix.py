"""`sdkpress check` on a project with everything in it: each cause alone and in pairs, and its repair."""

from __future__ import annotations

import hashlib
import json
import os
import shlex
import shutil
import stat
from collections.abc import Callable, Iterator
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from sdkpress.cli import main
from tests.conftest import REPOSITORY

DOCUMENT = """\
openapi: 3.1.0
info: {title: Pets, version: 1.0.0}
servers: [{url: 'https://pets.example.com'}]
paths:
  /pets:
    get:
      operationId: listPets
      summary: All animals.
      responses: {'200': {description: Ok., content: {application/json: {schema: {$ref: '#/components/schemas/Pet'}}}}}
components:
  schemas:
    Pet: {type: object, properties: {name: {type: string}}}
"""
OVERLAY = """\
overlay: 1.0.0
info: {title: Words, version: '1'}
actions: [{target: $.info, update: {title: %s}}]
"""
PROJECT = """\
[[tool.sdkpress.client]]
name = "pets-client"
spec = "api/pets.yaml"
overlays = ["api/one.overlay.yaml", "api/two.overlay.yaml"]
out = "out"
black = false
description = "Animals."
"""
SOURCE = Path("out/src/pets_client")
SCHEMA = Draft202012Validator(
    json.loads((REPOSITORY / "docs/schemas/check.schema.json").read_text("utf-8"))
)


@pytest.fixture(scope="module")
def generated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The project, generated once."""
    root = tmp_path_factory.mktemp("matrix") / "project"
    (root / "api").mkdir(parents=True)
    files = {
        "api/pets.yaml": DOCUMENT,
        "api/one.overlay.yaml": OVERLAY % "One",
        "api/two.overlay.yaml": OVERLAY % "Two",
        "pyproject.toml": PROJECT,
    }
    for name, text in files.items():
        (root / name).write_bytes(text.encode())
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(root)
        assert main(["generate", "--quiet"]) == 0
    return root


@pytest.fixture
def project(generated: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A copy of the project, which is the working folder."""
    root = tmp_path / "project"
    shutil.copytree(generated, root)
    monkeypatch.chdir(root)
    yield root


def replace_in(path: str | Path, old: str, new: str) -> None:
    content = Path(path).read_bytes()
    assert old.encode() in content
    Path(path).write_bytes(content.replace(old.encode(), new.encode(), 1))


def extra() -> None:
    """What an earlier version of the document left: a file that the manifest lists."""
    content = b"# old\n"
    (SOURCE / "old.py").write_bytes(content)
    digest = hashlib.sha256(content).hexdigest()
    line = f'    "{(SOURCE / "old.py").relative_to("out").as_posix()}": "sha256:{digest}",\n'
    replace_in("out/.sdkpress.json", '  "files": {\n', '  "files": {\n' + line)


CAUSES: dict[str, Callable[[], None]] = {
    "document": lambda: replace_in("api/pets.yaml", "All animals.", "Every animal."),
    "overlay": lambda: replace_in("api/two.overlay.yaml", "Two", "Three"),
    "configuration": lambda: replace_in("pyproject.toml", "Animals.", "Beasts."),
    "names": lambda: replace_in("api/pets.names.lock", "pets.list", "pets.find"),
    "edited": lambda: replace_in(SOURCE / "errors.py", "__all__", "# mine\n__all__"),
    "missing": lambda: Path("out/README.md").unlink(),
    "extra": extra,
    "line-endings": lambda: replace_in("out/pyproject.toml", "\n", "\r\n"),
}
PATHS = {
    "document": "api/pets.yaml",
    "overlay": "api/two.overlay.yaml",
    "configuration": "pyproject.toml",
    "names": "api/pets.names.lock",
    "edited": "out/src/pets_client/errors.py",
    "missing": "out/README.md",
    "extra": "out/src/pets_client/old.py",
    "line-endings": "out/pyproject.toml",
}


def state() -> dict[str, tuple[int, int, bytes]]:
    """Everything below the working folder: time, mode and content."""
    found: dict[str, tuple[int, int, bytes]] = {}
    for path in sorted(Path().rglob("*")):
        facts = path.stat()
        content = path.read_bytes() if path.is_file() else b""
        found[path.as_posix()] = (facts.st_mtime_ns, facts.st_mode, content)
    return found


def check(capsys: pytest.CaptureFixture[str], *options: str, is_watched: bool = True) -> Any:
    """The answer of `check --format json`, which has touched nothing."""
    capsys.readouterr()
    before = state() if is_watched else {}
    code = main(["check", "--format", "json", *options])
    assert not is_watched or state() == before, "check touched the tree"
    answer = json.loads(capsys.readouterr().out)
    SCHEMA.validate(answer)
    assert code == (2 if "diagnostics" in answer else 0 if answer["in_step"] else 1)
    return answer


def repair(command: str) -> None:
    """Carry out what `repair` says, without a shell."""
    words = shlex.split(command)
    if words[:2] == ["rm", "--"]:
        end = words.index("&&")
        for path in words[2:end]:
            Path(path).unlink()
        words = words[end + 1 :]
    assert words[0] == "sdkpress"
    assert main([*words[1:], "--quiet"]) == 0


def test_in_step(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert check(capsys) == {"in_step": True, "findings": [], "repair": ""}
    assert check(capsys, "--full")["in_step"]


@pytest.mark.parametrize("cause", CAUSES)
def test_each_cause_alone(project: Path, capsys: pytest.CaptureFixture[str], cause: str) -> None:
    CAUSES[cause]()
    answer = check(capsys)
    assert {finding["cause"] for finding in answer["findings"]} == {cause}
    assert answer["findings"][0]["path"] == PATHS[cause]
    repair(answer["findings"][0]["repair"])
    assert check(capsys, "--full")["in_step"]


@pytest.mark.parametrize(("first", "second"), list(combinations(CAUSES, 2)))
def test_causes_in_pairs(
    project: Path, capsys: pytest.CaptureFixture[str], first: str, second: str
) -> None:
    CAUSES[first]()
    CAUSES[second]()
    answer = check(capsys, is_watched=False)
    paths = {
        cause: {f["path"] for f in answer["findings"] if f["cause"] == cause} for cause in PATHS
    }
    assert {cause for cause in paths if paths[cause]} == {first, second}
    assert PATHS[first] in paths[first] and PATHS[second] in paths[second]
    repair(answer["repair"])
    assert check(capsys, is_watched=False)["in_step"]


def test_a_file_stale_and_edited_at_once(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    CAUSES["document"]()
    replace_in(SOURCE / "resources/pets.py", "class", "# mine\nclass")
    found = {finding["path"]: finding["cause"] for finding in check(capsys)["findings"]}
    assert found["api/pets.yaml"] == "document"
    assert found[(SOURCE / "resources/pets.py").as_posix()] == "edited"
    assert found["out/reference.md"] == "document"


def test_overlays_in_another_order(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    replace_in("pyproject.toml", '"api/one.overlay.yaml", ', "")
    replace_in(
        "pyproject.toml", '"api/two.overlay.yaml"', '"api/two.overlay.yaml", "api/one.overlay.yaml"'
    )
    answer = check(capsys)
    assert {finding["cause"] for finding in answer["findings"]} == {"overlay"}
    assert answer["findings"][0]["path"] == "pyproject.toml"
    repair(answer["repair"])
    assert check(capsys)["in_step"]


def test_an_overlay_less(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    replace_in("pyproject.toml", ', "api/two.overlay.yaml"', "")
    first = check(capsys)["findings"][0]
    assert (first["cause"], first["path"]) == ("overlay", "pyproject.toml")


def test_a_document_that_moved(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Its folder is nothing that the client knows; its name and its lock are."""
    Path("spec").mkdir()
    for name in ("pets.yaml", "pets.names.lock"):
        (Path("api") / name).rename(Path("spec") / name)
    replace_in("pyproject.toml", "api/pets.yaml", "spec/pets.yaml")
    assert check(capsys, "--full")["in_step"]
    Path("spec/pets.yaml").rename("spec/animals.yaml")
    Path("spec/pets.names.lock").rename("spec/animals.names.lock")
    replace_in("pyproject.toml", "spec/pets.yaml", "spec/animals.yaml")
    answer = check(capsys)
    assert {finding["cause"] for finding in answer["findings"]} == {"configuration"}
    Path("spec/animals.names.lock").unlink()
    answer = check(capsys)
    assert {finding["cause"] for finding in answer["findings"]} == {"configuration", "names"}
    repair(answer["repair"])
    assert check(capsys)["in_step"]


def test_a_lock_that_is_lost(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Path("api/pets.names.lock").unlink()
    (finding,) = check(capsys)["findings"]
    assert (finding["cause"], finding["path"]) == ("names", "api/pets.names.lock")
    CAUSES["document"]()
    assert {item["cause"] for item in check(capsys)["findings"]} == {"document", "names"}
    repair(finding["repair"])
    assert check(capsys)["in_step"]


@pytest.mark.parametrize(
    ("path", "id"),
    [("api/pets.names.lock", "invalid-lock"), ("out/.sdkpress.json", "invalid-manifest")],
)
def test_a_merge_that_stopped_half_way(
    project: Path, capsys: pytest.CaptureFixture[str], path: str, id: str
) -> None:
    lines = Path(path).read_text("utf-8").splitlines(keepends=True)
    ours = ["<<<<<<< HEAD\n", *lines[3:4], "=======\n", *lines[3:4], ">>>>>>> theirs\n"]
    Path(path).write_text("".join([*lines[:3], *ours, *lines[4:]]), "utf-8", newline="\n")
    (problem,) = check(capsys)["diagnostics"]
    assert (problem["id"], problem["file"], problem["line"]) == (id, path, 4)
    assert "conflict" in problem["message"] and "either side" in problem["help"]
    assert main(["generate"]) == 2
    Path(path).write_text("".join(lines), "utf-8", newline="\n")
    assert check(capsys)["in_step"]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ('{"format": 99, "generator": "9.0", "files": {}, "inputs": {}}', "newer sdkpress"),
        ("{", "is not JSON"),
        ("[]", "not one that this version"),
    ],
)
def test_a_manifest_that_is_none(
    project: Path, capsys: pytest.CaptureFixture[str], content: str, said: str
) -> None:
    Path("out/.sdkpress.json").write_text(content)
    (problem,) = check(capsys)["diagnostics"]
    assert problem["id"] == "invalid-manifest" and said in problem["message"]
    Path("out/.sdkpress.json").unlink()
    (finding,) = check(capsys)["findings"]
    assert (finding["cause"], finding["path"]) == ("missing", "out/.sdkpress.json")
    repair(finding["repair"])
    assert check(capsys)["in_step"]


def test_the_folder_is_gone(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shutil.rmtree("out")
    (finding,) = check(capsys)["findings"]
    assert (finding["cause"], finding["path"]) == ("missing", "out")
    repair(finding["repair"])
    assert check(capsys)["in_step"]


def test_a_foreign_file_where_one_comes(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    replace_in(
        "api/pets.yaml",
        "components:",
        "  /cats: {get: {responses: {'204': {description: Ok.}}}}\ncomponents:",
    )
    (SOURCE / "resources/cats.py").write_text("mine\n")
    answer = check(capsys)
    found = {finding["path"]: finding["cause"] for finding in answer["findings"]}
    assert found["api/pets.yaml"] == "document"
    assert found[(SOURCE / "resources/cats.py").as_posix()] == "extra"
    assert main(["generate", "--quiet"]) == 1
    repair(answer["repair"])
    assert check(capsys)["in_step"]


def test_everything_is_deleted_from_the_document(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = Path("api/pets.yaml").read_text("utf-8")
    Path("api/pets.yaml").write_text(
        f"{text.split('paths:')[0]}paths: {{}}\n", "utf-8", newline="\n"
    )
    answer = check(capsys)
    assert "extra" in {finding["cause"] for finding in answer["findings"]}
    repair(answer["repair"])
    assert check(capsys, "--full")["in_step"]
    assert not (SOURCE / "resources/pets.py").exists()


def test_a_checkout_with_other_line_ends(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """git's autocrlf turns inputs, outputs, manifest and lock alike."""
    for path in Path().rglob("*"):
        if path.is_file():
            path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    assert check(capsys, "--full")["in_step"]
    CAUSES["document"]()
    assert {finding["cause"] for finding in check(capsys)["findings"]} == {"document"}
    assert main(["generate", "--quiet"]) == 0
    assert check(capsys, "--full")["in_step"]


def test_a_tree_that_nobody_may_write(
    project: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nor its cache folder. (Where permissions bind nobody, `check` compares times and bytes.)"""
    cache = project.parent / "cache"
    cache.mkdir()
    monkeypatch.setenv("SDKPRESS_CACHE", str(cache))
    folders = [cache, project, *(path for path in project.rglob("*") if path.is_dir())]
    for folder in folders:
        folder.chmod(stat.S_IRUSR | stat.S_IXUSR)
    try:
        assert check(capsys)["in_step"]
        assert check(capsys, "--full")["in_step"]
        if os.geteuid() != 0:
            assert list(cache.iterdir()) == []
    finally:
        for folder in folders:
            folder.chmod(0o755)
