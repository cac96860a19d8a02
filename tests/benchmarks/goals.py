"""What the figures are to show: each goal with the figures that it is about, and the verdict."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from measures import Figure

from peers import FLOOR, GENERATORS, OPENAI, OURS

Results = Mapping[str, Mapping[str, Mapping[str, float]]]
"""Medians: measure, peer, figure."""


@dataclass(frozen=True, slots=True)
class Goal:
    """At most `limit`: as a ratio to a peer, or as it is (in the figure's own unit) without one."""

    title: str
    measure: str
    figure: Figure
    limit: float
    peer: str = ""

    def value(self, results: Results) -> float | None:
        """What was measured; None where something was not."""
        found = results.get(self.measure, {})
        ours = found.get(OURS, {}).get(self.figure)
        if ours is None or not self.peer:
            return ours
        theirs = found.get(self.peer, {}).get(self.figure)
        return ours / theirs if theirs else None


def _sides(
    title: str, measure: str, sync: float, asynchronous: float, figure: Figure = "cpu"
) -> list[Goal]:
    return [
        Goal(f"{title}, {side}", f"{measure}-{side}", figure, 1 / ratio, OPENAI)
        for side, ratio in (("sync", sync), ("async", asynchronous))
    ]


TO_OPENAI = [
    Goal("import the package", "import", "cpu", 1 / 50, OPENAI),
    Goal("import to first answer, http, wall", "first-answer-http-sync", "wall", 1 / 15, OPENAI),
    Goal("import to first answer, https, wall", "first-answer-https-sync", "wall", 1 / 6, OPENAI),
    *_sides("one request", "request", 20, 15),
    Goal("instructions of a request", "instructions-request", "instructions", 1 / 60, OPENAI),
    Goal("instructions of a chunk", "instructions-chunk", "instructions", 1 / 40, OPENAI),
    Goal("encoding 200 messages", "encode", "cpu", 1 / 300, OPENAI),
    Goal("1,000 requests at once", "burst", "cpu", 1 / 50, OPENAI),
    *_sides("time to the first chunk, wall", "first-chunk", 6, 5, "wall"),
    *_sides("backlog, a chunk", "backlog", 35, 30),
    *_sides("unknown fields, a chunk", "unknown", 30, 25),
    *_sides("one event a write, a chunk", "write", 18, 18),
    *_sides("over TLS, a chunk", "tls", 25, 20),
    *_sides("live tokens, an event", "live", 4, 3),
    Goal("memory after import and one stream", "memory", "bytes", 0.4, OPENAI),
    Goal("memory of a chunk that is kept", "kept", "bytes", 1 / 3, OPENAI),
    Goal("decoding a typed chunk", "decode", "cpu", 1 / 100, OPENAI),
]
TO_GENERATORS = [
    Goal(title, measure, "cpu", 1 / ratio, peer)
    for title, measure, ratio in (
        ("one request, sync", "request-sync", 6),
        ("one request, async", "request-async", 6),
        ("decoding a typed chunk", "decode", 10),
        ("import", "import", 10),
    )
    for peer in GENERATORS
]
TO_FLOOR = [
    Goal(title, measure, "cpu", 1.5, FLOOR)
    for title, measure in (
        ("one request, sync", "request-sync"),
        ("one request, async", "request-async"),
        ("backlog, sync", "backlog-sync"),
        ("backlog, async", "backlog-async"),
        ("1,000 at once", "burst"),
    )
]
BY_ITSELF: list[tuple[Goal, Callable[[float], str]]] = [
    (Goal("modules of ours that an import loads", "import", "own", 15), "{:.0f}".format),
    (Goal("modules of others", "import", "third_party", 0), "{:.0f}".format),
    (Goal("memory of the import", "import", "bytes", 2e6), lambda v: f"{v / 1e6:.1f} MB"),
    (Goal("making a client", "construct", "cpu", 1e-4), lambda v: f"{v * 1e3:.3f} ms"),
    (Goal("decoding a typed chunk", "decode", "cpu", 0.7e-6), lambda v: f"{v * 1e6:.2f} µs"),
    (Goal("failures of 1,000 at once", "burst", "failures", 0), "{:.0f}".format),  # type: ignore[arg-type]
]
