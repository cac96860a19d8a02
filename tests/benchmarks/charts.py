"""Bar charts as SVG, the same bytes for the same figures; readable on light and dark pages."""

from __future__ import annotations

import math
from collections.abc import Sequence
from html import escape

from goals import Results
from measures import MEASURES, Measure
from measuring import PAGE
from tables import number

from peers import NAMES, OURS, load

CHARTS = {
    "import": "import",
    "request": "request-sync",
    "at-once": "burst",
    "chunk": "backlog-async",
}
"""File names in docs/images, and the measures that they show."""

_STYLE = (
    "text{font:13px system-ui,sans-serif;fill:#24292f}.title{font-weight:600}"
    ".other{fill:#8c959f}.ours{fill:#0969da}"
    "@media (prefers-color-scheme:dark){text{fill:#e6edf3}.other{fill:#6e7681}.ours{fill:#4493f8}}"
)
_LEFT, _BAR, _RIGHT, _STEP = 190, 360, 110, 24


def write_charts(results: Results) -> str:
    """Write the charts that there are figures for; return the Markdown that shows them."""
    by_name = {measure.name: measure for measure in MEASURES}
    folder = PAGE.parent / "images"
    shown = []
    for name, measured in CHARTS.items():
        found = results.get(measured)
        if not found:
            continue
        measure = by_name[measured]
        bars = [
            (load(peer).TITLE, found[peer][measure.main], peer == OURS)
            for peer in NAMES
            if peer in found
        ]
        folder.mkdir(exist_ok=True)
        path = folder / f"benchmark-{name}.svg"
        path.write_text(chart(measure, bars), encoding="utf-8")
        shown.append(f"![{measure.title}](images/{path.name})")
    return "\n".join(shown)


def chart(measure: Measure, bars: Sequence[tuple[str, float, bool]]) -> str:
    """Bars on a logarithmic scale, the shortest first; each says its figure."""
    bars = sorted(bars, key=lambda bar: bar[1])
    low = 10 ** math.floor(math.log10(max(bars[0][1], 1e-9)) - 0.01)
    span = math.log10(bars[-1][1] / low)
    what = "CPU" if measure.main == "cpu" else measure.main
    heading = f"{measure.title}: {what} {measure.unit}, logarithmic scale"
    width, height = _LEFT + _BAR + _RIGHT, 36 + _STEP * len(bars)
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" '
        f'width="{width}" height="{height}" role="img" aria-label="{escape(heading)}">',
        f"<style>{_STYLE}</style>",
        f'<text class="title" x="0" y="18">{escape(heading)}</text>',
    ]
    for row, (title, value, is_ours) in enumerate(bars):
        y = 34 + _STEP * row
        length = max(2, round(_BAR * math.log10(value / low) / span))
        kind = "ours" if is_ours else "other"
        lines += [
            f'<text x="{_LEFT - 8}" y="{y + 13}" text-anchor="end">{escape(title)}</text>',
            f'<rect class="{kind}" x="{_LEFT}" y="{y}" width="{length}" height="18" rx="2"/>',
            f'<text x="{_LEFT + length + 8}" y="{y + 13}">{number(value, measure.unit)}</text>',
        ]
    return "\n".join([*lines, "</svg>"]) + "\n"
