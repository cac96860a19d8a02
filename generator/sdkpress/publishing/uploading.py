"""The upload, by twine, file by file: after a failure it is known what is on the index and what is
not, by asking the index."""

from __future__ import annotations

import re
import urllib.parse
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from sdkpress.diagnostics import SdkpressError, printable
from sdkpress.fetching import shown_url
from sdkpress.provenance import sha256
from sdkpress.publishing.package_index import Credentials, IndexFile, PackageIndex
from sdkpress.publishing.programs import Programs
from sdkpress.publishing.repositories import Repository

__all__ = ["FileState", "Upload", "UploadedFile", "upload"]

FileState = Literal["uploaded", "present", "failed", "held-back"]

_SETTLED = ("uploaded", "present")
_RAISE = "A version cannot be published twice: raise it (sdkpress generate --bump)."
_OTHERS = {False: "with other bytes", None: "and cannot be compared"}
_NOBODY = Credentials("nobody", "nothing")
"""For indexes of this machine that ask for none: twine sends nothing without."""
_ADDRESS = re.compile(r"https?://[^\s'\"<>]+")
_NOISE = re.compile(r"^(Uploading distributions|Uploading |View at|WARNING|INFO)|━")


@dataclass(frozen=True, slots=True)
class UploadedFile:
    """A file and where it is now: `uploaded`; `present` there already, with the same bytes;
    `failed`; or `held-back`, because another one failed."""

    name: str
    sha256: str
    size: int
    state: FileState


@dataclass(frozen=True, slots=True)
class Upload:
    """What became of the files. `message` and `repair` say what failed, "" where nothing did."""

    files: tuple[UploadedFile, ...]
    message: str = ""
    repair: str = ""

    @property
    def is_done(self) -> bool:
        """Whether all files are on the index."""
        return all(file.state in _SETTLED for file in self.files)


def upload(
    repository: Repository,
    paths: Sequence[Path],
    *,
    name: str,
    version: str,
    present: Sequence[IndexFile],
    skips_existing: bool,
    programs: Programs,
    scratch: Path,
) -> Upload:
    """Upload the files in their order, the wheel first, and stop at the first that fails.

    `present` are the files of that version that the index had before; with `skips_existing` those
    that are the same bytes need not go again. Nothing on the index is ever replaced.
    """
    done: list[UploadedFile] = []
    known = {file.filename: file for file in present}
    contents = {path: path.read_bytes() for path in paths}
    if skips_existing:
        for path, content in contents.items():
            there = known.get(path.name)
            is_same = there is None or _is_same(repository, there, content)
            if not is_same:
                message = f"{path.name} is on the index already, {_OTHERS[is_same]}"
                files = tuple(_file(item, contents[item], "held-back") for item in paths)
                return Upload(files, message, _RAISE)
    for number, (path, content) in enumerate(contents.items()):
        if skips_existing and path.name in known:
            done.append(_file(path, content, "present"))
            continue
        problem = _send(repository, path, programs, scratch)
        if not problem:
            done.append(_file(path, content, "uploaded"))
            continue
        later = _asked(repository, name, version)
        there = later.get(path.name) if later is not None else None
        if there is not None and skips_existing and _is_same(repository, there, content):
            done.append(_file(path, content, "present"))
            continue
        rest = [_file(item, contents[item], "held-back") for item in paths[number + 1 :]]
        files = (*done, _file(path, content, "failed"), *rest)
        return Upload(files, *_explained(path, content, problem, there, done, repository))
    return Upload(tuple(done))


def _file(path: Path, content: bytes, state: FileState) -> UploadedFile:
    return UploadedFile(path.name, sha256(content), len(content), state)


def _is_same(repository: Repository, file: IndexFile, content: bytes) -> bool | None:
    """Whether the index has these bytes; None where it neither gives a hash nor the file."""
    if file.sha256:
        return file.sha256 == sha256(content)
    try:
        with PackageIndex(repository.index_url, repository.index_credentials) as index:
            return index.download(file) == content
    except SdkpressError:
        return None


def _asked(repository: Repository, name: str, version: str) -> Mapping[str, IndexFile] | None:
    """What the index has of the version now; None where it does not say."""
    try:
        with PackageIndex(repository.index_url, repository.index_credentials) as index:
            project = index.project(name)
    except SdkpressError:
        return None
    return {file.filename: file for file in project.of(version)} if project is not None else {}


def _send(repository: Repository, path: Path, programs: Programs, scratch: Path) -> str:
    """Upload one file; "" or why that failed, without any credentials."""
    environment: dict[str, str] = {}
    credentials = repository.credentials
    if credentials is None and _is_loopback(repository.upload_url):
        credentials = _NOBODY
    if credentials is not None:
        environment["TWINE_USERNAME"] = credentials.username
        environment["TWINE_PASSWORD"] = credentials.password
    ran = programs.module(
        *("twine", "--no-color", "upload", "--non-interactive", "--disable-progress-bar"),
        *("--repository-url", repository.upload_url, path.resolve()),
        cwd=scratch,
        environment=environment,
        keeps=("TWINE_CERT", "TWINE_CLIENT_CERT"),
    )
    if ran.code == 0:
        return ""
    lines = [line.strip() for line in ran.lines if line.strip() and not _NOISE.search(line)]
    said = " ".join(lines) or f"twine ended with exit code {ran.code}"
    return _without_secrets(said, credentials)[:600]


def _is_loopback(url: str) -> bool:
    return (urllib.parse.urlsplit(url).hostname or "") in ("localhost", "127.0.0.1", "::1")


def _without_secrets(text: str, credentials: Credentials | None) -> str:
    text = _ADDRESS.sub(lambda match: shown_url(match[0]), text)
    if credentials is not None and credentials.password:
        text = text.replace(credentials.password, "[hidden]")
    return printable(text)


def _explained(
    path: Path,
    content: bytes,
    problem: str,
    there: IndexFile | None,
    done: Sequence[UploadedFile],
    repository: Repository,
) -> tuple[str, str]:
    """Why an upload failed and what repairs it."""
    if there is not None:
        is_same = _is_same(repository, there, content)
        if is_same:
            message = f"{path.name} is on the index already, with the same bytes ({problem})"
            return message, "Go on with what is missing: the same command with --skip-existing"
        return f"{path.name} is on the index already, {_OTHERS[is_same]} ({problem})", _RAISE
    message = f"{path.name} was not taken: {problem}"
    sent = [file.name for file in done]
    if sent:
        message = f"{message}. On the index already: {', '.join(sent)}"
        return message, "Go on where it broke off: the same command with --skip-existing"
    return message, "Nothing was uploaded. Credentials: TWINE_USERNAME and TWINE_PASSWORD."
