"""From a folder of the user's to the lines in it that a new version of the package breaks."""

from __future__ import annotations

import importlib.util
import tempfile
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from sdkpress.diagnostics import fatal
from sdkpress.diffing.callers.annotating import Annotated, annotated
from sdkpress.diffing.callers.explaining import Complaint, Explainer
from sdkpress.diffing.callers.findings import Broken
from sdkpress.diffing.callers.package_members import PackageMembers
from sdkpress.diffing.callers.projects import Module, relevant
from sdkpress.diffing.callers.rules import Rules
from sdkpress.diffing.callers.subjects import Changes
from sdkpress.diffing.callers.user_files import UserFile, parsed, scan
from sdkpress.diffing.callers.wire_rules import broken_on_wire
from sdkpress.diffing.changes import BrokenCall, Change

if TYPE_CHECKING:
    from sdkpress.diffing.callers.typed.checking import Checked, Checker, TypeFinding

__all__ = ["broken_calls"]


_LOOKS = 4
"""How often types may travel from calls to the functions that are called."""


def _silent(line: str) -> None:
    pass


def broken_calls(
    folder: Path,
    old_files: Mapping[str, bytes],
    new_files: Mapping[str, bytes],
    package: str,
    changes: Sequence[Change],
    *,
    notice: Callable[[str], None] = _silent,
    progress: Callable[[str], None] = _silent,
    work: Path | None = None,
) -> tuple[BrokenCall, ...]:
    """The lines below `folder` that break, each with the change behind it.

    `old_files` and `new_files` are paths in the distribution (`src/<package>/...`). Nothing is
    written into `folder`. `notice` gets a line about each file that could not be searched. `work` is
    a folder for files and the checker's cache, which later calls may use again; a temporary one
    without it.

    Raises SdkpressError where there is no such folder, or no mypy.
    """
    if importlib.util.find_spec("mypy") is None:
        raise fatal(
            "callers-need-mypy", "the search for broken callers needs mypy, which is not installed"
        )
    progress("read the callers")
    found = scan(folder, package, old_files.get(f"src/{package}/client.py", b""), notice)
    files = [file for file in found.files if _is_readable(file, package, notice)]
    modules = relevant(files, package, found.copies)
    if not modules:
        return ()
    if work is not None:
        return _searched(
            work, modules, found.copies, old_files, new_files, package, changes, notice
        )
    with tempfile.TemporaryDirectory(prefix="sdkpress-") as temporary:
        place = Path(temporary)
        return _searched(
            place, modules, found.copies, old_files, new_files, package, changes, notice
        )


def _is_readable(file: UserFile, package: str, notice: Callable[[str], None]) -> bool:
    """Files that do not mention the package are parsed by the type checker alone."""
    tree = parsed(file) if package in file.text else None
    if isinstance(tree, str):
        notice(tree)
    return not isinstance(tree, str)


def _searched(
    work: Path,
    modules: Sequence[Module],
    copies: Sequence[str],
    old_files: Mapping[str, bytes],
    new_files: Mapping[str, bytes],
    package: str,
    changes: Sequence[Change],
    notice: Callable[[str], None],
) -> tuple[BrokenCall, ...]:
    from sdkpress.diffing.callers.typed.checking import Checker
    from sdkpress.diffing.callers.typed.using import uses_of

    copied = {f"{copy}/__init__.py" for copy in copies}
    names = [module.name for module in modules if module.file.path in copied]
    names = [package, *(name for name in names if name != package)]
    own = [module for module in modules if module.file.path not in copied]
    checker = Checker(work)
    sides = [_within(files, package) for files in (old_files, new_files)]
    before, after = PackageMembers(sides[0]), PackageMembers(sides[1])
    fixtures = {name: f"{package}.{place}" for name, place in before.fixtures().items()}
    old, texts = _checked(checker, sides[0], names, own, fixtures)
    new = _check(checker, sides[1], names, own, texts)
    for path, reason in sorted({**old.unread, **new.unread}.items()):
        notice(f"{path}: not searched: {reason}")
    known = Changes(changes)
    rules = Rules(before, after, known)
    complaints = _complaints(old, new)
    lines: list[BrokenCall] = []
    for module in own:
        tree = old.trees.get(module.name)
        if tree is None:
            continue
        path = module.file.path
        uses, origins = uses_of(tree, path, old.types, names)
        broken = list(rules.broken(uses, origins))
        broken.extend(broken_on_wire(uses, rules, before, known, broken))
        explainer = Explainer(uses, origins, rules, before, known)
        count = module.file.text.count("\n") + 1
        for complaint in complaints.get(path, ()):
            if complaint.line > count or "_sdkpress_" in complaint.message:
                continue  # in what was put in
            broken.extend(explainer.explain(complaint, broken))
        lines.extend(_lines(module.file, texts[module.name], broken))
    return tuple(sorted(lines, key=lambda item: (item.file, item.line, item.column, item.message)))


