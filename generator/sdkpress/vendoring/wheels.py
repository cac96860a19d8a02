"""A wheel, read in memory: the package in it, when every byte is what its own record says.

A wheel may come from anywhere. Nothing is unpacked to disk; names that lead out of the package,
links, encrypted members, members that are there twice, and whatever is larger than any client are
refused, whatever the archive says of itself.
Source: the binary distribution format (packaging.python.org, "Recording installed projects"), PEP
427, PEP 639 (licence files), PEP 770 (bills of materials).
"""

from __future__ import annotations

import base64
import csv
import email.parser
import email.policy
import hashlib
import io
import stat
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from types import MappingProxyType

from packaging.utils import InvalidWheelFilename, canonicalize_name, parse_wheel_filename

from sdkpress.diagnostics import Location, SdkpressError, fatal
from sdkpress.manifest import is_portable_path
from sdkpress.vendoring.packages import (
    MAX_BYTES,
    MAX_FILES,
    Kind,
    Origin,
    Package,
    document_digest,
    is_source_file,
    requirement_texts,
    unusable,
)

__all__ = ["MAX_WHEEL_BYTES", "read_wheel"]

MAX_WHEEL_BYTES = 256 * 1024 * 1024
_MAX_FILE = 64 * 1024 * 1024
_SIGNATURES = ("RECORD", "RECORD.jws", "RECORD.p7s")
_NATIVE = (".so", ".pyd", ".dll", ".dylib")
_HASHES = ("sha256", "sha384", "sha512")


def read_wheel(content: bytes, filename: str, *, kind: Kind = "wheel", location: str) -> Package:
    """The one package of a pure wheel. `filename` is its name alone; `location` is what is recorded.

    Raises SdkpressError: `vendor-wheel` for one that is broken, or not what it says; `vendor-source`
    for one that cannot be vendored.
    """
    try:
        name, version, _, _ = parse_wheel_filename(filename)
    except InvalidWheelFilename:
        raise _refused(filename, "is not the name of a wheel") from None
    members = _members(content, filename)
    info = _info_folder(members, filename)
    _verify(members, info, filename)
    fields = _fields(members.get(f"{info}METADATA"), filename)
    if canonicalize_name(fields.get("name", "")) != name:
        raise _refused(filename, "holds the metadata of another distribution")
    if str(version) != fields.get("version") and not _same_version(fields.get("version"), version):
        raise _refused(filename, "holds the metadata of another version")
    _check_pure(members, info, filename)
    package = _package_of(members, filename)
    files = {
        path.removeprefix(f"{package}/"): text
        for path, text in members.items()
        if path.startswith(f"{package}/") and is_source_file(path)
    }
    return Package(
        distribution=fields["name"],
        package=package,
        version=str(version),
        licence=fields.get("license-expression", ""),
        requires_python=fields.get("requires-python", ""),
        requirements=_requirements(members[f"{info}METADATA"]),
        document=document_digest(
            [text for path, text in members.items() if path.startswith(f"{info}sboms/")]
        ),
        origin=Origin(kind, location, hashlib.sha256(content).hexdigest()),
        files=MappingProxyType(files),
        licences=MappingProxyType(
            {
                path.rpartition("/")[2]: text
                for path, text in members.items()
                if path.startswith((f"{info}licenses/", f"{info}LICENSE"))
            }
        ),
    )


def _members(content: bytes, filename: str) -> Mapping[str, bytes]:
    """Every file in the archive by its name, checked and within limits."""
    if len(content) > MAX_WHEEL_BYTES:
        raise _refused(filename, "is larger than sdkpress reads")
    try:
        return MappingProxyType(dict(_read_members(content, filename)))
    except (zipfile.BadZipFile, zlib.error, OSError, EOFError) as error:
        raise _refused(filename, f"is not a whole wheel: {error}") from None
    except (ValueError, RuntimeError, NotImplementedError, MemoryError) as error:
        reason = str(error) or type(error).__name__
        raise _refused(filename, f"cannot be read: {reason}") from None


def _read_members(content: bytes, filename: str) -> Iterator[tuple[str, bytes]]:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        entries = archive.infolist()
        if len(entries) > MAX_FILES:
            raise _refused(filename, f"has more than {MAX_FILES:,} files")
        seen: set[str] = set()
        total = 0
        for entry in entries:
            path = entry.orig_filename
            mode = entry.external_attr >> 16
            if path != entry.filename or not is_portable_path(path.removesuffix("/")):
                raise _refused(filename, f"names a file that leads out of it: {path!r}")
            if stat.S_ISLNK(mode) or (stat.S_IFMT(mode) and not _is_plain(mode)):
                raise _refused(filename, f"holds a link or a device: {path!r}")
            if entry.is_dir():
                continue
            if path.casefold() in seen:
                raise _refused(filename, f"holds {path!r} twice")
            seen.add(path.casefold())
            if entry.flag_bits & 0x1:
                raise _refused(filename, f"holds an encrypted file: {path!r}")
            with archive.open(entry) as stream:
                text = stream.read(_MAX_FILE + 1)
            total += len(text)
            if len(text) > _MAX_FILE or total > MAX_BYTES:
                raise _refused(filename, "is larger, unpacked, than sdkpress accepts")
            yield path, text


