"""What the fake server costs: its start, its streams, its whole answers.

    python tests/benchmarks/mock.py [--runs N] [--events N] [--write]

The server is `sdkpress mock`, a process of its own, on another core where the system has two. The
reader is a socket: it asks, reads what comes and counts events, nothing else. Every figure is a
median; CPU seconds are the server's, user and system. aimock (Node) stands beside it where
`make test-peers` has installed it, with the same text and the same number of events.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import os
import re
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from measuring import REAL, ROOT, machine, publish, table
from running import cores

SDKPRESS = Path(sys.executable).parent / "sdkpress"
DOCUMENT = ROOT / "openapi-spec" / "qwen3-max-256k.yaml"
OVERLAY = DOCUMENT.with_suffix(".overlay.yaml")
PEERS = ROOT / ".venv-peers"
AIMOCK = PEERS / "node_modules" / "@copilotkit" / "aimock" / "dist" / "cli.js"
GOAL = 50_000
KEY = "sk-benchmark"
WORD = "word "


@dataclass(frozen=True, slots=True)
class Running:
    """A server that answers. `started` is how many seconds its first answer took."""

    process: subprocess.Popen[bytes]
    port: int
    started: float

    def cpu(self) -> float:
        """CPU seconds of the process so far, to the hundredth; 0 where /proc is not there."""
        try:
            stat = Path(f"/proc/{self.process.pid}/stat").read_text()
        except OSError:
            return 0.0
        fields = stat.rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@contextlib.contextmanager
def running(command: Sequence[str | Path], port: int = 0) -> Iterator[Running]:
    """A server, until the block ends; where it prints its address, that is where it is."""
    chosen = cores()
    begun = time.perf_counter()
    process = subprocess.Popen([str(part) for part in command], stdout=subprocess.PIPE)
    try:
        if chosen is not None:
            os.sched_setaffinity(process.pid, chosen[0])
        assert process.stdout is not None
        while not port:
            line = process.stdout.readline()
            if not line:
                raise SystemExit(f"{command[0]} ended with {process.wait()}")
            if found := re.search(rb"http://127\.0\.0\.1:(\d+)", line):
                port = int(found[1])
        # The log of requests has to go somewhere, or the server waits.
        threading.Thread(target=process.stdout.read, daemon=True).start()
        while True:
            try:
                connection = Reader(port)
            except OSError:
                time.sleep(0.005)
            else:
                break
        connection.ask("GET", "/unknown")
        connection.close()
        yield Running(process, port, time.perf_counter() - begun)
    finally:
        process.send_signal(signal.SIGINT)
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


class Reader:
    """One connection that is kept."""

    def __init__(self, port: int) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port))
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def close(self) -> None:
        self._socket.close()

    def ask(self, method: str, path: str, body: bytes = b"") -> tuple[int, float, float]:
        """How many events came, and after how many seconds the first byte and the last one."""
        head = f"{method} {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {KEY}\r\n"
        if body:
            head += f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n"
            head += "Prefer: example=long\r\n" if b'"stream": true' in body else ""
        begun = time.perf_counter()
        self._socket.sendall(head.encode() + b"\r\n" + body)
        received = self._block()
        first = time.perf_counter() - begun
        while b"\r\n\r\n" not in received:
            received += self._block()
        header, _, rest = received.partition(b"\r\n\r\n")
        length = re.search(rb"content-length: (\d+)", header.lower())
        if length is not None:
            left = int(length[1]) - len(rest)
            while left > 0:
                left -= len(self._block())
            return 0, first, time.perf_counter() - begun
        # An event may begin in one block and end in the next one.
        events, end = rest.count(b"\n\n"), rest[-7:]
        while not end.endswith(b"\r\n0\r\n\r\n"):
            block = self._block()
            events += (end[-1:] + block).count(b"\n\n")
            end = (end + block)[-7:]
        return events, first, time.perf_counter() - begun

    def _block(self) -> bytes:
        block = self._socket.recv(1 << 18)
        if not block:
            raise SystemExit("the server closed the connection")
        return block


def question(*, stream: bool) -> bytes:
    content = "long, please" if stream else "hello"
    messages = [{"role": "user", "content": content}]
    request = {"model": "alibaba/qwen3-max-256k", "messages": messages, "stream": stream}
    return json.dumps(request).encode()


def overlay(events: int) -> dict[str, Any]:
    """Gives the document an example whose text makes a stream of about so many events."""
    message = {"role": "assistant", "content": WORD * events}
    answer = {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 1,
        "model": "alibaba/qwen3-max-256k",
        "choices": [{"index": 0, "message": message, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 1, "completion_tokens": events, "total_tokens": events + 1},
    }
    place = "$.paths['/v1/chat/completions'].post.responses['200'].content['application/json']"
    update = {"examples": {"long": {"value": answer}}}
    info = {"title": "A long answer", "version": "1"}
    return {"overlay": "1.0.0", "info": info, "actions": [{"target": place, "update": update}]}


@contextlib.contextmanager
def ours(folder: Path, events: int) -> Iterator[Running]:
    written = folder / "long.overlay.json"
    written.write_text(json.dumps(overlay(events)))
    command: list[str | Path] = [
        SDKPRESS,
        "mock",
        DOCUMENT,
        "--overlay",
        OVERLAY,
        "--overlay",
        written,
    ]
    with running([*command, "--port", "0"]) as server:
        yield server


@contextlib.contextmanager
def aimock(folder: Path, events: int) -> Iterator[Running]:
    answers = [("long", WORD * events), ("hello", "Hello! How can I help you today?")]
    fixtures = [
        {"match": {"userMessage": word}, "response": {"content": text}} for word, text in answers
    ]
    written = folder / "aimock.json"
    written.write_text(json.dumps({"fixtures": fixtures}))
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    command: list[str | Path] = [
        "node",
        AIMOCK,
        "-p",
        str(port),
        "-f",
        written,
        "--log-level",
        "silent",
    ]
    with running([*command, "--chunk-size", str(len(WORD))], port) as server:
        yield server


def streams(server: Running, runs: int) -> tuple[float, float, float, int]:
    """Events a second, milliseconds to the first byte, CPU µs an event, and how many events."""
    reader = Reader(server.port)
    count = reader.ask("POST", "/v1/chat/completions", question(stream=True))[0]
    cpu, walls, firsts = server.cpu(), [], []
    for _ in range(runs):
        events, first, wall = reader.ask("POST", "/v1/chat/completions", question(stream=True))
        assert events == count, (events, count)
        walls.append(wall)
        firsts.append(first)
    cpu = (server.cpu() - cpu) / runs / count
    reader.close()
    return count / statistics.median(walls), statistics.median(firsts) * 1e3, cpu * 1e6, count


def answers(server: Running, runs: int, count: int = 1_000) -> tuple[float, float]:
    """Whole answers a second, one after the other on one connection, and CPU µs of each."""
    reader = Reader(server.port)
    body, walls, cpu = question(stream=False), [], 0.0
    for number in range(runs + 1):
        cpu = cpu if number else server.cpu()
        begun = time.perf_counter()
        for _ in range(count):
            reader.ask("POST", "/v1/chat/completions", body)
        if number:
            walls.append((time.perf_counter() - begun) / count)
        else:
            cpu = server.cpu()
    cpu = (server.cpu() - cpu) / runs / count
    reader.close()
    return 1 / statistics.median(walls), cpu * 1e6


def in_process(events: int, runs: int) -> list[tuple[str, float]]:
    """Events a second that a generated client reads of a fake application in its own process."""
    from siray_chat import AsyncSiray, Siray
    from siray_chat.testing import AppTransport, AsyncAppTransport, fake_app

    app = fake_app()
    key = next(key for key in app.operations if "completions" in key)
    delta = {"index": 0, "delta": {"content": WORD}, "finish_reason": None}
    item = {"id": "1", "object": "chat.completion.chunk", "created": 1, "model": "m"}
    app.script(key).streams([{**item, "choices": [delta]}] * events, times=None)
    asked: Any = json.loads(question(stream=True))
    options: Any = {"base_url": "http://fake", "api_key": KEY}

    def sync() -> int:
        with Siray(http_client=AppTransport(app), **options) as client:
            return sum(1 for _ in client.chat.completions.create(**asked))

    async def read() -> int:
        async with AsyncSiray(http_client=AsyncAppTransport(app), **options) as client:
            return len([None async for _ in await client.chat.completions.create(**asked)])

    def timed(work: Callable[[], int]) -> float:
        walls = []
        for _ in range(runs):
            begun = time.perf_counter()
            assert work() == events
            walls.append(time.perf_counter() - begun)
        return events / statistics.median(walls)

    return [("sync client", timed(sync)), ("async client", timed(lambda: asyncio.run(read())))]


def starts(runs: int) -> Iterator[tuple[str, float, float, float]]:
    """Seconds to the first answer, CPU seconds until then, and the goal, for each document."""
    known = [("the Siray document", DOCUMENT, 1.0), ("GitHub's", REAL / "github.json", 3.0)]
    for name, document, goal in known:
        if document.is_file():
            rounds = []
            for _ in range(runs):
                with running([SDKPRESS, "mock", document, "--port", "0"]) as server:
                    rounds.append((server.started, server.cpu()))
            wall, cpu = (statistics.median(column) for column in zip(*rounds, strict=True))
            yield name, wall, cpu, goal


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--events", type=int, default=50_000)
    parser.add_argument("--write", action="store_true")
    options = parser.parse_args()
    print(f"mock: {options.runs} runs, {machine()}", flush=True)
    if (chosen := cores()) is not None:
        os.sched_setaffinity(0, chosen[1])
    found: list[tuple[str, ...]] = []

    def note(*row: str) -> None:
        found.append(row)
        print("{:<62}{:>12}{:>12}{:>14}".format(*row), flush=True)

    for name, wall, cpu, limit in starts(options.runs):
        verdict = "ok" if wall <= limit else "short"
        note(
            f"start to the first answer, {name} (s)",
            f"{wall:.2f}",
            f"{cpu:.2f}",
            f"≤ {limit:g}: {verdict}",
        )
    servers = {"sdkpress mock": ours, "aimock": aimock}
    with tempfile.TemporaryDirectory(prefix="sdkpress-bench-") as folder:
        for name, serve in servers.items():
            if name == "aimock" and not AIMOCK.is_file():
                print("aimock is not installed: make test-peers does it")
                continue
            with serve(Path(folder), options.events) as server:
                rate, first, cpu, count = streams(server, options.runs)
                goal = ("ok" if rate >= GOAL else "short") if serve is ours else ""
                goal = goal and f"≥ {GOAL:,}: {goal}"
                note(
                    f"{name}: events a second, streams of {count:,}",
                    f"{rate:,.0f}",
                    f"{cpu:.1f} µs",
                    goal,
                )
                note(f"{name}: their first byte (ms)", f"{first:.1f}", "", "")
                rate, cpu = answers(server, options.runs)
                note(
                    f"{name}: whole answers a second, one connection",
                    f"{rate:,.0f}",
                    f"{cpu:.0f} µs",
                    "",
                )
    for name, rate in in_process(options.events, options.runs):
        note(f"in-process: events a second, {name}", f"{rate:,.0f}", "", "")
    print(machine())
    if options.write:
        header = ("", "figure", "server's CPU", "goal")
        text = f"Medians, {options.runs} runs; {machine()}."
        publish("mock", f"{text}\n\n{table(header, found)}")


if __name__ == "__main__":
    main()
