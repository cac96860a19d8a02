"""Files of a revision, read with git; the work tree and the index are not touched.

Only `git` itself knows what a revision is. It is run without a shell, and what a user writes is
never where git could take it for an option.
"""

from __future__ import annotations

import functools
import os
import posixpath
import subprocess
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from sdkpress.diagnostics import Location, SdkpressError, fatal, printable

__all__ = ["Repository", "Revision", "find_repository"]

_Entry = tuple[str, str, str]
"""Mode, kind (`blob`, `tree`, `commit`) and object id."""
_LINK, _SUBMODULE = "120000", "160000"
_ENVIRONMENT = {
    "GIT_NO_LAZY_FETCH": "1",  # a partial clone would ask the network for what it lacks
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_TERMINAL_PROMPT": "0",
    "LC_ALL": "C",
}


@dataclass(frozen=True, slots=True)
class Repository:
    """A repository: its top folder, and the working folder below that (posix, "" is the top). One
    without a work tree, as on a server, has the folder of git itself as its top."""

    top: Path
    prefix: str

    def revision(self, name: str) -> Revision:
        """The revision called `name`: a branch, a tag, a commit, `HEAD~2`.

        Raises SdkpressError (`unreadable-revision`) where there is none.
        """
        if not name or name.startswith("-") or "\0" in name:
            raise _failure(f"{name!r} is not the name of a revision", name)
        wanted = f"{name}^{{commit}}"
        found = _run(self.top, "rev-parse", "--verify", "--quiet", "--end-of-options", wanted)
        commit = found.stdout.decode("ascii", "replace").strip()
        if found.returncode or not commit:
            raise _failure(f"there is no revision {name!r}", name, self._help())
        return Revision(self, name, commit)

    def _help(self) -> str:
        shallow = _run(self.top, "rev-parse", "--is-shallow-repository").stdout.strip() == b"true"
        if shallow:
            return (
                "The clone is shallow: `git fetch --unshallow`, or `fetch-depth: 0` in a workflow."
            )
        return ""


@dataclass(frozen=True, slots=True)
class Revision:
    """A commit, and what the user called it."""

    repository: Repository
    name: str
    commit: str

    def read(self, path: str) -> bytes | None:
        """The content of the file at `path` (posix, from the top), None where there is none.

        Raises SdkpressError (`unreadable-revision`) for what is a symbolic link or a submodule
        there, or stands below one.
        """
        folder = ""
        entry = ("", "tree", "")
        for part in path.split("/"):
            place = f"{folder}/{part}" if folder else part
            found = self._entries(f"{folder}/" if folder else "").get(place)
            if found is None:
                return None
            entry, folder = found, place
            self._check(entry[0], place)
        if entry[1] != "blob":
            return None
        return self._contents([entry[2]])[entry[2]]

    def folder(self, path: str) -> Mapping[str, bytes]:
        """All files below a folder by their paths from the top; links and submodules are left out."""
        entries = self._entries(f"{path}/" if path else "", recursive=True)
        files = {
            name: object_id
            for name, (mode, kind, object_id) in entries.items()
            if kind == "blob" and mode != _LINK
        }
        contents = self._contents(files.values())
        return {name: contents[object_id] for name, object_id in sorted(files.items())}

    def _check(self, mode: str, path: str) -> None:
        if mode in (_LINK, _SUBMODULE):
            kind = "a symbolic link" if mode == _LINK else "a submodule"
            raise _failure(f"{path} is {kind} there, which is not followed", f"{self.name}:{path}")

    def _entries(self, path: str, *, recursive: bool = False) -> Mapping[str, _Entry]:
        try:
            return _listed(self.repository.top, self.commit, path, recursive=recursive)
        except _Unlisted as error:
            raise self._broken(error.said) from None

    def _contents(self, object_ids: Iterable[str]) -> dict[str, bytes]:
        wanted = list(dict.fromkeys(object_ids))
        if not wanted:
            return {}
        given = "".join(f"{object_id}\n" for object_id in wanted).encode()
        read = _run(self.repository.top, "cat-file", "--batch", input=given)
        if read.returncode:
            raise self._broken(read.stderr)
        found: dict[str, bytes] = {}
        rest = memoryview(read.stdout)
        for object_id in wanted:
            end = bytes(rest[:200]).find(b"\n")
            words = bytes(rest[:end]).decode("ascii", "replace").split()
            if len(words) != 3:
                raise self._broken(f"{object_id} is missing".encode())
            size = int(words[2])
            found[object_id] = bytes(rest[end + 1 : end + 1 + size])
            rest = rest[end + 2 + size :]
        return found

    def _broken(self, said: bytes) -> SdkpressError:
        reason = said.decode("utf-8", "replace").strip().split("\n")[-1]
        return _failure(f"git cannot read it: {printable(reason)}", self.name)


def find_repository(folder: Path) -> Repository:
    """The repository around `folder`.

    Raises SdkpressError (`unreadable-revision`) without one, or without git.
    """
    found = _run(folder, "rev-parse", "--show-toplevel", "--show-prefix")
    if found.returncode:
        said = found.stderr.decode("utf-8", "replace").strip().split("\n")[0]
        if "dubious ownership" in said:
            raise _failure(f"git refuses to read the repository: {said}", "")
        bare = _run(folder, "rev-parse", "--absolute-git-dir")
        if bare.returncode:
            raise _failure("the working folder is in no git repository", "")
        return Repository(Path(os.fsdecode(bare.stdout).rstrip("\n")), "")
    top, prefix = os.fsdecode(found.stdout).split("\n")[:2]
    return Repository(Path(top), posixpath.normpath(prefix) if prefix else "")


class _Unlisted(Exception):
    def __init__(self, said: bytes) -> None:
        super().__init__(said)
        self.said = said


@functools.lru_cache(maxsize=1_000)
def _listed(top: Path, commit: str, path: str, *, recursive: bool) -> Mapping[str, _Entry]:
    """What is in a folder ("" or `a/b/`) of a commit, which never changes, by path from the top."""
    options = ["-r"] if recursive else []
    places = [path] if path else []
    listed = _run(
        top, "--literal-pathspecs", "ls-tree", "-z", "--full-tree", *options, commit, "--", *places
    )
    if listed.returncode:
        raise _Unlisted(listed.stderr)
    found: dict[str, _Entry] = {}
    for line in listed.stdout.split(b"\0"):
        if line:
            about, _, name = line.partition(b"\t")
            mode, kind, object_id = about.decode("ascii").split()
            found[os.fsdecode(name)] = (mode, kind, object_id)
    return MappingProxyType(found)


def _run(folder: Path, *words: str, input: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    command = ["git", "-C", os.fspath(folder), *words]
    try:
        return subprocess.run(
            command,
            input=input,
            capture_output=True,
            env={**os.environ, **_ENVIRONMENT},
            check=False,
        )
    except FileNotFoundError:
        raise _failure("git is not installed", "") from None
    except (OSError, ValueError) as error:
        raise _failure(f"git cannot be run: {error}", "") from None


def _failure(message: str, name: str, help: str = "") -> SdkpressError:
    place = Location(printable(f"git:{name}"), 1, 1)
    return fatal("unreadable-revision", printable(message), place, help)
