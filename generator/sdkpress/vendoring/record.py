"""VENDORED.toml: what a vendored folder holds, where it came from, and what the host must have.

The hashes are those of the files as they were published, so that anybody can compare them with the
package's own. A checkout that turned every LF into CRLF changes nothing.
"""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from packaging.utils import canonicalize_name

from sdkpress.diagnostics import Location, SdkpressError, fatal
from sdkpress.manifest import is_portable_path
from sdkpress.provenance import sha256
from sdkpress.trees import is_mapping, is_sequence
from sdkpress.vendoring.packages import Origin, Package, tree_digest

__all__ = [
    "BASE_NAME",
    "DELETED",
    "RECORD_NAME",
    "Record",
    "is_same_text",
    "parse_record",
    "record_of",
    "serialize_record",
    "unix",
]

RECORD_NAME = "VENDORED.toml"
BASE_NAME = "VENDORED.base"
DELETED = "deleted"
"""In place of a hash in `accepted`: a published file that the host does without."""

_FORMAT = 1
_HASH = re.compile(r"[0-9a-f]{64}")
_HEAD = """\
# Written by sdkpress vendor, which compares the files of this folder with it.
# An edit of a file below stays through `sdkpress vendor update`; `sdkpress vendor accept` records it.
"""


@dataclass(frozen=True, slots=True)
class Record:
    """The content of VENDORED.toml.

    `files` has the SHA-256 (hex) of each published file by posix path. `accepted` has the same of
    files that the host has edited or added for good, DELETED for those it does without. `conflicts`
    are the files in which the last update left something to decide.
    """

    distribution: str
    package: str
    version: str
    licence: str
    document: str
    requires_python: str
    requirements: tuple[str, ...]
    origin: Origin
    with_testing: bool
    files: Mapping[str, str]
    accepted: Mapping[str, str]
    conflicts: tuple[str, ...] = ()

    @property
    def label(self) -> str:
        return f"{self.distribution} {self.version}"

    @property
    def tree(self) -> str:
        """The SHA-256 (hex) over all published files."""
        return tree_digest(self.files)


def record_of(
    package: Package,
    *,
    with_testing: bool,
    accepted: Mapping[str, str] | None = None,
    conflicts: tuple[str, ...] = (),
) -> Record:
    """The record of a package, as it is written when it is vendored."""
    content = package.content(with_testing=with_testing)
    return Record(
        distribution=package.distribution,
        package=package.package,
        version=package.version,
        licence=package.licence,
        document=package.document,
        requires_python=package.requires_python,
        requirements=package.requirements,
        origin=package.origin,
        with_testing=with_testing,
        files=MappingProxyType({path: sha256(text) for path, text in content.items()}),
        accepted=MappingProxyType(dict(sorted((accepted or {}).items()))),
        conflicts=conflicts,
    )


def serialize_record(record: Record) -> bytes:
    """The bytes of VENDORED.toml: deterministic, LF, one file a line."""
    purl = f"pkg:pypi/{canonicalize_name(record.distribution)}@{record.version}"
    lines = [
        _HEAD,
        f"format = {_FORMAT}",
        f"name = {_text(record.distribution)}",
        f"package = {_text(record.package)}",
        f"version = {_text(record.version)}",
        f"license = {_text(record.licence)}",
        f"purl = {_text(purl)}",
        f"document-sha256 = {_text(record.document)}",
        f"tree-sha256 = {_text(record.tree)}",
        f"requires-python = {_text(record.requires_python)}",
        f"requirements = {_texts(record.requirements)}",
        f"testing = {'true' if record.with_testing else 'false'}",
    ]
    if record.conflicts:
        lines.append(f"conflicts = {_texts(record.conflicts)}")
    lines += ["", "[source]", f"kind = {_text(record.origin.kind)}"]
    if record.origin.location:
        lines.append(f"location = {_text(record.origin.location)}")
    if record.origin.sha256:
        lines.append(f"sha256 = {_text(record.origin.sha256)}")
    if record.accepted:
        lines += ["", "[accepted]", *_hashes(record.accepted)]
    lines += ["", "[files]", *_hashes(record.files), ""]
    return "\n".join(lines).encode("utf-8")


