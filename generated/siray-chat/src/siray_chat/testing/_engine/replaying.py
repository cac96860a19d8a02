"""Answers from a cassette: each recorded exchange answers one request that is like its own."""

from __future__ import annotations

import itertools
import os
import threading
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from . import cassette_files
from .cassette_bodies import blocks_of
from .cassette_text import CassetteError
from .cassettes import Describer, RecordedExchange, pairs
from .exchanges import Cut, ReceivedRequest, Reply, Stall, Step
from .matching import ASPECTS, Aspect, differences
from .redacting import SecurityNames
from .references import References
from .routing import Router

__all__ = ["Player", "Replay", "UnmatchedRequestError"]

_MATCHED: tuple[Aspect, ...] = ("method", "path", "query", "body")
_SHOWN = 8
_UNBOUNDED = 1 << 62
_FRAMING = frozenset("connection keep-alive trailer transfer-encoding upgrade".split())
_WAITS = ("retry-after", "retry-after-ms")


class UnmatchedRequestError(AssertionError):
    """A request that the cassette has no answer for. Fails the test; it is no error of the client.

    It is not tried again, and `except` for errors of the client does not catch it.
    """


@dataclass(frozen=True, slots=True)
class Replay:
    """How a cassette is replayed.

    A request and a recorded one are compared in the aspects of `match_on`, of `method`, `path`,
    `query`, `headers` and `body`; the last three as values, without regard to order. Each exchange
    answers once, equal ones in the order in which they were recorded; with `repeat` the last of
    them answers from then on. Nothing is waited for, as `Retry-After` says 0 then, unless `delays`
    are wanted: those, and the pauses of streams that were recorded with them.
    """

    path: str | os.PathLike[str]
    match_on: Iterable[Aspect] = _MATCHED
    repeat: bool = False
    delays: bool = False