def _is_plain(mode: int) -> bool:
    return stat.S_ISREG(mode) or stat.S_ISDIR(mode)


def _info_folder(members: Mapping[str, bytes], filename: str) -> str:
    found = {
        path.partition("/")[0]
        for path in members
        if "/" in path and path.partition("/")[0].endswith(".dist-info")
    }
    if len(found) != 1:
        raise _refused(filename, "has no metadata, or those of several distributions")
    return f"{found.pop()}/"


def _verify(members: Mapping[str, bytes], info: str, filename: str) -> None:
    """Every file but the record itself is in the record, with the hash that it has."""
    record = members.get(f"{info}RECORD")
    if record is None:
        raise _refused(filename, "has no RECORD")
    unsigned = {f"{info}{name}" for name in _SIGNATURES}
    listed: set[str] = set()
    try:
        rows = list(csv.reader(io.StringIO(record.decode("utf-8"))))
    except (UnicodeDecodeError, csv.Error):
        raise _refused(filename, "has a RECORD that cannot be read") from None
    for row in rows:
        if len(row) != 3:
            raise _refused(filename, "has a RECORD that cannot be read")
        path, digest, _ = row
        content = members.get(path)
        if content is None:
            raise _refused(filename, f"lacks a file that its RECORD lists: {path!r}")
        if path in listed:
            raise _refused(filename, f"lists {path!r} twice in its RECORD")
        listed.add(path)
        if path in unsigned:
            continue
        algorithm, _, value = digest.partition("=")
        if algorithm not in _HASHES:
            raise _refused(filename, f"has no usable hash of {path!r} in its RECORD")
        found = base64.urlsafe_b64encode(hashlib.new(algorithm, content).digest())
        if found.rstrip(b"=").decode() != value.rstrip("="):
            raise _refused(filename, f"holds {path!r} with other bytes than its RECORD says")
    for path in members:
        if path not in listed and path not in unsigned:
            raise _refused(filename, f"holds a file that its RECORD does not list: {path!r}")


def _fields(metadata: bytes | None, filename: str) -> dict[str, str]:
    """The fields of METADATA (core metadata) that occur once, by lower-case name."""
    if metadata is None:
        raise _refused(filename, "has no METADATA")
    return {name.lower(): value for name, value in _headers(metadata)}


def _headers(metadata: bytes) -> Iterator[tuple[str, str]]:
    message = email.parser.BytesParser(policy=email.policy.compat32).parsebytes(
        metadata, headersonly=True
    )
    for name, value in message.items():
        yield name, str(value).strip()


def _requirements(metadata: bytes) -> tuple[str, ...]:
    return requirement_texts(
        value for name, value in _headers(metadata) if name.lower() == "requires-dist"
    )


def _same_version(text: str | None, version: object) -> bool:
    from packaging.version import InvalidVersion, Version

    try:
        return Version(text or "") == version
    except InvalidVersion:
        return False


def _check_pure(members: Mapping[str, bytes], info: str, filename: str) -> None:
    wheel = members.get(f"{info}WHEEL", b"")
    fields = {name.lower(): value for name, value in _headers(wheel)}
    if fields.get("root-is-purelib", "").lower() != "true":
        raise unusable(filename, "it is not pure Python, and cannot be vendored")
    native = next((path for path in members if path.endswith(_NATIVE)), "")
    if native:
        raise unusable(filename, f"it has compiled code ({native!r}), and cannot be vendored")
    scripts = next((path for path in members if path.partition("/")[0].endswith(".data")), "")
    if scripts:
        raise unusable(filename, f"it installs files beside its package ({scripts!r})")


def _package_of(members: Mapping[str, bytes], filename: str) -> str:
    packages = sorted(
        {
            path.partition("/")[0]
            for path in members
            if path.count("/") == 1 and path.endswith("/__init__.py")
        }
    )
    if len(packages) != 1:
        what = f"several ({', '.join(packages)})" if packages else "none"
        raise unusable(filename, f"a wheel with one package is needed; it has {what}")
    return packages[0]


def _refused(filename: str, message: str) -> SdkpressError:
    return fatal("vendor-wheel", f"the wheel {message}", Location(filename, 1, 1))
