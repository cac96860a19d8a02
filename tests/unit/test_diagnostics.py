"""Diagnostics: order, severities, errors, and text that no terminal obeys."""

from __future__ import annotations

import json
import pickle
import re

import pytest

from sdkpress.diagnostics import (
    CATALOG,
    Diagnostic,
    Diagnostics,
    Location,
    SdkpressError,
    Severity,
    as_dict,
    fatal,
    printable,
    render,
)


def test_ids_are_kebab_case_and_titles_are_sentences_without_a_full_stop() -> None:
    for id, entry in CATALOG.items():
        assert re.fullmatch(r"[a-z][a-z0-9]*(-[a-z0-9]+)*", id), id
        assert entry.title and not entry.title.endswith("."), id


def test_items_are_sorted_by_place_and_have_no_duplicates() -> None:
    diagnostics = Diagnostics()
    diagnostics.add("duplicate-key", "second", Location("b.yaml", 2, 1, "/x"))
    diagnostics.add("duplicate-key", "later", Location("a.yaml", 10, 1, "/x"))
    diagnostics.add("duplicate-key", "first", Location("a.yaml", 9, 4, "/x"))
    diagnostics.add("duplicate-key", "first", Location("a.yaml", 9, 4, "/x"))
    diagnostics.add("empty-document", "nowhere")
    assert [item.message for item in diagnostics.items] == ["nowhere", "first", "later", "second"]


def test_the_catalog_gives_severity_and_help() -> None:
    diagnostics = Diagnostics()
    diagnostics.add("duplicate-key", "twice")
    diagnostics.add("duplicate-key", "twice", help="Own help.")
    severities = {item.severity for item in diagnostics.items}
    assert severities == {Severity.WARNING}
    assert {item.help for item in diagnostics.items} == {
        CATALOG["duplicate-key"].help,
        "Own help.",
    }
    with pytest.raises(KeyError):
        diagnostics.add("no-such-id", "message")


def test_raise_errors_raises_all_errors_and_no_warnings() -> None:
    diagnostics = Diagnostics()
    diagnostics.add("duplicate-key", "a warning")
    diagnostics.raise_errors()
    diagnostics.add("remote-ref", "one")
    diagnostics.add("absolute-ref", "two")
    with pytest.raises(SdkpressError) as caught:
        diagnostics.raise_errors()
    assert [item.id for item in caught.value.diagnostics] == ["absolute-ref", "remote-ref"]


def test_fatal_is_an_error_whatever_the_catalog_says() -> None:
    error = fatal("duplicate-key", "message", Location("a.yaml", 1, 2))
    assert error.diagnostics[0].severity is Severity.ERROR
    assert str(error).startswith("a.yaml:1:2: error[duplicate-key]: message")


def test_errors_survive_pickling() -> None:
    error = fatal("remote-ref", "message", Location("a.yaml", 1, 2, "/x"))
    assert pickle.loads(pickle.dumps(error)).diagnostics == error.diagnostics


def test_render_marks_the_column() -> None:
    diagnostic = Diagnostic(
        "duplicate-key", Severity.WARNING, "message", Location("spec.yaml", 12, 7), "Mend it."
    )
    assert render(diagnostic, ["paths:", "  /a: {}"]) == (
        "spec.yaml:12:7: warning[duplicate-key]: message\n"
        "   11 | paths:\n"
        "   12 |   /a: {}\n"
        "      |       ^\n"
        "  help: Mend it."
    )


def test_render_without_a_place_is_one_line() -> None:
    assert render(Diagnostic("x-y", Severity.NOTE, "message")) == "note[x-y]: message"


def test_render_of_a_very_long_line_shows_the_part_around_the_column() -> None:
    line = "a" * 5_000 + "HERE" + "b" * 5_000
    location = Location("spec.json", 1, 5_001)
    text = render(Diagnostic("x-y", Severity.NOTE, "m", location), [line])
    shown, marker = text.splitlines()[1:]
    assert len(shown) < 120
    assert shown[marker.index("^") :].startswith("HERE")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain é 漢 😀", "plain é 漢 😀"),
        ("\x1b[31mred", "\\x1b[31mred"),
        ("a\nb\rc\td", "a\\nb\\rc\\td"),
        ("\u202eabc\u2066", "\\u202eabc\\u2066"),
        ("\u2028\u2029\x85\x7f\x00", "\\u2028\\u2029\\x85\\x7f\\x00"),
        ("\u200b\ufeff\ud800", "\\u200b\\ufeff\\ud800"),
    ],
)
def test_printable_escapes_what_a_terminal_obeys(text: str, shown: str) -> None:
    assert printable(text) == shown


def test_render_escapes_text_of_the_document_everywhere() -> None:
    evil = "\x1b]0;x\x07\u202e"
    diagnostic = Diagnostic("x-y", Severity.NOTE, evil, Location(evil, 1, 1), evil)
    text = render(diagnostic, [evil])
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e]", text)
    assert len(text.splitlines()) == 4


def test_machine_form_is_json() -> None:
    located = Diagnostic("x-y", Severity.ERROR, "m", Location("a", 1, 2, "/p"), "h")
    assert json.loads(json.dumps(as_dict(located))) == {
        "id": "x-y",
        "severity": "error",
        "file": "a",
        "line": 1,
        "column": 2,
        "pointer": "/p",
        "message": "m",
        "help": "h",
    }
    assert as_dict(Diagnostic("x-y", Severity.ERROR, "m"))["line"] is None
