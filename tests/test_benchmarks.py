"""The benchmarks' own arithmetic: what the server writes, and what is said of a run's figures."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

FOLDER = Path(__file__).resolve().parent / "benchmarks"


def output_of(*arguments: str | Path) -> str:
    done = subprocess.run(
        [sys.executable, *map(str, arguments)],
        cwd=FOLDER,
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_a_stream_has_the_chunks_it_is_named_after_each_of_the_size_that_is_documented() -> None:
    program = (
        "import answers\n"
        "writes, pause = answers.script('write-7')\n"
        "backlog, _ = answers.script('backlog-7')\n"
        "print(len(writes), pause, b''.join(writes) == b''.join(backlog))\n"
        "print([event.count(b'data: {') for event in writes])\n"
        "print({len(event.split(b'\\r\\n')[1]) for event in writes[1:6]}, answers.EVENT_SIZE)\n"
    )
    assert output_of("-c", program).splitlines() == [
        "8 0.0 True",
        "[1, 1, 1, 1, 1, 1, 1, 0]",
        "{278} 278",
    ]


def test_figures_are_medians_and_goals_are_judged_by_them(tmp_path: Path) -> None:
    def rounds(*seconds: float, **more: float) -> list[dict[str, float]]:
        return [{"cpu": value, "wall": 2 * value, **more} for value in seconds]

    samples = {
        "request-sync": {
            "siray": rounds(50e-6, 900e-6, 40e-6),
            "floor": rounds(40e-6),
            "openai_sdk": rounds(990e-6),
        },
        "burst": {
            "siray": rounds(10e-6, failures=1),
            "openai_sdk": rounds(2e-3, 2e-3, failures=1),
        },
    }
    kept = tmp_path / "client.json"
    kept.write_text(json.dumps({"samples": samples}))
    printed = output_of("client.py", "--from", kept)
    assert "| one request, sync | µs | 50.0 | 40.0 | 990 | 1/19.8 | 1.25 × |" in printed
    assert "| one request, sync, to openai | ≤ 1/20 | 1/19.8 | short |" in printed
    assert "| one request, sync, to raw socket + msgspec | ≤ 1.50 × | 1.25 × | ok |" in printed
    assert "| one of 1,000 at once | µs | 10.0 (1 failed) | – | 2,000 (2 failed) |" in printed
    assert "| failures of 1,000 at once | ≤ 0 | 1 | short |" in printed
    assert "decode" not in printed  # what was not measured is not judged


def test_page_and_charts_are_those_of_the_recorded_run() -> None:
    """`make charts` draws the charts again; `client.py --write` records a run and writes the page."""
    program = (
        "import json\n"
        "from charts import charts\n"
        "from client import page\n"
        "from records import read_record, results_of\n"
        "record = read_record()\n"
        "drawn = {path.name: svg for path, svg in charts(results_of(record)).items()}\n"
        "print(json.dumps({'page': page(record), 'charts': drawn}))\n"
    )
    made = json.loads(output_of("-c", program))
    docs = FOLDER.parents[1] / "docs"
    assert f"<!-- client -->\n\n{made['page']}\n\n<!-- end of client -->" in (
        docs / "benchmarks.md"
    ).read_text(encoding="utf-8")
    assert len(made["charts"]) == 4
    for name, svg in made["charts"].items():
        assert (docs / "images" / name).read_text(encoding="utf-8") == svg, "run `make charts`"


def test_charts_tell_everything_to_those_who_do_not_see_them() -> None:
    svg = "{http://www.w3.org/2000/svg}"
    for path in (FOLDER.parents[1] / "docs" / "images").glob("benchmark-*.svg"):
        chart = ElementTree.parse(path).getroot()
        assert chart.get("role") == "img"
        told = {element.get("id"): element.text or "" for element in chart if element.get("id")}
        assert list(told) == (chart.get("aria-labelledby") or "").split()
        figures = "".join(told.values())
        shown = [text.text or "" for text in chart.iter(f"{svg}text")]
        assert shown[0] in figures
        bars = sum(1 for _ in chart.iter(f"{svg}rect"))
        for peer, figure in zip(shown[-2 * bars :: 2], shown[1 - 2 * bars :: 2], strict=True):
            assert f"{peer} {figure.strip()}" in figures


def test_what_pages_say_about_a_chart_is_on_it() -> None:
    root = FOLDER.parents[1]
    for page in (root / "README.md", root / "docs" / "index.md"):
        shown = re.findall(
            r"!\[([^]]+)\]\(([^)]*benchmark-[^)]+)\)", page.read_text(encoding="utf-8")
        )
        assert shown, page.name
        for alternative, file in shown:
            title, _, told = alternative.partition(": ")
            chart = (page.parent / file).read_text(encoding="utf-8")
            assert f">{title}</title>" in chart
            figures = re.findall(r"(\w+ [\d.,]+) µs", told)
            assert figures
            assert [one for one in figures if one not in chart] == []
