"""Generate one document into a folder, and record what came of it."""

from __future__ import annotations

import os
import resource
import shutil
import signal
import traceback
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sdkpress.config import config_from_options
from sdkpress.diagnostics import Diagnostics, SdkpressError
from sdkpress.pipeline import build

from .documents import Document

__all__ = ["LIMIT_SECONDS", "Generated", "TimedOut", "client_options", "generate", "time_limit"]

LIMIT_SECONDS = 20
"""CPU seconds that a fixture may take."""

REAL_LIMIT_SECONDS = 300


@dataclass(frozen=True, slots=True)
class Generated:
    """What came of one document.

    `outcome` is `generated`, `refused` (with located diagnostics), `crashed` (a traceback),
    `broken` (a file that does not compile) or `timed out`.
    """

    document: Document
    outcome: str
    folder: Path
    operations: int = 0
    cpu: float = 0.0
    lines: int = 0
    id: str = ""
    message: str = ""
    place: str = ""
    diagnostics: dict[str, int] = field(default_factory=dict[str, int])

    @property
    def package(self) -> str:
        return self.document.slug

    @property
    def source(self) -> Path:
        """The folder that goes on `sys.path`."""
        return self.folder / "src"


class TimedOut(BaseException):
    """The work took more CPU time than it may; not an Exception, so that nobody takes it for one."""


@contextmanager
def time_limit(seconds: float) -> Iterator[None]:
    """Raise TimedOut in the `with` block after so many CPU seconds; the main thread only."""
    previous = signal.signal(signal.SIGPROF, _time_out)
    signal.setitimer(signal.ITIMER_PROF, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, previous)


def client_options(document: Document, out: Path) -> dict[str, Any]:
    """How every client of the corpus is configured."""
    return {
        "spec": document.path,
        "out": out,
        "title": document.slug,
        "name": document.slug.replace("_", "-").strip("-") or "x",
        "package": document.slug,
        "client": "Api",
        "overlays": [],
    }


def generate(document: Document, work: Path, overlays: tuple[Path, ...] = ()) -> Generated:
    """One client, written to a folder below `work` that is made anew. Never raises for a document."""
    out = work / document.slug
    shutil.rmtree(out, ignore_errors=True)
    diagnostics = Diagnostics()
    started = _cpu()
    facts: dict[str, Any] = {}
    limit = REAL_LIMIT_SECONDS if document.is_real else LIMIT_SECONDS
    try:
        with time_limit(limit):
            facts |= _write_client(document, out, overlays, diagnostics)
        outcome = "generated"
    except SdkpressError as error:
        first = error.diagnostics[0]
        outcome = "refused"
        facts.update(id=first.id, message=first.message)
        if first.location is not None:
            relative = os.path.relpath(first.location.file, document.path.parent)
            facts["place"] = f"{relative}:{first.location.line}:{first.location.column}"
    except TimedOut:
        outcome = "timed out"
        facts["message"] = f"more than {limit} CPU seconds"
    except (SyntaxError, ValueError) as error:
        is_ours = isinstance(error, SyntaxError)
        outcome = "broken" if is_ours else "crashed"
        facts["message"] = str(error) if is_ours else traceback.format_exc(limit=-4)
    except Exception:
        outcome = "crashed"
        facts["message"] = traceback.format_exc(limit=-4)
    counts = Counter(item.id for item in diagnostics.items)
    return Generated(
        document, outcome, out, cpu=_cpu() - started,
        diagnostics=dict(sorted(counts.items())), **facts,
    )  # fmt: skip


def _write_client(
    document: Document, out: Path, overlays: tuple[Path, ...], diagnostics: Diagnostics
) -> dict[str, Any]:
    """Build a client, write its files and compile what was generated."""
    options = client_options(document, out) | {"overlays": list(overlays)}
    built = build(config_from_options(**options), diagnostics, black="off")
    lines = 0
    for file in built.files:
        path = out / file.path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(file.content)
        if file.path.endswith(".py") and file.kind != "runtime":
            lines += file.content.count(b"\n")
            compile(file.content, file.path, "exec", dont_inherit=True)
    return {"operations": len(built.api.operations), "lines": lines}


def _cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def _time_out(number: int, frame: object) -> None:
    raise TimedOut
