"""`sdkpress vendor`: generated packages inside other projects."""

from __future__ import annotations

import enum
from collections.abc import Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from sdkpress.cli.console import console
from sdkpress.cli.help import OUTPUT, Command, Examples, Group, examples_text
from sdkpress.cli.options import Quiet, TextOrJson, Verbose
from sdkpress.cli.vendor_sources import named_package, newer_package, words_of
from sdkpress.diagnostics import printable

if TYPE_CHECKING:
    from sdkpress.vendoring.checking import Checked
    from sdkpress.vendoring.host import HostWarning
    from sdkpress.vendoring.packages import Package
    from sdkpress.vendoring.updating import Update

__all__ = ["EXAMPLES", "commands"]

_ADD: Examples = (
    (
        "sdkpress vendor add museum --into app/_vendor",
        "a configured client, into a package of yours",
    ),
    ("sdkpress vendor add museum --into app/_vendor --as museum_v2", "beside another version"),
)
_CHECK: Examples = (
    ("sdkpress vendor check --into app/_vendor", "all that is vendored there"),
    ("sdkpress vendor check museum --into app/_vendor --format github", "one, in a workflow"),
)
_UPDATE: Examples = (
    ("sdkpress vendor update museum --into app/_vendor --dry-run", "what would change"),
    ("sdkpress vendor update museum --into app/_vendor", "the newer version, with your edits"),
)
_ACCEPT: Examples = (("sdkpress vendor accept museum --into app/_vendor", "your edits are wanted"),)
_REMOVE: Examples = (("sdkpress vendor remove museum --into app/_vendor", "unless it was edited"),)
EXAMPLES: Examples = (*_ADD, *_CHECK, *_UPDATE, *_ACCEPT, *_REMOVE)

_SHOWN_DIFFS = 5

commands = typer.Typer(
    cls=Group,
    suggest_commands=False,  # as in app.py
    help="Copy generated packages into other projects, and keep them up to date.",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)


class _Format(enum.Enum):
    TEXT = "text"
    JSON = "json"
    GITHUB = "github"


_Into = Annotated[Path, typer.Option("--into", metavar="DIR", help="The folder that holds it.")]
_As = Annotated[
    str | None,
    typer.Option("--as", metavar="NAME", help="Its name there; that of the package by default."),
]
_IndexUrl = Annotated[
    str | None,
    typer.Option("--index-url", metavar="URL", help="The package index that CLIENT is taken from."),
]
_SOURCE = "A configured client, its folder, a wheel, or NAME==VERSION of an index."
_VENDORED = "What is vendored: the name of its folder or distribution, or a path."
_Format_ = Annotated[
    TextOrJson, typer.Option(help="How to print the result.", rich_help_panel=OUTPUT)
]


@commands.callback()
def _vendor() -> None:  # pyright: ignore[reportUnusedFunction]
    """Copy generated packages into other projects, and keep them up to date."""


