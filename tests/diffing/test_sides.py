"""OLD and NEW: files, files of revisions, clients at revisions; and which input made a change."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import os
from pathlib import Path

import pytest

from sdkpress.cli import main
from sdkpress.diagnostics import SdkpressError
from sdkpress.diffing.changes import Cause, Change
from sdkpress.diffing.comparing import Comparison, compare
from sdkpress.diffing.sides import open_sides
from tests.diffing.projects import commit, git, project, replace


def diffed(old: str, new: str | None = None, client: str | None = None) -> Comparison:
    with open_sides(old, new, client) as sides:
        return compare(*sides)


def python(found: Comparison) -> tuple[Change, ...]:
    return tuple(change for change in found.changes if change.axis != "wire")


def refused(old: str, new: str | None = None, client: str | None = None) -> tuple[str, str]:
    with pytest.raises(SdkpressError) as caught:
        diffed(old, new, client)
    (item,) = caught.value.diagnostics
    assert item.location is not None
    return item.id, f"{item.location.file}: {item.message}"


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working folder: a project with the tag `one`, and what is edited after it."""
    folder = project(tmp_path)
    commit(tmp_path, "one")
    monkeypatch.chdir(folder)
    return folder


def test_a_client_at_a_revision_against_the_working_tree(place: Path) -> None:
    replace(place / "specs/common.yaml", "    age: {type: integer}\n", "")
    found = diffed("git:one")
    (change,) = {item.subject: item for item in python(found)}.values()
    assert change.subject == "models.Pet.age"
    assert change.old is not None
    assert (change.old.file, change.old.line) == ("specs/common.yaml", 6)
    report = found.report()
    assert (report.old, report.new, report.package) == ("git:one", "working tree", "pets")
    assert (report.verdict.bump, report.old_version, report.new_version) == (
        "major", "1.2.0", "2.0.0",
    )  # fmt: skip


def test_two_revisions_and_a_working_tree_that_nobody_looks_at(place: Path) -> None:
    replace(place / "specs/pets.yaml", "name: tag", "name: label")
    commit(place, "two")
    (place / "specs/pets.yaml").write_text("broken", encoding="utf-8")
    (place / "pyproject.toml").unlink()
    before = git(place, "status", "--porcelain")
    (place / "pyproject.toml").write_text("", encoding="utf-8")
    subjects = {change.subject for change in python(diffed("git:one", "git:two"))}
    assert subjects == {"client.pets.list(tag)", "client.pets.list(label)"}
    (place / "pyproject.toml").unlink()
    assert git(place, "status", "--porcelain") == before


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("git:one:sub/specs/pets.yaml", "specs/pets.yaml"),
        ("git:one:./specs/pets.yaml", "specs/pets.yaml"),
        ("git:one:specs/pets.yaml", None),
        ("git:one:sub/specs/pets.yaml", None),
        ("git:one", "specs/pets.yaml"),
    ],
)
def test_a_file_of_a_revision_with_the_files_it_refers_to(
    place: Path, old: str, new: str | None
) -> None:
    replace(place / "specs/common.yaml", "age: {type: integer}", "age: {type: string}")
    with open_sides(old, new) as sides:
        found = compare(*sides)
        texts = [found.texts()[side]["specs/common.yaml"] for side in (0, 1)]
    assert {change.subject for change in python(found)} == {"models.Pet.age"}
    files = {item.file for change in found.changes for item in (change.old, change.new) if item}
    assert files <= {"specs/common.yaml", "specs/pets.yaml"}
    assert ["type: integer" in text for text in texts] == [True, False]


def test_a_file_in_place_of_the_document_of_a_client(place: Path, tmp_path: Path) -> None:
    """The overlays and the names are the client's."""
    other = place / "specs" / "candidate.yaml"
    text = (place / "specs/pets.yaml").read_text(encoding="utf-8")
    other.write_text(text.replace("name: tag", "name: label"), encoding="utf-8")
    found = diffed("specs/pets.yaml", "specs/candidate.yaml", "pets-client")
    assert {change.subject for change in python(found)} == {
        "client.pets.list(tag)", "client.pets.list(label)",
    }  # fmt: skip
    assert found.report().new_version == "2.0.0"
    replace(place / "specs/pets.overlay.yaml", "['/pets']", "['/dogs']")
    assert refused("specs/pets.yaml", "specs/candidate.yaml", "pets")[0] == "overlay-no-match"


