"""Newer packages over edits: merges, conflicts, and what comes after them."""

from __future__ import annotations

from pathlib import Path

import pytest

from sdkpress.vendoring.merging import has_markers
from sdkpress.vendoring.record import BASE_NAME
from tests.vendoring.revisions import Ran, contents, sdkpress, write_package

INTO = "app/_vendor"
TEXT = "".join(f"line_{number} = {number}\n" for number in range(20))


def changed(text: str, number: int, line: str) -> str:
    return text.replace(f"line_{number} = {number}\n", line)


def vendor(host: Path, source: Path) -> Path:
    ran = sdkpress("vendor", "add", source, "--into", INTO, at=host)
    assert ran.code == 0, ran.err
    return host / INTO / "tiny"


def update(host: Path, source: Path, *words: str) -> Ran:
    return sdkpress("vendor", "update", source, "--into", INTO, *words, at=host)


def test_edits_of_both_sides_are_merged(host: Path, tmp_path: Path) -> None:
    old = write_package(tmp_path, "1.0", {"a.py": TEXT})
    new = write_package(tmp_path, "2.0", {"a.py": changed(TEXT, 15, "newer = 1\n")})
    folder = vendor(host, old)
    (folder / "a.py").write_text(changed(TEXT, 2, "ours = 1\n"), "utf-8", newline="\r\n")
    before = contents(host)
    ran = update(host, new, "--dry-run")
    assert ran.code == 0 and "merged" in ran.out and "would become tiny 2.0" in ran.out
    assert before == contents(host)
    assert update(host, new).code == 0
    text = (folder / "a.py").read_bytes()
    expected = changed(changed(TEXT, 2, "ours = 1\n"), 15, "newer = 1\n").encode()
    assert text == expected.replace(b"\n", b"\r\n"), "line ends stay those of the checkout"
    ran = sdkpress("vendor", "check", at=host)
    assert ran.code == 1 and "+ours = 1" in ran.out and "newer" not in ran.out


def test_a_conflict_is_resolved_before_the_next_update(host: Path, tmp_path: Path) -> None:
    old = write_package(tmp_path, "1.0", {"a.py": TEXT})
    new = write_package(tmp_path, "2.0", {"a.py": changed(TEXT, 2, "theirs = 1\n")})
    newer = write_package(tmp_path, "3.0", {"a.py": changed(TEXT, 9, "third = 1\n")})
    folder = vendor(host, old)
    (folder / "a.py").write_text(changed(TEXT, 2, "ours = 1\n"), "utf-8")
    dry = update(host, new, "--dry-run")
    assert dry.code == 1 and not has_markers((folder / "a.py").read_bytes())
    ran = update(host, new)
    assert ran.code == 1 and "conflict: app/_vendor/tiny/a.py" in ran.out
    text = (folder / "a.py").read_text("utf-8")
    assert "<<<<<<< edited here\nours = 1\n=======\ntheirs = 1\n>>>>>>> tiny 2.0\n" in text
    before = contents(folder)
    (folder / "a.py").write_text(text.replace(">>>>>>> tiny 2.0\n", ""), "utf-8")
    half = sdkpress("vendor", "check", at=host)
    assert half.code == 1 and "conflict:" in half.out, "half of a conflict is one still"
    (folder / "a.py").write_text(text, "utf-8")
    for again in (update(host, newer), update(host, new, "--dry-run")):
        assert again.code == 1 and "is not resolved yet" in again.out
    accepted = sdkpress("vendor", "accept", "tiny", "--into", INTO, at=host)
    assert accepted.code == 2 and "vendor-conflict" in accepted.err
    ran = sdkpress("vendor", "check", "--format", "json", at=host)
    assert [item["cause"] for item in ran.json["findings"]] == ["conflict"]
    assert contents(folder) == before
    (folder / "a.py").write_text(changed(TEXT, 2, "both = 1\n"), "utf-8")
    ran = sdkpress("vendor", "check", "--format", "json", at=host)
    assert [item["cause"] for item in ran.json["findings"]] == ["edited"]
    assert sdkpress("vendor", "accept", "tiny", "--into", INTO, at=host).code == 0
    assert sdkpress("vendor", "check", at=host).code == 0
    # 3.0 takes back what 2.0 had in this place, which was decided here: a conflict again.
    assert update(host, newer).code == 1


