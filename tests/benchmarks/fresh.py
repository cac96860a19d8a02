"""One measurement that needs a new process, printed as JSON.

    python -P fresh.py KIND PEER PATHS [BASE]

KIND: `import`, `construct`, `first-sync`, `first-async` (import to first answer), `memory-sync`,
`kept-sync`; or `units-WORK-N` (`request`, `chunk`, `async-request`, `async-chunk`, `decode`,
`nothing`), which does N units of work and measures nothing: another process counts its instructions.
PATHS, separated as in PATH, are where the measured packages are.

Whatever is imported up here costs those that are measured nothing, so it is as little as can be.
"""

from __future__ import annotations

import os
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
PAGE = os.sysconf("SC_PAGE_SIZE") if hasattr(os, "sysconf") else 4096


def resident() -> int:
    """Bytes of memory that the process has now; 0 where the system does not say."""
    try:
        with open("/proc/self/statm", encoding="ascii") as file:
            return int(file.read().split()[1]) * PAGE
    except OSError:
        return 0


class Clock:
    """Seconds since it was made."""

    def __init__(self) -> None:
        self._wall, self._cpu = time.perf_counter(), time.process_time()

    def read(self) -> dict[str, float]:
        cpu, wall = time.process_time(), time.perf_counter()
        return {"wall": wall - self._wall, "cpu": cpu - self._cpu}


def importing(peer: object) -> dict[str, float]:
    """The cost of the first statement, the modules that it loads, and whose they are."""
    before, memory, statement = set(sys.modules), resident(), compile(peer.IMPORT, "", "exec")
    clock = Clock()
    exec(statement, {})
    result = clock.read()
    result["bytes"] = resident() - memory
    added = [name for name in sys.modules if name not in before]
    own = peer.IMPORT.split()[1].partition(".")[0].strip(",")
    outside = [name for name in added if name.partition(".")[0] in _installed()]
    result["modules"] = len(added)
    result["own"] = sum(name.partition(".")[0] == own for name in added)
    result["third_party"] = sum(name.partition(".")[0] != own for name in outside)
    return result


def _installed() -> set[str]:
    """Names of the top-level modules that are not the interpreter's."""
    names = set()
    for folder in sys.path:
        if "site-packages" in folder and os.path.isdir(folder):
            names.update(entry.partition(".")[0] for entry in os.listdir(folder))
    return names


def constructing(peer: object) -> dict[str, float]:
    """The cost of the first client once its class is there."""
    space: dict[str, object] = {}
    exec(peer.NAMES, space)
    expression = compile(peer.CONSTRUCT, "", "eval")
    clock = Clock()
    client = eval(expression, space)
    result = clock.read()
    del client
    return result


def first_sync(peer: object, base: str) -> dict[str, float]:
    clock = Clock()
    client = peer.Sync(base)
    client.ask()
    result = clock.read()
    client.close()
    return result


def first_async(peer: object, base: str) -> dict[str, float]:
    async def ask() -> dict[str, float]:
        client = peer.Async(base)
        await client.ask()
        result = clock.read()
        await client.close()
        return result

    clock = Clock()
    import asyncio

    return asyncio.run(ask())


def memory_sync(peer: object, base: str) -> dict[str, float]:
    """What the process holds after an import and one stream."""
    client = peer.Sync(base)
    client.read()
    return {"bytes": resident()}


def kept_sync(peer: object, base: str) -> dict[str, float]:
    """What a chunk holds that is kept."""
    client = peer.Sync(base)
    client.read()
    before = resident()
    chunks = client.chunks()
    return {"bytes": (resident() - before) / len(chunks)}


def _check(characters: int, chunks: int) -> None:
    expected = (chunks - 1) * len(" word")
    if characters != expected:
        raise SystemExit(f"{characters} characters arrived where {expected} were sent")


def units(peer: object, work: str, count: int, base: str = "") -> dict[str, float]:
    """Work whose instructions are counted; for chunks, the server's mode says how many there are."""
    if work == "import":
        exec(peer.IMPORT, {})
    elif work == "request":
        client = peer.Sync(base)
        for _ in range(count):
            client.ask()
    elif work == "chunk":
        _check(peer.Sync(f"{base}-{count}").read(), count)
    elif work == "decode":
        from answers import chunk

        decode, data = peer.decoder(), chunk(" word")
        for _ in range(count):
            decode(data)
    elif work.startswith("async-"):
        import asyncio

        async def run() -> None:
            if work == "async-request":
                client = peer.Async(base)
                for _ in range(count):
                    await client.ask()
            else:
                client = peer.Async(f"{base}-{count}")
                _check(await client.read(), count)
            await client.close()

        asyncio.run(run())
    return {}


def main() -> None:
    kind, name, paths, *rest = sys.argv[1:]
    sys.path[:0] = [path for path in (HERE, *paths.split(os.pathsep)) if path]
    from peers import load

    peer = load(name)
    if kind.startswith("units-"):
        work, _, count = kind[6:].rpartition("-")
        result = units(peer, work, int(count), *rest)
    elif kind in ("import", "construct"):
        result = (importing if kind == "import" else constructing)(peer)
    else:
        result = globals()[kind.replace("-", "_")](peer, *rest)
    # Sooner than json could be imported, and the numbers are finite.
    print("{" + ", ".join(f'"{key}": {value!r}' for key, value in result.items()) + "}")


if __name__ == "__main__":
    main()
