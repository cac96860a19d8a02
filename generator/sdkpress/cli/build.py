"""`sdkpress build`: wheel and sdist of generated clients, the same bytes everywhere."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from sdkpress.cli.console import console
from sdkpress.cli.help import OUTPUT, Examples
from sdkpress.cli.options import Quiet, TextOrJson, Verbose
from sdkpress.diagnostics import SdkpressError, printable

if TYPE_CHECKING:
    from sdkpress.building import Built
    from sdkpress.cli.targets import Target

__all__ = ["EXAMPLES", "build"]

EXAMPLES: Examples = (
    ("sdkpress build museum", "a wheel and an sdist in dist/"),
    ("sdkpress build --out wheels --format json", "of every configured client, for a program"),
)

_SHOWN = 5


def build(
    clients: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[CLIENT]...",
            help="Configured clients, or folders of generated ones; all configured by default.",
        ),
    ] = None,
    out: Annotated[Path, typer.Option(metavar="DIR", help="Where the files go.")] = Path("dist"),
    format: Annotated[
        TextOrJson, typer.Option(help="How to print the result.", rich_help_panel=OUTPUT)
    ] = TextOrJson.TEXT,
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> None:
    """Make the wheel and the sdist of clients, the same bytes everywhere.

    SOURCE_DATE_EPOCH sets the time that stands in them. Nothing is downloaded.
    """
    console.configure(
        quiet=quiet, verbose=verbose, is_json=format is TextOrJson.JSON, failure={"built": []}
    )
    from sdkpress.building import build as build_client
    from sdkpress.building import source_date_epoch

    epoch = source_date_epoch(os.environ)
    results: list[dict[str, Any]] = []
    for folder, target in _folders(clients or ()):
        label = folder.as_posix() if target is None else target.label
        with console.progress(f"building {printable(label)}") as step:
            step("wheel and sdist")
            built = build_client(folder, out, epoch)
        in_step = None if target is None else not built.edited and _is_in_step(target)
        _warn(label, folder, built, in_step=in_step)
        console.status(f"{printable(built.wheel.as_posix())}  sha256:{built.wheel_sha256}")
        console.status(f"{printable(built.sdist.as_posix())}  sha256:{built.sdist_sha256}")
        results.append({**_as_dict(built), "in_step": in_step})
    if format is TextOrJson.JSON:
        console.print_json({"built": results, "diagnostics": []})


def _folders(names: Sequence[str]) -> list[tuple[Path, Target | None]]:
    """What to build: the folder of each client, and the client where it is a configured one."""
    from sdkpress.cli.targets import configured_targets
    from sdkpress.manifest import MANIFEST_NAME

    if not names:
        return [(target.out, target) for target in configured_targets(())]
    found: dict[Path, Target | None] = {}
    for name in names:
        # A word is a client's name before it is a folder's: only of clients it is known whether
        # they are in step.
        is_client = (Path(name) / MANIFEST_NAME).is_file()
        if is_client and Path(name).name != name:
            found.setdefault(Path(name), None)
            continue
        try:
            (target,) = configured_targets((name,))
        except SdkpressError as error:
            ids = {item.id for item in error.diagnostics}
            is_folder = Path(name).is_dir() and ids <= {"no-configuration", "unknown-client"}
            if not is_client and not is_folder:
                raise
            found.setdefault(Path(name), None)  # what it lacks is said when it is built
        else:
            found[target.out] = target
    return list(found.items())


def _warn(label: str, folder: Path, built: Built, *, in_step: bool | None) -> None:
    """What the publisher should know; none of it keeps the files from being built."""
    for what, paths in (
        ("edited by hand since it was generated", built.edited),
        (
            "left out, as it is no part of the client (your own code belongs in extras/)",
            built.left_out,
        ),
    ):
        for path in paths[:_SHOWN]:
            console.notice(f"warning: {(folder / path).as_posix()}: {what}")
        if len(paths) > _SHOWN:
            console.notice(f"warning: {len(paths) - _SHOWN} more files: {what}")
    if in_step is False and not built.edited:
        console.notice(f"warning: {label} is out of step: sdkpress check {label}")


def _is_in_step(target: Target) -> bool:
    from sdkpress.checking import check
    from sdkpress.cli.targets import build_target, recall_target

    if recall_target(target) is not None:
        return True
    try:
        config, made, _ = build_target(target, black=False)
        return not check(made.files, target.out, made.facts, made.lock, client=config.name)
    except SdkpressError:
        return False


def _as_dict(built: Built) -> dict[str, Any]:
    return {
        "name": built.name,
        "version": built.version,
        "package": built.package,
        "wheel": {"path": built.wheel.as_posix(), "sha256": built.wheel_sha256},
        "sdist": {"path": built.sdist.as_posix(), "sha256": built.sdist_sha256},
        "edited": list(built.edited),
        "left_out": list(built.left_out),
    }
