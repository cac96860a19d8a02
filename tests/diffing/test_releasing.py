"""`generate --bump`: the version, the changelog and the files, together or not at all."""

from __future__ import annotations

import hashlib
import json
import tomllib
from pathlib import Path
from typing import Any

import pytest

from sdkpress.changelog import with_entry
from sdkpress.cli import main
from sdkpress.config_editing import with_version
from sdkpress.diagnostics import SdkpressError

DOCUMENT = """\
openapi: 3.1.0
info: {title: Pets, version: 1.0.0}
servers: [{url: 'https://pets.example.com'}]
paths:
  /pets:
    get:
      operationId: listPets
      summary: All animals.
      parameters: [{name: limit, in: query, schema: {type: integer}}]
      responses: {'200': {description: Ok., content: {application/json: {schema: {$ref: '#/components/schemas/Pet'}}}}}
components:
  schemas:
    Pet: {type: object, properties: {name: {type: string}}}
"""
PROJECT = """\
# our clients
[[tool.sdkpress.client]]
name = "pets-client"    # a client
version = '1.2.3'       # of the client
spec = "pets.yaml"
out = "pets"
black = false
"""
ADDED = "  /cats: {get: {responses: {'204': {description: Ok.}}}}\ncomponents:"
ENTRY = "## [2.0.0]\n\n### Added\n\n- All.\n"


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "pets.yaml").write_bytes(DOCUMENT.encode())
    (folder / "pyproject.toml").write_bytes(PROJECT.encode())
    monkeypatch.chdir(folder)
    return folder


def replace_in(path: str, old: str, new: str) -> None:
    content = Path(path).read_bytes()
    assert old.encode() in content
    Path(path).write_bytes(content.replace(old.encode(), new.encode(), 1))


def bump(capsys: pytest.CaptureFixture[str], *options: str, code: int = 0) -> list[dict[str, Any]]:
    """`generate --bump`; what is said of the release of each client."""
    capsys.readouterr()
    assert main(["generate", "--bump", "--format", "json", *options]) == code
    return [client["release"] for client in json.loads(capsys.readouterr().out)["clients"]]


def snapshot() -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in sorted(Path().rglob("*")) if path.is_file()}


def version() -> str:
    """The version that the configuration, the package and its module agree on."""
    (client,) = tomllib.loads(Path("pyproject.toml").read_text())["tool"]["sdkpress"]["client"]
    made = tomllib.loads(Path("pets/pyproject.toml").read_text())["project"]["version"]
    assert client["version"] == made
    assert f'"{made}"' in Path("pets/src/pets_client/__init__.py").read_text()
    return made


