"""Writes a client to its folder: only what changed, each file as a whole, all or nothing.

The rules of ownership:

- a generated file is rewritten where the document asks for it, unless someone edited it: then
  nothing at all is written;
- a file of owner "once" is created where it is absent and never touched again;
- a generated file that is no longer part of the client is deleted, unless it was edited;
- every other file is left alone, above all `extras/`.
"""

from __future__ import annotations

import contextlib
import errno
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Literal

from sdkpress.comparing import Difference, Plan, PlannedFile, plan
from sdkpress.diagnostics import CATALOG, Diagnostic, Location, SdkpressError, fatal
from sdkpress.interrupting import whole
from sdkpress.locking import exclusive
from sdkpress.output import BuildFacts, NamesLock, OutputFile

__all__ = ["EmitResult", "State", "emit", "plan_findings", "write_plan"]

State = Literal["written", "unchanged", "deleted"]
_TEMPORARY = ".sdkpress-tmp"


@dataclass(frozen=True, slots=True)
class EmitResult:
    """`states` by path (posix, relative to the folder); `findings` are what a person must look at
    (exit code 1). After a refusal `states` is empty and nothing was written."""

    states: Mapping[str, State]
    findings: tuple[Diagnostic, ...] = ()


def emit(
    files: Sequence[OutputFile], out: Path, facts: BuildFacts, lock: NamesLock | None = None
) -> EmitResult:
    """Make the folder `out` hold `files`.

    Raises SdkpressError when the folder cannot be written; then nothing has changed on disk, or
    (`output-incomplete`) every file is whole and a second run completes the first.
    """
    decided = plan(files, out, facts, lock)
    if decided.refused:
        return EmitResult(MappingProxyType({}), plan_findings(decided))
    return write_plan(decided)


def plan_findings(decided: Plan) -> tuple[Diagnostic, ...]:
    """What a person must look at before or after a plan is carried out, in order of path."""
    ids = {
        Difference.EDITED: ("edited-file", "was edited by hand"),
        Difference.FOREIGN: ("foreign-file", "was not written by sdkpress and is in the way"),
        Difference.DROPPED_EDITED: (
            "edited-dropped-file",
            "is no longer generated, but was edited, so it is kept",
        ),
    }
    found: list[Diagnostic] = []
    for file in decided.files:
        if file.difference in ids:
            id, text = ids[file.difference]
            display = (decided.out / file.path).as_posix()
            location = Location(display, _first_difference(file), 1)
            entry = CATALOG[id]
            found.append(Diagnostic(id, entry.severity, f"{display} {text}", location, entry.help))
    return tuple(found)


def write_plan(decided: Plan) -> EmitResult:
    """Carry out a plan without refusals. Raises SdkpressError as `emit` does."""
    if decided.refused:
        raise ValueError("a plan with refusals is not carried out")
    states: dict[str, State] = {}
    for file in decided.files:
        if file.difference.is_written:
            states[file.path] = "written"
        elif file.difference is Difference.DROPPED:
            states[file.path] = "deleted"
        elif file.difference is Difference.NONE:
            states[file.path] = "unchanged"
    for own in filter(None, (decided.lock, *decided.besides, decided.manifest)):
        states[own.path] = "written" if own.difference.is_written else "unchanged"
    if set(states.values()) - {"unchanged"}:
        with exclusive(decided.out):
            with whole():
                _Transaction(decided).run()
    return EmitResult(MappingProxyType(dict(sorted(states.items()))), plan_findings(decided))


