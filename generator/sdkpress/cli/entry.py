"""The way in: runs one command and turns what comes out of it into an exit code."""

from __future__ import annotations

import gc
import os
import sys
import traceback
from collections.abc import Generator, Sequence
from contextlib import contextmanager

import typer
from typer.exceptions import TyperException

from sdkpress.cli.app import app
from sdkpress.cli.console import Console
from sdkpress.cli.console import console as out
from sdkpress.diagnostics import COMMAND_LINE, SdkpressError, fatal

__all__ = ["main"]

INTERRUPTED = 130  # 128 + SIGINT, as shells count
DEFECT = 70  # EX_SOFTWARE of sysexits.h


def main(args: Sequence[str] | None = None) -> int:
    """Run the command line `args` (default: the process's own) and return the exit code."""
    with _no_collector():
        return _run(list(sys.argv[1:] if args is None else args))


@contextmanager
def _no_collector() -> Generator[None]:
    """A command builds trees that live to its end, and the collector of cycles looks through them
    again and again: a quarter of the time of a large document. (`mock` turns it on again.)"""
    collects = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collects:
            gc.enable()


def _run(arguments: list[str]) -> int:
    out.reset()
    command = typer.main.get_command(app)
    try:
        code = command.main(arguments, prog_name="sdkpress", standalone_mode=False)
        if code == INTERRUPTED:  # typer has caught a KeyboardInterrupt
            out.error("interrupted")
        return _finish(out, code if isinstance(code, int) else 0)
    except SdkpressError as error:
        out.failure(error)
        return _finish(out, 2)
    except TyperException as error:
        if type(error).__name__ == "NoArgsIsHelpError":
            out.error(str(error), is_multiline=True)
        else:
            out.failure(fatal("usage", _usage(error), COMMAND_LINE))
        return _finish(out, 2)
    except (KeyboardInterrupt, typer.Abort):
        out.error("interrupted")
        return _finish(out, INTERRUPTED)
    except SystemExit as error:
        return error.code if isinstance(error.code, int) else 1
    except Exception as error:
        reason = f"{type(error).__name__}: {error}".split("\n")[0]
        out.error(f"internal error: {reason} (please report; --verbose shows where)")
        if out.is_verbose or os.environ.get("SDKPRESS_DEBUG"):
            out.error(traceback.format_exc(), is_multiline=True)
        return _finish(out, DEFECT)


def _usage(error: TyperException) -> str:
    """A wrong call in one line; typer's messages quote words of the user."""
    format_message = getattr(error, "format_message", None)
    context = getattr(error, "ctx", None)
    message = format_message() if callable(format_message) else str(error)
    path = getattr(context, "command_path", "sdkpress")
    return f"{message} (see {path} --help)"


def _finish(out: Console, code: int) -> int:
    out.close()
    return code