def test_the_first_generation_keeps_its_version(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (release,) = bump(capsys)
    assert release == {
        "old_version": "1.2.3",
        "version": "1.2.3",
        "bump": "none",
        "reason": "the first generation",
    }
    assert Path("pyproject.toml").read_text() == PROJECT
    before = snapshot()
    assert bump(capsys)[0]["reason"] == "nothing changed"
    assert bump(capsys, "--full")[0]["reason"] == "nothing changed"
    assert snapshot() == before


def test_each_size_of_a_bump(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["generate", "--quiet"]) == 0
    replace_in("pets.yaml", "All animals.", "Every animal.")
    assert (bump(capsys)[0]["bump"], version()) == ("patch", "1.2.4")
    replace_in("pets.yaml", "components:", ADDED)
    assert (bump(capsys)[0]["bump"], version()) == ("minor", "1.3.0")
    replace_in("pets.yaml", "name: limit", "name: count")
    (release,) = bump(capsys)
    assert (release["bump"], release["old_version"], version()) == ("major", "1.3.0", "2.0.0")
    assert "breaking" in release["reason"]
    assert Path("pyproject.toml").read_text() == PROJECT.replace("'1.2.3'", '"2.0.0"')
    log = Path("pets/CHANGELOG.md").read_text()
    headings = [line for line in log.splitlines() if line.startswith("#")]
    assert [line for line in headings if not line.startswith("###")] == [
        "# Changelog",
        "## 2.0.0",
        "## 1.3.0",
        "## 1.2.4",
        "## 1.2.3",
    ]
    assert log.index("limit") < log.index("## 1.3.0") < log.index("cats") < log.index("## 1.2.4")
    before = snapshot()
    assert bump(capsys, "--full")[0]["bump"] == "none"
    assert snapshot() == before
    assert main(["check", "--full"]) == 0


def test_below_one_everything_counts_less(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    replace_in("pyproject.toml", "version = '1.2.3'       # of the client\n", "")
    assert main(["generate", "--quiet"]) == 0
    replace_in("pets.yaml", "name: limit", "name: count")
    (release,) = bump(capsys)
    assert (release["bump"], release["old_version"], version()) == ("major", "0.1.0", "0.2.0")
    assert (
        'name = "pets-client"    # a client\nversion = "0.2.0"\nspec'
        in Path("pyproject.toml").read_text()
    )


def test_a_version_raised_by_hand_stays(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["generate", "--quiet"]) == 0
    replace_in("pets.yaml", "components:", ADDED)
    replace_in("pyproject.toml", "1.2.3", "5.0.0rc1")
    (release,) = bump(capsys)
    assert (release["version"], version()) == ("5.0.0rc1", "5.0.0rc1")
    assert release["reason"].startswith("set by hand; 1.3.0 would do (minor")
    assert "## 5.0.0rc1" in Path("pets/CHANGELOG.md").read_text()


def test_a_version_raised_by_hand_and_nothing_else(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["generate", "--quiet"]) == 0
    replace_in("pyproject.toml", "1.2.3", "2.0.0")
    assert bump(capsys)[0]["version"] == version() == "2.0.0"
    assert "2.0.0" not in Path("pets/CHANGELOG.md").read_text()


def test_a_version_that_is_too_low_is_raised(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["generate", "--quiet"]) == 0
    replace_in("pets.yaml", "name: limit", "name: count")
    replace_in("pyproject.toml", "1.2.3", "1.2.4")
    assert bump(capsys)[0]["version"] == version() == "2.0.0"


def test_an_alias_makes_a_rename_no_break(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["generate", "--quiet"]) == 0
    names = '\n[tool.sdkpress.client.names]\nlistPets = "animals.list"\n'
    aliases = '\n[tool.sdkpress.client.aliases]\n"pets.list" = "animals.list"\n'
    Path("pyproject.toml").write_text(PROJECT + names + aliases)
    assert (bump(capsys)[0]["bump"], version()) == ("minor", "1.3.0")
    replace_in("pyproject.toml", aliases, "")
    assert (bump(capsys)[0]["bump"], version()) == ("major", "2.0.0")


def test_a_rename_by_the_configuration_is_a_break(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["generate", "--quiet"]) == 0
    names = '\n[tool.sdkpress.client.names]\nlistPets = "animals.list"\nPet = "Animal"\n'
    Path("pyproject.toml").write_text(PROJECT + names)
    assert (bump(capsys)[0]["bump"], version()) == ("major", "2.0.0")
    assert "animals.list" in Path("pets/CHANGELOG.md").read_text()


def test_nothing_is_written_where_a_file_was_edited(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["generate", "--quiet"]) == 0
    replace_in("pets.yaml", "name: limit", "name: count")
    replace_in("pets/reference.md", "# Reference", "# My reference")
    before = snapshot()
    assert main(["generate", "--bump", "--quiet"]) == 1
    assert snapshot() == before


def test_nothing_is_written_where_the_version_cannot_be(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("pyproject.toml").write_text(
        '[tool.sdkpress]\nclient = [{name = "pets-client", spec = "pets.yaml", out = "pets"}]\n'
    )
    assert main(["generate", "--quiet"]) == 0
    replace_in("pets.yaml", "name: limit", "name: count")
    before = snapshot()
    assert main(["generate", "--bump", "--quiet"]) == 2
    assert 'set version = "0.2.0" by hand' in capsys.readouterr().err
    assert snapshot() == before


def test_two_clients_in_one_file_with_crlf(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    second = PROJECT.replace("pets", "cats").replace("'1.2.3'", '"0.3.0"').replace("our", "more")
    Path("pyproject.toml").write_bytes((PROJECT + second).replace("\n", "\r\n").encode())
    Path("cats.yaml").write_bytes(DOCUMENT.encode())
    assert main(["generate", "--quiet"]) == 0
    for name in ("pets.yaml", "cats.yaml"):
        replace_in(name, "name: limit", "name: count")
    assert [release["version"] for release in bump(capsys)] == ["2.0.0", "0.4.0"]
    expected = (PROJECT + second).replace("'1.2.3'", '"2.0.0"').replace('"0.3.0"', '"0.4.0"')
    assert Path("pyproject.toml").read_bytes() == expected.replace("\n", "\r\n").encode()
    assert main(["check", "--full"]) == 0


def test_no_client_is_written_where_one_cannot_be_compared(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    second = PROJECT.replace("pets", "cats")
    Path("pyproject.toml").write_text(PROJECT + second)
    Path("cats.yaml").write_bytes(DOCUMENT.encode())
    assert main(["generate", "--quiet"]) == 0
    for name in ("pets.yaml", "cats.yaml"):
        replace_in(name, "name: limit", "name: count")
    # The old document inside of the second package is gone to pieces, by a commit that took the
    # manifest along.
    document = Path("cats/src/cats_client/testing/document.json")
    digest = hashlib.sha256(document.read_bytes()).hexdigest()
    document.write_bytes(b"{")
    replace_in("cats/.sdkpress.json", digest, hashlib.sha256(b"{").hexdigest())
    before = snapshot()
    assert main(["generate", "--bump", "--quiet"]) == 2
    assert "document.json" in capsys.readouterr().err
    assert snapshot() == before


def test_bump_needs_a_configuration(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["generate", "--bump", "--spec", "pets.yaml", "--out", "x"]) == 2
    assert "--bump" in capsys.readouterr().err


# --- the changelog and the configuration as texts --------------------------------------------------


def test_what_people_wrote_in_a_changelog_stays() -> None:
    before = "# Changelog\n\nOurs.\n\n```\n## 0.0.1\n```\n\n## [Unreleased]\n\n- Mine.\n\n## [1.0.0]\n\n- Old.\n"
    after = with_entry(before.encode(), ENTRY, "2.0.0").decode()
    assert after == before.replace("## [1.0.0]", f"{ENTRY}\n## [1.0.0]")
    assert with_entry(after.encode(), ENTRY, "2.0.0").decode() == after
    taken = before.replace("[1.0.0]", "v2.0.0 - today")
    assert with_entry(taken.encode(), ENTRY, "2.0.0").decode() == taken


def test_an_entry_in_an_odd_changelog() -> None:
    assert with_entry(b"", ENTRY, "2.0.0") == f"# Changelog\n\n{ENTRY}".encode()
    plain = with_entry(b"# Changelog\n\n## 1.0.0\n\n- [x]\n", ENTRY, "2.0.0").decode()
    assert (
        plain == f"# Changelog\n\n## 2.0.0{ENTRY.removeprefix('## [2.0.0]')}\n## 1.0.0\n\n- [x]\n"
    )
    assert with_entry(b"\xff words", ENTRY, "2.0.0") == b"\xff words\n\n" + ENTRY.encode()
    crlf = with_entry(b"# C\r\n\r\n## 1.0\r\n", ENTRY, "2.0.0")
    assert crlf.count(b"\n") == crlf.count(b"\r\n") > 8 and crlf.endswith(b"\r\n\r\n## 1.0\r\n")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('[[client]]\nname = "a"\n', '[[client]]\nname = "a"\nversion = "2"\n'),
        ('[[client]]\n  name = "a"', '[[client]]\n  name = "a"\n  version = "2"'),
        ('[[client]]\nname="a"\n"version"="1" #x\n', '[[client]]\nname="a"\n"version"="2" #x\n'),
        (
            '[[client]]\nname = "b"\nversion = "1"\n[client.names]\nversion = "1"\n[[client]]\nversion = "1"\nname = "a"\n',
            '[[client]]\nname = "b"\nversion = "1"\n[client.names]\nversion = "1"\n[[client]]\nversion = "2"\nname = "a"\n',
        ),
    ],
)
def test_a_version_is_written_where_it_belongs(text: str, expected: str) -> None:
    assert with_version(text.encode(), Path("x"), "a", "2").decode() == expected


def test_a_version_that_stands_nowhere_of_its_own() -> None:
    with pytest.raises(SdkpressError):
        with_version(b'client = [{name = "a", version = "1"}]\n', Path("x"), "a", "2")