@commands.command("add", cls=Command, epilog=examples_text(_ADD))
def add(
    client: Annotated[str, typer.Argument(metavar="CLIENT", help=_SOURCE)],
    into: _Into,
    name: _As = None,
    index_url: _IndexUrl = None,
    with_testing: Annotated[
        bool, typer.Option("--with-testing", help="With the fake server and its fixtures.")
    ] = False,
    format: _Format_ = TextOrJson.TEXT,
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> None:
    """Copy a package into a folder, with its licence and VENDORED.toml."""
    _configure(quiet=quiet, verbose=verbose, format=format)
    from sdkpress.vendoring.folder_changes import add as add_package
    from sdkpress.vendoring.host import host_warnings
    from sdkpress.vendoring.places import checked_name, import_name, refuse_links

    wanted = checked_name(name) if name else ""
    refuse_links(into)
    with console.progress("vendoring") as step:
        step("reading the package")
        package = named_package(client, into, index_url)
        target = into / (wanted or checked_name(package.package))
        step("writing")
        record = add_package(package, target, with_testing=with_testing)
    _tell_about(package, target)
    console.status(
        f"vendored {printable(record.label)} as {printable(target.as_posix())} "
        f"({len(record.files)} files, {printable(record.licence) or 'licence unknown'})"
    )
    name_there = import_name(target)
    if "." in name_there:
        console.notice(f"import it as {name_there}")
    if format is TextOrJson.JSON:
        from sdkpress.vendoring.reports import as_json

        console.print_json(as_json([_check(target)]))
    else:
        _show_warnings(host_warnings(target, record))


@commands.command("check", cls=Command, epilog=examples_text(_CHECK))
def check(
    client: Annotated[str | None, typer.Argument(metavar="[CLIENT]", help=_VENDORED)] = None,
    into: _Into = Path(),
    name: _As = None,
    format: Annotated[
        _Format, typer.Option(help="How to print findings.", rich_help_panel=OUTPUT)
    ] = _Format.TEXT,
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> None:
    """Compare vendored packages with what was published.

    Exit code 1 where a file was edited, deleted or added. Writes nothing, and asks nobody.
    """
    console.configure(
        quiet=quiet,
        verbose=verbose,
        is_json=format is _Format.JSON,
        failure={"in_step": False, "packages": [], "findings": [], "warnings": []},
    )
    from sdkpress.vendoring.finding import find_vendored

    checked = [_check(folder) for folder in find_vendored(words_of(client), into, name or "")]
    if format is _Format.JSON:
        from sdkpress.vendoring.reports import as_json

        console.print_json(as_json(checked))
    elif format is _Format.GITHUB:
        from sdkpress.vendoring.reports import github_lines
        from sdkpress.workflow_commands import repository_root

        for line in github_lines(checked, repository_root(Path())):
            console.print(line)
    else:
        _show_findings(checked)
        for item in checked:
            _show_warnings(item.warnings)
    raise typer.Exit(1 if any(item.findings for item in checked) else 0)


@commands.command("update", cls=Command, epilog=examples_text(_UPDATE))
def update(
    client: Annotated[
        str | None,
        typer.Argument(metavar="[CLIENT]", help=f"{_SOURCE} By default where it came from."),
    ] = None,
    into: _Into = Path(),
    name: _As = None,
    index_url: _IndexUrl = None,
    with_testing: Annotated[
        bool | None,
        typer.Option(
            "--with-testing/--without-testing", help="With the fake server; as before by default."
        ),
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Write nothing.")] = False,
    format: _Format_ = TextOrJson.TEXT,
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> None:
    """Take a newer package, and keep the edits of its files.

    Edits are merged line by line. Where both sides have changed the same lines, both stand in the
    file between markers, and the exit code is 1.
    """
    _configure(quiet=quiet, verbose=verbose, format=format)
    from sdkpress.vendoring.finding import find_vendored, one_of
    from sdkpress.vendoring.folder_changes import prepare_update, write_update
    from sdkpress.vendoring.host import host_warnings
    from sdkpress.vendoring.places import held, refuse_links
    from sdkpress.vendoring.swapping import recover
    from sdkpress.vendoring.trees import open_conflicts, read_vendored

    target = one_of(find_vendored(words_of(client), into, name or ""), client or "")
    refuse_links(target)
    with nullcontext() if dry_run else held(target):
        if not dry_run and recover(target):
            console.notice("an update had been cut off; the folder is as it was before")
        vendored = read_vendored(target)
        left = open_conflicts(vendored)
        if left:
            for path in left:
                shown = printable((target / path).as_posix())
                console.print(f"conflict: {shown}: is not resolved yet")
            console.print("the last update is not finished: resolve these files, then update again")
            if format is TextOrJson.JSON:
                console.print_json(_update_json(target, "", None, list(left), written=False))
            raise typer.Exit(1)
        with console.progress("updating") as step:
            step("reading the package")
            package = newer_package(client, vendored, index_url)
            step("merging")
            planned = prepare_update(vendored, package, with_testing=with_testing)
            step("writing")
            written = False if dry_run else write_update(vendored, planned)
    _tell_about(package, target)
    if format is TextOrJson.JSON:
        label = vendored.record.version
        console.print_json(_update_json(target, label, planned, [], written=written))
    else:
        _show_update(target, vendored.record.label, planned, dry_run=dry_run, written=written)
        _show_warnings(host_warnings(target, planned.record))
    raise typer.Exit(1 if planned.conflicts else 0)


@commands.command("accept", cls=Command, epilog=examples_text(_ACCEPT))
def accept(
    client: Annotated[str, typer.Argument(metavar="CLIENT", help=_VENDORED)],
    into: _Into = Path(),
    name: _As = None,
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> None:
    """Record the edits of a vendored package as wanted, so that check is content.

    An update keeps them, and keeps them accepted where it can merge them.
    """
    _configure(quiet=quiet, verbose=verbose, format=TextOrJson.TEXT)
    from sdkpress.vendoring.finding import find_vendored, one_of
    from sdkpress.vendoring.folder_changes import accept as accept_edits

    target = one_of(find_vendored(words_of(client), into, name or ""), client)
    _, count = accept_edits(target)
    noun = "edit" if count == 1 else "edits"
    console.status(f"{printable(target.as_posix())}: {count} {noun} accepted")


@commands.command("remove", cls=Command, epilog=examples_text(_REMOVE))
def remove(
    client: Annotated[str, typer.Argument(metavar="CLIENT", help=_VENDORED)],
    into: _Into = Path(),
    name: _As = None,
    force: Annotated[
        bool, typer.Option("--force", help="Also where files were edited or added.")
    ] = False,
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> None:
    """Take a vendored package away; refused where files were edited or added."""
    _configure(quiet=quiet, verbose=verbose, format=TextOrJson.TEXT)
    from sdkpress.vendoring.finding import find_vendored, one_of
    from sdkpress.vendoring.folder_changes import remove as remove_package
    from sdkpress.vendoring.places import held, refuse_links
    from sdkpress.vendoring.swapping import recover
    from sdkpress.vendoring.trees import read_vendored

    target = one_of(find_vendored(words_of(client), into, name or ""), client)
    refuse_links(target)
    with held(target):
        recover(target)
        if not force:
            lost = [item for item in read_vendored(target).differences if item.cause != "missing"]
            for item in lost:
                place = printable((target / item.path).as_posix())
                console.print(f"{item.cause}: {place}: would be lost")
            if lost:
                console.print("nothing was removed; --force removes these files too")
                raise typer.Exit(1)
        remove_package(target)
    console.status(f"removed {printable(target.as_posix())}")


def _configure(*, quiet: bool, verbose: bool, format: TextOrJson) -> None:
    console.configure(quiet=quiet, verbose=verbose, is_json=format is TextOrJson.JSON)


def _check(folder: Path) -> Checked:
    from sdkpress.vendoring.checking import check_vendored

    return check_vendored(folder)


def _tell_about(package: Package, target: Path) -> None:
    """Remarks on what was taken and where it went."""
    from sdkpress.vendoring.places import is_hiding

    if not package.is_generated:
        console.notice(f"{package.label} is no client that sdkpress made; it is copied as it is")
    if not package.licences:
        console.notice(f"{package.label} has no licence text: ask before you pass it on")
    bound = next(package.self_imports(), None)
    if bound is not None:
        place = f"{bound[0]}:{bound[1]}"
        console.notice(f"{place}: the package imports itself by name, and may not work from here")
    if is_hiding(target):
        console.notice(
            f"{target.name} hides a module of that name where {target.parent.as_posix()} is on "
            "sys.path; choose another by --as"
        )


def _show_findings(checked: Sequence[Checked]) -> None:
    from sdkpress.check_reports import plain_line

    shown = left_out = 0
    for item in checked:
        label = printable(item.vendored.folder.as_posix())
        accepted = f", {len(item.accepted)} accepted edits" if item.accepted else ""
        if not item.findings:
            version = printable(item.vendored.record.label)
            console.status(f"{label}: as published ({version}{accepted})")
            continue
        count = "1 finding" if len(item.findings) == 1 else f"{len(item.findings)} findings"
        console.print(f"{label}: not as published, {count}{accepted}")
        for finding in item.findings:
            path, message = printable(finding.path), printable(finding.message)
            console.print(f"  {finding.cause}: {path}: {message}")
            if finding.diff and shown >= _SHOWN_DIFFS and not console.is_verbose:
                left_out += 1
            elif finding.diff:
                shown += 1
                for line in finding.diff.rstrip("\n").split("\n"):
                    console.print(f"    {plain_line(line)}".rstrip())
    if left_out:
        console.print(f"{left_out} more diffs: sdkpress vendor check --verbose")


def _show_warnings(warnings: Sequence[HostWarning]) -> None:
    for item in warnings:
        console.notice(f"{printable(item.file)}:{item.line}: warning: {item.message}")


def _show_update(
    target: Path, before: str, planned: Update, *, dry_run: bool, written: bool
) -> None:
    label = printable(target.as_posix())
    after = planned.record.label
    is_same = planned.record.label == before
    if is_same and not written and all(change.action == "kept" for change in planned.changes):
        console.status(f"{label}: {printable(after)} already")
        return
    would = "would become" if dry_run else "is now"
    console.status(f"{label}: {printable(before)} {would} {printable(after)}")
    for change in planned.changes:
        if change.action in ("added", "updated", "removed") and not console.is_verbose:
            continue
        was = f" (was {printable(change.was)})" if change.was else ""
        line = f"  {change.action}: {printable((target / change.path).as_posix())}{was}"
        if change.action == "conflict":
            console.print(line)
        else:
            console.status(line)
    counts = [
        f"{count} {action}"
        for action in ("added", "updated", "removed")
        if (count := sum(change.action == action for change in planned.changes))
    ]
    if counts:
        console.status(f"  {', '.join(counts)}")
    if planned.conflicts:
        console.print("resolve the conflicts, which stand between markers in the files")


def _update_json(
    target: Path, before: str, planned: Update | None, left: list[str], *, written: bool
) -> dict[str, Any]:
    """What `vendor update --format json` prints."""
    changes = planned.changes if planned else ()
    return {
        "path": target.as_posix(),
        "from": before,
        "to": planned.record.version if planned else before,
        "written": written,
        "conflicts": list(planned.conflicts) if planned else left,
        "changes": [
            {"path": change.path, "action": change.action, "was": change.was} for change in changes
        ],
        "diagnostics": [],
    }
