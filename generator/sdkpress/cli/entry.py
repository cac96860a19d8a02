"""The way in: runs one command and turns what comes out of it into an exit code."""

from __future__ import annotations

import functools
import gc
import os
import re
import signal
import sys
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from typing import Any

import typer

from sdkpress.cli.app import app
from sdkpress.cli.completing import COMPLETE, answer
from sdkpress.cli.console import Console
from sdkpress.cli.console import console as out
from sdkpress.diagnostics import COMMAND_LINE, SdkpressError, fatal
from sdkpress.interrupting import SIGNALS, handled
from sdkpress.suggesting import suggestion

__all__ = ["main"]

_WRONG_CALL: Any = typer.BadParameter.__mro__[2]
"""The base of what typer raises for a wrong call. It has had two names, in three modules."""

INTERRUPTED = 130  # 128 + SIGINT, as shells count
DEFECT = 70  # EX_SOFTWARE of sysexits.h


def main(args: Sequence[str] | None = None) -> int:
    """Run the command line `args` (default: the process's own) and return the exit code."""
    arguments = list(sys.argv[1:] if args is None else args)
    if arguments[:1] == [COMPLETE]:
        return _complete(arguments[1:])
    try:
        with _no_collector(), handled():
            code = _run(arguments)
    except KeyboardInterrupt:  # in the last moment, as at the end of what is not to be interrupted
        out.error("interrupted")
        code = INTERRUPTED
    if args is None:  # nothing is left to do but to end, and that is not to be disturbed either
        for name in SIGNALS:
            if hasattr(signal, name):
                signal.signal(getattr(signal, name), signal.SIG_IGN)
    return code


@functools.cache
def _commands() -> Any:
    """The commands, from what `app` says of them: built once, which takes as long as a small one."""
    return typer.main.get_command(app)


def _complete(arguments: Sequence[str]) -> int:
    """What a shell asks at Tab: an answer or none, and never a word more."""
    try:
        lines = answer(_commands(), arguments)
    except Exception:
        return 1
    out.reset()
    for line in lines:
        out.print(
            "".join(character for character in line if character.isprintable() or character == "\t")
        )
    out.close()
    return 0


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
    command = _commands()
    try:
        code = command.main(arguments, prog_name="sdkpress", standalone_mode=False)
        if code == INTERRUPTED:  # typer has caught a KeyboardInterrupt
            out.error("interrupted")
        return _finish(out, code if isinstance(code, int) else 0)
    except SdkpressError as error:
        out.failure(error)
        return _finish(out, 2)
    except _WRONG_CALL as error:
        if type(error).__name__ == "NoArgsIsHelpError":
            out.error(str(error), is_multiline=True)
        else:
            out.failure(fatal("usage", _usage(error), COMMAND_LINE))
        return _finish(out, 2)
    except (KeyboardInterrupt, typer.Abort):
        out.error("interrupted")
        return _finish(out, INTERRUPTED)
    except OSError as error:
        # What was foreseen is an SdkpressError; here are a full disk, or a folder that has gone.
        place = f"{error.filename}: " if isinstance(error.filename, str) else ""
        out.error(f"{place}{error.strerror or type(error).__name__}")
        if out.is_verbose or os.environ.get("SDKPRESS_DEBUG"):
            _show_traceback()
        return _finish(out, 2)
    except SystemExit as error:
        return error.code if isinstance(error.code, int) else 1
    except Exception as error:
        reason = f"{type(error).__name__}: {error}".split("\n")[0]
        out.error(f"internal error: {reason} (please report; --verbose shows where)")
        if out.is_verbose or os.environ.get("SDKPRESS_DEBUG"):
            _show_traceback()
        return _finish(out, DEFECT)


def _show_traceback() -> None:
    import traceback

    out.error(traceback.format_exc(), is_multiline=True)


def _usage(error: Any) -> str:
    """A wrong call in one line; typer's messages quote words of the user."""
    context: Any = getattr(error, "ctx", None)
    path = getattr(context, "command_path", "sdkpress")
    message = error.format_message()
    option = getattr(error, "option_name", None)
    if type(error).__name__ == "NoSuchOption" and isinstance(option, str):
        message = f"No such option: {option}"
        known = {name for one in _params(context) for name in (*one.opts, *one.secondary_opts)}
        message += suggestion(option, (name for name in known if name.startswith("--")))
    elif found := re.fullmatch(r"No such command '(.*)'\.", error.message, re.DOTALL):
        message = f"No such command '{found[1]}'" + suggestion(found[1], context.command.commands)
    elif found := re.match(r"'(.*)' is not one of '(.*)'", error.message, re.DOTALL):
        message = message.removesuffix(".") + suggestion(found[1], found[2].split("', '"))
    return f"{message} (see {path} --help)"


def _params(context: Any) -> Sequence[Any]:
    return () if context is None else context.command.get_params(context)


def _finish(out: Console, code: int) -> int:
    out.close()
    if out.lost and code in (0, 1):
        out.error(f"standard output cannot be written: {out.lost}")
        return 2
    return code
