"""Hundreds of clients of the fake server at once, some cut or stalled: ``make soak-fake``.

``python -m tests.soak.fake --help``. Four processes one after the other, sync threads and async tasks,
over loopback and in-process; server and clients share the process, so what either leaves is seen.
Exits with 1 when anything was found: a wrong text or error, a socket, task or thread that is left,
memory that grows, a server that does not stop, a word on standard error.
"""

from __future__ import annotations

import argparse
import asyncio
import faulthandler
import gc
import json
import logging
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import siray_chat
from siray_chat import Options, Timeout
from siray_chat.testing import FakeSiray, fake_app
from tests.soak.worker import Record, sockets, tell

ROOT = Path(__file__).parents[2]
WAYS = ("loopback", "in-process")
KINDS = ("async", "sync")
_ALLOCATOR = {"MALLOC_ARENA_MAX": "2", "GLIBC_TUNABLES": "glibc.malloc.tcache_count=0"}
_STOP_SECONDS = 5.0
_PATIENCE = 60.0
"""Seconds that an answer may take which is not stalled; the machine may be busy."""

WORDS = tuple(f"word{number} " for number in range(30))
PLANS = ("whole", "plain", "whole", "final", "leave", "plain", "whole", "refused", "whole")
FAULTS = ("cut", "stall", "cut plain", "stall before", "drop", "stall left")