def test_a_formatter_is_no_side_of_a_conflict(host: Path, tmp_path: Path) -> None:
    """Of a file that was only laid out anew, the newer one is taken; a comment is an edit."""
    text = "x = {'a': 1, 'b': 2}\ny = 1\nz = [1, 2]  # all\n"
    formatted = "x = {\n    'a': 1,\n    'b': 2,\n}\ny = 1\nz = [\n    1,\n    2,\n]  # all\n"
    newer = text.replace("'b': 2", "'b': 2, 'c': 3")
    old = write_package(tmp_path, "1.0", {name: text for name in ("a.py", "b.py", "c.py")})
    new = write_package(tmp_path, "2.0", {name: newer for name in ("a.py", "b.py")})
    folder = vendor(host, old)
    for name in ("a.py", "c.py"):
        (folder / name).write_text(formatted, "utf-8")
    (folder / "b.py").write_text(formatted.replace("'a': 1,", "'a': 1,  # one"), "utf-8")
    said = sdkpress("vendor", "check", at=host).out
    assert "a.py: was formatted anew" in said and "b.py: was edited" in said
    assert update(host, new).code == 1
    assert (folder / "a.py").read_text("utf-8") == newer
    assert not (folder / "c.py").exists(), "gone there, and nobody has edited it"
    assert has_markers((folder / "b.py").read_bytes())


def test_a_byte_order_mark_is_no_line(host: Path, tmp_path: Path) -> None:
    old = write_package(tmp_path, "1.0", {"a.py": TEXT})
    new = write_package(tmp_path, "2.0", {"a.py": changed(TEXT, 1, "theirs = 1\n")})
    folder = vendor(host, old)
    mark = b"\xef\xbb\xbf"
    (folder / "a.py").write_bytes(mark + (TEXT + "ours = 1\n").encode())
    assert update(host, new).code == 0
    expected = changed(TEXT, 1, "theirs = 1\n") + "ours = 1\n"
    assert (folder / "a.py").read_bytes() == mark + expected.encode()


def test_the_path_of_the_copy_says_which_one_is_meant(host: Path) -> None:
    source = write_package(host / "sdks", "1.0", {"a.py": TEXT})
    folder = vendor(host, source)
    (source / "src" / "tiny" / "a.py").write_text(TEXT + "newer = 1\n", "utf-8")
    ran = sdkpress("vendor", "update", "app/_vendor/tiny", at=host)
    assert ran.code == 0, ran.err
    assert (folder / "a.py").read_text("utf-8").endswith("newer = 1\n")


def test_files_that_one_side_has_deleted(host: Path, tmp_path: Path) -> None:
    old = write_package(tmp_path, "1.0", {f"{name}.py": TEXT + name for name in "abcd"})
    new = write_package(
        tmp_path, "2.0", {"b.py": TEXT + "b2", "c.py": TEXT + "c", "d.py": TEXT + "d2"}
    )
    folder = vendor(host, old)
    (folder / "c.py").unlink()
    (folder / "d.py").unlink()
    (folder / "b.py").write_text(TEXT + "b2", "utf-8")  # the same edit on both sides
    ran = update(host, new)
    assert ran.code == 1
    assert not (folder / "a.py").exists(), "nobody had touched it"
    assert not (folder / "c.py").exists(), "deleted here, and the same as before there"
    assert (folder / "d.py").read_text("utf-8").startswith("<<<<<<< deleted here\n=======\nline_0")
    ran = sdkpress("vendor", "check", "--format", "json", at=host)
    assert [(item["cause"], item["path"][-4:]) for item in ran.json["findings"]] == [
        ("missing", "c.py"),
        ("conflict", "d.py"),
    ]


