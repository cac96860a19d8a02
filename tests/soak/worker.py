"""One kind of client of the soak, a process of its own: ``python -m tests.soak.worker OPTIONS``.

It writes lines of JSON: ``{"progress": ...}`` now and then, ``{"finding": ...}`` for each thing that is
not as it has to be, and ``{"summary": ...}`` at the end.
"""

from __future__ import annotations

import argparse
import asyncio
import faulthandler
import gc
import json
import logging
import os
import statistics
import sys
import threading
import time
import traceback
from collections import Counter
from random import Random
from typing import Any

import siray_chat
from siray_chat import Timeout
from tests.soak.plans import expected_errors, may_succeed, plan

LIMIT_SECONDS = 8.0
"""How long an event is waited for. The server's machine may be busy, so it is long."""
MAX_FINDINGS = 50
JUDGED_SECONDS = 90
"""From how long a run on the growth of memory is judged: caches and pools fill up first."""

SPENT = ("all", "all", "all", "final", "break", "close", "abandon", "cancel", "raise", "plain")
"""What becomes of a stream."""


class Left(Exception):
    """Raised by the caller in the middle of its loop."""


def memory() -> int:
    """Bytes of memory that are resident now."""
    with open("/proc/self/statm", "rb") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def sockets() -> int:
    """How many sockets are open."""
    found = 0
    for name in os.listdir("/proc/self/fd"):
        try:
            found += os.readlink(f"/proc/self/fd/{name}").startswith("socket:")
        except OSError:
            pass
    return found


class Record:
    """Counts, samples of memory, findings. Safe to share between threads."""

    def __init__(self, seconds: float) -> None:
        self.began = time.monotonic()
        self.seconds = seconds
        self.counts: Counter[str] = Counter()
        self.samples: list[tuple[float, int]] = []
        self.findings = 0
        self._number = 0
        self._lock = threading.Lock()

    @property
    def over(self) -> bool:
        """Whether no call is to be begun any more."""
        return time.monotonic() - self.began > self.seconds or self.findings >= MAX_FINDINGS

    def next_number(self) -> int:
        """The number of the next request."""
        with self._lock:
            self._number += 1
            return self._number

    def count(self, what: str) -> None:
        """One more of something."""
        with self._lock:
            self.counts[what] += 1

    def find(self, what: str) -> None:
        """Something is wrong."""
        with self._lock:
            self.findings += 1
            tell(finding=what)

    def sample(self) -> None:
        """Look at the memory, and say how far it is."""
        passed = time.monotonic() - self.began
        gc.collect()
        size = memory()
        self.samples.append((passed, size))
        if len(self.samples) % 10 == 0:
            tell(
                progress={
                    "seconds": round(passed),
                    "calls": self._number,
                    "memory": size,
                    "sockets": sockets(),
                    "findings": self.findings,
                }
            )

    def judge_memory(self, from_seconds: float = JUDGED_SECONDS) -> dict[str, Any]:
        """Whether the last quarter needs more than the second, in a run of so many seconds."""
        quarters: list[list[int]] = [[], [], [], []]
        for passed, size in self.samples:
            quarters[min(3, int(4 * passed / self.seconds))].append(size)
        if self.seconds < from_seconds or min(map(len, quarters)) < 8:
            return {"judged": False}
        second, last = statistics.median(quarters[1]), statistics.median(quarters[3])
        growth = last / second - 1
        if growth > 0.02:
            self.find(f"memory grew by {growth:.1%}: {second:,.0f} to {last:,.0f} bytes")
        return {"judged": True, "second": second, "last": last, "growth": growth}


def tell(**line: Any) -> None:
    """One line for the parent."""
    print(json.dumps(line), flush=True)


def text_of(item: Any) -> str:
    """The text that an item adds."""
    return item.choices[0].delta.content or "" if item.choices else ""


