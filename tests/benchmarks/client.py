"""What the generated client costs beside httpx2 and msgspec used by hand.

    make bench

Measures, in alternating rounds: the import, the first use, one whole request, one chunk of a stream.
See README.md here for how to read the figures.
"""

from __future__ import annotations

import os
import platform
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROUNDS = 7
REQUESTS = 200
CHUNKS = 2_000
BODY = {
    "model": "alibaba/qwen3-max-256k",
    "messages": [{"role": "user", "content": "Say hello."}],
}


@dataclass(frozen=True, slots=True)
class Cost:
    """Seconds for one unit of work."""

    wall: float
    cpu: float


@dataclass(frozen=True, slots=True)
class Contest:
    """The same work done by the generated client and by hand, each call doing `units` of it."""

    name: str
    units: int
    generated: Callable[[], object]
    floor: Callable[[], object]


def timed(work: Callable[[], object], units: int) -> Cost:
    wall, cpu = time.perf_counter(), time.process_time()
    work()
    return Cost((time.perf_counter() - wall) / units, (time.process_time() - cpu) / units)


def medians(contest: Contest) -> tuple[Cost, Cost]:
    """Medians over alternating rounds, after one round that is not counted."""
    rounds: dict[str, list[Cost]] = {"generated": [], "floor": []}
    for _ in range(ROUNDS + 1):
        rounds["generated"].append(timed(contest.generated, contest.units))
        rounds["floor"].append(timed(contest.floor, contest.units))

    def median(costs: list[Cost]) -> Cost:
        counted = costs[1:]
        return Cost(
            statistics.median(cost.wall for cost in counted),
            statistics.median(cost.cpu for cost in counted),
        )

    return median(rounds["generated"]), median(rounds["floor"])


@contextmanager
def bench_server() -> Iterator[str]:
    command = [sys.executable, str(HERE / "server.py"), str(CHUNKS)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, encoding="utf-8"
    ) as process:
        assert process.stdin and process.stdout
        yield f"http://127.0.0.1:{process.stdout.readline().strip()}"
        process.stdin.close()


def children() -> float:
    """CPU seconds of all child processes so far."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def in_a_new_process(program: str) -> Cost:
    """Cost of a program less that of an empty one: the median of a few processes."""
    costs = []
    for _ in range(ROUNDS):
        measured = []
        for text in (program, "pass"):
            before, begun = children(), time.perf_counter()
            subprocess.run([sys.executable, "-c", text], check=True)
            measured.append(Cost(time.perf_counter() - begun, children() - before))
        costs.append(Cost(measured[0].wall - measured[1].wall, measured[0].cpu - measured[1].cpu))
    return Cost(
        statistics.median(cost.wall for cost in costs),
        statistics.median(cost.cpu for cost in costs),
    )


def contests(url: str) -> Iterator[Contest]:
    import httpx2
    import msgspec

    from siray_chat import Siray

    client = Siray(api_key="any", base_url=url)
    plain = httpx2.Client(base_url=url, headers={"authorization": "Bearer any"})
    decoder, encoder = msgspec.json.Decoder(), msgspec.json.Encoder()
    path, json_type = "/v1/chat/completions", {"content-type": "application/json"}

    def whole() -> None:
        for _ in range(REQUESTS):
            client.chat.completions.create(**BODY)

    def whole_floor() -> None:
        for _ in range(REQUESTS):
            answer = plain.post(path, content=encoder.encode(BODY), headers=json_type)
            decoder.decode(answer.content)

    yield Contest("one request, whole answer", REQUESTS, whole, whole_floor)

    def streamed() -> None:
        count = 0
        with client.chat.completions.create(**BODY, stream=True) as stream:
            for chunk in stream:
                count += len(chunk.choices)
        assert count == CHUNKS

    def streamed_floor() -> None:
        count = 0
        body = encoder.encode({**BODY, "stream": True})
        with plain.stream("POST", path, content=body, headers=json_type) as answer:
            for line in answer.iter_lines():
                if line.startswith("data: {"):
                    count += len(decoder.decode(line[6:])["choices"])
        assert count == CHUNKS

    yield Contest("one chunk of a stream", CHUNKS, streamed, streamed_floor)
    client.close()
    plain.close()


def row(name: str, generated: Cost, floor: Cost) -> str:
    def micro(seconds: float) -> str:
        return f"{seconds * 1e6:,.1f}"

    cells = (micro(generated.wall), micro(floor.wall), micro(generated.cpu), micro(floor.cpu))
    ratio = generated.cpu / floor.cpu if floor.cpu > 0 else float("nan")
    return f"{name:<28}" + "".join(f"{cell:>13}" for cell in cells) + f"{ratio:>9.2f}"


def load() -> str:
    try:
        return " ".join(f"{value:.2f}" for value in os.getloadavg())
    except OSError:
        return "unknown"


def main() -> None:
    print(f"Python {platform.python_version()}, {os.cpu_count()} cores, load {load()}")
    print(f"medians of {ROUNDS} rounds, microseconds; floor: httpx2 + msgspec by hand")
    titles = ("wall", "floor wall", "CPU", "floor CPU")
    print(f"\n{'':<28}" + "".join(f"{title:>13}" for title in titles) + f"{'CPU x':>9}", flush=True)
    floor = in_a_new_process("import httpx2, msgspec")
    print(row("import", in_a_new_process("import siray_chat"), floor), flush=True)
    first_use = "from siray_chat import Siray; Siray(api_key='any').chat.completions"
    print(row("import, client, resource", in_a_new_process(first_use), floor), flush=True)
    with bench_server() as url:
        for contest in contests(url):
            print(row(contest.name, *medians(contest)), flush=True)
    print(f"\nload afterwards {load()}")


if __name__ == "__main__":
    main()