class Player:
    """Replays one cassette; threads may share it.

    Raises FileNotFoundError, CassetteError where the file is none, ImportError without PyYAML,
    ValueError for an unknown aspect.
    """

    def __init__(self, references: References, router: Router, replay: Replay) -> None:
        self._path = Path(replay.path)
        self._name = str(replay.path)
        self._aspects = tuple(replay.match_on)
        unknown = [name for name in self._aspects if name not in ASPECTS]
        if unknown:
            raise ValueError(f"match_on: {unknown[0]!r} is none of {', '.join(ASPECTS)}")
        self._repeat = replay.repeat
        self._delays = replay.delays
        self._describer = Describer(references, router)
        self._names = SecurityNames(references)
        self._lock = threading.Lock()
        try:
            text = self._path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            raise CassetteError(f"{self._name}: not in UTF-8") from None
        except FileNotFoundError:
            raise FileNotFoundError(f"there is no cassette {self._name}: record it first") from None
        self._exchanges = cassette_files.read(text, self._name)
        self._played = [0] * len(self._exchanges)

    @property
    def unused(self) -> tuple[str, ...]:
        """The recordings that have not answered a request, in words."""
        return tuple(
            f"{self._name}:{exchange.line}: {exchange} was not asked for"
            for exchange, played in zip(self._exchanges, self._played, strict=True)
            if not played
        )

    def reset(self) -> None:
        """Begin anew, as if nothing had been replayed."""
        with self._lock:
            self._played = [0] * len(self._exchanges)

    def reply(self, request: ReceivedRequest) -> Reply:
        """The recorded answer. Raises UnmatchedRequestError."""
        given = self._given(request)
        headers = {"headers"} & set(self._aspects)
        if headers:
            # Whatever the recording kept is compared, whether or not it usually matters.
            every = {name: request.header(name) for name, _ in request.headers}
            given["headers"] = every | given.get("headers", {})
        with self._lock:
            fresh = next(self._matching(request, given, is_played=False), None)
            if fresh is None:
                played = list(self._matching(request, given, is_played=True))
                if not played or not self._repeat:
                    raise UnmatchedRequestError(self._explained(request, given, played))
                fresh = played[-1]
            self._played[fresh] += 1
        return self._answer(self._exchanges[fresh], is_head=request.method == "HEAD")

    def _matching(
        self, request: ReceivedRequest, given: dict[str, Any], *, is_played: bool
    ) -> Iterator[int]:
        """The exchanges that are like the request, of those that have answered, or have not yet."""
        for index, exchange in enumerate(self._exchanges):
            if bool(self._played[index]) is is_played:
                found = differences(exchange.request, given, request.body, self._aspects)
                if next(found, None) is None:
                    yield index

    def _given(self, request: ReceivedRequest) -> dict[str, Any]:
        given = self._describer.request(request, largest=_UNBOUNDED)
        query: dict[str, Any] = given.get("query", {})
        for name in [name for name in query if name.lower() in self._names.query]:
            del query[name]
        return given

    def _answer(self, exchange: RecordedExchange, *, is_head: bool) -> Reply:
        response = exchange.response
        place = f"{self._name}:{exchange.line}"
        try:
            blocks = blocks_of(response)
        except LookupError as error:
            raise UnmatchedRequestError(
                f"{place}: {exchange} was recorded, but {error.args[0]} (`largest_body`)"
            ) from None
        headers = [
            (name, "0" if name in _WAITS and not self._delays else value)
            for name, value in pairs(response.get("headers", {}))
            if name not in _FRAMING and (is_head or name != "content-length")
        ]
        has_body = not is_head and response["status"] not in (204, 304)
        if not has_body:
            blocks = []
        ended: str = response.get("ended", "")
        if has_body and not ended and not {"events", "lines"} & response.keys():
            headers.append(("content-length", str(sum(map(len, blocks)))))
        delays: list[float] = response.get("delays", []) if self._delays else []
        steps = tuple(_steps(blocks, delays, ended))
        return Reply(response["status"], tuple(headers), steps, note=f"replayed from {place}")

    def _explained(
        self, request: ReceivedRequest, given: dict[str, Any], matching: list[int]
    ) -> str:
        what = f"{request.method} {given['path']}"
        if not self._exchanges:
            return f"{what}: the cassette {self._name} has no recordings"
        if matching:
            places = ", ".join(str(self._exchanges[index].line) for index in matching)
            times = "once" if len(matching) == 1 else f"{len(matching)} times"
            return (
                f"{what} was recorded {times} in {self._name} (line {places}), and all of that has "
                f"been replayed already; `repeat` lets a recording answer again"
            )
        found = [
            (list(differences(exchange.request, given, request.body, self._aspects)), index)
            for index, exchange in enumerate(self._exchanges)
        ]

        def distance(item: tuple[list[str], int]) -> tuple[bool, bool, bool, int, int]:
            listed, index = item
            recorded = self._exchanges[index].request
            return (
                recorded["path"] != given["path"],
                recorded["method"] != given["method"],
                bool(self._played[index]),
                len(listed),
                index,
            )

        listed, index = min(found, key=distance)
        nearest = self._exchanges[index]
        lines = [
            f"{what} was not recorded in {self._name} ({len(self._exchanges)} exchanges, "
            f"{sum(not played for played in self._played)} not replayed yet)",
            f"the nearest is {nearest}, line {nearest.line}; what differs:",
            *(f"  {line}" for line in itertools.islice(listed, _SHOWN)),
        ]
        if len(listed) > _SHOWN:
            lines.append(f"  and {len(listed) - _SHOWN} more")
        return "\n".join(lines)


def _steps(blocks: list[bytes], delays: list[float], ended: str) -> Iterator[Step]:
    for index, block in enumerate(blocks):
        if index < len(delays) and delays[index]:
            yield Stall(float(delays[index]))
        if block:
            yield block
    if ended:
        yield Cut(is_timeout=ended == "stalled")