def test_an_edited_file_that_is_gone_there_is_a_conflict(host: Path, tmp_path: Path) -> None:
    folder = vendor(host, write_package(tmp_path, "1.0", {"a.py": "x = 1\n"}))
    (folder / "a.py").write_text("x = 2\n", "utf-8")
    ran = update(host, write_package(tmp_path, "2.0", {}))
    assert ran.code == 1
    text = (folder / "a.py").read_text("utf-8")
    assert text.startswith("<<<<<<< edited here\nx = 2\n=======\n>>>>>>> tiny 2.0, which has it no")
    (folder / "a.py").unlink()
    assert sdkpress("vendor", "check", at=host).code == 0


def test_edits_follow_a_file_that_was_renamed(host: Path, tmp_path: Path) -> None:
    folder = vendor(host, write_package(tmp_path, "1.0", {"models/_chat.py": TEXT}))
    (folder / "models" / "_chat.py").write_text(changed(TEXT, 4, "ours = 4\n"), "utf-8")
    newer = changed(TEXT, 12, "newer = 12\n")
    new = write_package(tmp_path, "2.0", {"models/_talk.py": newer, "models/_other.py": "y = 1\n"})
    ran = update(host, new)
    assert ran.code == 0
    assert "moved: app/_vendor/tiny/models/_talk.py (was models/_chat.py)" in ran.out
    assert not (folder / "models" / "_chat.py").exists()
    text = (folder / "models" / "_talk.py").read_text("utf-8")
    assert text == changed(newer, 4, "ours = 4\n")


def test_a_file_that_both_sides_have_added(host: Path, tmp_path: Path) -> None:
    folder = vendor(host, write_package(tmp_path, "1.0", {}))
    (folder / "same.py").write_bytes(b"x = 1\r\n")
    (folder / "other.py").write_bytes(b"x = 1\n")
    new = write_package(tmp_path, "2.0", {"same.py": "x = 1\n", "other.py": "x = 2\n"})
    ran = update(host, new)
    assert ran.code == 1
    assert (folder / "same.py").read_bytes() == b"x = 1\r\n"
    assert has_markers((folder / "other.py").read_bytes())


def test_what_is_no_text_is_put_beside(host: Path, tmp_path: Path) -> None:
    folder = vendor(host, write_package(tmp_path, "1.0", {"data.bin": b"\0one"}))
    (folder / "data.bin").write_bytes(b"\0ours")
    ran = update(host, write_package(tmp_path, "2.0", {"data.bin": b"\0two"}))
    assert ran.code == 1
    assert (folder / "data.bin").read_bytes() == b"\0ours"
    assert (folder / "data.bin.theirs").read_bytes() == b"\0two"
    newer = write_package(tmp_path, "3.0", {"data.bin": b"\0two"})
    assert "is not resolved yet" in update(host, newer).out
    (folder / "data.bin.theirs").unlink()
    assert update(host, newer).code == 0


def test_accepted_edits_stay_accepted_where_they_can_be_merged(host: Path, tmp_path: Path) -> None:
    folder = vendor(host, write_package(tmp_path, "1.0", {"a.py": TEXT, "gone.py": "x = 1\n"}))
    (folder / "a.py").write_text(changed(TEXT, 2, "ours = 1\n"), "utf-8")
    (folder / "own.py").touch()
    (folder / "gone.py").unlink()
    ran = sdkpress("vendor", "accept", "tiny", "--into", INTO, at=host)
    assert ran.code == 0 and "3 edits accepted" in ran.out
    new = write_package(
        tmp_path, "2.0", {"a.py": changed(TEXT, 15, "newer = 1\n"), "gone.py": "x = 1\n"}
    )
    assert update(host, new).code == 0
    ran = sdkpress("vendor", "check", "--format", "json", at=host)
    assert ran.code == 0
    accepted = ran.json["packages"][0]["accepted"]
    assert [(item["path"], item["cause"]) for item in accepted] == [
        ("a.py", "edited"),
        ("gone.py", "missing"),
        ("own.py", "extra"),
    ]
    (folder / "a.py").write_text("another = 1\n", "utf-8")
    assert sdkpress("vendor", "check", at=host).code == 1, "another edit than the accepted one"


