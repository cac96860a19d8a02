"""Keeps one client warm and does on it what it is told: the measurements that need no new process.

    python -P worker.py PEER PATHS

reads a job a line from standard input, as JSON (`measure`, `base`, `units`, and what the measure
needs), and prints its result: `wall` and `cpu` seconds for one unit, and `failures`. CPU is what the
process used in user and system mode, all threads. An end of the input ends it.
"""

from __future__ import annotations

import asyncio
import json
import os
import statistics
import sys
import time
from typing import Any

HERE = os.path.dirname(os.path.abspath(__file__))


class Clock:
    """Seconds since it was made, for one of so many units."""

    def __init__(self) -> None:
        self._wall, self._cpu = time.perf_counter(), time.process_time()

    def per(self, units: int) -> dict[str, float]:
        cpu, wall = time.process_time(), time.perf_counter()
        return {"wall": (wall - self._wall) / units, "cpu": (cpu - self._cpu) / units}


class Worker:
    """One client for each base URL, sync and async."""

    def __init__(self, peer: Any, runner: asyncio.Runner) -> None:
        self._peer = peer
        self._runner = runner
        self._clients: dict[tuple[str, str], Any] = {}

    def _sync(self, base: str) -> Any:
        key = ("sync", base)
        if key not in self._clients:
            self._clients[key] = self._peer.Sync(base)
        return self._clients[key]

    def _async(self, base: str) -> Any:
        key = ("async", base)
        if key not in self._clients:
            self._clients[key] = self._peer.Async(base)
        return self._clients[key]

    def ask_sync(self, base: str, units: int) -> dict[str, float]:
        ask = self._sync(base).ask
        _check_answer(ask())
        clock = Clock()
        for _ in range(units):
            ask()
        return clock.per(units)

    def ask_async(self, base: str, units: int) -> dict[str, float]:
        async def run() -> dict[str, float]:
            ask = self._async(base).ask
            _check_answer(await ask())
            clock = Clock()
            for _ in range(units):
                await ask()
            return clock.per(units)

        return self._runner.run(run())

    def encode(self, base: str, units: int, messages: int) -> dict[str, float]:
        """A request with many messages, less one with a single message."""
        from conversation import conversation

        ask, many, one = self._sync(base).ask, conversation(messages), conversation(1)
        ask(many)
        clock = Clock()
        for _ in range(units):
            ask(many)
        large, clock = clock.per(units), Clock()
        for _ in range(units):
            ask(one)
        small = clock.per(units)
        return {name: large[name] - small[name] for name in large}

    def burst(self, base: str, units: int, warm: bool) -> dict[str, float]:
        """So many requests at once, on a new client; with `warm`, the second time on it."""

        async def run() -> dict[str, float]:
            client = self._peer.Async(base, 600)
            if warm:
                await asyncio.gather(*(client.ask() for _ in range(units)), return_exceptions=True)
            clock = Clock()
            asked = (client.ask() for _ in range(units))
            answers = await asyncio.gather(*asked, return_exceptions=True)
            result = clock.per(units)
            await client.close()
            result["failures"] = sum(
                isinstance(answer, BaseException) or len(answer) < 1_000 for answer in answers
            )
            return result

        return self._runner.run(run())

    def read_sync(self, base: str, units: int, chunks: int) -> dict[str, float]:
        read = self._sync(base).read
        _check(read(), chunks)
        clock = Clock()
        for _ in range(units):
            read()
        return clock.per(units * chunks)

    def read_async(self, base: str, units: int, chunks: int) -> dict[str, float]:
        async def run() -> dict[str, float]:
            read = self._async(base).read
            _check(await read(), chunks)
            clock = Clock()
            for _ in range(units):
                await read()
            return clock.per(units * chunks)

        return self._runner.run(run())

    def first_sync(self, base: str, units: int) -> dict[str, float]:
        """Wall seconds to the first chunk, and CPU seconds of its whole stream."""
        first, waits = self._sync(base).first, []
        first()
        clock = Clock()
        for _ in range(units):
            begun = time.perf_counter()
            waits.append(first() - begun)
        return {**clock.per(units), "wall": statistics.median(waits)}

    def first_async(self, base: str, units: int) -> dict[str, float]:
        async def run() -> dict[str, float]:
            first, waits = self._async(base).first, []
            await first()
            clock = Clock()
            for _ in range(units):
                begun = time.perf_counter()
                waits.append(await first() - begun)
            return {**clock.per(units), "wall": statistics.median(waits)}

        return self._runner.run(run())

    def decode(self, base: str, units: int) -> dict[str, float]:
        from answers import chunk

        decode, data = self._peer.decoder(), chunk(" word")
        decode(data)
        clock = Clock()
        for _ in range(units):
            decode(data)
        return clock.per(units)


def _check(characters: int, chunks: int) -> None:
    """Whether the text of a whole stream arrived."""
    expected = (chunks - 1) * len(" word")
    if characters != expected:
        raise ValueError(f"{characters} characters arrived where {expected} were sent")


def _check_answer(text: str) -> None:
    if len(text) < 1_000:
        raise ValueError(f"{len(text)} characters arrived as the text of a whole answer")


def main() -> None:
    name, paths = sys.argv[1:]
    sys.path[:0] = [path for path in (HERE, *paths.split(os.pathsep)) if path]
    from peers import load

    with asyncio.Runner() as runner:
        worker = Worker(load(name), runner)
        for line in sys.stdin:
            job = json.loads(line)
            measure = getattr(worker, job.pop("measure"))
            try:
                result = measure(**job)
            except Exception as error:
                result = {"error": f"{type(error).__name__}: {error}"}
            print(json.dumps(result), flush=True)
        # Sockets and tasks of the clients are the end of the process's business.
        sys.stdout.flush()
        os._exit(0)


if __name__ == "__main__":
    main()
