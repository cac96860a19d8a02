"""Bar charts of the recorded run as SVG, the same bytes for the same figures.

    make charts, or python tests/benchmarks/charts.py

Colours follow `prefers-color-scheme`, which of an image is the scheme of its page. Text of a chart is
text, and a screen reader is told all of it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path

from goals import Results
from measures import MEASURES, Measure
from measuring import PAGE
from records import read_record, results_of
from tables import SCALES, number

from peers import NAMES, OURS, load

__all__ = ["CHARTS", "FOLDER", "chart", "charts", "shown_charts", "write_charts"]

FOLDER = PAGE.parent / "images"
CHARTS = {
    "import": ("import", "Import the package"),
    "request": ("request-sync", "One request, sync client"),
    "at-once": ("burst", "One of 1,000 requests at once, async client"),
    "chunk": ("backlog-async", "One chunk of a stream, async client"),
}
"""File names in docs/images: the measure that each shows, and what it is called there."""

_STYLE = (
    "svg{--ink:#1f2328;--soft:#59636e;--line:#d1d9e0;--other:#8c959f;--ours:#0969da}"
    "@media (prefers-color-scheme:dark)"
    "{svg{--ink:#f0f6fc;--soft:#9198a1;--line:#3d444d;--other:#656c76;--ours:#4493f8}}"
    "text{font:13px system-ui,-apple-system,'Segoe UI',sans-serif;fill:var(--ink)}"
    ".title{font-size:15px;font-weight:600}.us{font-weight:600}"
    ".soft{font-size:12px;fill:var(--soft)}line{stroke:var(--line)}"
    ".other{fill:var(--other)}.ours{fill:var(--ours)}"
)
_LEFT, _BAR, _RIGHT, _STEP, _TOP = 160, 390, 110, 26, 58


@dataclass(frozen=True, slots=True)
class Bar:
    """What one peer took, in the figure's own unit (seconds, bytes)."""

    title: str
    value: float
    is_ours: bool


def charts(results: Results) -> dict[Path, str]:
    """The charts that there are figures for: file and SVG."""
    by_name = {measure.name: measure for measure in MEASURES}
    drawn: dict[Path, str] = {}
    for name, (measured, title) in CHARTS.items():
        found = results.get(measured, {})
        measure = by_name[measured]
        bars = [
            Bar(load(peer).TITLE, found[peer][measure.main], peer == OURS)
            for peer in NAMES
            if peer in found
        ]
        if bars:
            drawn[FOLDER / f"benchmark-{name}.svg"] = chart(
                f"benchmark-{name}", title, measure, bars
            )
    return drawn


def write_charts(results: Results) -> None:
    """Write the charts that there are figures for."""
    FOLDER.mkdir(exist_ok=True)
    for path, drawn in charts(results).items():
        path.write_text(drawn, encoding="utf-8")


def shown_charts(results: Results) -> str:
    """The Markdown of docs/benchmarks.md that shows them."""
    titles = {f"benchmark-{name}": title for name, (_, title) in CHARTS.items()}
    return "\n".join(f"![{titles[path.stem]}](images/{path.name})" for path in charts(results))


def chart(id: str, title: str, measure: Measure, bars: Sequence[Bar]) -> str:
    """Bars on a logarithmic scale, the shortest first; each says its figure, and how often ours it is."""
    bars = sorted(bars, key=lambda bar: bar.value)
    # Whole decades, of the unit that is shown, with room below the shortest bar.
    scale = SCALES[measure.unit]
    low = math.floor(math.log10(bars[0].value * scale) - 0.1)
    high = math.log10(bars[-1].value * scale)
    unit = f"{'CPU ' if measure.main == 'cpu' else ''}{measure.unit}"
    subtitle = f"{unit}, logarithmic scale; less is better"
    ours = next((bar.value for bar in bars if bar.is_ours), None)
    figures = [number(bar.value, measure.unit) for bar in bars]
    times = ["" if ours is None or bar.is_ours else f"{_times(bar.value / ours)} ×" for bar in bars]
    told = "; ".join(f"{bar.title} {figure}" for bar, figure in zip(bars, figures, strict=True))

    def across(exponent: float) -> int:
        return round(_BAR * (exponent - low) / max(high - low, 1))

    width, bottom = _LEFT + _BAR + _RIGHT, _TOP + _STEP * len(bars)
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" '
        f'viewBox="0 0 {width} {bottom + 22}" width="{width}" height="{bottom + 22}" role="img" '
        f'aria-labelledby="{id}-title {id}-desc">',
        f'<title id="{id}-title">{escape(title)}</title>',
        f'<desc id="{id}-desc">{escape(f"{unit}: {told}")}</desc>',
        f"<style>{_STYLE}</style>",
        f'<text class="title" x="0" y="18">{escape(title)}</text>',
        f'<text class="soft" x="0" y="38">{escape(subtitle)}</text>',
    ]
    for exponent in range(low, math.floor(high) + 1):
        x = _LEFT + across(exponent)
        lines += [
            f'<line x1="{x}" x2="{x}" y1="{_TOP - 6}" y2="{bottom}"/>',
            f'<text class="soft" x="{x}" y="{bottom + 15}" text-anchor="middle">{10**exponent:,g}</text>',
        ]
    for row, (bar, figure, more) in enumerate(zip(bars, figures, times, strict=True)):
        y = _TOP + _STEP * row
        length = max(2, across(math.log10(bar.value * scale)))
        kind, weight = ("ours", ' class="us"') if bar.is_ours else ("other", "")
        after = f' <tspan class="soft">{more}</tspan>' if more else ""
        lines += [
            f'<text{weight} x="{_LEFT - 10}" y="{y + 14}" text-anchor="end">{escape(bar.title)}</text>',
            f'<rect class="{kind}" x="{_LEFT}" y="{y}" width="{length}" height="18" rx="3"/>',
            f'<text{weight} x="{_LEFT + length + 8}" y="{y + 14}">{figure}{after}</text>',
        ]
    return "\n".join([*lines, "</svg>"]) + "\n"


def _times(value: float) -> str:
    return f"{value:,.0f}" if value >= 10 else f"{value:.1f}"


if __name__ == "__main__":
    write_charts(results_of(read_record()))