def test_the_names_of_the_old_file_are_kept_for_the_new_one(tmp_path: Path) -> None:
    """An operationId that changes renames nothing, as the names lock would hold it."""
    text = Path(project(tmp_path) / "specs/pets.yaml").read_text(encoding="utf-8")
    folder = tmp_path / "sub" / "specs"
    (folder / "other.yaml").write_text(text.replace("listPets", "fetchEveryPet"), encoding="utf-8")
    found = diffed(str(folder / "pets.yaml"), str(folder / "other.yaml"))
    assert not python(found)


def test_what_is_the_same_needs_no_bump(place: Path) -> None:
    (place / "copy.json").write_text(
        json.dumps({"openapi": "3.1.0", "info": {"title": "A", "version": "1"}, "paths": {}}),
        encoding="utf-8",
    )
    (place / "copy.yaml").write_text(
        "paths: {}\nopenapi: 3.1.0\ninfo: {version: '1', title: A}\n", encoding="utf-8"
    )
    assert diffed("copy.json", "copy.yaml").report().verdict.bump == "none"
    assert diffed("git:one").report().verdict.bump == "none"


# ---------------------------------------------------------------------------------------- refusals


@pytest.mark.parametrize(
    ("old", "message"),
    [
        ("git:nowhere", "there is no revision 'nowhere'"),
        ("git:--output=x", "'--output=x' is not the name of a revision"),
        ("git:-n1", "'-n1' is not the name of a revision"),
        ("git:one:nothing.yaml", "there is no file nothing.yaml in one"),
        ("git:one:/etc/passwd", "there is no file /etc/passwd in one"),
        ("git:one:../../../../etc/passwd", "there is no file ../../../../etc/passwd in one"),
        ("git:one:sub/specs", "there is no file sub/specs in one"),
        ("git:one^{tree}", "there is no revision 'one^{tree}'"),
    ],
)
def test_a_revision_that_cannot_be_read(place: Path, old: str, message: str) -> None:
    id, text = refused(old)
    assert id == "unreadable-revision"
    assert message in text
    assert not (place / "x").exists()


def test_a_word_that_is_no_revision_at_all(place: Path) -> None:
    assert refused("git:")[0] == "usage"
    assert refused("git:one:")[0] == "usage"
    assert refused("nothing.yaml", "specs/pets.yaml")[0] == "file-not-found"