def test_without_the_pristine_copy_edits_cannot_be_merged(host: Path, tmp_path: Path) -> None:
    folder = vendor(host, write_package(tmp_path, "1.0", {"a.py": TEXT}))
    new = write_package(tmp_path, "2.0", {"a.py": changed(TEXT, 15, "newer = 1\n")})
    base = (folder / BASE_NAME).read_bytes()
    (folder / BASE_NAME).unlink()
    (folder / "a.py").write_text(changed(TEXT, 2, "ours = 1\n"), "utf-8")
    before = contents(folder)
    ran = update(host, new)
    assert ran.code == 2 and "vendor-base" in ran.err
    assert contents(folder) == before
    (folder / BASE_NAME).write_bytes(base[:100])
    ran = update(host, new)
    assert ran.code == 2 and "vendor-base" in ran.err
    (folder / BASE_NAME).unlink()
    (folder / "a.py").write_text(TEXT, "utf-8")
    assert update(host, new).code == 0, "nothing was edited, and the archive is not needed"
    assert sdkpress("vendor", "check", at=host).code == 0


def test_an_update_that_changes_nothing_writes_nothing(host: Path, tmp_path: Path) -> None:
    source = write_package(tmp_path, "1.0", {"a.py": TEXT})
    folder = vendor(host, source)
    stamp = folder.stat().st_ino
    ran = update(host, source)
    assert ran.code == 0 and "tiny 1.0 already" in ran.out
    assert folder.stat().st_ino == stamp


def test_another_distribution_is_refused(host: Path, tmp_path: Path) -> None:
    vendor(host, write_package(tmp_path, "1.0", {}))
    other = write_package(tmp_path, "2.0", {})
    text = (other / "pyproject.toml").read_text("utf-8").replace('"tiny"', '"huge"')
    (other / "pyproject.toml").write_text(text, "utf-8")
    ran = update(host, other)
    assert ran.code == 2 and "vendor-not-found" in ran.err
    ran = update(host, other, "--as", "tiny")
    assert ran.code == 2 and "vendor-target" in ran.err


def test_a_name_alone_takes_the_package_from_where_it_came(host: Path) -> None:
    source = write_package(host, "1.0", {"a.py": TEXT})
    folder = vendor(host, Path("tiny-1.0"))
    assert 'location = "tiny-1.0"' in (folder / "VENDORED.toml").read_text("utf-8")
    (source / "src" / "tiny" / "a.py").write_text("x = 2\n", "utf-8")
    assert sdkpress("vendor", "update", "tiny", "--into", INTO, at=host).code == 0
    assert (folder / "a.py").read_text("utf-8") == "x = 2\n"
    source.rename(host / "elsewhere")
    ran = sdkpress("vendor", "update", at=host)
    assert ran.code == 2 and "vendor-source" in ran.err


@pytest.mark.parametrize("format", ["text", "json"])
def test_the_result_for_programs(host: Path, tmp_path: Path, format: str) -> None:
    vendor(host, write_package(tmp_path, "1.0", {"a.py": TEXT}))
    new = write_package(tmp_path, "2.0", {"a.py": TEXT, "b.py": ""})
    ran = update(host, new, "--format", format)
    assert ran.code == 0
    if format == "json":
        assert ran.json == {
            "path": "app/_vendor/tiny",
            "from": "1.0",
            "to": "2.0",
            "written": True,
            "conflicts": [],
            "changes": [{"path": "b.py", "action": "added", "was": ""}],
            "diagnostics": [],
        }
