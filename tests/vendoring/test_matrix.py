"""The life of a vendored package over ten revisions of its document."""

from __future__ import annotations

import hashlib
import tomllib
from pathlib import Path

import pytest

from sdkpress.vendoring.base import unpack
from sdkpress.vendoring.record import BASE_NAME, RECORD_NAME
from tests.vendoring.revisions import contents, make_host, sdkpress

INTO = "app/_vendor"


def test_add_copies_the_package_with_its_licence_and_says_what_it_is(
    revisions: tuple[Path, ...], host: Path
) -> None:
    ran = sdkpress("vendor", "add", revisions[0], "--into", INTO, at=host)
    assert ran.code == 0, ran.err
    assert "app._vendor.museum" in ran.err and "warning" not in ran.err
    folder = host / INTO / "museum"
    package = revisions[0] / "src" / "museum"
    record = tomllib.loads((folder / RECORD_NAME).read_text("utf-8"))
    assert record["name"], record["version"] == ("museum", "1.1.0")
    assert record["license"] == "MIT" and record["source"] == {"kind": "folder"}
    document = (revisions[0].parent / "museum.json").read_bytes()
    assert len(record["document-sha256"]) == len(hashlib.sha256(document).hexdigest())
    assert record["requirements"] == ["httptools>=0.8,<0.10", "msgspec>=0.22,<0.23"]
    vendored = contents(folder)
    assert vendored["LICENSE"] == (revisions[0] / "LICENSE").read_bytes()
    for path, digest in record["files"].items():
        assert hashlib.sha256(vendored[path]).hexdigest() == digest
        if path != "LICENSE":
            assert vendored[path] == (package / path).read_bytes(), "nothing is rewritten"
    assert not [path for path in vendored if path.startswith("testing/")]
    assert {*vendored} == {*record["files"], RECORD_NAME, BASE_NAME}


def test_code_for_tests_comes_along_when_asked(revisions: tuple[Path, ...], host: Path) -> None:
    ran = sdkpress("vendor", "add", revisions[0], "--into", INTO, "--with-testing", at=host)
    assert ran.code == 0
    assert (host / INTO / "museum" / "testing" / "pytest_plugin.py").is_file()
    ran = sdkpress("vendor", "update", revisions[0], "--into", INTO, "--without-testing", at=host)
    assert ran.code == 0 and not (host / INTO / "museum" / "testing").exists()
    assert sdkpress("vendor", "check", at=host).code == 0


def test_the_same_package_gives_the_same_bytes(
    revisions: tuple[Path, ...], host: Path, tmp_path: Path
) -> None:
    other = make_host(tmp_path / "deeper" / "other")
    for project in (host, other):
        assert sdkpress("vendor", "add", revisions[3], "--into", INTO, at=project).code == 0
    assert contents(host / INTO) == contents(other / INTO)
    again = sdkpress("vendor", "add", revisions[3], "--into", INTO, at=host)
    assert again.code == 0, "what is there already is no mistake"
    assert "no client that sdkpress made" not in again.err
    (host / INTO / "museum" / "own.py").touch()
    same = sdkpress("vendor", "update", revisions[3], "--into", INTO, at=host)
    assert same.code == 0 and "museum 1.4.0 already" in same.err + same.out


@pytest.mark.parametrize(
    ("change", "cause"),
    [("edit", "edited"), ("delete", "missing"), ("add", "extra"), ("base", "base")],
)
def test_check_names_what_was_changed(
    revisions: tuple[Path, ...], host: Path, change: str, cause: str
) -> None:
    sdkpress("vendor", "add", revisions[0], "--into", INTO, at=host)
    assert sdkpress("vendor", "check", "museum", "--into", INTO, at=host).code == 0
    folder = host / INTO / "museum"
    path = {"add": "helpers.py", "base": BASE_NAME}.get(change, "client.py")
    if change == "edit":
        (folder / path).write_bytes((folder / path).read_bytes() + b"EDITED = True\n")
    elif change == "add":
        (folder / path).touch()
    else:
        (folder / path).unlink()
    before = contents(host)
    ran = sdkpress("vendor", "check", "--into", INTO, "--format", "json", at=host)
    assert ran.code == 1
    found = [(item["cause"], item["path"]) for item in ran.json["findings"]]
    assert found == [(cause, f"{INTO}/museum/{path}")]
    assert ran.json["in_step"] is False
    if change == "edit":
        assert "+EDITED = True" in ran.json["findings"][0]["diff"]
    text = sdkpress("vendor", "check", at=host)
    assert text.code == 1 and f"{cause}: {INTO}/museum/{path}" in text.out
    github = sdkpress("vendor", "check", "--format", "github", at=host)
    assert github.out.startswith("::error ") and path in github.out
    assert contents(host) == before, "check writes nothing"


