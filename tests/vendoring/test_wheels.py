"""Wheels as sources: one that sdkpress built, and those that somebody has tampered with."""

from __future__ import annotations

import base64
import hashlib
import io
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from sdkpress.building import build
from sdkpress.diagnostics import SdkpressError
from sdkpress.vendoring.wheels import read_wheel
from tests.vendoring.revisions import contents, sdkpress

NAME = "tiny-1.0-py3-none-any.whl"
INFO = "tiny-1.0.dist-info"
Files = dict[str, bytes]


def record(files: Files) -> bytes:
    lines: list[str] = []
    for path, content in files.items():
        digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
        lines.append(f"{path},sha256={digest},{len(content)}")
    return "\n".join([*lines, f"{INFO}/RECORD,,", ""]).encode()


def tiny() -> Files:
    files = {
        "tiny/__init__.py": b"",
        "tiny/a.py": b"x = 1\n",
        f"{INFO}/METADATA": (
            b"Metadata-Version: 2.4\nName: tiny\nVersion: 1.0\nLicense-Expression: MIT\n"
            b"Requires-Dist: msgspec>=0.22\nRequires-Dist: pytest; extra == 'testing'\n"
            b"License-File: LICENSE\n\nTiny.\n"
        ),
        f"{INFO}/WHEEL": b"Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        f"{INFO}/licenses/LICENSE": b"Do as you like.\n",
    }
    return {**files, f"{INFO}/RECORD": record(files)}


def packed(files: Files, *more: tuple[zipfile.ZipInfo, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for path, content in files.items():
            archive.writestr(path, content)
        for info, content in more:
            archive.writestr(info, content)
    return buffer.getvalue()


def added(path: str, content: bytes = b"x") -> bytes:
    files = tiny()
    files.pop(f"{INFO}/RECORD")
    files[path] = content
    return packed({**files, f"{INFO}/RECORD": record(files)})


def link() -> bytes:
    info = zipfile.ZipInfo("tiny/passwd")
    info.external_attr = 0o120777 << 16
    files = tiny()
    files.pop(f"{INFO}/RECORD")
    files = {**files, "tiny/passwd": b"/etc/passwd"}
    listed = record(files)
    files.pop("tiny/passwd")
    return packed({**files, f"{INFO}/RECORD": listed}, (info, b"/etc/passwd"))


def changed(path: str, content: bytes) -> bytes:
    return packed({**tiny(), path: content})


def without(path: str) -> bytes:
    files = tiny()
    del files[path]
    return packed(files)


def bomb() -> bytes:
    return added("tiny/zeros.bin", b"\0" * (65 * 1024 * 1024))


def twice() -> bytes:
    return packed(tiny(), (zipfile.ZipInfo("tiny/A.py"), b"x = 2\n"))


HOSTILE: dict[str, tuple[Callable[[], bytes], str]] = {
    "no archive": (lambda: b"PK nothing", "not a whole wheel"),
    "cut": (lambda: packed(tiny())[:-40], "not a whole wheel"),
    "zip slip": (lambda: added("../evil.py"), "leads out"),
    "absolute": (lambda: added("/tmp/evil.py"), "leads out"),
    "drive": (lambda: added("C:/evil.py"), "leads out"),
    "backslash": (lambda: added("tiny\\..\\evil.py"), "leads out"),
    "link": (link, "a link"),
    "other bytes": (lambda: changed("tiny/a.py", b"evil = 1\n"), "other bytes than its RECORD"),
    "not listed": (
        lambda: packed({**tiny(), "tiny/evil.py": b""}),
        "its RECORD does not list",
    ),
    "missing": (lambda: without("tiny/a.py"), "lacks a file that its RECORD lists"),
    "no record": (lambda: without(f"{INFO}/RECORD"), "has no RECORD"),
    "twice": (twice, "twice"),
    "bomb": (bomb, "larger, unpacked"),
    "compiled": (lambda: added("tiny/_speed.so"), "compiled code"),
    "beside": (lambda: added("tiny-1.0.data/scripts/run"), "beside its package"),
    "two packages": (lambda: added("other/__init__.py"), "one package is needed"),
    "another version": (
        lambda: added(f"{INFO}/METADATA", b"Metadata-Version: 2.4\nName: tiny\nVersion: 2\n\n"),
        "another version",
    ),
    "another name": (
        lambda: added(f"{INFO}/METADATA", b"Metadata-Version: 2.4\nName: huge\nVersion: 1.0\n\n"),
        "another distribution",
    ),
}


@pytest.mark.parametrize("kind", HOSTILE)
def test_hostile_wheels_are_refused(host: Path, tmp_path: Path, kind: str) -> None:
    make, said = HOSTILE[kind]
    wheel = tmp_path / NAME
    wheel.write_bytes(make())
    before = contents(tmp_path)
    ran = sdkpress("vendor", "add", wheel, "--into", "app/_vendor", at=host)
    assert ran.code == 2 and said in ran.err, ran.err
    assert "Traceback" not in ran.err
    assert contents(tmp_path) == before


def test_a_plain_wheel() -> None:
    package = read_wheel(packed(tiny()), NAME, location=NAME)
    assert dict(package.files) == {"__init__.py": b"", "a.py": b"x = 1\n"}
    assert package.requirements == ("msgspec>=0.22",)
    assert package.licences == {"LICENSE": b"Do as you like.\n"}


def test_every_cut_and_every_changed_byte_ends_in_one_error() -> None:
    whole = packed(tiny())
    for place in range(0, len(whole), 23):
        for broken in (whole[:place], whole[:place] + b"\xff" + whole[place + 1 :]):
            try:
                package = read_wheel(broken, NAME, location=NAME)
            except SdkpressError:
                continue
            # What is not hashed (times, attributes) may differ; what is vendored may not.
            assert package.files["a.py"] == b"x = 1\n"


def test_a_wheel_of_a_client_is_vendored_as_its_folder_is(
    revisions: tuple[Path, ...], host: Path, tmp_path: Path
) -> None:
    built = build(revisions[0], tmp_path / "dist", None)
    ran = sdkpress("vendor", "add", built.wheel, "--into", "app/_vendor", "--as", "wheel", at=host)
    assert ran.code == 0, ran.err
    ran = sdkpress(
        "vendor", "add", revisions[0], "--into", "app/_vendor", "--as", "folder", at=host
    )
    assert ran.code == 0
    of_wheel, of_folder = (contents(host / "app" / "_vendor" / it) for it in ("wheel", "folder"))
    records = [files.pop("VENDORED.toml").decode() for files in (of_wheel, of_folder)]
    assert of_wheel == of_folder
    source = f'[source]\nkind = "wheel"\nlocation = "{built.wheel.name}"\nsha256 = '
    source += f'"{hashlib.sha256(built.wheel.read_bytes()).hexdigest()}"\n'
    assert records[0] == records[1].replace('[source]\nkind = "folder"\n', source)
    assert 'document-sha256 = ""' not in records[0]
