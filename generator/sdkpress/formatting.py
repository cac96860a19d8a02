"""Black: the only importer, and only where there is something to format.

The templates are black-stable by construction (docs/architecture.md), so black confirms what they
print, and leaving it out changes nothing. What it has confirmed once is remembered by hash in the
cache folder and not asked again.
"""

from __future__ import annotations

import gc
import json
import os
import subprocess
import sys
from collections.abc import Generator, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import metadata
from typing import Literal

from sdkpress.caching import append_lines, read_cached, write_cached
from sdkpress.provenance import sha256
from sdkpress.wrapping import LINE_LENGTH

__all__ = ["LINE_LENGTH", "Formatted", "FormattingError", "Mode", "format_texts"]

Mode = Literal["auto", "on", "off"]

_TARGET = "py311"
# Black formats some 2,000 lines per CPU second: past the first figure it is left out unless asked
# for, past the second the work is spread over processes (a start costs a third of a second).
_SKIP_ABOVE = 20_000
_SPREAD_ABOVE = 3_000
_CACHE_LIMIT = 8_000_000


@dataclass(frozen=True, slots=True)
class Formatted:
    """Formatted texts by path, and how many lines were left as the templates printed them."""

    texts: Mapping[str, str]
    skipped: int = 0


class FormattingError(RuntimeError):
    """Black cannot read a text that we made: a defect of sdkpress, in the file it names."""

    def __init__(self, path: str, reason: str) -> None:
        super().__init__(f"black cannot format {path}: {reason}")
        self.path = path
        self.reason = reason

    def __reduce__(self) -> tuple[type[FormattingError], tuple[str, str]]:
        return (type(self), (self.path, self.reason))


def format_texts(texts: Mapping[str, str], *, mode: Mode = "auto") -> Formatted:
    """Format the Python files among `texts` (path -> text); other files pass unchanged.

    "on" formats all of them, "off" none, "auto" leaves more than 20,000 lines that are new to the
    cache as they are and counts them in `skipped`. Raises FormattingError.
    """
    result = dict(texts)
    if mode == "off":
        return Formatted(result)
    stamp = sha256(f"black {metadata.version('black')} {LINE_LENGTH} {_TARGET}".encode())[:16]
    stable = set((read_cached(f"black/{stamp}/stable") or b"").split())
    fresh: dict[str, list[str]] = {}  # text -> its paths: the same text is formatted once
    digests: dict[str, str] = {}
    for path in sorted(texts):
        text = texts[path]
        if not path.endswith((".py", ".pyi")) or not text:
            continue
        digest = digests.setdefault(text, sha256(text.encode("utf-8", "surrogatepass")))
        if digest.encode() in stable:
            continue
        known = read_cached(f"black/{stamp}/{digest}")
        if known is not None and _is_intact(known):
            result[path] = known[65:].decode()
        else:
            fresh.setdefault(text, []).append(path)
    lines = sum(text.count("\n") for text in fresh)
    if mode == "auto" and lines > _SKIP_ABOVE:
        return Formatted(result, skipped=lines)
    originals = list(fresh)
    formatted = _format_all([(fresh[text][0], text) for text in originals], lines)
    confirmed: list[str] = []
    for text, new in zip(originals, formatted, strict=True):
        result.update((path, new) for path in fresh[text])
        if new == text:
            confirmed.append(digests[text])
        else:
            content = new.encode()
            write_cached(
                f"black/{stamp}/{digests[text]}", f"{sha256(content)}\n".encode() + content
            )
    append_lines(f"black/{stamp}/stable", confirmed, limit=_CACHE_LIMIT)
    return Formatted(result)


def _is_intact(entry: bytes) -> bool:
    return entry[:65] == f"{sha256(entry[65:])}\n".encode()


def _format_all(items: Sequence[tuple[str, str]], lines: int) -> list[str]:
    workers = min(_processors(), len(items), lines // (_SPREAD_ABOVE // 2))
    if lines <= _SPREAD_ABOVE or workers < 2:
        return _format_here(items)
    # The largest first, each to the process that has least to do.
    shares: list[list[int]] = [[] for _ in range(workers)]
    loads = [0] * workers
    for index in sorted(range(len(items)), key=lambda index: -len(items[index][1])):
        least = loads.index(min(loads))
        shares[least].append(index)
        loads[least] += len(items[index][1])
    results = [""] * len(items)
    with ThreadPoolExecutor(workers) as pool:
        work = [[items[index] for index in share] for share in shares]
        for share, texts in zip(shares, pool.map(_format_elsewhere, work), strict=True):
            for index, text in zip(share, texts, strict=True):
                results[index] = text
    return results


def _processors() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _format_here(items: Iterable[tuple[str, str]]) -> list[str]:
    import black
    from black.mode import TargetVersion

    mode = black.Mode(target_versions={TargetVersion[_TARGET.upper()]}, line_length=LINE_LENGTH)
    results: list[str] = []
    with _collector():
        for path, text in items:
            try:
                results.append(black.format_str(text, mode=mode))
            except Exception as error:  # whatever it is, the text is ours
                raise FormattingError(path, str(error).split("\n")[0]) from error
    return results


@contextmanager
def _collector() -> Generator[None]:
    """Black's trees are cyclic garbage: without the collector they would pile up."""
    collects = gc.isenabled()
    gc.freeze()  # what is there already need not be looked through
    gc.enable()
    try:
        yield
    finally:
        gc.unfreeze()
        if not collects:
            gc.disable()


# A plain child process in place of multiprocessing: it never runs the caller's main module again.
_CHILD = (
    "import sys, json; sys.path[:] = json.loads(sys.argv[1]); "
    "import sdkpress.formatting as f; f.serve()"
)


def _format_elsewhere(items: Sequence[tuple[str, str]]) -> list[str]:
    command = [sys.executable, "-I", "-c", _CHILD, json.dumps(sys.path)]
    try:
        done = subprocess.run(
            command, input=json.dumps(items).encode(), capture_output=True, check=True
        )
        answer: object = json.loads(done.stdout)
    except (OSError, ValueError, subprocess.SubprocessError):
        return _format_here(items)  # slower, and with the right error if it was one
    if not isinstance(answer, list) or len(answer) != len(items):  # pyright: ignore
        return _format_here(items)
    return [str(text) for text in answer]  # pyright: ignore


def serve() -> None:
    """The child process: `[[path, text], …]` as JSON on standard input, texts on standard output."""
    items = json.loads(sys.stdin.buffer.read())
    sys.stdout.buffer.write(json.dumps(_format_here(items)).encode())
