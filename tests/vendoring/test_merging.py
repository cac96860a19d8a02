"""Three-way merges: the rules, and the same answers as `git merge-file` on edits made at random."""

from __future__ import annotations

import random
import shutil
import subprocess
from pathlib import Path

import pytest

from sdkpress.vendoring.matching import matching_blocks, similarity
from sdkpress.vendoring.merging import has_markers, merge_texts

BASE = b"one\ntwo\nthree\nfour\nfive\n"


def merged(base: bytes, ours: bytes, theirs: bytes) -> tuple[bytes, int]:
    result = merge_texts(base, ours, theirs, our_label="ours", their_label="theirs")
    return result.content, result.conflicts


@pytest.mark.parametrize(
    ("ours", "theirs", "expected"),
    [
        (BASE, BASE, BASE),
        (b"ONE\ntwo\nthree\nfour\nfive\n", BASE, b"ONE\ntwo\nthree\nfour\nfive\n"),
        (BASE, b"one\ntwo\nfive\n", b"one\ntwo\nfive\n"),
        (
            b"ONE\ntwo\nthree\nfour\nfive\n",
            b"one\ntwo\nthree\nfour\nFIVE\nsix\n",
            b"ONE\ntwo\nthree\nfour\nFIVE\nsix\n",
        ),
        (b"one\n", b"one\n", b"one\n"),
        (b"", b"", b""),
        (b"zero\n" + BASE, BASE + b"six", b"zero\n" + BASE + b"six"),
    ],
)
def test_what_one_side_has_changed_is_taken(ours: bytes, theirs: bytes, expected: bytes) -> None:
    assert merged(BASE, ours, theirs) == (expected, 0)
    assert merged(BASE, theirs, ours) == (expected, 0)


def test_both_sides_stand_between_markers() -> None:
    ours = b"one\nTWO\nthree\nfour\nfive\n"
    theirs = b"one\n2\nthree\nfour\nfive\n"
    content, conflicts = merged(BASE, ours, theirs)
    assert conflicts == 1
    assert content == (b"one\n<<<<<<< ours\nTWO\n=======\n2\n>>>>>>> theirs\nthree\nfour\nfive\n")
    assert has_markers(content) and not has_markers(theirs)


def test_what_both_have_added_alike_is_outside_of_the_conflict() -> None:
    content, conflicts = merged(b"", b"a\nours\nz", b"a\ntheirs\nz")
    assert conflicts == 1
    assert content == b"a\n<<<<<<< ours\nours\n=======\ntheirs\n>>>>>>> theirs\nz"


def test_blocks_are_equal_ascending_and_apart() -> None:
    chance = random.Random(8)
    for _ in range(300):
        left = [b"%d" % chance.randrange(6) for _ in range(chance.randrange(30))]
        right = [b"%d" % chance.randrange(6) for _ in range(chance.randrange(30))]
        at = (0, 0)
        for block in matching_blocks(left, right):
            assert block.size and block.left >= at[0] and block.right >= at[1]
            end = (block.left + block.size, block.right + block.size)
            assert left[block.left : end[0]] == right[block.right : end[1]]
            at = end
        assert 0.0 <= similarity(left, right) <= 1.0


def test_large_texts_are_no_trouble() -> None:
    lines = [b"line %d\n" % number for number in range(60_000)]
    ours = [*lines[:100], b"ours\n", *lines[101:]]
    theirs = [*lines[:50_000], b"theirs\n" * 20, *lines[50_200:]]
    content, conflicts = merged(b"".join(lines), b"".join(ours), b"".join(theirs))
    assert conflicts == 0 and content.count(b"theirs\n") == 20 and b"ours\n" in content
    same = b"x\n" * 30_000
    assert merged(same, same + b"y\n", b"z\n" + same) == (b"z\n" + same + b"y\n", 0)


def edited(lines: list[bytes], chance: random.Random) -> list[bytes]:
    found = list(lines)
    for _ in range(chance.randrange(1, 4)):
        place = chance.randrange(len(found) + 1)
        found[place : place + chance.randrange(3)] = [
            b"new %d\n" % chance.randrange(1000) for _ in range(chance.randrange(3))
        ]
    return found


@pytest.mark.skipif(shutil.which("git") is None, reason="git is the oracle")
def test_git_comes_to_the_same(tmp_path: Path) -> None:
    """Where lines are unlike each other, a merge has one answer."""
    chance = random.Random(2026)
    for number in range(60):
        lines = [b"line %d\n" % place for place in range(chance.randrange(3, 40))]
        sides = {
            "base": b"".join(lines),
            "ours": b"".join(edited(lines, chance)),
            "theirs": b"".join(edited(lines, chance)),
        }
        for name, text in sides.items():
            (tmp_path / name).write_bytes(text)
        words = ["git", "merge-file", "-p", "-L", "ours", "-L", "base", "-L", "theirs"]
        ran = subprocess.run(
            [*words, "ours", "base", "theirs"], cwd=tmp_path, capture_output=True, check=False
        )
        content, conflicts = merged(sides["base"], sides["ours"], sides["theirs"])
        assert conflicts == ran.returncode, number
        if not conflicts:
            assert content == ran.stdout, number
