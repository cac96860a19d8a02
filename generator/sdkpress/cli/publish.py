"""`sdkpress publish`: the gate, then the upload."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Generator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sdkpress.cli.console import console
from sdkpress.cli.help import OUTPUT, Examples
from sdkpress.cli.options import Quiet, TextOrJson, Verbose
from sdkpress.diagnostics import COMMAND_LINE, Location, fatal, printable

if TYPE_CHECKING:
    from sdkpress.checking import Finding
    from sdkpress.cli.targets import Target
    from sdkpress.publishing.publication import Publication
    from sdkpress.publishing.steps import StepResult

__all__ = ["EXAMPLES", "publish"]

EXAMPLES: Examples = (
    (
        "sdkpress publish museum --repository http://localhost:8080/ --dry-run",
        "ask the gate, and upload nothing",
    ),
    ("sdkpress publish museum --repository http://localhost:8080/", "and upload"),
)

_FAILURE: dict[str, object] = {"passed": False, "published": False, "steps": [], "files": []}
_MARKS = {"passed": "ok", "refused": "REFUSED", "skipped": "SKIPPED", "not-run": "not run"}


def publish(
    client: Annotated[str, typer.Argument(metavar="CLIENT", help="The configured client.")],
    repository: Annotated[
        str,
        typer.Option(
            "--repository",
            "-r",
            metavar="URL",
            help="Where to upload: an address, or a section of ~/.pypirc.",
        ),
    ],
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Ask the gate, and upload nothing.")
    ] = False,
    out: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Keep the archives that passed in this folder."),
    ] = None,
    repository_index: Annotated[
        str | None,
        typer.Option(
            metavar="URL", help="The simple API of the repository, where it is not found by itself."
        ),
    ] = None,
    index_url: Annotated[
        str | None,
        typer.Option(metavar="URL", help="Where requirements come from, as for pip."),
    ] = None,
    find_links: Annotated[
        list[str] | None,
        typer.Option(
            "--find-links",
            "-f",
            metavar="DIR",
            help="A folder with files of requirements; repeatable.",
        ),
    ] = None,
    skip_existing: Annotated[
        bool,
        typer.Option(
            "--skip-existing",
            help="Go on after an upload that broke off: the same bytes may be there.",
        ),
    ] = False,
    skip: Annotated[
        list[str] | None,
        typer.Option(metavar="STEP", help="Leave out a step of the gate; repeatable."),
    ] = None,
    only: Annotated[
        list[str] | None,
        typer.Option(metavar="STEP", help="With --dry-run: these steps and what they need alone."),
    ] = None,
    format: Annotated[
        TextOrJson, typer.Option(help="How to print the report.", rich_help_panel=OUTPUT)
    ] = TextOrJson.TEXT,
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> None:
    """Publish a client's wheel and sdist, if they pass the gate.

    The gate asks, step by step, whether the client is in step, its version says what changed since
    the last one on the index, and its package works for those who install it. A step that refuses
    says why and what repairs it, and the command exits with 1.
    """
    is_json = format is TextOrJson.JSON
    console.configure(quiet=quiet, verbose=verbose, is_json=is_json, failure=_FAILURE)
    from sdkpress.building import source_date_epoch
    from sdkpress.cli.targets import configured_targets, project_config
    from sdkpress.publishing.candidate import Question
    from sdkpress.publishing.environments import PackageSources
    from sdkpress.publishing.publication import as_json
    from sdkpress.publishing.publication import publish as ask
    from sdkpress.publishing.repositories import find_repository

    skipped = _skipped(skip or [], only or [], is_dry=dry_run)
    (target,) = configured_targets((client,))
    found_repository = find_repository(repository, repository_index)
    links = tuple(_place(link) for link in find_links or ())
    if out is not None:
        _expect_writable(out)
    is_live = not is_json and not sys.stderr.isatty()

    def show(result: StepResult) -> None:
        if not (only and result.state == "skipped"):
            _print_step(result)

    with _scratch() as scratch, console.progress(f"publishing {target.label}") as step:
        question = Question(
            config=target.resolve(),
            configuration_file=project_config().file.as_posix(),
            repository=found_repository,
            check=lambda: _check(target),
            scratch=scratch,
            sources=PackageSources(links, index_url or ""),
            epoch=source_date_epoch(os.environ),
            may_resume=skip_existing,
        )
        found = ask(
            question,
            skipped=skipped,
            uploads=not dry_run,
            began=step,
            ended=show if is_live else lambda result: None,
        )
        if out is not None and found.has_passed and found.files:
            from sdkpress.writing import write_together

            made = scratch / "dist"
            write_together(
                out, {file.name: (made / file.name).read_bytes() for file in found.files}
            )
    for result in found.results:
        if not is_live and not is_json:
            show(result)
    if is_json:
        console.print_json(as_json(found, is_dry=dry_run))
    else:
        _print_end(found, out)
    left_out = [result.name for result in found.results if result.state == "skipped"]
    if left_out and not only:
        console.error(f"the gate was not asked everything; skipped: {', '.join(left_out)}")
    raise typer.Exit(0 if found.has_passed and (dry_run or found.is_published) else 1)


def _skipped(skip: list[str], only: list[str], *, is_dry: bool) -> frozenset[str]:
    from sdkpress.publishing.gate import GATE, needed_steps

    names = [step.name for step in GATE]
    for option, given in (("--skip", skip), ("--only", only)):
        unknown = [name for name in given if name not in names]
        if unknown:
            message = f"{option}: no step is called {unknown[0]!r}; there are {', '.join(names)}"
            raise fatal("usage", message, COMMAND_LINE)
    if skip and only:
        raise fatal("usage", "either --skip or --only, not both", COMMAND_LINE)
    if only and not is_dry:
        message = "--only goes with --dry-run: nothing is uploaded that was not asked everything"
        raise fatal("usage", message, COMMAND_LINE)
    if "build" in skip and not is_dry:
        raise fatal("usage", "--skip build leaves nothing to upload", COMMAND_LINE)
    if only:
        return frozenset(names) - needed_steps(frozenset(only))
    return frozenset(skip)


def _expect_writable(folder: Path) -> None:
    """Whether files could be put there is known before anything is uploaded."""
    there = folder
    while not there.exists() and there != there.parent:
        there = there.parent
    if not there.is_dir() or not os.access(there, os.W_OK | os.X_OK):
        location = Location(folder.as_posix(), 1, 1)
        raise fatal("file-unwritable", "no archives can be kept there: not writable", location)


def _place(link: str) -> str:
    """A folder, as one can name it from elsewhere; an address stays."""
    return link if "://" in link else os.path.abspath(link)


@contextlib.contextmanager
def _scratch() -> Generator[Path]:
    import tempfile

    with tempfile.TemporaryDirectory(
        prefix="sdkpress-publish-", ignore_cleanup_errors=True
    ) as name:
        yield Path(os.path.realpath(name))


def _check(target: Target) -> tuple[tuple[Finding, ...], str]:
    """What `sdkpress check --full` finds, and the command that repairs it."""
    from sdkpress.checking import check, repair_command
    from sdkpress.cli.targets import build_target

    config, built, _ = build_target(target, black=None)
    findings = check(
        built.files,
        target.out,
        built.facts,
        built.lock,
        client=config.name,
        sources=target.sources,
        overlays=target.overlays,
    )
    removed = [finding.removes for finding in findings]
    return findings, repair_command([target.label], all_clients=False, removed=removed)


def _print_step(result: StepResult) -> None:
    is_bad = result.state == "refused"
    if (console.is_quiet and not is_bad) or (result.state == "not-run" and not console.is_verbose):
        return
    time = f"{result.seconds:6.1f} s" if result.state in ("passed", "refused") else " " * 8
    console.print_now(f"{_MARKS[result.state]:8} {result.name:15} {time}  {result.message}")
    if is_bad:
        for line in result.details:
            console.print_now(f"    {line}")
        if result.repair:
            console.print_now(f"    repair: {printable(result.repair)}")


def _print_end(found: Publication, out: Path | None) -> None:
    config, sent = found.question.config, found.upload
    named = f"{config.name} {config.version}"
    refused = [result.name for result in found.results if result.state == "refused"]
    not_run = [result.name for result in found.results if result.state == "not-run"]
    if not_run:
        console.status(f"{_MARKS['not-run']:8} {', '.join(not_run)}")
    if refused:
        console.print(f"{named}: not published; refused by {', '.join(refused)}")
    elif not found.has_passed:
        console.print(f"{named}: not published")
    elif sent is None:
        kept = f"; archives in {printable(out.as_posix())}" if out is not None else ""
        console.status(f"{named}: may be published{kept}")
    else:
        for file in sent.files:
            console.status(f"{file.state:10} {file.name}  sha256:{file.sha256}")
        if sent.is_done:
            console.status(f"{named}: published to {printable(found.question.repository.shown)}")
        else:
            console.print(f"{named}: not published: {sent.message}")
            console.print(f"    repair: {sent.repair}")
