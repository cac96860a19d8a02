"""Where a package may go, and that nothing is ever half there."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from sdkpress.vendoring.places import import_name
from sdkpress.vendoring.swapping import replace_folder
from tests.vendoring.revisions import contents, make_host, sdkpress, write_package

INTO = "app/_vendor"


@pytest.fixture
def tiny(tmp_path: Path) -> Path:
    return write_package(tmp_path, "1.0", {"a.py": "x = 1\n"})


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("class", "Python keyword"),
        ("../evil", "not a Python identifier"),
        ("a-b", "not a Python identifier"),
        ("a/b", "not a Python identifier"),
        ("", ""),
        ("vendored.tiny", "--into .../vendored --as tiny"),
        ("x" * 200, "not a Python identifier"),
    ],
)
def test_names_that_nobody_can_import(host: Path, tiny: Path, name: str, said: str) -> None:
    before = contents(host)
    ran = sdkpress("vendor", "add", tiny, "--into", INTO, "--as", name, at=host)
    if not name:
        assert ran.code == 0, "an empty name is none"
        return
    assert ran.code == 2 and said in ran.err
    assert contents(host) == before


def test_a_name_that_hides_a_module_is_said(host: Path, tiny: Path) -> None:
    ran = sdkpress("vendor", "add", tiny, "--into", "scripts", "--as", "json", at=host)
    assert ran.code == 0 and "hides a module" in ran.err
    ran = sdkpress("vendor", "add", tiny, "--into", INTO, "--as", "json", at=host)
    assert ran.code == 0 and "hides" not in ran.err and "app._vendor.json" in ran.err


def test_a_package_that_imports_itself_by_name_is_said(host: Path, tmp_path: Path) -> None:
    text = '"""from tiny import a"""\n\nimport tiny_other\n'
    bound = write_package(tmp_path, "1.0", {"a.py": text, "b.py": "x = 1\nfrom tiny.a import b\n"})
    ran = sdkpress("vendor", "add", bound, "--into", INTO, at=host)
    assert ran.code == 0 and "b.py:2: the package imports itself by name" in ran.err
    (bound / "src" / "tiny" / "b.py").write_text("from . import a\n", "utf-8")
    ran = sdkpress("vendor", "update", bound, "--into", INTO, at=host)
    assert ran.code == 0 and "imports itself" not in ran.err


def test_what_is_in_the_way_is_left_alone(host: Path, tiny: Path) -> None:
    (host / INTO / "tiny").mkdir()
    (host / INTO / "tiny" / "mine.py").touch()
    (host / INTO / "file").touch()
    before = contents(host)
    ran = sdkpress("vendor", "add", tiny, "--into", INTO, at=host)
    assert ran.code == 2 and "vendor-target" in ran.err
    ran = sdkpress("vendor", "add", tiny, "--into", INTO, "--as", "file", at=host)
    assert ran.code == 2 and "vendor-target" in ran.err
    assert contents(host) == before
    (host / INTO / "tiny" / "mine.py").unlink()
    assert sdkpress("vendor", "add", tiny, "--into", INTO, at=host).code == 0
    newer = write_package(tiny.parent, "2.0", {})
    ran = sdkpress("vendor", "add", newer, "--into", INTO, at=host)
    assert ran.code == 2 and "vendor update" in ran.err


def test_links_are_refused(host: Path, tiny: Path, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (host / "linked").symlink_to(outside, target_is_directory=True)
    (host / INTO / "tiny").symlink_to(outside, target_is_directory=True)
    for into in ("linked", "linked/deeper", "linked/../app/_vendor", INTO, host / "linked"):
        ran = sdkpress("vendor", "add", tiny, "--into", into, at=host)
        assert ran.code == 2 and "symlink-in-output" in ran.err, into
    assert not list(outside.iterdir())
    (host / INTO / "tiny").unlink()
    (tiny / "src" / "tiny" / "secret.py").symlink_to("/etc/passwd")
    ran = sdkpress("vendor", "add", tiny, "--into", INTO, at=host)
    assert ran.code == 2 and "symlink-in-output" in ran.err
    (tiny / "src" / "tiny" / "secret.py").unlink()
    assert sdkpress("vendor", "add", tiny, "--into", INTO, at=host).code == 0
    (host / INTO / "tiny" / "b.py").symlink_to("/etc/passwd")
    for command in ("check", "update"):
        ran = sdkpress("vendor", command, "tiny", "--into", INTO, at=host)
        assert ran.code == 2 and "symlink-in-output" in ran.err


def test_a_project_below_a_link_of_the_system_is_none_of_our_business(
    tiny: Path, tmp_path: Path
) -> None:
    make_host(tmp_path / "real")
    (tmp_path / "alias").symlink_to(tmp_path / "real", target_is_directory=True)
    ran = sdkpress("vendor", "add", tiny, "--into", INTO, at=tmp_path / "alias")
    assert ran.code == 0, ran.err
    ran = sdkpress(
        "vendor", "add", tiny, "--into", tmp_path / "alias" / "new", at=tmp_path / "real"
    )
    assert ran.code == 0, ran.err


def test_files_that_differ_in_case_alone(host: Path, tiny: Path) -> None:
    sdkpress("vendor", "add", tiny, "--into", INTO, at=host)
    (host / INTO / "tiny" / "B.py").touch()
    newer = write_package(tiny.parent, "2.0", {"b.py": "y = 1\n"})
    ran = sdkpress("vendor", "update", newer, "--into", INTO, at=host)
    assert ran.code == 2 and "vendor-target" in ran.err and "in the way" in ran.err


@pytest.mark.parametrize("moment", ["staged", "between", "swapped"])
def test_an_update_that_was_killed_is_put_right(host: Path, tiny: Path, moment: str) -> None:
    """What each moment of an update leaves, as a process that is killed would."""
    sdkpress("vendor", "add", tiny, "--into", INTO, at=host)
    folder = host / INTO / "tiny"
    before = contents(folder)
    staged, old = folder.parent / ".tiny.sdkpress-new", folder.parent / ".tiny.sdkpress-old"
    if moment == "staged":
        staged.mkdir()
        (staged / "half.py").touch()
    else:
        folder.rename(old)
        if moment == "between":
            staged.mkdir()
            check = sdkpress("vendor", "check", "tiny", "--into", INTO, at=host)
            assert check.code == 2 and "vendor update" in check.err
        else:
            replace_folder(folder, before)
            old.mkdir(exist_ok=True)
            (old / "rest.py").touch()
    ran = sdkpress("vendor", "update", tiny, "--into", INTO, "--as", "tiny", at=host)
    assert ran.code == 0, ran.err
    assert contents(folder) == before
    assert sorted(os.listdir(folder.parent)) == ["__init__.py", "tiny"]


@pytest.mark.skipif(os.name != "posix" or os.getuid() == 0, reason="needs permissions that count")
def test_a_tree_that_cannot_be_written(host: Path, tiny: Path) -> None:
    sdkpress("vendor", "add", tiny, "--into", INTO, at=host)
    newer = write_package(tiny.parent, "2.0", {})
    before = contents(host)
    (host / INTO).chmod(0o555)
    try:
        assert sdkpress("vendor", "check", at=host).code == 0
        ran = sdkpress("vendor", "update", newer, "--into", INTO, at=host)
        assert ran.code == 2 and "file-unwritable" in ran.err
    finally:
        (host / INTO).chmod(0o755)
    assert contents(host) == before


def test_a_failure_while_writing_leaves_what_was_there(
    host: Path, tiny: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sdkpress("vendor", "add", tiny, "--into", INTO, at=host)
    before = contents(host)
    rename = os.rename

    def full(source: Path, target: Path) -> None:
        if str(source).endswith("-new"):
            raise OSError(28, "No space left on device")
        rename(source, target)

    monkeypatch.setattr(os, "rename", full)
    newer = write_package(tiny.parent, "2.0", {"b.py": ""})
    ran = sdkpress("vendor", "update", newer, "--into", INTO, at=host)
    assert ran.code == 2 and "file-unwritable" in ran.err
    assert contents(host) == before


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("format = 1", "format = 9", "newer sdkpress"),
        ("format = 1", "format = ", "is not TOML"),
        ('"a.py"', '"../a.py"', "leads out"),
        ('"a.py"', '"b.py"', "was edited"),
        ("# Written", "<<<<<<< ours\n# Written", "conflict of a merge"),
        ("[files]", "[other]", "lists no files"),
    ],
)
def test_a_record_that_cannot_be_used(
    host: Path, tiny: Path, old: str, new: str, said: str
) -> None:
    sdkpress("vendor", "add", tiny, "--into", INTO, at=host)
    path = host / INTO / "tiny" / "VENDORED.toml"
    path.write_text(path.read_text("utf-8").replace(old, new), "utf-8")
    for command in ("check", "update", "remove"):
        ran = sdkpress("vendor", command, "tiny", "--into", INTO, at=host)
        assert ran.code == 2 and "vendor-record" in ran.err and said in ran.err


def test_the_name_to_import_it_by(host: Path) -> None:
    assert import_name(host / "app" / "_vendor" / "tiny") == "app._vendor.tiny"
    assert import_name(host / "app" / "spaces" / "tiny") == "app.spaces.tiny"
    assert import_name(host / "lib" / "tiny") == "tiny"
