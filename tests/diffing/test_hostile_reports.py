"""Reports whose every text is made of pieces that mean something in some format."""

from __future__ import annotations

import json
import random
import re
from dataclasses import replace

import jsonschema
import pytest

from sdkpress.diffing.changes import AXES, SEVERITIES, BrokenCall, Change, Place, Report
from sdkpress.diffing.reports import as_json, changelog_entry, github, html, markdown, text
from sdkpress.diffing.surface.catalog import python_ids
from tests.diffing.sample_reports import report
from tests.diffing.test_html import Reader
from tests.diffing.test_reports import SCHEMA, html_of
from tests.unit.test_workflow_commands import read

PIECES = (
    *("`", "``", "```", "~~~", "*", "_", "<", "</code>", "<!--", "-->", "<b>", "&lt;", "&#64;"),
    *("\\", "|", "\n", "\r", "\n\n", "# x", "- ", "1. ", "> ", "[a](b)", "![](x)", "@me", "#1"),
    *("::error::", "%0A", "\x1b[0m", "\u202e", "\u2028", "\ud800", "\0", "a", " ", "$x$", "\t"),
    *("https://e.example", "www.e.example", "'", '"', "{{x}}", "{%", "]]>", "=", "---", "é"),
    *("client.x(y)", "models.A.b", "<details>", "</script>", "</style>", "<a href=x>"),
)
INVISIBLE = re.compile("[\x00-\x09\x0b-\x1f\u202e\u2028\ud800]")
ROUNDS = 40


def texts(draw: random.Random) -> str:
    return "".join(draw.choice(PIECES) for _ in range(draw.randint(0, 8)))


def place(draw: random.Random) -> Place | None:
    pointer = texts(draw).replace("~", "~0").replace("/", "~1")
    return draw.choice([None, Place(texts(draw), draw.randint(1, 9), f"/{pointer}")])


def hostile(seed: int) -> Report:
    draw = random.Random(seed)
    ids = [*python_ids(), "request-parameter-removed", "endpoint-added"]
    changes = tuple(
        Change(
            draw.choice(ids),
            draw.choice(AXES),
            draw.choice(SEVERITIES),
            texts(draw) or "m",
            texts(draw),
            old=place(draw),
            new=place(draw),
            before=texts(draw),
            after=texts(draw),
            operations=(texts(draw), texts(draw)),
        )
        for _ in range(3)
    )
    calls = tuple(
        BrokenCall(
            texts(draw) or "f", 1, 1, texts(draw) or "m", texts(draw), draw.choice([*changes, None])
        )
        for _ in range(2)
    )
    names = ("old", "new", "package", "client", "old_version", "new_version", "callers_folder")
    return replace(report(changes), callers=calls, **{name: texts(draw) for name in names})


@pytest.fixture(params=range(ROUNDS))
def made(request: pytest.FixtureRequest) -> Report:
    return hostile(request.param)


def test_no_format_is_broken_by_what_it_tells(made: Report) -> None:
    ours = {"h2", "h3", "h4", "p", "ul", "li", "strong", "code", "pre", "em"}
    table = {"table", "thead", "tbody", "tr", "th", "td"}
    for source in (markdown(made), changelog_entry(made, made.new_version)):
        page = html_of(source)
        assert set(re.findall(r"<(\w+)", page)) <= ours | table
        plain = re.sub(r"<(code|pre)[^>]*>.*?</\1>", "", page, flags=re.DOTALL)
        for linked in ("@", "#1", "$", "://", "www."):
            assert linked not in plain
        assert not INVISIBLE.search(source)
    commands = github(made, is_verbose=True).split("\n")
    assert commands.pop() == ""
    assert not commands.pop().startswith("::")
    for line in commands:
        level, properties, _ = read(line)
        assert level in ("error", "warning", "notice")
        assert set(properties) <= {"file", "line", "col", "title"}
    assert not INVISIBLE.search(text(made, is_verbose=True))
    jsonschema.validate(json.loads(json.dumps(as_json(made))), SCHEMA)
    shown = {item.file: item.pointer for c in made.changes for item in (c.old, c.new) if item}
    page = html(made, shown, shown)
    reader = Reader(page)
    assert len(reader.all("id")) == len(set(reader.all("id")))
    assert {tag for tag, _ in reader.elements}.isdisjoint({"b", "img"})
    assert not INVISIBLE.search(page)
