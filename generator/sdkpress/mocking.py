"""`sdkpress mock`: the fake server that ships with every client, for a document without one."""

from __future__ import annotations

import contextlib
import errno
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Protocol

from sdkpress.bundling import load_document
from sdkpress.diagnostics import Diagnostics, Location, fatal, printable
from sdkpress.document import Document
from sdkpress.overlays import apply_overlays
from sdkpress.runtime.testing.app import FakeApp
from sdkpress.runtime.testing.nodes import as_object, as_text
from sdkpress.runtime.testing.serving import ServedApp, bind, describe_exchange, run_forever

__all__ = ["Mockable", "mock", "serve"]


class Mockable(Protocol):
    """What names a document: `options` has `spec` (a path) and `overlays` (paths)."""

    @property
    def options(self) -> Mapping[str, Any]: ...


def serve(target: Mockable, *, host: str = "127.0.0.1", port: int = 8000) -> int:
    """Serve a target's document until Ctrl-C; returns the exit code 0.

    The document is neither validated nor lowered: the server copes with what is wrong with it,
    and starts at once. Raises SdkpressError where it cannot be read, or where the address is not
    to be had (`address-unavailable`).
    """
    diagnostics = Diagnostics()
    overlays = [Path(path) for path in target.options["overlays"]]
    document = load_document(Path(target.options["spec"]), diagnostics)
    if overlays:
        document = apply_overlays(document, overlays, diagnostics)
    diagnostics.raise_errors()
    mock(document, host=host, port=port)
    return 0


def mock(
    document: Document,
    *,
    host: str = "127.0.0.1",
    port: int = 8000,
    say: Callable[[str], None] | None = None,
) -> None:
    """Serve a document until SIGINT or SIGTERM; port 0 is a free one.

    `say` is given the address line once the server accepts requests, then one line for each request
    (stdout by default). Raises SdkpressError when the address is not to be had.
    """
    tell = say or _write_line
    app = FakeApp(document.tree, on_exchange=lambda exchange: tell(describe_exchange(exchange)))
    try:
        listener = bind(host, port)
    except OSError as error:
        known = {errno.EADDRINUSE: "the port is in use", errno.EACCES: "it needs privileges"}
        reason = known.get(error.errno or 0, "it is no address of this machine")
        place = Location("<command-line>", 1, 1)
        raise fatal(
            "address-unavailable", f"cannot listen on {host}:{port}: {reason}", place
        ) from None
    served = ServedApp(app, host, listener.getsockname()[1])
    line = f"Serving {_title(document)} on {served.url} (Ctrl-C stops)"
    run_forever(app, listener, on_ready=lambda: tell(line))


def _title(document: Document) -> str:
    title = as_text(as_object(document.tree.get("info")).get("title"))
    return printable(title or document.path)


def _write_line(line: str) -> None:
    # A reader that has gone away must not end the server.
    with contextlib.suppress(BrokenPipeError):
        sys.stdout.write(f"{line}\n")
        sys.stdout.flush()
