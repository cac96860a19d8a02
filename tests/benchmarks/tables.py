"""Results as Markdown: every figure, and every goal with its verdict."""

from __future__ import annotations

from collections.abc import Iterable

from goals import BY_ITSELF, TO_FLOOR, TO_GENERATORS, TO_OPENAI, Goal, Results
from measures import MEASURES, Measure
from measuring import table

from peers import FLOOR, NAMES, OPENAI, load

SCALES = {"µs": 1e6, "ms": 1e3, "MB": 1e-6, "kB": 1e-3, "instructions": 1.0}
"""How many of a unit a second, a byte or an instruction is."""


def number(value: float, unit: str) -> str:
    """A figure with three digits or so; the figures are in seconds, bytes or instructions."""
    scaled = value * SCALES[unit]
    digits = 0 if abs(scaled) >= 100 else 1 if abs(scaled) >= 10 else 2
    return f"{scaled:,.{digits}f}"


def ratio(value: float) -> str:
    """1/23 for what is smaller, 1.4 × for what is about as large or larger."""
    if not 0 < value < 0.4:
        return f"{value:.2f} ×"
    inverse = 1 / value
    whole = inverse >= 30 or abs(inverse - round(inverse)) < 1e-9
    return f"1/{inverse:,.0f}" if whole else f"1/{inverse:.1f}"


def peers_of(results: Results) -> list[str]:
    """Those that have any figure, in the order of the columns."""
    return [name for name in NAMES if any(name in found for found in results.values())]


def figures(results: Results) -> str:
    """The main figure of every measure for every peer, and ours beside openai and the floor."""
    peers = peers_of(results)
    header = ["", "unit", *(load(name).TITLE for name in peers), "to openai", "to the floor"]
    rows = [_row(measure, results, peers) for measure in MEASURES if measure.name in results]
    return table(header, rows)


def _row(measure: Measure, results: Results, peers: list[str]) -> list[str]:
    found = results[measure.name]

    def cell(peer: str) -> str:
        value = found.get(peer, {}).get(measure.main)
        if value is None:
            return "–"
        failures = found[peer].get("failures", 0)
        note = f" ({failures:.0f} failed)" if failures else ""
        return number(value, measure.unit) + note

    def beside(peer: str) -> str:
        return _beside(Goal("", measure.name, measure.main, 0, peer), results)

    unit = {"instructions": ""}.get(measure.unit, measure.unit)
    wall = " (wall)" if measure.main == "wall" else ""
    cells = (cell(peer) for peer in peers)
    return [f"{measure.title}{wall}", unit, *cells, beside(OPENAI), beside(FLOOR)]


def _beside(goal: Goal, results: Results) -> str:
    value = goal.value(results)
    return "–" if value is None else ratio(value)


def walls(results: Results) -> str:
    """Wall seconds where the table of figures has CPU seconds."""
    peers = peers_of(results)
    rows = []
    for measure in MEASURES:
        found = results.get(measure.name, {})
        if measure.main != "cpu" or not found:
            continue
        values = (found.get(peer, {}).get("wall") for peer in peers)
        cells = ("–" if value is None else number(value, measure.unit) for value in values)
        rows.append([measure.title, measure.unit, *cells])
    return table(["wall", "unit", *(load(name).TITLE for name in peers)], rows)


def goals(results: Results) -> str:
    """Every goal with what was measured; what was not measured in this run is left out."""
    rows = [
        [title, _at_most(goal), _beside(goal, results), verdict]
        for title, goal, verdict in _judged(results)
    ]
    rows += [
        [goal.title, f"≤ {shown(goal.limit)}", shown(value), _verdict(goal, value)]
        for goal, shown in BY_ITSELF
        if (value := goal.value(results)) is not None
    ]
    return table(["", "goal", "measured", ""], rows)


def _judged(results: Results) -> Iterable[tuple[str, Goal, str]]:
    for goal in (*TO_OPENAI, *TO_GENERATORS, *TO_FLOOR):
        value = goal.value(results)
        if value is not None:
            yield f"{goal.title}, to {load(goal.peer).TITLE}", goal, _verdict(goal, value)


def _verdict(goal: Goal, value: float) -> str:
    return "ok" if value <= goal.limit else "short"


def _at_most(goal: Goal) -> str:
    return f"≤ {ratio(goal.limit)}"


def missed(results: Results) -> list[str]:
    """The goals that this run did not reach, in words."""
    found = [f"{title}: {_beside(g, results)}" for title, g, v in _judged(results) if v == "short"]
    return found + [
        f"{goal.title}: {shown(value)}"
        for goal, shown in BY_ITSELF
        if (value := goal.value(results)) is not None and value > goal.limit
    ]
