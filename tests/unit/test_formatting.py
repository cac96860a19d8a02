"""formatting.py: black, each text once, and never in the way."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from sdkpress import formatting
from sdkpress.formatting import FormattingError, format_texts

UGLY = "x = {  'a':1 }\n"
NICE = 'x = {"a": 1}\n'


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "cache"
    monkeypatch.setenv("SDKPRESS_CACHE", str(folder))
    return folder


@pytest.fixture
def no_black(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(items: object) -> list[str]:
        raise AssertionError("black was asked")

    monkeypatch.setattr(formatting, "_format_here", refuse)


def test_python_is_formatted_and_the_rest_is_not() -> None:
    result = format_texts({"a.py": UGLY, "b.md": UGLY, "c.py": NICE, "d.py": ""})
    assert result.texts == {"a.py": NICE, "b.md": UGLY, "c.py": NICE, "d.py": ""}
    assert result.skipped == 0


def test_off_changes_nothing(no_black: None) -> None:
    assert format_texts({"a.py": UGLY}, mode="off").texts == {"a.py": UGLY}


def test_a_text_is_formatted_once(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    real = formatting._format_here  # pyright: ignore[reportPrivateUsage]

    def count(items: list[tuple[str, str]]) -> list[str]:
        asked.extend(path for path, _ in items)
        return real(items)

    monkeypatch.setattr(formatting, "_format_here", count)
    first = format_texts({"a.py": UGLY, "b.py": UGLY, "c.py": NICE})
    again = format_texts({"z.py": UGLY, "c.py": NICE})
    assert asked == ["a.py", "c.py"]
    assert first.texts["b.py"] == again.texts["z.py"] == NICE


def test_a_damaged_cache_is_no_harm(cache: Path) -> None:
    texts = {"a.py": UGLY, "b.py": NICE}
    format_texts(texts)
    for path in cache.rglob("*"):
        if path.is_file():
            path.write_bytes(b"\xff" + path.read_bytes()[:70])
    assert format_texts(texts).texts == {"a.py": NICE, "b.py": NICE}


def test_a_cache_that_cannot_be_is_no_harm(cache: Path) -> None:
    cache.write_text("a file stands where the folder would be")
    assert format_texts({"a.py": UGLY}).texts == {"a.py": NICE}


def test_much_that_is_new_is_left_out_unless_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(formatting, "_SKIP_ABOVE", 10)
    many = {f"{n}.py": f"x = {{  'a':{n} }}\n" for n in range(11)}
    left = format_texts(many)
    assert (left.skipped, left.texts) == (11, many)
    insisted = format_texts(many, mode="on")
    assert insisted.skipped == 0 and insisted.texts["3.py"] == 'x = {"a": 3}\n'
    # What black has seen is not new.
    assert format_texts(many).texts == insisted.texts


def test_processes_give_the_same(monkeypatch: pytest.MonkeyPatch, no_black: None) -> None:
    monkeypatch.setattr(formatting, "_SPREAD_ABOVE", 20)
    monkeypatch.setattr(formatting, "_processors", lambda: 2)
    many = {f"{n}.py": f"x = {{  'a':{n} }}\n" * (n + 1) for n in range(9)}
    result = format_texts(many, mode="on")  # with `no_black`: not in this process
    assert result.texts == {f"{n}.py": f'x = {{"a": {n}}}\n' * (n + 1) for n in range(9)}


def test_processes_that_fail_are_replaced(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(formatting, "_SPREAD_ABOVE", 2)
    monkeypatch.setattr(formatting, "_processors", lambda: 2)
    monkeypatch.setattr(formatting.sys, "executable", os.fspath(tmp_path / "nothing"))
    many = {f"{n}.py": UGLY * 3 for n in range(1)} | {"b.py": UGLY * 4}
    assert format_texts(many).texts["b.py"] == NICE * 4


@pytest.mark.parametrize("spread", [False, True])
def test_a_text_that_is_not_python_is_our_defect(
    monkeypatch: pytest.MonkeyPatch, spread: bool
) -> None:
    if spread:
        monkeypatch.setattr(formatting, "_SPREAD_ABOVE", 2)
        monkeypatch.setattr(formatting, "_processors", lambda: 2)
    with pytest.raises(FormattingError, match=r"black cannot format src/bad\.py") as caught:
        format_texts({"a.py": UGLY * 5, "src/bad.py": "def (:\n" * 3})
    assert caught.value.path == "src/bad.py"
