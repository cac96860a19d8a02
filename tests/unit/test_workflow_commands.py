"""Annotations say what they are given and nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest

from sdkpress.workflow_commands import annotation, relative_path, repository_root


def read(line: str) -> tuple[str, dict[str, str], str]:
    """A workflow command as GitHub's runner reads it."""
    assert line.startswith("::") and "\n" not in line and "\r" not in line
    head, _, data = line[2:].partition("::")
    level, _, properties = head.partition(" ")

    def plain(text: str, *escapes: tuple[str, str]) -> str:
        for escape, letter in (("%0D", "\r"), ("%0A", "\n"), *escapes, ("%25", "%")):
            text = text.replace(escape, letter)
        return text

    pairs = (pair.partition("=") for pair in properties.split(","))
    read_properties = {
        name: plain(value, ("%3A", ":"), ("%2C", ",")) for name, _, value in pairs
    }  # fmt: skip
    return level, read_properties, plain(data)


@pytest.mark.parametrize(
    "text", ["plain", "a::b,c=d", "100 %", "%0A::error::x", "two\nlines", "tab\tbed", "::stop::"]
)
def test_every_text_arrives_as_it_was(text: str) -> None:
    line = annotation("warning", text, title=text, file=text, line=3, column=7)
    expected = {"file": text, "line": "3", "col": "7", "title": text}
    assert read(line) == ("warning", expected, text)


def test_what_a_terminal_would_act_on_becomes_an_escape() -> None:
    line = annotation("error", "a\x1b[31mb\u202ec\rd", title="t")
    assert line == "::error title=t::a\\x1b[31mb\\u202ec\\rd"


def test_files_are_named_from_the_repository(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    inner = tmp_path / "repo" / "apps" / "one"
    inner.mkdir(parents=True)
    (tmp_path / "repo" / ".git").mkdir()
    monkeypatch.chdir(inner)
    root = repository_root(Path())
    assert root == tmp_path / "repo"
    assert relative_path("../two/x.py", root) == "apps/two/x.py"
    assert relative_path("../../../x.py", root) == (tmp_path / "x.py").as_posix()
