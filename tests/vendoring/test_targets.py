"""Where a package may go, and that nothing is ever half there."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest

from sdkpress.diagnostics import SdkpressError
from sdkpress.vendoring.folder_changes import add, prepare_update, write_update
from sdkpress.vendoring.folders import read_client
from sdkpress.vendoring.places import held, import_name
from sdkpress.vendoring.swapping import replace_folder
from sdkpress.vendoring.trees import read_vendored
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
        ("ﬁne", "not a Python identifier"),
        ("__pycache__", "a meaning of its own"),
        ("Con", "a meaning of its own"),
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


def test_a_module_of_that_name_would_be_hidden(host: Path, tiny: Path) -> None:
    (host / INTO / "tiny.py").write_text("A = 1\n", "utf-8")
    before = contents(host)
    ran = sdkpress("vendor", "add", tiny, "--into", INTO, at=host)
    assert ran.code == 2 and "vendor-target" in ran.err and "--as" in ran.err
    ran = sdkpress("vendor", "add", tiny, "--into", f"{INTO}/tiny.py", at=host)
    assert ran.code == 2 and "is a file" in ran.err
    assert contents(host) == before
    ran = sdkpress("vendor", "add", tiny, "--into", INTO, "--as", "other", at=host)
    assert ran.code == 0 and "no client that sdkpress made" in ran.err


def test_from_inside_of_the_folder(host: Path, tiny: Path) -> None:
    """It can be looked at, but not replaced: the shell would stand in a folder that is gone."""
    sdkpress("vendor", "add", tiny, "--into", INTO, at=host)
    folder = host / INTO / "tiny"
    newer = write_package(tiny.parent, "2.0", {"b.py": "y = 1\n"})
    before = contents(host)
    assert sdkpress("vendor", "check", at=folder).code == 0
    for words in (["update", newer], ["remove", "tiny"]):
        ran = sdkpress("vendor", *words, "--into", ".", at=folder)
        assert ran.code == 2 and "the working folder is in here" in ran.err
    assert contents(host) == before


def test_one_writes_at_a_time(host: Path, tiny: Path) -> None:
    target = host / INTO / "tiny"
    package = read_client(tiny, location="")
    raised: list[SdkpressError] = []

    def run() -> None:
        try:
            add(package, target, with_testing=False)
        except SdkpressError as error:
            raised.append(error)

    thread = threading.Thread(target=run)
    with held(target):
        thread.start()
        thread.join(0.1)
        target.mkdir(parents=True)  # what the other one would be doing
        (target / "own.py").touch()
    thread.join()
    assert [error.diagnostics[0].id for error in raised] == ["vendor-target"]
    assert contents(target) == {"own.py": b""}


def test_an_edit_while_the_update_is_prepared(host: Path, tiny: Path) -> None:
    sdkpress("vendor", "add", tiny, "--into", INTO, at=host)
    folder = host / INTO / "tiny"
    vendored = read_vendored(folder)
    newer = read_client(write_package(tiny.parent, "2.0", {"a.py": "x = 2\n"}), location="")
    planned = prepare_update(vendored, newer, with_testing=None)
    (folder / "a.py").write_text("edited = True\n", "utf-8")
    before = contents(folder)
    with pytest.raises(SdkpressError, match="try again"):
        write_update(vendored, planned)
    assert contents(folder) == before


@pytest.mark.skipif(os.name != "posix", reason="names that other systems cannot have")
def test_names_of_files_that_cannot_be_recorded(host: Path, tiny: Path) -> None:
    sdkpress("vendor", "add", tiny, "--into", INTO, at=host)
    (host / INTO / "tiny" / "a:b\x1b.txt").touch()
    ran = sdkpress("vendor", "check", at=host)
    assert ran.code == 2 and "move it out" in ran.err and "\x1b" not in ran.err


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


def test_licence_texts_come_from_inside_of_the_project(host: Path, tmp_path: Path) -> None:
    root = write_package(tmp_path, "1.0", {"a.py": ""})
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "secret").write_text("secret", "utf-8")
    (root / "more").symlink_to(tmp_path / "outside", target_is_directory=True)
    (root / "LICENSE:2").write_text("more", "utf-8")
    pyproject = root / "pyproject.toml"
    listed = 'license-files = ["LICENSE*", "more/*", "**a"]\n'
    pyproject.write_text(f"{pyproject.read_text('utf-8')}{listed}", "utf-8")
    assert sdkpress("vendor", "add", root, "--into", "app/_vendor", at=host).code == 0
    names = {path.name for path in (host / "app" / "_vendor" / "tiny").iterdir()}
    assert names == {"__init__.py", "a.py", "LICENSE", "VENDORED.base", "VENDORED.toml"}
