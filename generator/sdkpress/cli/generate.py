"""`sdkpress generate`: writes clients."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from sdkpress.cli.console import console
from sdkpress.cli.help import OUTPUT, Examples
from sdkpress.cli.options import Clients, Overlays, Quiet, TextOrJson, Verbose
from sdkpress.diagnostics import (
    COMMAND_LINE,
    Diagnostic,
    Location,
    SdkpressError,
    Severity,
    as_dict,
    fatal,
    printable,
)

if TYPE_CHECKING:
    from sdkpress.cli.targets import Target
    from sdkpress.comparing import Plan
    from sdkpress.config import ClientConfig
    from sdkpress.diffing.releasing import Release
    from sdkpress.pipeline import Build

__all__ = ["EXAMPLES", "generate"]

EXAMPLES: Examples = (
    ("sdkpress generate", "every client of the configuration, with its documents as they are now"),
    ("sdkpress generate museum --bump", "one of them; its version and changelog say what changed"),
    (
        "sdkpress generate --spec openapi-spec/museum.yaml --out try/museum",
        "without a configuration, to look at",
    ),
    ("sdkpress --verbose generate --full", "build all of it again, and say where the time goes"),
)


def generate(
    clients: Clients = None,
    spec: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Generate from this document.")
    ] = None,
    out: Annotated[Path | None, typer.Option(metavar="DIR", help="The client's folder.")] = None,
    name: Annotated[
        str | None, typer.Option(metavar="DIST", help="Distribution name (from the title).")
    ] = None,
    package: Annotated[
        str | None, typer.Option(metavar="PKG", help="Import name (from the name).")
    ] = None,
    client: Annotated[
        str | None, typer.Option(metavar="NAME", help="Class name of the client (from the name).")
    ] = None,
    overlay: Overlays = None,
    black: Annotated[
        bool | None,
        typer.Option(
            "--black/--no-black",
            show_default=False,
            help="Format with black, or not; the bytes are the same. "
            "[default: yes, up to 20,000 new lines]",
        ),
    ] = None,
    format: Annotated[
        TextOrJson, typer.Option(help="How to print the result.", rich_help_panel=OUTPUT)
    ] = TextOrJson.TEXT,
    strict: Annotated[bool, typer.Option("--strict", help="Warnings are errors.")] = False,
    full: Annotated[
        bool, typer.Option("--full", help="Build even where nothing seems to have changed.")
    ] = False,
    bump: Annotated[
        bool,
        typer.Option(
            "--bump", help="Raise the version by what changed, and say so in the changelog."
        ),
    ] = False,
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> None:
    """Write clients: all that are configured, those named, or one from --spec.

    A client that somebody edited by hand is refused (exit code 1), and nothing is written.
    """
    is_json = format is TextOrJson.JSON
    console.configure(quiet=quiet, verbose=verbose, is_json=is_json, failure={"clients": []})
    from sdkpress.cli.targets import configured_targets, option_target

    if spec is None:
        lone = {"--out": out, "--name": name, "--package": package, "--client": client}
        given = [option for option, value in lone.items() if value is not None]
        if given or overlay:
            raise _usage(f"{', '.join(given) or '--overlay'} goes with --spec FILE")
        targets = configured_targets(clients or ())
    else:
        if bump:
            raise _usage("--bump writes the version into the configuration, which --spec has not")
        if clients:
            raise _usage("either CLIENT names or --spec, not both")
        if out is None:
            raise _usage("--spec FILE goes with --out DIR")
        targets = (
            option_target(
                spec=spec,
                out=out,
                name=name,
                package=package,
                client=client,
                overlays=tuple(overlay or ()),
            ),
        )
    outcomes = [_prepare(target, black=black, full=full) for target in targets]
    if strict:
        _refuse_warnings(outcomes)
    raise typer.Exit(_write(outcomes, black=black, bump=bump, is_json=is_json))


def _usage(message: str) -> SdkpressError:
    return fatal("usage", message, COMMAND_LINE)


@dataclass(frozen=True)
class _Outcome:
    """A client ready to be written: either built, or known to be unchanged (`states`)."""

    target: Target
    summary: Mapping[str, Any]
    diagnostics: tuple[Diagnostic, ...]
    build: Build | None
    plan: Plan | None
    states: tuple[tuple[str, str], ...] = ()
    config: ClientConfig | None = None
    release: Release | None = None


def _prepare(target: Target, *, black: bool | None, full: bool) -> _Outcome:
    from sdkpress.cli.targets import build_target, recall_target, summary_of
    from sdkpress.comparing import plan

    remembered = None if full else recall_target(target)
    if remembered is not None:
        summary = remembered.summary
        diagnostics = tuple(_restored(item) for item in summary.get("diagnostics", ()))
        states = tuple((path, "unchanged") for path in sorted(remembered.files))
        return _Outcome(target, summary, diagnostics, None, None, states)
    with console.progress(f"generating {target.label}") as step:
        step("prepare")
        config, built, collected = build_target(target, black=black, progress=step)
        step("compare")
        decided = plan(built.files, target.out, built.facts, built.lock)
    summary = summary_of(config, built, collected.items)
    if built.unformatted_lines:
        lines = f"{built.unformatted_lines:,} lines, which it would not change"
        console.notice(f"{config.name}: black was left out for {lines}; --black insists")
    return _Outcome(target, summary, collected.items, built, decided, config=config)


def _refuse_warnings(outcomes: Sequence[_Outcome]) -> None:
    warnings = [
        replace(item, severity=Severity.ERROR)
        for outcome in outcomes
        for item in outcome.diagnostics
        if item.severity is Severity.WARNING
    ]
    if warnings:
        raise SdkpressError(*warnings)


def _decided(outcome: _Outcome) -> _Outcome:
    """The outcome and the version it gets; one that is known to be unchanged keeps its own."""
    from sdkpress.cli.releasing import decide_release
    from sdkpress.diffing.releasing import Release

    if outcome.plan is None or outcome.config is None:
        version = outcome.target.resolve().version
        release = Release(version, version, "none", (), "", "nothing changed")
        return replace(outcome, release=release)
    with console.progress(f"comparing {outcome.target.label}") as step:
        release = decide_release(outcome.config, outcome.plan, progress=step)
    return replace(outcome, release=release)


def _released(outcome: _Outcome, *, black: bool | None) -> _Outcome:
    """The outcome built with the version that it gets."""
    release = outcome.release
    if release is None or outcome.build is None or outcome.plan is None or outcome.config is None:
        return outcome
    from sdkpress.cli.releasing import release_target
    from sdkpress.cli.targets import summary_of

    with console.progress(f"releasing {outcome.target.label}") as step:
        found = release_target(
            outcome.target,
            release,
            outcome.config,
            outcome.build,
            outcome.diagnostics,
            outcome.plan,
            black=black,
            progress=step,
        )
    return replace(
        outcome,
        summary=summary_of(found.config, found.build, found.diagnostics),
        diagnostics=found.diagnostics,
        build=found.build,
        plan=found.plan,
        config=found.config,
    )


def _write(outcomes: Sequence[_Outcome], *, black: bool | None, bump: bool, is_json: bool) -> int:
    from sdkpress.cli.targets import remember_target
    from sdkpress.emitting import plan_findings, write_plan

    is_refused = any(outcome.plan is not None and outcome.plan.refused for outcome in outcomes)
    if bump and not is_refused:  # all versions are known before anything is written
        outcomes = [_decided(outcome) for outcome in outcomes]
    code = 0
    results: list[dict[str, Any]] = []
    pinned: set[Path] = set()
    for outcome in outcomes:
        lock = outcome.build.lock if outcome.build is not None else None
        if lock is not None and not is_refused:
            if lock.path in pinned:  # clients of one document share its names lock
                release = outcome.release
                outcome = _prepare(outcome.target, black=black, full=True)
                outcome = replace(outcome, release=release)
            pinned.add(lock.path)
        if not is_refused:
            outcome = _released(outcome, black=black)
        findings: tuple[Diagnostic, ...] = ()
        states = outcome.states
        if outcome.plan is not None and outcome.build is not None:
            if is_refused:
                findings = plan_findings(outcome.plan)
            else:
                with console.progress(f"writing {outcome.target.label}"):
                    written = write_plan(outcome.plan)
                findings, states = written.findings, tuple(written.states.items())
                target = _refreshed(outcome) if outcome.release is not None else outcome.target
                remember_target(target, outcome.build, outcome.summary)
        elif is_refused:
            states = ()
        console.show(outcome.diagnostics)
        console.show(findings, is_error=True)
        code = 1 if findings else code
        results.append(_result(outcome, states, findings))
        if not is_refused:
            _print_states(outcome, states)
    if is_json:
        console.print_json({"clients": results})
    elif is_refused:
        console.error("nothing was written")
    return 1 if is_refused else code


def _refreshed(outcome: _Outcome) -> Target:
    from sdkpress.cli.releasing import refreshed

    return refreshed(outcome.target)


def _result(
    outcome: _Outcome, states: Sequence[tuple[str, str]], findings: Sequence[Diagnostic]
) -> dict[str, Any]:
    summary = outcome.summary
    diagnostics = [as_dict(item) for item in (*outcome.diagnostics, *findings)]
    return {
        "name": summary["name"],
        "package": summary["package"],
        "client": summary["client"],
        "async_client": summary["async_client"],
        "out": outcome.target.out.as_posix(),
        "files": [{"path": path, "state": state} for path, state in states],
        "operations": summary["operations"],
        "diagnostics": diagnostics,
        **({"release": _release_json(outcome.release)} if outcome.release else {}),
    }


def _release_json(release: Release) -> dict[str, str]:
    return {
        "old_version": release.old_version,
        "version": release.version,
        "bump": release.bump,
        "reason": release.reason,
    }


def _print_states(outcome: _Outcome, states: Sequence[tuple[str, str]]) -> None:
    if console.is_verbose:
        for path, state in states:
            console.status(f"{state:>9} {printable(path)}")
    counts = [
        f"{sum(state == wanted for _, state in states)} {wanted}"
        for wanted in ("written", "unchanged", "deleted")
        if any(state == wanted for _, state in states)
    ]
    name, out = outcome.summary["name"], printable(outcome.target.out.as_posix())
    operations = outcome.summary["operations"]
    noun = "operation" if operations == 1 else "operations"
    console.status(f"{name}: {operations} {noun}, files in {out}: {', '.join(counts)}")
    release = outcome.release
    if release is not None and release.version != release.old_version:
        versions = f"{release.old_version} -> {release.version}"
        console.status(f"{name}: version {versions} ({printable(release.reason)})")
    elif release is not None:
        console.status(f"{name}: version {release.version} stays ({printable(release.reason)})")


def _restored(item: Mapping[str, Any]) -> Diagnostic:
    location = None
    if item["file"] is not None:
        location = Location(item["file"], item["line"], item["column"], item["pointer"])
    return Diagnostic(
        item["id"], Severity(item["severity"]), item["message"], location, item["help"]
    )
