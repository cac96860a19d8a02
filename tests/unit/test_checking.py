"""checking.py: each cause is found and named, and the check closes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from itertools import combinations
from pathlib import Path

import pytest

from sdkpress.checking import Cause, Finding, check, repair_command
from sdkpress.emitting import emit
from sdkpress.manifest import MANIFEST_NAME
from sdkpress.output import BuildFacts, NamesLock, OutputFile

FACTS = BuildFacts("0.1.0", "d", ("o",), "c", "t", "n")
FILES = (
    OutputFile("src/a.py", b"1\n2\n"),
    OutputFile("src/b.py", b"1\n2\n"),
    OutputFile("src/_runtime/r.py", b"1\n", kind="runtime"),
    OutputFile("src/t.py", b"1\n"),
    OutputFile("NOTES.md", b"n\n", owner="once"),
)


class Client:
    """A generated client, and the build that the next check compares it with."""

    def __init__(self, folder: Path) -> None:
        self.out = folder / "client"
        self.files = list(FILES)
        self.facts = FACTS
        self.lock = NamesLock(folder / "names.lock", b"pins\n")
        self.generate()

    def generate(self) -> None:
        emit(self.files, self.out, self.facts, self.lock)

    def check(self) -> tuple[Finding, ...]:
        before = self.state()
        found = check(self.files, self.out, self.facts, self.lock, client="c")
        assert self.state() == before, "check wrote something"
        return found

    def causes(self) -> set[Cause]:
        return {finding.cause for finding in self.check()}

    def state(self) -> dict[str, tuple[int, bytes]]:
        return {
            str(path): (path.stat().st_mtime_ns, path.read_bytes())
            for path in self.out.parent.rglob("*")
            if path.is_file()
        }

    def change(self, path: str, content: bytes) -> None:
        self.files = [
            replace(file, content=content) if file.path == path else file for file in self.files
        ]


@pytest.fixture
def client(tmp_path: Path) -> Client:
    return Client(tmp_path)


def document(client: Client) -> None:
    client.facts = replace(client.facts, document_digest="d2")
    client.change("src/a.py", b"1\nchanged\n")


def overlay(client: Client) -> None:
    client.facts = replace(client.facts, overlay_digests=("o", "p"))


def configuration(client: Client) -> None:
    client.facts = replace(client.facts, config_digest="c2")


def template(client: Client) -> None:
    client.facts = replace(client.facts, templates_digest="t2")
    client.change("src/t.py", b"2\n")


def generator(client: Client) -> None:
    client.change("src/_runtime/r.py", b"2\n")


def names(client: Client) -> None:
    client.lock.path.write_bytes(b"other pins\n")


def edited(client: Client) -> None:
    (client.out / "src/b.py").write_bytes(b"mine\n")


def missing(client: Client) -> None:
    (client.out / "NOTES.md").unlink()


def extra(client: Client) -> None:
    client.files.append(OutputFile("src/old.py", b"1\n"))
    client.generate()
    client.files.pop()


def line_endings(client: Client) -> None:
    (client.out / "src/b.py").write_bytes(b"1\r\n2\n")


CAUSES: dict[Cause, Callable[[Client], None]] = {
    "extra": extra,  # generates, so it comes first
    "document": document,
    "overlay": overlay,
    "configuration": configuration,
    "template": template,
    "generator": generator,
    "names": names,
    "edited": edited,
    "missing": missing,
    "line-endings": line_endings,
}


def repair(client: Client) -> None:
    if (client.out / "src/b.py").read_bytes() == b"mine\n":
        (client.out / "src/b.py").unlink()  # what the finding tells its reader to do
    client.generate()


def test_in_step(client: Client) -> None:
    assert client.check() == ()


@pytest.mark.parametrize("cause", CAUSES)
def test_each_cause_alone(client: Client, cause: Cause) -> None:
    CAUSES[cause](client)
    assert client.causes() == {cause}
    repair(client)
    assert client.check() == ()


@pytest.mark.parametrize(
    ("first", "second"),
    [pair for pair in combinations(CAUSES, 2) if set(pair) != {"edited", "line-endings"}],
)
def test_causes_in_pairs(client: Client, first: Cause, second: Cause) -> None:
    CAUSES[first](client)
    CAUSES[second](client)
    assert client.causes() == {first, second}
    repair(client)
    assert client.check() == ()


def test_a_new_version_alone_is_no_finding(client: Client) -> None:
    client.facts = replace(client.facts, generator_version="9")
    assert client.check() == ()


def test_new_templates_that_write_the_same_are_no_finding(client: Client) -> None:
    client.facts = replace(client.facts, generator_version="9", templates_digest="t2")
    assert client.check() == ()
    before = client.state()
    client.generate()
    assert client.state() == before


def test_a_new_version_that_writes_something_else_is_named(client: Client) -> None:
    generator(client)
    client.facts = replace(client.facts, generator_version="9")
    (found,) = client.check()
    assert (found.cause, found.path[-4:]) == ("generator", "r.py")
    assert "the runtime of the generator changed, sdkpress 0.1.0 -> 9" in found.message


def test_other_output_from_the_same_inputs_is_the_generator(client: Client) -> None:
    client.change("src/a.py", b"1\n3\n")
    assert client.causes() == {"generator"}


def test_a_checkout_with_crlf_is_in_step(client: Client) -> None:
    for path in (*client.out.rglob("*"), client.lock.path):
        if path.is_file():
            path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    assert client.check() == ()


def test_never_generated(client: Client, tmp_path: Path) -> None:
    (found,) = check(client.files, tmp_path / "elsewhere", FACTS, client="c")
    assert (found.cause, found.message) == ("missing", "the client has not been generated yet")


def test_a_lost_manifest_beside_another_cause(client: Client) -> None:
    (client.out / MANIFEST_NAME).unlink()
    document(client)
    assert [(found.cause, Path(found.path).name) for found in client.check()] == [
        ("missing", MANIFEST_NAME),
        ("extra", "a.py"),
    ]
    (client.out / "src/a.py").unlink()  # as the repair of that finding says
    client.generate()
    assert client.check() == ()


def test_a_lost_manifest(client: Client) -> None:
    (client.out / MANIFEST_NAME).unlink()
    assert [(found.cause, found.path[-14:]) for found in client.check()] == [
        ("missing", MANIFEST_NAME)
    ]
    client.generate()
    assert client.check() == ()


def test_a_stale_manifest_that_nothing_else_tells(client: Client) -> None:
    path = client.out / MANIFEST_NAME
    path.write_text(path.read_text().replace('"src/a.py": "sha256:', '"src/a.py": "sha256:0'))
    (found,) = client.check()
    assert (found.cause, found.path.endswith(MANIFEST_NAME)) == ("edited", True)
    client.generate()
    assert client.check() == ()


def test_a_finding_names_the_file_and_shows_a_diff(client: Client) -> None:
    document(client)
    source, file = client.check()
    assert source.message == "the document has changed since c was generated"
    assert file.path == (client.out / "src/a.py").as_posix()
    assert file.diff.splitlines()[2:] == ["@@ -1,3 +1,3 @@", " 1", "-2", "+changed", " "]


def test_a_source_is_named_where_it_is_known(client: Client) -> None:
    configuration(client)
    (found,) = check(
        client.files,
        client.out,
        client.facts,
        client.lock,
        client="c",
        sources={"configuration": "pyproject.toml"},
    )
    assert found.path == "pyproject.toml"


def test_a_diff_counts_lines_from_the_top_of_the_file(client: Client) -> None:
    lines = [f"{number}\n" for number in range(1, 1001)]
    client.change("src/a.py", "".join(lines).encode())
    client.generate()
    lines[499] = "changed\n"
    client.change("src/a.py", "".join(lines).encode())
    (found,) = client.check()
    assert "@@ -497,7 +497,7 @@" in found.diff
    assert "-500\n+changed\n" in found.diff


def test_a_long_diff_is_cut_and_says_so(client: Client) -> None:
    client.change("src/a.py", b"".join(b"%d\n" % number for number in range(20_000)))
    (found,) = client.check()
    lines = found.diff.splitlines()
    assert len(lines) == 41
    assert lines[-1].startswith("... ") and lines[-1].endswith(" more lines differ")


def test_binary_files_have_no_diff(client: Client) -> None:
    client.change("src/a.py", b"\0\1")
    assert client.check()[0].diff == "binary files differ\n"


def test_a_dropped_file_that_was_edited_closes_too(client: Client) -> None:
    edited(client)
    client.files = [file for file in client.files if file.path != "src/b.py"]
    assert client.causes() == {"extra"}
    client.generate()
    assert client.check() == ()


def test_the_repair_command() -> None:
    assert repair_command(["a"], all_clients=True) == "sdkpress generate"
    assert repair_command(["a", "b"], all_clients=False) == "sdkpress generate a b"
    removed = ["it's/-x.py", "", "b.py", "b.py"]
    expected = """rm -- 'it'"'"'s/-x.py' b.py && sdkpress generate a"""
    assert repair_command(["a"], all_clients=False, removed=removed) == expected


def test_every_finding_says_how_it_is_repaired(client: Client) -> None:
    edited(client)
    (found,) = client.check()
    path = (client.out / "src/b.py").as_posix()
    assert (found.line, found.repair) == (1, f"rm -- {path} && sdkpress generate c")
    client.generate()
    assert found in client.check()
    Path(path).unlink()
    client.generate()
    assert client.check() == ()


class TestNamesLock:
    """Whether the lock was touched is known by the names that it held when it was read."""

    @pytest.fixture
    def pinned(self, client: Client) -> Client:
        client.lock = replace(client.lock, pinned="n")
        return client

    def test_names_that_follow_the_document_are_its_effect(self, pinned: Client) -> None:
        document(pinned)
        pinned.facts = replace(pinned.facts, names_digest="n2")
        pinned.lock = replace(pinned.lock, content=b"more pins\n")
        assert pinned.causes() == {"document"}

    def test_an_edit_beside_a_new_document_is_told_apart(self, pinned: Client) -> None:
        document(pinned)
        pinned.facts = replace(pinned.facts, names_digest="n2")
        pinned.lock = replace(pinned.lock, content=b"more pins\n", pinned="edited")
        pinned.lock.path.write_bytes(b"edited\n")
        assert pinned.causes() == {"document", "names"}

    def test_a_lost_lock_is_named_whatever_else_moved(self, pinned: Client) -> None:
        pinned.lock.path.unlink()
        pinned.lock = replace(pinned.lock, pinned=None)
        found = pinned.check()
        assert [(item.cause, item.path) for item in found] == [
            ("names", pinned.lock.path.as_posix())
        ]
        assert "is missing" in found[0].message
        document(pinned)
        assert pinned.causes() == {"document", "names"}

    def test_another_lay_out_of_the_same_names(self, pinned: Client) -> None:
        pinned.lock.path.write_bytes(b"pins, laid out\n")
        (found,) = pinned.check()
        assert (found.cause, found.message) == ("names", "the names lock is not up to date")
        assert found.diff