def test_line_ends_of_a_checkout_and_compiled_files_are_no_edit(
    revisions: tuple[Path, ...], host: Path
) -> None:
    sdkpress("vendor", "add", revisions[0], "--into", INTO, at=host)
    folder = host / INTO / "museum"
    for path, content in contents(folder).items():
        if path != BASE_NAME:
            (folder / path).write_bytes(content.replace(b"\n", b"\r\n"))
    (folder / "__pycache__").mkdir()
    (folder / "__pycache__" / "client.cpython-311.pyc").write_bytes(b"\0")
    assert sdkpress("vendor", "check", at=host).code == 0
    assert sdkpress("vendor", "update", revisions[1], "--into", INTO, at=host).code == 0
    assert sdkpress("vendor", "check", at=host).code == 0


def test_a_formatter_is_recognised(revisions: tuple[Path, ...], host: Path) -> None:
    sdkpress("vendor", "add", revisions[0], "--into", INTO, at=host)
    path = host / INTO / "museum" / "client.py"
    path.write_text(path.read_text("utf-8").replace("    name=__name__", "    name = __name__"))
    ran = sdkpress("vendor", "check", at=host)
    assert ran.code == 1 and "exclude the folder from your formatter" in ran.out


def test_an_edit_stays_through_nine_updates(revisions: tuple[Path, ...], host: Path) -> None:
    """Ten revisions one after the other: an edit, an own file, and nothing else differs."""
    sdkpress("vendor", "add", revisions[0], "--into", INTO, at=host)
    folder = host / INTO / "museum"
    client = folder / "client.py"
    edit = b"# The museum of our town.\n"
    client.write_bytes(edit + client.read_bytes())
    (folder / "extras" / "ours.py").write_bytes(b"OPEN = True\n")
    assert sdkpress("vendor", "accept", "museum", "--into", INTO, at=host).code == 0
    for number, revision in enumerate(revisions[1:], 2):
        ran = sdkpress("vendor", "update", revision, "--into", INTO, at=host)
        assert ran.code == 0, ran.out + ran.err
        published = contents(revision / "src" / "museum")
        there = contents(folder)
        record = tomllib.loads(there.pop(RECORD_NAME).decode())
        base = unpack(there.pop(BASE_NAME), record["files"], "")
        assert record["version"] == f"1.{number}.0"
        assert there.pop("client.py") == edit + published["client.py"]
        assert there.pop("extras/ours.py") == b"OPEN = True\n"
        assert base["client.py"] == published["client.py"]
        assert there == {
            path: content
            for path, content in base.items()
            if path not in ("client.py", "extras/ours.py")
        }
        assert sorted(record["accepted"]) == ["client.py", "extras/ours.py"]
    assert sdkpress("vendor", "check", at=host).code == 0, "accepted edits stay accepted"


def test_an_update_ends_where_adding_would_have_begun(
    revisions: tuple[Path, ...], tmp_path: Path
) -> None:
    added = make_host(tmp_path / "added")
    sdkpress("vendor", "add", revisions[9], "--into", INTO, at=added)
    host = make_host(tmp_path / "updated")
    sdkpress("vendor", "add", revisions[0], "--into", INTO, at=host)
    assert sdkpress("vendor", "update", revisions[9], "--into", INTO, at=host).code == 0
    assert contents(host / INTO) == contents(added / INTO)


def test_two_versions_stand_beside_each_other(revisions: tuple[Path, ...], host: Path) -> None:
    sdkpress("vendor", "add", revisions[0], "--into", INTO, "--as", "museum_old", at=host)
    sdkpress("vendor", "add", revisions[9], "--into", INTO, "--as", "museum_new", at=host)
    ran = sdkpress("vendor", "check", "--format", "json", at=host)
    assert ran.code == 0
    assert [(item["name"], item["version"]) for item in ran.json["packages"]] == [
        ("museum_new", "1.10.0"),
        ("museum_old", "1.1.0"),
    ]
    unclear = sdkpress("vendor", "update", revisions[5], "--into", INTO, at=host)
    assert unclear.code == 2 and "--as" in unclear.err
    ran = sdkpress("vendor", "update", revisions[5], "--into", INTO, "--as", "museum_old", at=host)
    assert ran.code == 0
    assert sdkpress("vendor", "remove", "museum_old", "--into", INTO, at=host).code == 0
    assert [
        item["version"]
        for item in sdkpress("vendor", "check", "--format", "json", at=host).json["packages"]
    ] == ["1.10.0"]


def test_remove_keeps_edits_unless_told_otherwise(revisions: tuple[Path, ...], host: Path) -> None:
    before = contents(host)
    sdkpress("vendor", "add", revisions[0], "--into", INTO, at=host)
    own = host / INTO / "museum" / "own.py"
    own.touch()
    ran = sdkpress("vendor", "remove", "museum", "--into", INTO, at=host)
    assert ran.code == 1 and "own.py" in ran.out and own.exists()
    ran = sdkpress("vendor", "remove", "museum", "--into", INTO, "--force", at=host)
    assert ran.code == 0
    assert contents(host) == before