class Judge:
    """One call, and whether what came of it is what may come of it."""

    def __init__(self, record: Record, seed: int, number: int) -> None:
        self.random = Random(f"{seed}/{number}/client")
        self.spent = self.random.choice(SPENT)
        self.plan = plan(seed, number, 0, streamed=self.spent != "plain")
        self.limit = self.random.choice((0, 1, 2, 5, 20))
        self.delay = self.random.uniform(0, 0.1)
        self.text: list[str] = []
        self.request = {
            "model": str(number),
            "messages": [{"role": "user", "content": "soak"}],
            "stream": self.spent != "plain",
        }
        self._record = record
        self._number = number

    def take(self, item: Any) -> bool:
        """Whether another item is wanted."""
        self.text.append(text_of(item))
        if self.spent in ("break", "close", "abandon", "raise") and len(self.text) >= self.limit:
            if self.spent == "raise":
                raise Left
            return False
        return True

    def done(self, final: Any = None) -> None:
        """The stream came to its end."""
        self._record.count("whole")
        if not may_succeed(self.plan):
            self._find("ended well")
        text = "".join(self.text) if final is None else final.choices[0].message.content
        if text != self.plan.text:
            self._find(f"has the text {text!r}")

    def left(self) -> None:
        """The caller had enough."""
        self._record.count(self.spent)
        self._check_prefix("".join(self.text))

    def failed(self, error: BaseException) -> None:
        """The call or its stream raised."""
        name = type(error).__name__
        if isinstance(error, Left) or (
            self.spent == "cancel" and isinstance(error, (TimeoutError, asyncio.CancelledError))
        ):
            self.left()
            return
        self._record.count(name)
        if name not in expected_errors(self.plan):
            lines = traceback.format_exception(error)
            self._find(f"raised {name}: {error}\n{''.join(lines[-6:])}")
            return
        received = "".join(self.text)
        self._check_prefix(received)
        partial = getattr(error, "partial", None)
        whole = "" if partial is None else partial.choices[0].message.content or ""
        if self.spent != "final" and whole != received:
            self._find(f"raised {name} with the partial text {whole!r} after {received!r}")
        self._check_prefix(whole)
        if name == "StreamTruncatedError" and self.plan.fault not in ("reset", "bad chunk"):
            wanted = "".join(self.plan.pieces[: self.plan.at])
            if whole != wanted:
                self._find(f"was cut after {wanted!r}, and has {whole!r}")

    def _check_prefix(self, text: str) -> None:
        if not self.plan.text.startswith(text):
            self._find(f"has {text!r}, which is no beginning")

    def _find(self, what: str) -> None:
        self._record.find(f"call {self._number} ({self.spent}, {self.plan}) {what}")


def options(arguments: argparse.Namespace) -> dict[str, Any]:
    """The arguments of every client."""
    return {
        "api_key": "sk-soak",
        "base_url": arguments.url,
        "timeout": Timeout(
            connect=30, first_event=LIMIT_SECONDS, between_events=LIMIT_SECONDS, read=LIMIT_SECONDS
        ),
    }


# ---------------------------------------------------------------- async


async def one_async(client: Any, judge: Judge) -> None:
    """Make a call, and leave it as its plan says."""
    if judge.spent == "plain":
        judge.done(await client.chat.completions.create(**judge.request))
        return
    stream = await client.chat.completions.create(**judge.request)
    if judge.spent == "final":
        judge.done(await stream.final())
        return
    if judge.spent in ("abandon", "break"):
        async for item in stream:
            if not judge.take(item):
                judge.left()
                return
    else:
        async with stream:
            if judge.spent == "close" and judge.limit == 0:
                judge.left()
                return
            async for item in stream:
                if not judge.take(item):
                    judge.left()
                    return
                if judge.spent == "cancel" and judge.limit == 20:
                    await asyncio.sleep(0.001)  # a caller who is slower than the server
    judge.done()


async def judged_async(client: Any, judge: Judge) -> None:
    """One call, whatever happens."""
    try:
        if judge.spent == "cancel":
            async with asyncio.timeout(judge.delay):
                await one_async(client, judge)
        else:
            await one_async(client, judge)
    except Exception as error:
        judge.failed(error)


