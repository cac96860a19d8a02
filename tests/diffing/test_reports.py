"""The report of `diff` as text, JSON, Markdown and annotations."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path

import jsonschema
import pytest
from markdown_it import MarkdownIt

from sdkpress.diffing.changes import BrokenCall, Change, Place, Report, Verdict
from sdkpress.diffing.reports import as_json, changelog_entry, github, markdown, text
from sdkpress.diffing.reports.entries import entries, node_places
from sdkpress.diffing.reports.migration import NOTES, before_and_after
from tests.diffing.sample_reports import report, sample_changes, twins, with_callers

ROOT = Path(__file__).resolve().parents[2]
SCHEMA = json.loads((ROOT / "docs/schemas/diff.schema.json").read_text(encoding="utf-8"))

HOSTILE = (
    "<script>alert(1)</script> **bold** [a](https://evil.example) ![i](x.png) @everyone #12 "
    "$x$ | cell | https://evil.example www.evil.example a@b.example 0123456789abcdef "
    "\x1b[31mred \u202eright \r\n## heading\n::error::injected %0A `tick ``` fence <!-- -->"
)


def hostile() -> Report:
    """A report in which a document speaks Markdown, HTML, terminal and workflow commands."""
    change = Change(
        "python-field-type-changed",
        "typing",
        "breaking",
        HOSTILE,
        HOSTILE,
        old=Place(HOSTILE, 3, f"/paths/{HOSTILE.replace('/', '~1')}"),
        before=HOSTILE,
        after=f"{HOSTILE} | None",
        operations=(HOSTILE,),
    )
    call = BrokenCall("a\nb,c:d%.py", 3, 4, HOSTILE, HOSTILE, change)
    made = report((change, replace(change, id="request-body-type-changed", axis="wire")))
    settings = {"old": HOSTILE, "new": HOSTILE, "package": HOSTILE, "old_version": HOSTILE}
    return replace(made, **settings, callers=(call,), callers_folder="src")


def many(count: int) -> Report:
    changes = (
        Change("endpoint-added", "wire", "compatible", f"`GET /n/{number}` was added", "GET /n")
        for number in range(count)
    )
    broken = (
        Change("python-operation-removed", "runtime", "breaking", "was removed", f"client.n{n}")
        for n in range(count)
    )
    return report((*changes, *broken))


def nothing() -> Report:
    verdict = Verdict("none", "none", "none", "none")
    return replace(report(()), verdict=verdict, new_version="0.1.0")


# ---------------------------------------------------------------- entries


def test_twins_on_two_axes_are_one_entry() -> None:
    found = entries(report())
    joined = [entry for entry in found if entry.change.subject == "client.pets.list(limit)"]
    assert [entry.axes for entry in joined] == [("runtime", "typing")]
    assert sum(len(entry.changes) for entry in found) == len(report().changes)


def test_what_one_axis_says_twice_stays_two_entries() -> None:
    change = sample_changes()[0]
    moved = replace(change, severity="breaking")
    assert len(entries(report((change, moved)))) == 2


def test_an_entry_is_as_severe_as_its_worst_axis_and_says_which_is_less() -> None:
    runtime, typing = twins(sample_changes()[1])
    (entry,) = entries(report((replace(runtime, severity="compatible"), typing)))
    assert entry.severity == "breaking"
    assert entry.axes_text == "runtime (compatible), typing"


def test_callers_are_with_the_entry_of_their_change() -> None:
    found = {entry.change.subject: entry.callers for entry in entries(with_callers())}
    assert [call.line for call in found["client.pets.list(limit)"]] == [41]
    assert [call.line for call in found["models.Pet.name"]] == [57]


@pytest.mark.parametrize(
    ("id", "old", "new", "has_old", "has_new"),
    [
        ("api-removed-without-deprecation", "/paths/~1a/get", "/paths/~1a", True, False),
        ("request-parameter-removed", "/components/parameters/p", "/paths/~1a/get/parameters", True, False),
        ("new-required-request-parameter", "/paths/~1a/get/parameters", "/components/parameters/p", False, True),
        ("response-property-pattern-added", "/c/a", "/c/a/pattern", False, True),
        ("request-property-enum-value-removed", "/c/old/enum", "/c/new/enum", True, True),
        ("request-parameter-max-decreased", "/p/1/schema/maximum", "/p/0/schema/maximum", True, True),
        ("operation-moved", "/paths/~1a", "/paths/~1b", True, True),
    ],
)  # fmt: skip
def test_a_container_is_no_place_of_what_is_not_in_it(
    id: str, old: str, new: str, has_old: bool, has_new: bool
) -> None:
    change = Change(
        id, "wire", "breaking", "m", "s", old=Place("a", 1, old), new=Place("b", 2, new)
    )
    left, right = node_places(change)
    assert (left is not None, right is not None) == (has_old, has_new)


# ---------------------------------------------------------------- text


def test_text_gives_the_answer_first() -> None:
    lines = text(report()).split("\n")
    assert lines[0] == "pets_client: minor bump, 0.1.0 -> 0.2.0"
    assert lines[1].split() == ["wire", "breaking", "2", "breaking,", "1", "risky"]
    assert lines[5] == "breaking (5)"


def test_text_tells_everything_of_a_change() -> None:
    shown = text(with_callers(), width=200)
    assert (
        "  models.Pet.name\n"
        "    the type of `name` changed\n"
        "      str -> str | None\n"
        "      old.yaml:26 -> new.yaml:22; typing; python-field-type-changed; cause: document; "
        "breaks 1 call\n"
    ) in shown
    assert "  ../app/app/jobs.py:41:9: `limit` was removed\n" in shown
    assert "      pets = client.pets.list(limit=3)\n" in shown


def test_text_fits_eighty_columns_and_ascii() -> None:
    shown = text(with_callers())
    assert shown.isascii()
    assert max(map(len, shown.split("\n"))) <= 80


def test_text_is_bounded_and_says_so() -> None:
    shown = text(many(3000))
    assert len(shown.split("\n")) < 250
    assert "... 2,950 more breaking; --verbose shows all" in shown
    assert "... 2,990 more compatible; --verbose shows all" in shown
    whole = text(many(3000), is_verbose=True)
    assert "client.n2999" in whole
    assert "more" not in whole
    assert "GET /shops" not in text(report())
    assert "      GET /owners, GET /pets, GET /shops\n" in text(report(), is_verbose=True)


def test_text_has_colours_only_where_asked_for() -> None:
    assert "\x1b" not in text(report())
    assert "\x1b[1;31mbreaking" in text(report(), has_color=True)


def test_text_without_changes_or_broken_calls() -> None:
    assert text(nothing()) == "pets_client: no changes, no bump, 0.1.0 stays\n"
    searched = replace(report(), callers=(), callers_folder="src")
    assert text(searched).endswith("\ncallers: none breaks\n")
    plain = replace(report(), package="", client="", old_version="", new_version="")
    assert text(plain).startswith("minor bump\n")


def test_a_document_says_nothing_to_the_terminal() -> None:
    shown = text(hostile(), is_verbose=True, has_color=False)
    assert not re.search(r"[^\x20-\x7e\n]", shown)
    assert "\\x1b[31m" in shown


# ---------------------------------------------------------------- JSON


@pytest.mark.parametrize("made", [report(), with_callers(), nothing(), hostile(), many(3)])
def test_json_is_of_the_published_schema(made: Report) -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    value = json.loads(json.dumps(as_json(made)))
    jsonschema.validate(value, SCHEMA, jsonschema.Draft202012Validator)


def test_the_schema_refuses_what_is_not_promised() -> None:
    validator = jsonschema.Draft202012Validator(SCHEMA)
    for spoil in (
        lambda value: value["verdict"].update(bump="huge"),
        lambda value: value["changes"][0].pop("old"),
        lambda value: value["changes"][0].update(severity="bad"),
        lambda value: value["changes"][0].update(axis="other"),
        lambda value: value["callers"][0].update(line=0),
        lambda value: value.pop("callers_searched"),
        lambda value: value["old"].pop("version"),
    ):
        value = as_json(with_callers())
        assert validator.is_valid(value)
        spoil(value)
        assert not validator.is_valid(value)


def test_json_is_complete_and_in_order() -> None:
    made = with_callers()
    value = as_json(made)
    assert value["verdict"] == {
        "wire": "breaking",
        "runtime": "breaking",
        "typing": "breaking",
        "bump": "minor",
    }
    assert [item["id"] for item in value["changes"]] == [change.id for change in made.changes]
    assert value["old"] == {"name": "old.yaml", "version": "0.1.0"}
    assert value["callers_searched"] is True
    first, _, last = value["callers"]
    assert first["change"] == "python-parameter-removed"
    assert first["fingerprint"] in {item["fingerprint"] for item in value["changes"]}
    assert (last["change"], last["fingerprint"]) == (None, None)
    assert as_json(report())["callers_searched"] is False


# ---------------------------------------------------------------- Markdown


def html_of(source: str) -> str:
    return MarkdownIt("commonmark", {"html": True}).enable("table").render(source)


def test_the_changelog_entry() -> None:
    assert changelog_entry(report(), "0.2.0") == (
        "## [0.2.0]\n"
        "\n### Removed\n\n"
        "- **Breaking:** `client.pets.list(limit)`: `limit` was removed\n"
        "- **Breaking:** `client.pets.purge`: was removed\n"
        "\n### Changed\n\n"
        "- **Breaking on the wire:** `GET /pets and 2 other operations`: the `maxLength` of the "
        "query parameter `tag` went from `100` to `50`\n"
        "- **Breaking for type checkers:** `models.Pet.name`: the type of `name` changed "
        "(`str → str | None`)\n"
        "- `client.pets.list`: the description changed\n"
        "\n### Added\n\n"
        "- `client.pets.list(cursor)`: `cursor` was added\n"
    )


@pytest.mark.parametrize("version", ["1.0.0rc1", "1!2.0.0+local", "20261123.0", "2.0.dev1234567"])
def test_the_heading_of_an_entry_is_the_version_as_it_is(version: str) -> None:
    assert changelog_entry(report(), version).startswith(f"## [{version}]\n")


def test_a_changelog_entry_without_changes_says_so() -> None:
    assert changelog_entry(nothing(), "0.1.1") == "## [0.1.1]\n\n- Nothing that a caller sees.\n"


def test_without_a_package_the_wire_is_told() -> None:
    change = Change(
        "endpoint-added", "wire", "compatible", "the operation was added", "GET /pets/{id}"
    )
    entry = changelog_entry(report((change,)), "")
    assert entry == (
        "## [Unreleased]\n\n### Added\n\n- `GET /pets/{id}`: the operation was added\n"
    )


def test_migration_notes_show_code_before_and_after() -> None:
    shown = markdown(report())
    notes = shown[shown.index("### Migration") :]
    assert "  - client.pets.list(limit=...)\n  + client.pets.list(...)\n" in notes
    assert "  - client.pets.purge(...)\n  ```\n" in notes
    assert "  - models.Pet.name: str\n  + models.Pet.name: str | None\n" in notes
    assert "cursor" not in notes  # nothing breaks there


CALL = "client.pets.list(limit)"
FIELD = "models.Pet.name"


@pytest.mark.parametrize(
    ("id", "subject", "before", "after", "expected"),
    [
        (
            "operation-renamed",
            "client.pets.purge",
            "pets.purge",
            "pets.delete",
            ("client.pets.purge(...)", "client.pets.delete(...)"),
        ),
        (
            "parameter-renamed",
            CALL,
            "limit",
            "size",
            ("client.pets.list(limit=...)", "client.pets.list(size=...)"),
        ),
        (
            "parameter-became-required",
            CALL,
            "",
            "",
            ("client.pets.list(...)", "client.pets.list(limit=...)"),
        ),
        (
            "required-parameter-added",
            CALL,
            "",
            "int",
            ("client.pets.list(...)", "client.pets.list(limit=...)"),
        ),
        (
            "parameter-type-changed",
            CALL,
            "str",
            "int",
            (
                "client.pets.list(limit=...)  # limit: str",
                "client.pets.list(limit=...)  # limit: int",
            ),
        ),
        (
            "parameter-became-keyword-only",
            CALL,
            "",
            "",
            ("client.pets.list(limit)", "client.pets.list(limit=limit)"),
        ),
        (
            "parameter-order-changed",
            "client.pets.move",
            "a, b",
            "b, a",
            ("client.pets.move(a, b)", "client.pets.move(b, a)"),
        ),
        (
            "omitted-default-changed",
            CALL,
            "`10`",
            "`25`",
            ("client.pets.list(...)", "client.pets.list(limit=10)"),
        ),
        ("omitted-default-changed", CALL, "`[1]`", "`[2]`", ("[1]", "[2]")),
        (
            "return-type-widened",
            "client.pets.get",
            "Pet",
            "Pet | None",
            ("client.pets.get(...) -> Pet", "client.pets.get(...) -> Pet | None"),
        ),
        ("model-removed", "models.Pet", "", "", ("models.Pet", "")),
        ("model-renamed", "models.Pet", "Pet", "Animal", ("models.Pet", "models.Animal")),
        ("field-removed", FIELD, "str", "", (FIELD, "")),
        ("field-renamed", FIELD, "name", "title", (FIELD, "models.Pet.title")),
        (
            "required-field-added",
            FIELD,
            "",
            "str",
            ("models.Pet(...)", "models.Pet(name=...)"),
        ),
        ("field-type-widened", FIELD, "str", "int", (f"{FIELD}: str", f"{FIELD}: int")),
        (
            "key-renamed",
            "models.PetParam.name",
            "name",
            "title",
            ('{"name": ...}  # models.PetParam', '{"title": ...}  # models.PetParam'),
        ),
        ("package-renamed", "pets", "pets", "animals", ("pets", "animals")),
        ("operation-became-async", "client.pets.list", "", "", ("", "")),
        ("parameter-removed", "not a subject", "a", "b", ("a", "b")),
    ],
)
def test_before_and_after_come_from_the_change(
    id: str, subject: str, before: str, after: str, expected: tuple[str, str]
) -> None:
    change = Change(f"python-{id}", "runtime", "breaking", "m", subject, before=before, after=after)
    assert before_and_after(change) == expected


def test_the_table_of_notes_has_no_id_that_is_not() -> None:
    from sdkpress.diffing.surface.catalog import python_ids

    assert set(NOTES) <= set(python_ids())


def test_markdown_names_verdict_and_callers() -> None:
    shown = markdown(with_callers())
    assert shown.startswith("## `pets_client`: minor bump, 0.1.0 → 0.2.0\n")
    assert "| runtime | **breaking** | 2 | 0 | 2 |" in shown
    line = "- `../app/app/jobs.py:41`: `limit` was removed: `pets = client.pets.list(limit=3)`\n"
    assert line in shown
    assert "### Calls that break\n\nNone.\n" in markdown(replace(report(), callers=()))
    assert "Calls that break" not in markdown(report())
    assert "No changes." in markdown(nothing())


@pytest.mark.parametrize("made", ["markdown", "changelog"])
def test_a_document_is_no_markdown(made: str) -> None:
    source = markdown(hostile()) if made == "markdown" else changelog_entry(hostile(), "1.0.0")
    page = html_of(source)
    tags = set(re.findall(r"<(\w+)", page))
    ours = {"h2", "h3", "h4", "p", "ul", "li", "strong", "code", "pre"}
    assert tags <= ours | {"table", "thead", "tbody", "tr", "th", "td", "em"}
    assert "<strong>bold" not in page
    assert "heading</h" not in page
    plain = re.sub(r"<(code|pre)[^>]*>.*?</\1>", "", page, flags=re.DOTALL)
    for linked in ("@", "#1", "$", "://", "www.", "0123456789abcdef"):
        assert linked not in plain
    assert not re.search(r"[\x00-\x09\x0b-\x1f\u202e]", source)


def test_markdown_keeps_to_its_limit_and_counts_the_rest() -> None:
    shown = markdown(many(3000), limit=20_000)
    assert len(shown) <= 20_000
    (left_out,) = re.findall(r"_([\d,]+) more items did not fit", shown)
    items = len(re.findall(r"^- ", shown, re.MULTILINE))
    assert items + int(left_out.replace(",", "")) == 2 * 3000  # the changelog's and the notes
    html_of(shown)


# ---------------------------------------------------------------- annotations


def unescaped(data: str) -> str:
    return data.replace("%0D", "\r").replace("%0A", "\n").replace("%25", "%")


def test_annotations_have_place_title_and_message() -> None:
    lines = github(with_callers()).rstrip("\n").split("\n")
    assert lines[0] == (
        "::error file=../app/app/jobs.py,line=41,col=9,"
        "title=broken call%3A python-parameter-removed::`limit` was removed"
    )
    (wire,) = (line for line in lines if "max-length" in line)
    head, data = re.fullmatch(r"::(\w+ [^:]*)::(.*)", wire).groups()  # type: ignore[union-attr]
    assert head.startswith("error file=new.yaml,line=10,title=breaking%3A request-parameter-max")
    assert "went from `100` to `50`\nold.yaml:13 -> new.yaml:10; wire" in unescaped(data)
    assert sum(line.startswith("::warning ") for line in lines) == 1
    assert sum(line.startswith("::notice ") for line in lines) == 2
    assert lines[-1] == "sdkpress diff: minor bump, 0.1.0 -> 0.2.0"


def test_a_change_without_a_place_has_an_annotation_without_a_file() -> None:
    shown = github(report())
    assert "\n::notice title=compatible%3A python-docstring-changed::client.pets.list: " in shown


def test_annotations_name_no_file_of_another_revision() -> None:
    gone = Change("x-removed", "wire", "breaking", "gone", "GET /a", old=Place("a.yaml", 3, "/a/b"))
    within = replace(gone, new=Place("a.yaml", 7, "/a"))

    def head(change: Change, old: str) -> str:
        lines = github(replace(report((change,)), old=old)).split("\n")
        (line,) = (line for line in lines if line.startswith("::"))
        return line[2:].partition("::")[0]

    assert head(gone, "git:HEAD") == "error title=breaking%3A x-removed"
    assert head(gone, "a.yaml") == "error file=a.yaml,line=3,title=breaking%3A x-removed"
    assert head(within, "git:HEAD") == "error file=a.yaml,line=7,title=breaking%3A x-removed"


def test_annotations_are_bounded_as_github_shows_them() -> None:
    lines = github(many(3000)).rstrip("\n").split("\n")
    errors = [line for line in lines if line.startswith("::error ")]
    assert len(errors) == 10
    assert errors[-1] == "::error title=sdkpress diff::2,991 more findings of this kind"
    assert len(github(many(30), is_verbose=True).split("\n")) == 2 * 30 + 2


def test_a_document_gives_no_workflow_command() -> None:
    lines = github(hostile(), is_verbose=True).rstrip("\n").split("\n")
    commands = [line for line in lines if line.startswith("::")]
    assert len(commands) == 3
    assert len(lines) == 4
    for line in commands:
        head = line[2:].partition("::")[0]
        names = [part.partition("=")[0] for part in head.partition(" ")[2].split(",")]
        assert set(names) <= {"file", "line", "col", "title"}
    assert not any(re.search(r"[^\x20-\x7e]", line) for line in lines)