def test_a_shallow_clone_says_what_to_do(
    place: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    replace(place / "specs/pets.yaml", "name: tag", "name: label")
    commit(place, "two")
    source = (tmp_path / ".git").as_uri()
    git(tmp_path, "clone", "-q", "--depth=1", source, "shallow")
    monkeypatch.chdir(tmp_path / "shallow" / "sub")
    with pytest.raises(SdkpressError) as caught:
        diffed("git:HEAD~1")
    (item,) = caught.value.diagnostics
    assert "shallow" in item.help


def test_a_repository_without_a_work_tree(
    place: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    replace(place / "specs/common.yaml", "    age: {type: integer}\n", "")
    commit(place, "two")
    bare = tmp_path.parent / f"{tmp_path.name}.git"
    git(tmp_path, "clone", "-q", "--bare", os.fspath(tmp_path), os.fspath(bare))
    monkeypatch.chdir(bare)
    found = diffed("git:one:sub/specs/pets.yaml", "git:two:sub/specs/pets.yaml")
    assert "models.Pet.age" in {change.subject for change in found.changes}
    assert refused("git:one:sub/specs/pets.yaml")[0] == "file-not-found"
    assert refused("git:one")[0] == "no-configuration"


def test_outside_of_a_repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    monkeypatch.chdir(tmp_path)
    assert refused("git:HEAD:a.yaml")[0] == "unreadable-revision"


@pytest.mark.parametrize(
    ("name", "id", "message"),
    [
        ("folder", "file-not-found", "folder: folder is a folder"),
        ("pipe", "file-not-found", "pipe: pipe is a device or a pipe"),
        ("https://x.test/a.yaml", "file-not-found", "https://x.test/a.yaml is an address"),
        ("x" * 5_000, "file-not-found", "does not exist"),
        ("", "usage", "the name of a document is empty"),
    ],
)
def test_an_argument_that_is_no_file(
    name: str, id: str, message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("folder").mkdir()
    os.mkfifo("pipe")
    Path("a.yaml").write_text("openapi: 3.1.0\n", encoding="utf-8")
    for sides in ((name, "a.yaml"), ("a.yaml", name)):
        found = refused(*sides)
        assert found[0] == id
        assert message in found[1]


def test_without_git(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    assert "git is not installed" in refused("git:one")[1]


def test_a_client_that_was_not_there(place: Path) -> None:
    text = (place / "pyproject.toml").read_text(encoding="utf-8")
    second = text.replace("pets-client", "cats-client").replace('"Pets"', '"Cats"')
    more = second.replace('"pets"', '"cats"').replace("generated/pets", "generated/cats")
    (place / "pyproject.toml").write_text(f"{text}\n{more}", encoding="utf-8")
    assert refused("git:one", client="cats-client")[0] == "unknown-client"
    commit(place, "two")
    id, message = refused("git:two")
    assert id == "unknown-client"
    assert "name one with --client: pets-client, cats-client" in message
    assert diffed("git:one", client="pets-client").report().verdict.bump == "none"


def test_the_only_client_may_have_another_name_now(place: Path) -> None:
    for old, new in (('"pets-client"', '"animals"'), ('"pets"', '"animals"'), ('"Pets"', '"Zoo"')):
        replace(place / "pyproject.toml", old, new)
    found = {(change.id, change.before, change.after) for change in diffed("git:one").changes}
    assert ("python-package-renamed", "pets", "animals") in found
    assert ("python-client-renamed", "Pets", "Zoo") in found
    assert "no client 'Zoo'" in refused("git:one", client="Zoo")[1]


def test_a_revision_without_a_configuration(place: Path) -> None:
    (place / "pyproject.toml").unlink()
    commit(place, "bare")
    assert refused("git:bare")[0] == "no-configuration"


def test_links_and_submodules_are_not_followed(place: Path, tmp_path: Path) -> None:
    (place / "link.yaml").symlink_to("specs/pets.yaml")
    (place / "folder").symlink_to("specs")
    git(tmp_path, "init", "-q", "module")
    (tmp_path / "module" / "a.yaml").write_text("a: 1\n", encoding="utf-8")
    commit(tmp_path / "module", "inner")
    commit(tmp_path, "two")
    assert "a symbolic link" in refused("git:two:sub/link.yaml")[1]
    assert "a symbolic link" in refused("git:two:sub/folder/pets.yaml")[1]
    assert "a submodule" in refused("git:two:module/a.yaml")[1]


def test_errors_in_a_revision_name_the_revision(place: Path) -> None:
    replace(place / "specs/pets.yaml", "openapi: 3.1.0", "openapi: 9.0.0")
    commit(place, "two")
    with pytest.raises(SdkpressError) as caught:
        diffed("git:two")
    (item,) = caught.value.diagnostics
    assert item.location is not None
    assert (item.location.file, item.location.line) == ("git:two:specs/pets.yaml", 1)


# ------------------------------------------------------------------------------------------ causes


def causes(found: Comparison) -> dict[str, set[Cause]]:
    told: dict[str, set[Cause]] = {}
    for change in found.changes:
        if change.id != "api-version-not-bumped":
            told.setdefault(change.subject, set()).add(change.cause)
    return told


def test_each_input_alone_is_the_cause(place: Path) -> None:
    overlay = (place / "specs/pets.overlay.yaml").read_text(encoding="utf-8")
    remove = "  - {target: \"$.paths['/pets'].get.parameters[?@.name=='tag']\", remove: true}\n"
    (place / "specs/pets.overlay.yaml").write_text(overlay + remove, encoding="utf-8")
    assert causes(diffed("git:one")) == {
        "GET /pets": {"overlay"}, "client.pets.list(tag)": {"overlay"},
    }  # fmt: skip
    (place / "specs/pets.overlay.yaml").write_text(overlay, encoding="utf-8")
    text = (place / "pyproject.toml").read_text(encoding="utf-8")
    named = f'{text}names = {{"GET /pets" = "animals.find"}}\n'
    (place / "pyproject.toml").write_text(named, encoding="utf-8")
    assert causes(diffed("git:one")) == {"client.pets.list": {"configuration"}}
    (place / "pyproject.toml").write_text(text, encoding="utf-8")
    lock = {"operations": {"GET /pets": "animals.all"}, "schemas": {}}
    (place / "specs/pets.names.lock").write_text(
        json.dumps({"format": 1, "clients": {"pets-client": lock}}), encoding="utf-8"
    )
    assert causes(diffed("git:one")) == {"client.pets.list": {"names"}}


def test_several_inputs_are_told_apart(place: Path) -> None:
    replace(place / "specs/common.yaml", "    age: {type: integer}\n", "")
    with (place / "specs/pets.overlay.yaml").open("a", encoding="utf-8") as overlay:
        overlay.write(
            "  - {target: \"$.paths['/pets'].get.parameters[?@.name=='tag']\", remove: true}\n"
        )
    with (place / "pyproject.toml").open("a", encoding="utf-8") as configuration:
        configuration.write('names = {"GET /pets" = "animals.find"}\n')
    assert causes(diffed("git:one")) == {
        "GET /pets": {"document", "overlay"},
        "models.Pet.age": {"document"},
        "client.pets.list(tag)": {"overlay"},
        "client.pets.list": {"configuration"},
    }


def test_what_another_generator_wrote_is_its_change(place: Path) -> None:
    assert main(["generate", "--no-black"]) == 0
    manifest = place / "generated/pets/.sdkpress.json"
    module = place / "generated/pets/src/pets/resources/pets.py"
    content = json.loads(manifest.read_text(encoding="utf-8"))
    text = module.read_text(encoding="utf-8")
    older = text.replace("        limit: int | None = None,\n", "        limit: int | None = 5,\n")
    assert older != text
    module.write_text(older, encoding="utf-8")
    path = "src/pets/resources/pets.py"
    entry = content["files"][path]
    digest = hashlib.sha256(older.encode()).hexdigest()
    content["files"][path] = digest if isinstance(entry, str) else {**entry, "digest": digest}
    content["generator"] = "0.0.1"
    manifest.write_text(json.dumps(content), encoding="utf-8")
    commit(place, "older")
    (change,) = diffed("git:older").changes
    assert (change.id, change.cause) == ("python-parameter-default-changed", "generator")
    assert (change.before, change.after) == ("5", "None")


def test_the_command_leaves_no_file_behind(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = place.parent.parent / f"temporary-{place.parent.name}"
    folder.mkdir()
    monkeypatch.setattr("tempfile.tempdir", os.fspath(folder))
    diffed("git:one", "git:one")
    refused("git:one:nothing.yaml")
    assert not [*folder.iterdir()]


# ----------------------------------------------------------------------------------------- aliases


def test_a_rename_with_an_alias_breaks_nobody(place: Path) -> None:
    with (place / "pyproject.toml").open("a", encoding="utf-8") as configuration:
        configuration.write('names = {"GET /pets" = "animals.find", "Pet" = "Animal"}\n')
        configuration.write(
            'aliases = {"pets.list" = "animals.find", "models.Pet" = "models.Animal"}\n'
        )
    found = diffed("git:one")
    assert {(change.id, change.severity) for change in found.changes} == {
        ("python-operation-renamed", "compatible"), ("python-model-renamed", "compatible"),
    }  # fmt: skip
    commit(place, "two")
    replace(place / "pyproject.toml", "aliases = {", "# ")
    dropped = {(change.id, change.subject, change.severity) for change in diffed("git:two").changes}
    assert dropped == {
        ("python-operation-removed", "client.pets.list", "breaking"),
        ("python-model-removed", "models.Pet", "breaking"),
    }


def test_an_alias_that_only_says_that_something_is_gone_is_a_removal(place: Path) -> None:
    replace(place / "specs/pets.yaml", "/pets:", "/dogs:")
    replace(place / "specs/pets.overlay.yaml", "/pets", "/dogs")
    with (place / "pyproject.toml").open("a", encoding="utf-8") as configuration:
        configuration.write('aliases = {"pets.list" = {removed = "list dogs"}}\n')
    found = {(change.id, change.subject) for change in python(diffed("git:one"))}
    assert found == {
        ("python-operation-removed", "client.pets.list"),
        ("python-operation-added", "client.dogs.list"),
    }


def test_what_type_checkers_alone_see_is_a_setting_of_the_client(place: Path) -> None:
    replace(place / "specs/pets.yaml", "title: Pets", "title: All pets")
    with (place / "pyproject.toml").open("a", encoding="utf-8") as configuration:
        configuration.write('compatibility = {typing = "major"}\n')
    found = diffed("git:one")
    assert found.report().verdict.bump == "patch"
    seen = Change("id", "typing", "breaking", "message", "subject")
    assert dataclasses.replace(found, changes=(seen,)).report().new_version == "2.0.0"


def test_another_name_of_the_client_is_told_as_that(place: Path) -> None:
    replace(place / "pyproject.toml", 'client = "Pets"', 'client = "Dogs"')
    found = {
        (change.id.removeprefix("python-"), change.subject, change.after)
        for change in diffed("git:one").changes
    }
    assert found == {
        ("client-renamed", "Pets", "Dogs"),
        ("client-renamed", "AsyncPets", "AsyncDogs"),
        ("client-renamed", "PetsError", "DogsError"),
        ("client-renamed", "FakePets", "FakeDogs"),
        ("environment-changed", "Pets", "DOGS"),
    }