def parse_record(content: bytes, display: str) -> Record:
    """Read VENDORED.toml. Raises SdkpressError (`vendor-record`) for what is none of ours."""
    if any(line.startswith(b"<<<<<<< ") for line in content.split(b"\n")):
        raise _invalid("holds a conflict of a merge", display)
    try:
        tree: dict[str, Any] = tomllib.loads(unix(content).decode("utf-8"))
    except (ValueError, RecursionError) as error:
        raise _invalid(f"is not TOML: {error}", display) from None
    form = tree.get("format")
    if isinstance(form, int) and form > _FORMAT:
        message = f"was written by a newer sdkpress: format {form}, not {_FORMAT}"
        raise _invalid(message, display)
    source: object = tree.get("source")
    if form != _FORMAT or not is_mapping(source):
        raise _invalid("is not one that this version of sdkpress reads", display)
    kind = source.get("kind")
    if kind not in ("folder", "wheel", "index"):
        raise _invalid("does not say where the package came from", display)
    record = Record(
        distribution=_string(tree, "name", display),
        package=_string(tree, "package", display),
        version=_string(tree, "version", display),
        licence=_string(tree, "license", display),
        document=_string(tree, "document-sha256", display),
        requires_python=_string(tree, "requires-python", display),
        requirements=_strings(tree, "requirements", display),
        origin=Origin(kind, _optional(source, "location"), _optional(source, "sha256")),
        with_testing=tree.get("testing") is True,
        files=_table(tree, "files", display),
        accepted=_table(tree, "accepted", display),
        conflicts=_strings(tree, "conflicts", display) if "conflicts" in tree else (),
    )
    if not record.files or any(digest == DELETED for digest in record.files.values()):
        raise _invalid("lists no files", display)
    if tree.get("tree-sha256") != record.tree:
        raise _invalid(
            "was edited: the hashes of its files are not those it was written with", display
        )
    return record


def unix(content: bytes) -> bytes:
    """A text with CRLF read as LF; binary files are left alone."""
    return content if b"\0" in content else content.replace(b"\r\n", b"\n")


def is_same_text(content: bytes, digest: str) -> bool:
    """Whether a file is the one with that SHA-256, whatever a checkout did to its line ends."""
    return sha256(content) == digest or (b"\r\n" in content and sha256(unix(content)) == digest)


def _hashes(table: Mapping[str, str]) -> list[str]:
    return [f"{_text(path)} = {_text(table[path])}" for path in sorted(table)]


def _text(value: str) -> str:
    # A string of JSON is a basic string of TOML, but for DEL and half a surrogate pair.
    clean = value.encode("utf-8", "replace").decode("utf-8")
    return json.dumps(clean, ensure_ascii=False).replace("\x7f", "\\u007f")


def _texts(values: tuple[str, ...]) -> str:
    return f"[{', '.join(map(_text, values))}]"


def _string(tree: Mapping[str, Any], key: str, display: str) -> str:
    value = tree.get(key)
    if not isinstance(value, str):
        raise _invalid(f"has no text at {key!r}", display)
    return value


def _optional(tree: Mapping[str, Any], key: str) -> str:
    value = tree.get(key)
    return value if isinstance(value, str) else ""


def _strings(tree: Mapping[str, Any], key: str, display: str) -> tuple[str, ...]:
    values = tree.get(key)
    if not is_sequence(values) or not all(isinstance(value, str) for value in values):
        raise _invalid(f"has no list of texts at {key!r}", display)
    return tuple(values)


def _table(tree: Mapping[str, Any], key: str, display: str) -> Mapping[str, str]:
    values = tree.get(key, {})
    if not is_mapping(values):
        raise _invalid(f"has no table {key!r}", display)
    for path, digest in values.items():
        if not is_portable_path(path):
            raise _invalid(f"lists a path that leads out of the folder: {path!r}", display)
        if not isinstance(digest, str) or not (digest == DELETED or _HASH.fullmatch(digest)):
            raise _invalid(f"has no SHA-256 of {path!r}", display)
    return MappingProxyType({str(path): str(digest) for path, digest in values.items()})


def _invalid(message: str, display: str) -> SdkpressError:
    return fatal("vendor-record", f"the record of the package {message}", Location(display, 1, 1))
