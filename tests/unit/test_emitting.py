"""emitting.py and comparing.py: who owns which file, and all or nothing."""

from __future__ import annotations

import errno
import json
import os
import resource
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from sdkpress.diagnostics import SdkpressError
from sdkpress.emitting import EmitResult, emit
from sdkpress.manifest import MANIFEST_NAME
from sdkpress.output import BuildFacts, NamesLock, OutputFile

FACTS = BuildFacts("0.1.0", "d", ("o",), "c", "t", "n")


def files(**contents: str) -> list[OutputFile]:
    """`a__b_py="x"` is the file `a/b.py`."""
    return [
        OutputFile(name.replace("__", "/").replace("_py", ".py"), text.encode())
        for name, text in contents.items()
    ]


def tree(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def stamps(folder: Path) -> dict[str, int]:
    return {str(path): path.stat().st_mtime_ns for path in folder.rglob("*")}


def written(result: EmitResult) -> list[str]:
    return [path for path, state in result.states.items() if state == "written"]


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "deep" / "client"


def test_a_first_run_writes_everything(out: Path) -> None:
    result = emit(files(a_py="1\n", b__c_py="2\n"), out, FACTS)
    assert result.states == {MANIFEST_NAME: "written", "a.py": "written", "b/c.py": "written"}
    assert tree(out)["b/c.py"] == b"2\n"
    assert result.findings == ()


def test_a_second_run_touches_nothing(out: Path) -> None:
    emit(files(a_py="1\n", b__c_py="2\n"), out, FACTS)
    before = stamps(out)
    result = emit(files(b__c_py="2\n", a_py="1\n"), out, FACTS)
    assert set(result.states.values()) == {"unchanged"}
    assert stamps(out) == before


def test_only_what_changed_is_written(out: Path) -> None:
    emit(files(a_py="1\n", b_py="2\n"), out, FACTS)
    assert written(emit(files(a_py="1\n", b_py="3\n"), out, FACTS)) == [MANIFEST_NAME, "b.py"]


def test_the_manifest_has_one_entry_a_line(out: Path) -> None:
    once = OutputFile("NOTES.md", b"n", owner="once")
    emit([*files(a_py="1\n"), once], out, FACTS)
    text = (out / MANIFEST_NAME).read_text()
    loaded = json.loads(text)
    assert loaded["files"]["NOTES.md"] == "once"
    assert loaded["inputs"]["document"] == "d"
    assert text.endswith("}\n") and '    "NOTES.md": "once",\n    "a.py": "sha256:' in text


def test_an_empty_client_has_a_manifest_too(out: Path) -> None:
    emit([], out, FACTS)
    assert set(emit([], out, FACTS).states.values()) == {"unchanged"}


def test_a_new_version_alone_changes_nothing(out: Path) -> None:
    emit(files(a_py="1\n"), out, FACTS)
    newer = replace(FACTS, generator_version="0.2.0")
    assert set(emit(files(a_py="1\n"), out, newer).states.values()) == {"unchanged"}
    emit(files(a_py="2\n"), out, newer)
    assert '"generator": "0.2.0"' in (out / MANIFEST_NAME).read_text()


def test_an_edited_file_is_refused_and_nothing_is_written(out: Path) -> None:
    emit(files(a_py="1\n2\n3\n", z_py="1\n"), out, FACTS)
    (out / "a.py").write_text("1\n2\nmine\n")
    before = tree(out)
    result = emit(files(a_py="1\n2\n3\n", z_py="2\n", n_py="new\n"), out, FACTS)
    assert tree(out) == before and result.states == {}
    (found,) = result.findings
    assert found.id == "edited-file" and "a.py" in found.message and "extras/" in found.help
    assert found.location is not None and found.location.line == 3


def test_an_edit_that_is_what_we_would_write_is_none(out: Path) -> None:
    emit(files(a_py="1\n"), out, FACTS)
    (out / "a.py").write_text("2\n")
    result = emit(files(a_py="2\n"), out, FACTS)
    assert result.states["a.py"] == "unchanged" and not result.findings


def test_a_deleted_file_comes_back(out: Path) -> None:
    emit(files(a_py="1\n"), out, FACTS)
    (out / "a.py").unlink()
    assert written(emit(files(a_py="1\n"), out, FACTS)) == ["a.py"]


def test_unknown_files_are_left_alone(out: Path) -> None:
    emit(files(a_py="1\n", p__b_py="1\n"), out, FACTS)
    (out / "p" / "mine.py").write_text("mine")
    emit(files(a_py="1\n"), out, FACTS)
    assert tree(out).keys() == {MANIFEST_NAME, "a.py", "p/mine.py"}


def test_an_unknown_file_in_the_way_is_refused(out: Path) -> None:
    out.mkdir(parents=True)
    (out / "a.py").write_text("mine")
    result = emit(files(a_py="1\n", b_py="1\n"), out, FACTS)
    assert [found.id for found in result.findings] == ["foreign-file"]
    assert tree(out) == {"a.py": b"mine"}


def test_an_unknown_file_with_our_content_is_ours(out: Path) -> None:
    out.mkdir(parents=True)
    (out / "a.py").write_text("1\n")
    assert written(emit(files(a_py="1\n"), out, FACTS)) == [MANIFEST_NAME]


def test_once_files_are_never_touched_again(out: Path) -> None:
    def build(text: bytes) -> list[OutputFile]:
        return [OutputFile("extras/__init__.py", text, owner="once")]

    emit(build(b"start\n"), out, FACTS)
    (out / "extras/__init__.py").write_bytes(b"mine\n")
    assert set(emit(build(b"other\n"), out, FACTS).states.values()) == {"unchanged"}
    emit([], out, FACTS)
    assert tree(out)["extras/__init__.py"] == b"mine\n"


def test_a_dropped_file_is_deleted_with_its_empty_folders(out: Path) -> None:
    emit(files(a_py="1\n", p__q__b_py="1\n"), out, FACTS)
    compiled = out / "p/q/__pycache__"
    compiled.mkdir()
    (compiled / "b.cpython-311.pyc").write_bytes(b"")
    result = emit(files(a_py="1\n"), out, FACTS)
    assert result.states["p/q/b.py"] == "deleted"
    assert not (out / "p").exists() and out.exists()


def test_a_dropped_file_that_was_edited_is_kept_and_named(out: Path) -> None:
    emit(files(a_py="1\n", b_py="1\n"), out, FACTS)
    (out / "b.py").write_text("mine")
    result = emit(files(a_py="2\n"), out, FACTS)
    assert [found.id for found in result.findings] == ["edited-dropped-file"]
    assert tree(out)["a.py"] == b"2\n" and tree(out)["b.py"] == b"mine"
    assert emit(files(a_py="2\n"), out, FACTS).findings == ()


def test_a_checkout_with_crlf_is_unchanged(out: Path) -> None:
    emit(files(a_py="1\n2\n", b_py="1\n"), out, FACTS)
    for name in tree(out):
        path = out / name
        path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    result = emit(files(a_py="1\n2\n", b_py="1\n"), out, FACTS)
    assert set(result.states.values()) == {"unchanged"}
    # and it is not an edit when the content moves on
    result = emit(files(a_py="1\n3\n", b_py="1\n"), out, FACTS)
    assert tree(out)["a.py"] == b"1\n3\n" and not result.findings


def test_mixed_line_ends_are_put_right(out: Path) -> None:
    emit(files(a_py="1\n2\n"), out, FACTS)
    (out / "a.py").write_bytes(b"1\r\n2\n")
    assert written(emit(files(a_py="1\n2\n"), out, FACTS)) == ["a.py"]
    assert tree(out)["a.py"] == b"1\n2\n"


def test_content_with_carriage_returns_is_compared_as_it_is(out: Path) -> None:
    build = [OutputFile("data.bin", b"a\r\nb\n\0", kind="data")]
    emit(build, out, FACTS)
    assert set(emit(build, out, FACTS).states.values()) == {"unchanged"}
    (out / "data.bin").write_bytes(b"a\nb\n\0")
    assert [found.id for found in emit(build, out, FACTS).findings] == ["edited-file"]


def test_a_rename_in_case_only(out: Path) -> None:
    emit(files(Pet_py="1\n"), out, FACTS)
    emit(files(pet_py="2\n"), out, FACTS)
    assert tree(out).keys() == {MANIFEST_NAME, "pet.py"}


def test_a_rename_in_case_only_deletes_first(out: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """On a file system that ignores case the delete would otherwise hit the new file."""
    emit(files(Pet_py="1\n"), out, FACTS)
    seen: list[bool] = []
    real = os.replace

    def replace_and_look(source: Any, target: Any) -> None:
        seen.append((out / "Pet.py").exists())
        real(source, target)

    monkeypatch.setattr(os, "replace", replace_and_look)
    emit(files(pet_py="2\n"), out, FACTS)
    assert seen == [False, False]


@pytest.mark.parametrize(
    "path",
    ["../x", "/x", "a/../x", "a//b", "", ".", "C:x", "a\\b", "a\nb", "\u202ex", ".sdkpress.json"],
)
def test_no_build_leaves_its_folder(out: Path, path: str) -> None:
    with pytest.raises(ValueError):
        emit([OutputFile(path, b"")], out, FACTS)
    assert not out.parent.exists()


@pytest.mark.parametrize("paths", [("a.py", "A.py"), ("a", "a/b"), ("a.py", "a.py")])
def test_no_build_contradicts_itself(out: Path, paths: Sequence[str]) -> None:
    with pytest.raises(ValueError):
        emit([OutputFile(path, b"") for path in paths], out, FACTS)


@pytest.mark.parametrize(
    "listed", ["../victim.txt", "/etc/victim", "a/../../victim.txt", "..", "x\\y"]
)
def test_a_manifest_cannot_name_files_outside(out: Path, listed: str) -> None:
    emit([], out, FACTS)
    victim = out.parent / "victim.txt"
    victim.write_text("v")
    manifest = json.loads((out / MANIFEST_NAME).read_text())
    manifest["files"][listed] = "sha256:" + "0" * 64
    (out / MANIFEST_NAME).write_text(json.dumps(manifest))
    with pytest.raises(SdkpressError, match="invalid-manifest"):
        emit([], out, FACTS)
    assert victim.exists()


@pytest.mark.parametrize("text", ["", "{", "[]", "<<<<<<< ours\n", '{"format": 2}', "[" * 9999])
def test_a_damaged_manifest_is_reported(out: Path, text: str) -> None:
    emit(files(a_py="1\n"), out, FACTS)
    (out / MANIFEST_NAME).write_text(text)
    with pytest.raises(SdkpressError, match=r"\.sdkpress\.json:\d+:1: error\[invalid-manifest\]"):
        emit(files(a_py="2\n"), out, FACTS)
    assert tree(out)["a.py"] == b"1\n"


@pytest.mark.parametrize("where", ["p", "p/b.py", ".sdkpress.json"])
def test_links_inside_are_refused(out: Path, tmp_path: Path, where: str) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "b.py").write_text("theirs")
    (out / where).parent.mkdir(parents=True)
    (out / where).symlink_to(outside if where == "p" else outside / "b.py")
    with pytest.raises(SdkpressError, match="symlink-in-output"):
        emit(files(a_py="1\n", p__b_py="1\n"), out, FACTS)
    assert tree(outside) == {"b.py": b"theirs"} and not (out / "a.py").exists()


def test_a_dropped_file_behind_a_link_is_refused(out: Path, tmp_path: Path) -> None:
    emit(files(p__b_py="1\n"), out, FACTS)
    (out / "p").rename(tmp_path / "outside")
    (out / "p").symlink_to(tmp_path / "outside")
    with pytest.raises(SdkpressError, match="symlink-in-output"):
        emit([], out, FACTS)
    assert (tmp_path / "outside/b.py").exists()


def test_the_folder_itself_may_be_a_link(out: Path, tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    out.parent.mkdir(parents=True)
    out.symlink_to(tmp_path / "real")
    emit(files(a_py="1\n"), out, FACTS)
    assert tree(tmp_path / "real").keys() == {MANIFEST_NAME, "a.py"}


def test_a_file_where_a_folder_belongs(out: Path) -> None:
    out.mkdir(parents=True)
    (out / "p").write_text("mine")
    with pytest.raises(SdkpressError, match="output-unwritable"):
        emit(files(a_py="1\n", p__b_py="1\n"), out, FACTS)
    assert tree(out) == {"p": b"mine"}


def test_a_folder_that_cannot_be(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(SdkpressError):
        emit(files(a_py="1\n"), tmp_path / "file" / "client", FACTS)
    assert tree(tmp_path) == {"file": b""}


def fail_on(monkeypatch: pytest.MonkeyPatch, name: str, call: int) -> None:
    """Let `os.<name>` fail with a full disk at its `call`-th call."""
    real, calls = getattr(os, name), iter(range(1000))

    def failing(*args: Any, **options: Any) -> Any:
        if next(calls) == call:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(args[0]))
        return real(*args, **options)

    monkeypatch.setattr(os, name, failing)


@pytest.mark.parametrize("call", [1, 2, 3, 4])
def test_a_full_disk_while_staging_changes_nothing(
    out: Path, monkeypatch: pytest.MonkeyPatch, call: int
) -> None:
    emit(files(a_py="1\n", b_py="1\n"), out, FACTS)
    before = tree(out)
    fail_on(monkeypatch, "open", call)  # the first open is the lock
    with pytest.raises(SdkpressError, match="nothing was changed"):
        emit(files(a_py="2\n", n__b_py="2\n", z__y_py="2\n"), out, FACTS)
    assert tree(out) == before
    assert not (out / "n").exists() and not (out / "z").exists()


@pytest.mark.parametrize("call", [0, 1, 2])
def test_a_failure_half_way_leaves_whole_files_and_a_second_run_repairs(
    out: Path, monkeypatch: pytest.MonkeyPatch, call: int
) -> None:
    emit(files(a_py="1\n", b_py="1\n", c_py="1\n"), out, FACTS)
    manifest = tree(out)[MANIFEST_NAME]
    with monkeypatch.context() as patch:
        fail_on(patch, "replace", call)
        with pytest.raises(SdkpressError, match="output-incomplete"):
            emit(files(a_py="2\n", b_py="2\n"), out, FACTS)
    half = tree(out)
    assert half.keys() <= {MANIFEST_NAME, "a.py", "b.py", "c.py"}
    assert half[MANIFEST_NAME] == manifest
    assert all(half[name] in (b"1\n", b"2\n") for name in ("a.py", "b.py"))
    assert emit(files(a_py="2\n", b_py="2\n"), out, FACTS).findings == ()
    assert tree(out).keys() == {MANIFEST_NAME, "a.py", "b.py"}
    assert tree(out)["b.py"] == b"2\n"


CHILD = """\
import fcntl, os, resource, sys
from pathlib import Path
from sdkpress.diagnostics import SdkpressError
from sdkpress.emitting import emit
from sdkpress.output import BuildFacts, OutputFile
facts = BuildFacts("0.1.0", "d", ("o",), "c", "t", "n")
if sys.argv[2] == "limit":
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
else:
    os.setgid(65534), os.setuid(65534)
build = [OutputFile("a.py", b"2\\n"), OutputFile("sub/big.py", b"x" * 5000)]
if sys.argv[2] == "drop":
    build = [OutputFile("a.py", b"1\\n")]
try:
    emit(build, Path(sys.argv[1]), facts)
except SdkpressError as error:
    print(error)
    sys.exit(2)
"""


def run_child(out: Path, how: str) -> subprocess.CompletedProcess[str]:
    # Everything is imported before the child gives up its rights to read the checkout.
    return subprocess.run(
        [sys.executable, "-c", CHILD, str(out), how],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_real_file_size_limit_changes_nothing(out: Path) -> None:
    emit(files(a_py="1\n"), out, FACTS)
    before = tree(out)
    done = run_child(out, "limit")
    assert (done.returncode, tree(out)) == (2, before), done.stderr
    assert "sub/big.py:1:1: error[output-unwritable]" in done.stdout
    assert resource.RLIMIT_FSIZE is not None and not (out / "sub").exists()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become someone without rights")
@pytest.mark.parametrize("how", ["write", "drop"])
def test_an_unwritable_folder_changes_nothing(out: Path, tmp_path: Path, how: str) -> None:
    emit(files(a_py="1\n", gone__b_py="1\n"), out, FACTS)
    before = tree(out)
    for folder in (out, *out.parents):
        if folder.stat().st_uid == 0 and tmp_path.parents[2] in (folder, *folder.parents):
            folder.chmod(0o755)
    done = run_child(out, how)
    assert (done.returncode, tree(out)) == (2, before), done.stderr
    assert "error[output-unwritable]: cannot be written: Permission denied" in done.stdout


def test_what_a_killed_run_left_is_swept_by_the_next(out: Path) -> None:
    emit(files(a_py="1\n"), out, FACTS)
    (out / ".a.py.sdkpress-tmp").write_text("half")
    emit(files(a_py="2\n"), out, FACTS)
    assert tree(out).keys() == {MANIFEST_NAME, "a.py"}


def test_the_names_lock_is_written_beside_the_document(out: Path, tmp_path: Path) -> None:
    lock = NamesLock(tmp_path / "names.lock", b"pins\n")
    result = emit(files(a_py="1\n"), out, FACTS, lock)
    assert result.states["../../names.lock"] == "written"
    assert lock.path.read_bytes() == b"pins\n"
    assert set(emit(files(a_py="1\n"), out, FACTS, lock).states.values()) == {"unchanged"}


def test_permissions_are_kept(out: Path) -> None:
    emit(files(a_py="1\n"), out, FACTS)
    (out / "a.py").chmod(0o755)
    emit(files(a_py="2\n"), out, FACTS)
    assert (out / "a.py").stat().st_mode & 0o777 == 0o755