def _within(files: Mapping[str, bytes], package: str) -> dict[str, bytes]:
    """The files of the package, by their paths in it."""
    return {
        PurePosixPath(path).relative_to(f"src/{package}").as_posix(): content
        for path, content in files.items()
        if path.startswith(f"src/{package}/")
    }


def _checked(
    checker: Checker,
    files: Mapping[str, bytes],
    names: Sequence[str],
    modules: Sequence[Module],
    fixtures: Mapping[str, str],
) -> tuple[Checked, dict[str, Annotated]]:
    """With the old package, and the texts with types in them where the user wrote none: what the
    first look tells of calls, the second one knows of the functions called, and so on."""
    from sdkpress.diffing.callers.typed.inferring import infer

    texts = {module.name: Annotated(module.file.text) for module in modules}
    wanted: dict[str, dict[tuple[int, str], dict[str, str]]] = {}
    checked = _check(checker, files, names, modules, texts)
    for _ in range(_LOOKS):
        is_new = False
        for name, functions in infer(checked.trees, checked.types, names, fixtures).items():
            known = wanted.setdefault(name, {})
            for key, types in functions.items():
                before = known.setdefault(key, {})
                for parameter, type in types.items():
                    is_new |= before.setdefault(parameter, type) is type
        if not is_new:
            break
        texts = {
            module.name: annotated(module.file, wanted.get(module.name, {})) for module in modules
        }
        checked = _check(checker, files, names, modules, texts)
    return checked, texts


def _check(
    checker: Checker,
    files: Mapping[str, bytes],
    names: Sequence[str],
    modules: Sequence[Module],
    texts: Mapping[str, Annotated],
) -> Checked:
    from sdkpress.diffing.callers.typed.checking import Source

    checker.install(files, names)
    return checker.check(
        [Source(module.name, module.file.path, texts[module.name].text) for module in modules]
    )


_CALLS = frozenset({"call-arg", "call-overload", "arg-type", "misc"})
"""What mypy says of a call depends on whether it has overloads."""


def _complaints(old: Checked, new: Checked) -> dict[str, list[Complaint]]:
    """What is wrong with the new package and was not with the old one, by path. Of a call that was
    wrong before, mypy says nothing that is sure to be new."""
    before = {(item.path, item.line, item.column, item.code) for item in old.findings}
    wrong: dict[str, list[TypeFinding]] = defaultdict(list)
    for item in old.findings:
        if item.code in _CALLS:
            wrong[item.path].append(item)
    found: dict[str, list[Complaint]] = defaultdict(list)
    for item in new.findings:
        if (item.path, item.line, item.column, item.code) in before:
            continue
        place = (item.line, item.column)
        if item.code in _CALLS and any(
            (call.line, call.column) <= place < (call.end_line, call.end_column)
            for call in wrong[item.path]
        ):
            continue
        complaint = Complaint(
            item.path,
            item.line,
            item.column,
            item.end_line,
            item.end_column,
            item.code,
            item.message,
        )
        found[item.path].append(complaint)
    return found


def _lines(file: UserFile, text: Annotated, found: Sequence[Broken]) -> list[BrokenCall]:
    """One entry for each line and change; what has no change behind it gives way to what has."""
    source = file.text.split("\n")
    by_line: dict[int, dict[object, Broken]] = defaultdict(dict)
    for item in sorted(found, key=lambda item: (item.line, item.column)):
        key = (item.change.id, item.change.subject) if item.change else item.message
        by_line[item.line].setdefault(key, item)
    lines: list[BrokenCall] = []
    for line, items in sorted(by_line.items()):
        code = source[line - 1] if line <= len(source) else ""
        is_ignored = "type: ignore" in code or "type:ignore" in code
        kept = [item for item in items.values() if item.change is not None] or [*items.values()]
        for item in kept:
            if is_ignored and (item.change is None or item.change.axis == "typing"):
                continue
            column = text.column(line, item.column) + 1
            lines.append(
                BrokenCall(file.path, line, column, item.message, code.strip(), item.change)
            )
    return lines