def plan(number: int) -> str:
    """What happens to a call: one in ten is cut or stalled."""
    return FAULTS[number // 10 % len(FAULTS)] if number % 10 == 0 else PLANS[number % 10 - 1]


def chunk(text: str, reason: str | None = None) -> dict[str, Any]:
    """One event of the scripted stream."""
    choice = {"index": 0, "delta": {"content": text}, "finish_reason": reason}
    kind = "chat.completion.chunk"
    return {"id": "c", "object": kind, "created": 1, "model": "soak", "choices": [choice]}


def script(fake: FakeSiray) -> None:
    """Let the fake answer as the plans say; the question is the name of the plan."""
    create = fake.chat.completions.create
    events = [*map(chunk, WORDS), chunk("", "stop")]

    def asked(name: str) -> Any:
        question = json.dumps(f"soak: {name}").encode()
        return create.when(lambda request: question in request.content)

    for name in ("whole", "final", "leave"):
        asked(name).streams(events, times=None)
    asked("refused").fails(429, retry_after=0, times=None)
    asked("cut").cuts_after(events=3, of=events, times=None)
    asked("cut plain").cuts_after(bytes=20, times=None)
    asked("stall").stalls(after_events=3, of=events, times=None)
    asked("stall left").stalls(after_events=3, of=events, times=None)
    asked("stall before").stalls(times=None)
    asked("drop").drops(times=None)


def request(name: str) -> dict[str, Any]:
    """The arguments of a call."""
    stalled = name.startswith("stall") and name != "stall left"
    limit = 0.3 if stalled else _PATIENCE
    return {
        "model": "alibaba/qwen3-max-256k",
        "messages": [{"role": "user", "content": f"soak: {name}"}],
        "stream": name not in ("plain", "cut plain", "refused"),
        "options": Options(
            max_retries=0,
            timeout=Timeout(connect=_PATIENCE, read=limit, first_event=limit, between_events=limit),
        ),
    }


EXPECTED = {
    "refused": "RateLimitError",
    "cut": "StreamTruncatedError",
    "cut plain": "APIConnectionError",
    "stall": "APITimeoutError",
    "stall before": "APITimeoutError",
    "drop": "APIConnectionError",
}


def judge(record: Record, name: str, text: str | None, error: BaseException | None) -> None:
    """Whether what came of a call is what has to come of it."""
    record.count(name)
    kinds = [] if error is None else [kind.__name__ for kind in type(error).__mro__]
    wanted = EXPECTED.get(name)
    if wanted is None and error is None:
        whole = "".join(WORDS)
        right = {"leave": "".join(WORDS[:5]), "stall left": "".join(WORDS[:3]), "plain": None}
        if name != "plain" and text != right.get(name, whole):
            record.find(f"{name}: the text is {text!r}")
    elif wanted not in kinds:
        record.find(f"{name}: {error!r} where {wanted or 'no error'} was expected")


def text_of(item: Any) -> str:
    """The text that an item adds."""
    return item.choices[0].delta.content or "" if item.choices else ""


# ---------------------------------------------------------------- async


async def call_async(client: Any, name: str) -> str | None:
    """Make a call, and leave it as its plan says."""
    answer = await client.chat.completions.create(**request(name))
    if name in ("plain", "cut plain", "refused"):
        return None
    if name == "final":
        final = await answer.final()
        return str(final.choices[0].message.content)
    texts: list[str] = []
    async with answer:
        async for item in answer:
            texts.append(text_of(item))
            if (name, len(texts)) in (("leave", 5), ("stall left", 3)):
                break
    return "".join(texts)


async def run_async(make: Callable[[], Any], record: Record, clients: int) -> None:
    """Many tasks, each a caller of its own."""
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(lambda _, context: record.find(f"the loop was told: {context}"))
    shared = make()

    async def work() -> None:
        while not record.over:
            number = record.next_number()
            name, text, error = plan(number), None, None
            client = make() if number % 97 == 0 else shared
            try:
                text = await call_async(client, name)
            except Exception as raised:
                error = raised
            if client is not shared:
                await client.aclose()
            judge(record, name, text, error)

    async def watch() -> None:
        while not record.over:
            await asyncio.sleep(0.5)
            record.sample()

    await asyncio.gather(watch(), *(work() for _ in range(clients)))
    await shared.aclose()
    await asyncio.sleep(0.2)
    if left := asyncio.all_tasks() - {asyncio.current_task()}:
        record.find(f"{len(left)} tasks are left: {left}")


# ---------------------------------------------------------------- sync


def call_sync(client: Any, name: str) -> str | None:
    """The same with the sync client."""
    answer = client.chat.completions.create(**request(name))
    if name in ("plain", "cut plain", "refused"):
        return None
    if name == "final":
        return str(answer.final().choices[0].message.content)
    texts: list[str] = []
    with answer:
        for item in answer:
            texts.append(text_of(item))
            if (name, len(texts)) in (("leave", 5), ("stall left", 3)):
                break
    return "".join(texts)


def run_sync(make: Callable[[], Any], record: Record, clients: int) -> None:
    """Many threads that share a client."""
    threading.excepthook = lambda hooked: record.find(f"a thread ended by {hooked.exc_value!r}")
    shared = make()

    def work() -> None:
        while not record.over:
            number = record.next_number()
            name, text, error = plan(number), None, None
            client = make() if number % 97 == 0 else shared
            try:
                text = call_sync(client, name)
            except Exception as raised:
                error = raised
            if client is not shared:
                client.close()
            judge(record, name, text, error)

    threads = [threading.Thread(target=work) for _ in range(clients)]
    for thread in threads:
        thread.start()
    while not record.over:
        time.sleep(0.5)
        record.sample()
    for thread in threads:
        thread.join(2 * _PATIENCE)
    shared.close()


# ---------------------------------------------------------------- processes


def run(kind: str, way: str, seconds: float, clients: int) -> int:
    """One kind of client, one way in; the exit code."""
    faulthandler.enable()
    # One line for each answer that does not match the document: that is planned here.
    logging.getLogger("siray_chat").setLevel(logging.ERROR)
    record = Record(seconds)
    sys.unraisablehook = lambda hooked: record.find(
        f"unraisable: {hooked.exc_value!r} in {hooked.object!r}"
    )
    sockets_before, threads_before = sockets(), threading.active_count()
    fake = fake_app()
    script(fake)

    def work(make: Callable[[], Any]) -> None:
        if kind == "async":
            asyncio.run(run_async(make, record, clients))
        else:
            run_sync(make, record, clients)

    if way == "in-process":
        work(fake.async_client if kind == "async" else fake.client)
    else:
        client = siray_chat.AsyncSiray if kind == "async" else siray_chat.Siray
        with fake.serve() as server:
            work(lambda: client(base_url=server.url, api_key="sk-soak"))
            began = time.monotonic()
        if (took := time.monotonic() - began) > _STOP_SECONDS:
            record.find(f"the server took {took:.1f} s to stop")
    if fake.failures:
        record.find(f"the fake failed: {fake.failures[0]!r}")
    gc.collect()
    time.sleep(0.2)
    if (after := sockets()) > sockets_before:
        record.find(f"{after - sockets_before} sockets are left")
    if threading.active_count() > threads_before:
        record.find(f"threads are left: {threading.enumerate()}")
    if unmet := {*EXPECTED, *PLANS} - {*record.counts} if record._number > 1_000 else set():
        record.find(f"nobody did {unmet}")
    memory = record.judge_memory(from_seconds=45)
    tell(summary={"counts": dict(record.counts), "memory": memory, "findings": record.findings})
    return 1 if record.findings else 0


def watched(kind: str, way: str, arguments: argparse.Namespace) -> int:
    """Run one process; how much was found."""
    command = [sys.executable, "-W", "error", "-m", "tests.soak.fake", "--kind", kind, "--way", way]
    command += ["--seconds", str(arguments.seconds), "--clients", str(arguments.clients)]
    done = subprocess.run(
        [*command, "--here"],
        cwd=ROOT,
        env={**os.environ, **_ALLOCATOR},
        capture_output=True,
        text=True,
        check=False,
    )
    findings = 0
    summary: dict[str, Any] = {}
    for line in done.stdout.splitlines():
        said = json.loads(line)
        summary = said.get("summary", summary)
        if "finding" in said:
            findings += 1
            print(f"FOUND ({kind}, {way}): {said['finding']}", flush=True)
    if done.stderr.strip():
        findings += 1
        print(f"FOUND ({kind}, {way}): standard error: {done.stderr.strip()[-4000:]}", flush=True)
    if not summary:
        print(f"FOUND ({kind}, {way}): it ended with {done.returncode} and no summary", flush=True)
        return findings + 1
    counts = summary["counts"]
    faults = sum(counts.get(name, 0) for name in FAULTS)
    line = f"{kind}, {way}: {sum(counts.values()):,} calls, {faults:,} cut or stalled"
    memory = summary["memory"]
    if memory["judged"]:
        line += f"; memory {memory['second'] / 1e6:.1f} MB, then {memory['last'] / 1e6:.1f} MB"
    print(line, flush=True)
    return findings


def main() -> int:
    """Run the soak; the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.soak.fake", description=__doc__)
    parser.add_argument("--seconds", type=float, default=60, help="of each of the four")
    parser.add_argument("--clients", type=int, default=200, help="at once")
    parser.add_argument("--kind", choices=KINDS)
    parser.add_argument("--way", choices=WAYS)
    parser.add_argument(
        "--here", action="store_true", help="in this process, which says it in JSON"
    )
    arguments = parser.parse_args()
    if arguments.here:
        return run(arguments.kind, arguments.way, arguments.seconds, arguments.clients)
    print(f"==> soak: {arguments.clients} clients of the fake server", flush=True)
    findings = sum(
        watched(kind, way, arguments)
        for way in WAYS
        for kind in KINDS
        if arguments.kind in (None, kind) and arguments.way in (None, way)
    )
    print(f"==> soak: {findings} findings" if findings else "==> soak: nothing found")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