async def run_async(arguments: argparse.Namespace, record: Record) -> None:
    """Hundreds of tasks that make one call after the other."""
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(lambda _, context: record.find(f"the loop was told: {context}"))
    before = sockets()
    client = siray_chat.AsyncSiray(http_client=http_client(arguments), **options(arguments))

    async def work() -> None:
        while not record.over:
            number = record.next_number()
            judge = Judge(record, arguments.seed, number)
            if number % 50 == 0:
                async with siray_chat.AsyncSiray(**options(arguments)) as own:
                    await judged_async(own, judge)
            else:
                await judged_async(client, judge)

    async def watch() -> None:
        while not record.over:
            await asyncio.sleep(1)
            record.sample()

    await asyncio.gather(watch(), *(work() for _ in range(arguments.streams)))
    await client.aclose()
    await asyncio.sleep(0.5)
    gc.collect()
    await asyncio.sleep(0.1)
    if left := asyncio.all_tasks() - {asyncio.current_task()}:
        record.find(f"{len(left)} tasks are left: {left}")
    if (after := sockets()) > before:
        record.find(f"{after - before} sockets are left")


# ---------------------------------------------------------------- sync


def one_sync(client: Any, judge: Judge) -> None:
    """The same with the sync client, where nothing can be cancelled."""
    if judge.spent == "plain":
        judge.done(client.chat.completions.create(**judge.request))
        return
    stream = client.chat.completions.create(**judge.request)
    if judge.spent == "final":
        judge.done(stream.final())
        return
    if judge.spent in ("abandon", "break"):
        for item in stream:
            if not judge.take(item):
                judge.left()
                return
    else:
        with stream:
            if judge.spent == "close" and judge.limit == 0:
                judge.left()
                return
            for item in stream:
                if not judge.take(item):
                    judge.left()
                    return
    judge.done()


def run_sync(arguments: argparse.Namespace, record: Record) -> None:
    """Threads that make one call after the other with one client."""
    threading.excepthook = lambda hooked: record.find(f"a thread ended by {hooked.exc_value!r}")
    before = sockets()
    client = siray_chat.Siray(http_client=http_client(arguments), **options(arguments))

    def judged(used: Any, judge: Judge) -> None:
        try:
            one_sync(used, judge)
        except Exception as error:
            judge.failed(error)

    def work() -> None:
        while not record.over:
            number = record.next_number()
            judge = Judge(record, arguments.seed, number)
            if number % 50 == 0:
                with siray_chat.Siray(**options(arguments)) as own:
                    judged(own, judge)
            else:
                judged(client, judge)

    threads = [threading.Thread(target=work) for _ in range(arguments.streams)]
    for thread in threads:
        thread.start()
    while not record.over:
        time.sleep(1)
        record.sample()
    for thread in threads:
        thread.join(60)
    client.close()
    gc.collect()
    time.sleep(0.2)
    if (after := sockets()) > before:
        record.find(f"{after - before} sockets are left")


def http_client(arguments: argparse.Namespace) -> Any:
    """What the client is given to send with: nothing for the transport it has by itself."""
    if arguments.transport == "default":
        return None
    import httpx2

    kind = httpx2.AsyncClient if arguments.kind == "async" else httpx2.Client
    limits = httpx2.Limits(max_connections=arguments.streams * 2)
    return kind(limits=limits)


def main() -> None:
    """Run, and say what came of it."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--kind", choices=("async", "sync"), required=True)
    parser.add_argument("--url", required=True)
    parser.add_argument("--seconds", type=float, required=True)
    parser.add_argument("--streams", type=int, required=True)
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--transport", choices=("default", "httpx2"), default="default")
    parser.add_argument("--uvloop", action="store_true")
    arguments = parser.parse_args()
    faulthandler.enable()
    # One line for each answer that does not match the document: that is planned here.
    logging.getLogger("siray_chat").setLevel(logging.ERROR)
    record = Record(arguments.seconds)
    sys.unraisablehook = lambda hooked: record.find(
        f"unraisable: {hooked.exc_value!r} in {hooked.object!r}"
    )
    if arguments.kind == "async":
        factory = None
        if arguments.uvloop:
            from uvloop import new_event_loop as factory
        with asyncio.Runner(loop_factory=factory) as runner:
            runner.run(run_async(arguments, record))
    else:
        run_sync(arguments, record)
    gc.collect()
    if threading.active_count() > 1:
        record.find(f"threads are left: {threading.enumerate()}")
    memory_found = record.judge_memory()
    tell(
        summary={"counts": dict(record.counts), "memory": memory_found, "findings": record.findings}
    )
    sys.exit(1 if record.findings else 0)


if __name__ == "__main__":
    main()