@dataclass
class _Transaction:
    """First every new content beside its place, then the renames; the manifest is the last."""

    plan: Plan
    staged: list[tuple[Path, Path]] = field(default_factory=list[tuple[Path, Path]])
    made: list[Path] = field(default_factory=list[Path])
    present: set[Path] = field(default_factory=set[Path])

    def run(self) -> None:
        plan = self.plan
        deleted = [file for file in plan.files if file.difference is Difference.DROPPED]
        own = [file for file in (plan.lock, *plan.besides, plan.manifest) if file is not None]
        try:
            try:
                # The lock may be shared with the document's folder; the manifest closes the work.
                for file in (*plan.files, *own):
                    if file.difference.is_written:
                        self._stage(file)
                for file in deleted:
                    self._check_deletable(file)
            except OSError as error:
                self._undo_folders()
                raise _unwritable(plan.out, error) from None
            except BaseException:
                self._undo_folders()
                raise
            try:
                self._commit(deleted)
            except OSError as error:
                raise _incomplete(plan.out, error) from None
        finally:
            for temporary, _ in self.staged:
                with contextlib.suppress(OSError):
                    temporary.unlink()

    def _stage(self, file: PlannedFile) -> None:
        target = Path(os.path.normpath(self.plan.out / file.path))
        self._make_folder(target.parent)
        # Runs on one folder exclude each other, so the name can be fixed: a killed run leaves at
        # most a file that the next one replaces.
        temporary = target.with_name(f".{target.name[:100]}{_TEMPORARY}")
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
        try:
            handle = os.open(temporary, flags, 0o666)
        except FileExistsError:
            temporary.unlink()
            handle = os.open(temporary, flags, 0o666)
        self.staged.append((temporary, target))
        try:
            with os.fdopen(handle, "wb") as stream:
                stream.write(file.content or b"")
        except OSError as error:
            error.filename = error.filename or str(temporary)  # a full disk names no file
            raise
        if file.disk is not None:
            with contextlib.suppress(OSError):
                os.chmod(temporary, target.stat().st_mode & 0o777)

    def _make_folder(self, folder: Path) -> None:
        if folder in self.present:
            return
        self.present.add(folder)
        missing: list[Path] = []
        while not folder.exists():
            missing.append(folder)
            folder = folder.parent
        for path in reversed(missing):
            path.mkdir()
            self.made.append(path)

    def _undo_folders(self) -> None:
        for temporary, _ in self.staged:
            with contextlib.suppress(OSError):
                temporary.unlink()
        for folder in reversed(self.made):
            with contextlib.suppress(OSError):
                folder.rmdir()

    def _check_deletable(self, file: PlannedFile) -> None:
        folder = (self.plan.out / file.path).parent
        if not os.access(folder, os.W_OK | os.X_OK):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(folder))

    def _commit(self, deleted: Sequence[PlannedFile]) -> None:
        # Where the file system ignores case, `Pet.py` must be gone before `pet.py` comes.
        coming = {str(target).casefold() for _, target in self.staged}
        later: list[Path] = []
        for file in deleted:
            target = self.plan.out / file.path
            if os.path.normpath(target).casefold() in coming:
                self._delete(target)
            else:
                later.append(target)
        last = self.staged[-1:] if self.plan.manifest.difference.is_written else []
        for temporary, target in self.staged[: len(self.staged) - len(last)]:
            os.replace(temporary, target)
        for target in later:
            self._delete(target)
        for temporary, target in last:
            os.replace(temporary, target)
        self.staged.clear()  # nothing is left to remove

    def _delete(self, target: Path) -> None:
        with contextlib.suppress(FileNotFoundError):
            target.unlink()
        # What Python compiled from our file is ours too, and would keep an empty package alive.
        compiled = target.parent / "__pycache__"
        if target.suffix == ".py" and compiled.is_dir():
            with contextlib.suppress(OSError):
                for path in compiled.glob(f"{target.stem}.*.pyc"):
                    path.unlink()
                compiled.rmdir()
        folder = target.parent
        while folder != self.plan.out:
            try:
                folder.rmdir()
            except OSError:  # not empty
                return
            folder = folder.parent


def _first_difference(file: PlannedFile) -> int:
    """The line (from 1) of the file on disk that first differs from what we would write."""
    have = (file.disk or b"").replace(b"\r\n", b"\n").split(b"\n")
    want = (file.content or b"").split(b"\n")
    for number, (left, right) in enumerate(zip(have, want, strict=False), 1):
        if left != right:
            return number
    return 1 if file.content is None else min(len(have), len(want))


def _unwritable(out: Path, error: OSError) -> SdkpressError:
    display = _named(out, error)
    reason = error.strerror or type(error).__name__
    return fatal(
        "output-unwritable",
        f"cannot be written: {reason}; nothing was changed",
        Location(display, 1, 1),
    )


def _incomplete(out: Path, error: OSError) -> SdkpressError:
    reason = error.strerror or type(error).__name__
    message = (
        f"writing stopped half-way: {reason}; every file is whole, the manifest is the old one"
    )
    return fatal("output-incomplete", message, Location(_named(out, error), 1, 1))


def _named(out: Path, error: OSError) -> str:
    filename = error.filename2 or error.filename
    name = Path(filename) if isinstance(filename, str) else out
    if name.name.endswith(_TEMPORARY):
        name = name.with_name(name.name[1 : -len(_TEMPORARY)])
    return name.as_posix()
