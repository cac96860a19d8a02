"""What is measured: names, titles, and the job of each for a worker or a new process."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from peers import FLOOR, OPENAI, OURS

Figure = Literal["cpu", "wall", "bytes", "instructions", "modules", "own", "third_party"]
Port = str

CHUNKS = 2_000
"""Of a stream that is read as fast as it can be."""
LIVE_CHUNKS = 400
"""Of a stream at the pace of live tokens: 0.2 s."""
AT_ONCE = 1_000


@dataclass(frozen=True, slots=True)
class Measure:
    """One kind of work.

    `needs` is the name that a peer's module must have for it. `how`: "worker" (a job for a warm
    client), "fresh" (a process of its own for each sample) or "counted" (instructions). `main` is
    the figure that tables show. `units` fixes the number of units of a worker's job; 0 has it
    chosen so that a sample takes a tenth of a second. `peers` are those that it is done for, all
    where it names none.
    """

    name: str
    title: str
    needs: str
    how: Literal["worker", "fresh", "counted"]
    kind: str
    port: Port = ""
    mode: str = ""
    units: int = 0
    main: Figure = "cpu"
    unit: Literal["µs", "ms", "MB", "kB", "instructions"] = "µs"
    is_quick: bool = True
    arguments: dict[str, int | bool] = field(default_factory=dict)
    peers: tuple[str, ...] = ()


def _streams() -> list[Measure]:
    found = []
    for mode, title, port, is_quick in (
        ("backlog", "chunk of a backlog", "streams", True),
        ("unknown", "chunk with unknown fields", "streams", True),
        ("write", "chunk, one event a write", "streams", False),
        ("write", "chunk over TLS", "tls", False),
        ("live", "live token, one each 0.5 ms", "streams", True),
    ):
        chunks = LIVE_CHUNKS if mode == "live" else CHUNKS
        for side in ("sync", "async"):
            found.append(
                Measure(
                    f"{'tls' if port == 'tls' else mode}-{side}",
                    f"{title}, {side}",
                    needs=f"{side.capitalize()}.read",
                    how="worker",
                    kind=f"read_{side}",
                    port=port,  # type: ignore[arg-type]
                    mode=f"{mode}-{chunks}",
                    units=1 if mode == "live" else 0,
                    is_quick=is_quick,
                    arguments={"chunks": chunks},
                )
            )
    return found


MEASURES = [
    Measure("import", "import the package", "IMPORT", "fresh", "import", unit="ms"),
    Measure("construct", "make the first client", "CONSTRUCT", "fresh", "construct", unit="ms"),
    *(
        Measure(
            f"first-answer-{scheme}-{side}",
            f"import to first answer, {scheme}, {side}",
            side.capitalize(),
            "fresh",
            f"first-{side}",
            port,
            "answer",
            main="wall",
            unit="ms",
            is_quick=side == "sync",
        )
        for side in ("sync", "async")
        for scheme, port in (("http", "answers"), ("https", "tls"))
    ),
    *(
        Measure(
            f"request-{side}",
            f"one request, {side}",
            side.capitalize(),
            "worker",
            f"ask_{side}",
            "answers",
            "answer",
        )
        for side in ("sync", "async")
    ),
    Measure(
        "encode",
        "199 messages more in a request",
        "Sync",
        "worker",
        "encode",
        "answers",
        "answer",
        arguments={"messages": 200},
    ),
    Measure(
        "burst",
        "one of 1,000 at once",
        "Async",
        "worker",
        "burst",
        "answers",
        "answer",
        units=AT_ONCE,
        arguments={"warm": False},
    ),
    Measure(
        "burst-again",
        "one of the next 1,000 at once",
        "Async",
        "worker",
        "burst",
        "answers",
        "answer",
        units=AT_ONCE,
        is_quick=False,
        arguments={"warm": True},
    ),
    *(
        Measure(
            f"first-chunk-{side}",
            f"time to the first chunk, {side}",
            f"{side.capitalize()}.first",
            "worker",
            f"first_{side}",
            "streams",
            "write-20",
            main="wall",
        )
        for side in ("sync", "async")
    ),
    *_streams(),
    Measure("decode", "decode one typed chunk", "decoder", "worker", "decode"),
    Measure(
        "memory",
        "memory after import and one stream",
        "Sync.read",
        "fresh",
        "memory-sync",
        "streams",
        f"backlog-{CHUNKS}",
        main="bytes",
        unit="MB",
    ),
    Measure(
        "kept",
        "memory of a chunk that is kept",
        "Sync.chunks",
        "fresh",
        "kept-sync",
        "streams",
        "backlog-5000",
        main="bytes",
        unit="kB",
    ),
    *(
        Measure(
            f"instructions-{work}",
            f"instructions: {title}",
            needs,
            "counted",
            work,
            port,
            mode,
            main="instructions",
            unit="instructions",
            is_quick=False,
            peers=(OURS, FLOOR, OPENAI),
        )
        for work, title, needs, port, mode in (
            ("import", "import", "IMPORT", "", ""),
            ("request", "one request, sync", "Sync", "answers", "answer"),
            ("async-request", "one request, async", "Async", "answers", "answer"),
            ("chunk", "one chunk, sync", "Sync.read", "streams", "backlog"),
            ("async-chunk", "one chunk, async", "Async.read", "streams", "backlog"),
        )
    ),
]


def measures(is_quick: bool, only: list[str]) -> list[Measure]:
    """Those of a quick or a whole run, or those whose names begin with one of `only`."""
    if only:
        return [measure for measure in MEASURES if measure.name.startswith(tuple(only))]
    return [measure for measure in MEASURES if measure.is_quick or not is_quick]
