"""What the command line prints and how: results on stdout, everything else on stderr.

Nothing from a document reaches a terminal unescaped, and no encoding of the terminal can fail.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import sys
import time
from collections import Counter
from collections.abc import Callable, Generator, Iterable, Mapping
from pathlib import Path
from typing import Any, BinaryIO, TextIO

from sdkpress.cli.stages import PATIENCE, Stages
from sdkpress.diagnostics import (
    Diagnostic,
    Location,
    SdkpressError,
    Severity,
    as_dict,
    printable,
    render,
)

__all__ = ["Console", "console"]

_COLORS = {Severity.ERROR: "31", Severity.WARNING: "33", Severity.NOTE: "36"}
_SHOWN_PER_ID = 10
_EXCERPT_BYTES = 20_000_000


class Console:
    """The two streams of a run, and what the options said about them."""

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """Forget the options of an earlier run and make the streams safe."""
        self._preset = (False, False)
        self.is_quiet = False
        self.is_verbose = False
        self.is_json = False
        self.lost = ""
        """Why standard output cannot be written, "" as long as it can."""
        self.failure_json: Mapping[str, Any] = {}
        self._sources: dict[str, list[str]] = {}
        for stream in (sys.stdout, sys.stderr):
            if isinstance(stream, io.TextIOWrapper):
                with contextlib.suppress(OSError, ValueError):
                    stream.reconfigure(errors="backslashreplace")

    def preset(self, *, quiet: bool, verbose: bool) -> None:
        """Take the options in front of the command; what a command says comes on top."""
        self._preset = quiet, verbose
        self.is_quiet, self.is_verbose = quiet, verbose

    def configure(
        self,
        *,
        quiet: bool = False,
        verbose: bool = False,
        is_json: bool = False,
        failure: Mapping[str, Any] | None = None,
    ) -> None:
        """Take a command's options; `failure` is the JSON (beside `diagnostics`) of a failed run."""
        self.is_quiet, self.is_verbose = self._preset[0] or quiet, self._preset[1] or verbose
        self.is_json = is_json
        self.failure_json = failure or {}

    def print(self, line: str = "") -> None:
        """One line of the result; what is not ASCII text we wrote must have gone through
        `printable`."""
        self._write(sys.stdout, f"{line}\n")

    def print_now(self, line: str) -> None:
        """As `print`, for results that a reader waits for while the command goes on."""
        if sys.stdout is not None:
            with self._harmless(sys.stdout):
                sys.stdout.write(f"{line}\n")
                sys.stdout.flush()

    @property
    def has_color(self) -> bool:
        """Whether results may be coloured."""
        return _has_color(sys.stdout)

    def status(self, line: str) -> None:
        """One line of a text result that `--quiet` leaves out."""
        if not self.is_quiet and not self.is_json:
            self.print(line)

    def print_json(self, value: Any) -> None:
        """The result as JSON. ASCII only: valid and harmless under every encoding."""
        self.print(json.dumps(value, indent=2))

    def write_bytes(self, content: bytes) -> None:
        """A document on stdout, as it is."""
        stream: TextIO | None = sys.stdout
        raw: BinaryIO | None = getattr(stream, "buffer", None)
        if stream is None or raw is None:
            self._write(stream, content.decode("utf-8", "replace"))
            return
        with self._harmless(stream):
            stream.flush()
            raw.write(content)
            raw.flush()

    def notice(self, text: str) -> None:
        """A remark on stderr that is no diagnostic."""
        if not self.is_quiet and not self.is_json:
            self.error(text)

    def error(self, text: str, *, is_multiline: bool = False) -> None:
        """A line on stderr that belongs to no place in a file."""
        lines = text.rstrip("\n").split("\n") if is_multiline else [text]
        for line in lines:
            self._write(sys.stderr, f"{'' if is_multiline else 'sdkpress: '}{printable(line)}\n")

    def failure(self, error: SdkpressError) -> None:
        """What ends a run with exit code 2."""
        self.show(error.diagnostics, is_error=True)
        if self.is_json:
            items = [as_dict(item) for item in error.diagnostics]
            self.print_json({**self.failure_json, "diagnostics": items})

    def show(self, diagnostics: Iterable[Diagnostic], *, is_error: bool = False) -> None:
        """Diagnostics on stderr. Notes need `--verbose`; `--quiet` leaves errors alone; of many
        with one id the first ten are shown. With JSON the result holds them."""
        if self.is_json and not is_error:
            return
        shown: Counter[str] = Counter()
        hidden: Counter[str] = Counter()
        for item in diagnostics:
            is_serious = item.severity is Severity.ERROR
            if not is_serious and (self.is_quiet or self._is_silent(item)):
                continue
            if shown[item.id] >= _SHOWN_PER_ID and not self.is_verbose:
                hidden[item.id] += 1
                continue
            shown[item.id] += 1
            self._write(sys.stderr, f"{self._rendered(item)}\n")
        for id, count in sorted(hidden.items()):
            self.error(f"{count} more [{id}]; --verbose shows all")

    @contextlib.contextmanager
    def progress(self, title: str) -> Generator[Callable[[str], None]]:
        """Shows that work goes on: a spinner on a terminal; elsewhere a line where it takes long.
        With `--verbose`, how long each stage took.

        Gives the function that takes the name of each stage as it begins.
        """
        if self.is_json:
            yield lambda stage: None
            return
        lines: list[str] = []
        stages = Stages(title, lines.append if self._has_terminal else self.error)
        with contextlib.ExitStack() as shown:
            if self.is_quiet:
                yield lambda stage: None
            elif self._has_terminal:
                show = shown.enter_context(self._spinner(title))

                def begin(stage: str) -> None:
                    show(stage)
                    stages.begin(stage)

                yield begin if self.is_verbose else show
            elif self.is_verbose:
                yield stages.begin
            else:
                yield self._patience(title)
        if self.is_verbose and not self.is_quiet:
            stages.end()
            for line in lines:  # below the spinner, which is gone
                self.error(line)

    @contextlib.contextmanager
    def _spinner(self, title: str) -> Generator[Callable[[str], None]]:
        from rich.console import Console as RichConsole
        from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
        from rich.text import Text

        class _Title(TextColumn):
            def render(self, task: Any) -> Text:  # plain: markup in a name means nothing
                return Text(task.description)

        terminal = RichConsole(stderr=True, no_color=not _has_color(sys.stderr))
        columns = (SpinnerColumn(), _Title(""), TimeElapsedColumn())
        with Progress(*columns, console=terminal, transient=True) as bar:
            task = bar.add_task(printable(title), total=None)
            yield lambda stage: bar.update(task, description=printable(f"{title}: {stage}"))

    def _patience(self, title: str) -> Callable[[str], None]:
        """Says what is going on when nothing was said for a while."""
        heard = time.monotonic()

        def begin(stage: str) -> None:
            nonlocal heard
            if time.monotonic() - heard >= PATIENCE:
                self.error(f"{title}: {stage}")
                heard = time.monotonic()

        return begin

    @property
    def _has_terminal(self) -> bool:
        return sys.stderr is not None and sys.stderr.isatty() and not _is_dumb()

    @contextlib.contextmanager
    def counting(self, title: str, noun: str) -> Generator[Callable[[int, int], None]]:
        """Shows how far work has come: a bar on a terminal, up to ten lines elsewhere.
        With `--verbose`, how long it took.

        Gives the function that takes the number of things that are done, and that of all.
        """
        stages = Stages(title, self.error)
        with self._counter(title, noun) as count:
            yield count
        if self.is_verbose and not self.is_quiet and not self.is_json:
            stages.end()

    @contextlib.contextmanager
    def _counter(self, title: str, noun: str) -> Generator[Callable[[int, int], None]]:
        if self.is_quiet or self.is_json:
            yield lambda done, total: None
        elif self._has_terminal:
            from rich.console import Console as RichConsole
            from rich.progress import (
                BarColumn,
                MofNCompleteColumn,
                Progress,
                TextColumn,
                TimeElapsedColumn,
            )

            terminal = RichConsole(stderr=True, no_color=not _has_color(sys.stderr))
            text = TextColumn(printable(title), markup=False)
            columns = (text, BarColumn(), MofNCompleteColumn(), TextColumn(noun, markup=False))
            with Progress(
                *columns, TimeElapsedColumn(), console=terminal, transient=True
            ) as progress:
                task = progress.add_task("", total=None)
                yield lambda done, total: progress.update(task, completed=done, total=total)
        else:
            yield self._counting_lines(title, noun)

    def _counting_lines(self, title: str, noun: str) -> Callable[[int, int], None]:
        shown = 0

        def show(done: int, total: int) -> None:
            nonlocal shown
            if done == 0:
                shown = 0
            if total >= 10 and done * 10 // total > shown:
                shown = done * 10 // total
                self.error(f"{title}: {done} of {total} {noun}")

        return show

    def close(self) -> None:
        """Flush both streams; a reader that has gone away is no error."""
        for stream in (sys.stdout, sys.stderr):
            if stream is not None:
                with self._harmless(stream):
                    stream.flush()

    def _is_silent(self, item: Diagnostic) -> bool:
        return item.severity is Severity.NOTE and not self.is_verbose

    def _rendered(self, item: Diagnostic) -> str:
        text = render(item, self._excerpt(item.location))
        if not _has_color(sys.stderr):
            return text
        label = f"{item.severity.value}[{item.id}]"
        return text.replace(label, f"\x1b[1;{_COLORS[item.severity]}m{label}\x1b[0m", 1)

    def _excerpt(self, location: Location | None) -> list[str]:
        """The located line and up to two before it, from the file that the location names."""
        if location is None:
            return []
        if location.file not in self._sources:
            lines: list[str] = []
            path = Path(location.file)
            with contextlib.suppress(OSError, ValueError):
                if path.is_file() and path.stat().st_size <= _EXCERPT_BYTES:
                    text = path.read_bytes().decode("utf-8-sig", "replace")
                    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
            self._sources[location.file] = lines
        lines = self._sources[location.file]
        if not 0 < location.line <= len(lines):
            return []
        return lines[max(0, location.line - 3) : location.line]

    def _write(self, stream: TextIO | None, text: str) -> None:
        if stream is not None:
            with self._harmless(stream):
                stream.write(text)

    @contextlib.contextmanager
    def _harmless(self, stream: TextIO) -> Generator[None]:
        try:
            yield
        except OSError as error:
            # `sdkpress inspect … | head`, or a full disk behind `>`: what follows goes nowhere,
            # also at the interpreter's exit.
            if stream is sys.stdout and not isinstance(error, BrokenPipeError):
                self.lost = error.strerror or type(error).__name__
            with contextlib.suppress(OSError, ValueError):
                nowhere = os.open(os.devnull, os.O_WRONLY)
                os.dup2(nowhere, stream.fileno())
                os.close(nowhere)


def _has_color(stream: TextIO | None) -> bool:
    if os.environ.get("NO_COLOR") or stream is None:
        return False
    if os.environ.get("FORCE_COLOR", "0") not in ("", "0"):
        return True
    return stream.isatty() and not _is_dumb()


def _is_dumb() -> bool:
    return os.environ.get("TERM", "") == "dumb"


console = Console()
