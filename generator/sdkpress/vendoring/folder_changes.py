"""What the commands do to a vendored folder: add, update, accept, remove. Each does all or nothing."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType

from packaging.utils import canonicalize_name

from sdkpress.diagnostics import Location, fatal
from sdkpress.provenance import sha256
from sdkpress.vendoring.base import pack
from sdkpress.vendoring.folders import file_paths
from sdkpress.vendoring.packages import Package
from sdkpress.vendoring.places import held, refuse_links
from sdkpress.vendoring.record import (
    BASE_NAME,
    DELETED,
    RECORD_NAME,
    Record,
    record_of,
    serialize_record,
    unix,
)
from sdkpress.vendoring.swapping import recover, remove_folder, replace_folder
from sdkpress.vendoring.trees import Vendored, open_conflicts, read_base, read_vendored
from sdkpress.vendoring.updating import Update, plan_update
from sdkpress.writing import write_file

__all__ = ["accept", "add", "prepare_update", "remove", "write_update"]


def add(package: Package, target: Path, *, with_testing: bool) -> Record:
    """Put a package into `target`, which is not there yet, or is empty.

    A folder that holds just this package already is left as it is. Raises SdkpressError:
    `vendor-target`, `symlink-in-output`, `file-unwritable`, and what reading a vendored folder can
    raise.
    """
    refuse_links(target)
    record = record_of(package, with_testing=with_testing)
    with held(target):
        recover(target)
        _refuse_modules(target)
        if os.path.lexists(target):
            _refuse_others(target, record)
            if (target / RECORD_NAME).exists():
                return record
            target.rmdir()
        content = package.content(with_testing=with_testing)
        replace_folder(target, _folder(content, record, content))
    return record


def prepare_update(vendored: Vendored, package: Package, *, with_testing: bool | None) -> Update:
    """What an update would make of a vendored folder; writes nothing. `with_testing` None leaves
    that as it is.

    Raises SdkpressError: `vendor-conflict` while the last update has left something to decide,
    `vendor-target` for a package of another name, and what reading the folder can raise.
    """
    target, record = vendored.folder, vendored.record
    left = list(open_conflicts(vendored))
    if left:
        message = f"the last update is not finished: decide what {left[0]} is to hold"
        if len(left) > 1:
            message = f"{message}, and {len(left) - 1} more files"
        raise fatal("vendor-conflict", message, Location((target / left[0]).as_posix(), 1, 1))
    if canonicalize_name(package.distribution) != canonicalize_name(record.distribution):
        message = f"{record.distribution} is vendored here, not {package.distribution}"
        raise fatal("vendor-target", message, Location(target.as_posix(), 1, 1))
    chosen = record.with_testing if with_testing is None else with_testing
    return plan_update(vendored, read_base(vendored), package, with_testing=chosen)


def write_update(vendored: Vendored, update: Update) -> bool:
    """Carry an update out; whether anything was written. The caller holds the folder (`held`).

    Raises SdkpressError (`file-unwritable`, `symlink-in-output`; `vendor-target` where somebody has
    edited a file since `vendored` was read); then the folder is as it was.
    """
    refuse_links(vendored.folder)
    if read_vendored(vendored.folder) != vendored:
        message = "a file was edited while the update was prepared; nothing was changed, try again"
        raise fatal("vendor-target", message, Location(vendored.folder.as_posix(), 1, 1))
    if vendored.record == update.record and dict(vendored.files) == dict(update.files):
        if vendored.base is not None:
            return False
    replace_folder(vendored.folder, _folder(update.files, update.record, update.published))
    return True


def accept(target: Path) -> tuple[Vendored, int]:
    """Record the differences of a vendored folder as wanted; what it was, and how many are new.

    Raises SdkpressError: `vendor-conflict` while the last update has left something to decide,
    `file-unwritable`, and what reading the folder can raise.
    """
    refuse_links(target)
    with held(target):
        vendored = read_vendored(target)
        left = list(open_conflicts(vendored))
        if left:
            message = f"{left[0]} holds a conflict, which is nothing to accept"
            raise fatal("vendor-conflict", message, Location((target / left[0]).as_posix(), 1, 1))
        accepted = {
            item.path: (
                DELETED if item.cause == "missing" else sha256(unix(vendored.files[item.path]))
            )
            for item in vendored.differences
        }
        record = replace(vendored.record, accepted=MappingProxyType(accepted), conflicts=())
        if record != vendored.record:
            write_file(target / RECORD_NAME, serialize_record(record))
        return vendored, sum(not item.is_accepted for item in vendored.differences)


def remove(target: Path) -> None:
    """Take a vendored folder away. Raises SdkpressError (`file-unwritable`, `symlink-in-output`)."""
    refuse_links(target)
    remove_folder(target)


def _folder(
    files: Mapping[str, bytes], record: Record, published: Mapping[str, bytes]
) -> Mapping[str, bytes]:
    return {**files, RECORD_NAME: serialize_record(record), BASE_NAME: pack(published)}


def _refuse_modules(target: Path) -> None:
    """A package beside a module of the same name hides it, and a folder cannot be inside a file."""
    for parent in target.parents:
        if parent.exists():
            if not parent.is_dir():
                place = Location(parent.as_posix(), 1, 1)
                raise fatal("vendor-target", "is a file; --into names a folder", place)
            break
    for suffix in (".py", ".pyi"):
        module = target.with_name(f"{target.name}{suffix}")
        if os.path.lexists(module):
            message = f"a package {target.name} would hide this module"
            help = "Choose another name by --as."
            raise fatal("vendor-target", message, Location(module.as_posix(), 1, 1), help)


def _refuse_others(target: Path, record: Record) -> None:
    """Only an empty folder, or one that holds the same already, may be where a package goes."""
    place = Location(target.as_posix(), 1, 1)
    if not target.is_dir():
        raise fatal("vendor-target", "a file is in the way", place)
    if (target / RECORD_NAME).exists():
        there = read_vendored(target)
        if replace(there.record, accepted=record.accepted) == record and not there.differences:
            return
        message = f"{there.record.label} is vendored here already"
        help = "`sdkpress vendor update` takes another version; --as NAME puts one beside it."
        raise fatal("vendor-target", message, place, help)
    if next(file_paths(target), None) is not None or any(target.iterdir()):
        help = "Choose another folder, or another name by --as."
        raise fatal(
            "vendor-target", "a folder is in the way that sdkpress did not make", place, help
        )
