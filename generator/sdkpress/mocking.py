"""`sdkpress mock`: the fake server that ships with every client, for a document without one."""

from __future__ import annotations

import contextlib
import errno
import functools
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from sdkpress.bundling import load_document
from sdkpress.config import ClientConfig
from sdkpress.diagnostics import COMMAND_LINE, Diagnostics, fatal, printable
from sdkpress.document import Document
from sdkpress.request_log import RequestLog, exchange_lines
from sdkpress.runtime.testing.app import FakeApp
from sdkpress.runtime.testing.exchanges import Exchange
from sdkpress.runtime.testing.nodes import as_object, as_text
from sdkpress.runtime.testing.serving import ServedApp, bind, run_forever

__all__ = ["LogOptions", "Mockable", "TapeOptions", "mock", "serve"]


class Mockable(Protocol):
    """What names a document: `options` has `spec` (a path) and `overlays` (paths). With a
    `configuration` among them, `resolve` gives the client that is made from it."""

    @property
    def options(self) -> Mapping[str, Any]: ...

    @property
    def resolve(self) -> Callable[[], ClientConfig]: ...


def _write_line(line: str) -> None:
    # A reader that has gone away must not end the server.
    with contextlib.suppress(BrokenPipeError):
        sys.stdout.write(f"{line}\n")
        sys.stdout.flush()


@dataclass(frozen=True, slots=True)
class LogOptions:
    """What is said of the server and its requests, and how `write` says one text.

    Quiet, it is the address alone; verbose, headers and bodies too, without credentials.
    """

    is_quiet: bool = False
    is_verbose: bool = False
    has_color: bool = False
    write: Callable[[str], None] = _write_line


@dataclass(frozen=True, slots=True)
class TapeOptions:
    """Whether answers come from a cassette, or from a server that is recorded to one; paths."""

    replay: str | None = None
    record: str | None = None
    upstream: str | None = None


def serve(
    target: Mockable,
    *,
    host: str = "127.0.0.1",
    port: int = 8000,
    seed: int = 0,
    credentials: Sequence[str] = (),
    tape: TapeOptions | None = None,
    log: LogOptions | None = None,
) -> int:
    """Serve a target's document until Ctrl-C; returns the exit code 0.

    `credentials` are pairs such as `bearer=key`.

    The document is neither validated nor lowered: the server copes with what is wrong with it,
    and starts at once. Raises SdkpressError where it cannot be read, where the address is not to be
    had (`address-unavailable`), or where a credential or a cassette cannot be used
    (`invalid-option`).
    """
    diagnostics = Diagnostics()
    overlays = [Path(path) for path in target.options["overlays"]]
    document = load_document(Path(target.options["spec"]), diagnostics)
    if overlays:
        from sdkpress.overlays import apply_overlays  # with a JSONPath library behind it

        document = apply_overlays(document, overlays, diagnostics)
    diagnostics.raise_errors()
    from sdkpress.lowering.foreign.streaming import with_streams  # reading files may fail first

    document = with_streams(document, Diagnostics())
    mock(
        document,
        host=host,
        port=port,
        seed=seed,
        credentials=_credentials(document, credentials),
        tape=tape,
        log=log,
        client=target.resolve() if "configuration" in target.options else None,
    )
    return 0


def mock(
    document: Document,
    *,
    host: str = "127.0.0.1",
    port: int = 8000,
    seed: int = 0,
    credentials: Mapping[str, Sequence[str]] | None = None,
    tape: TapeOptions | None = None,
    log: LogOptions | None = None,
    client: ClientConfig | None = None,
) -> None:
    """Serve a document until SIGINT or SIGTERM; port 0 is a free one.

    The log gets the address once the server accepts requests, and a line for each request.
    `client` is the configured client that the document is of. Raises SdkpressError when the
    address is not to be had.
    """
    told = log or LogOptions()
    taped = tape or TapeOptions()
    app = _with_tape(
        document,
        taped,
        seed=seed,
        credentials=credentials,
        remembers_deletions=True,
        pages=_pages(document),
    )
    try:
        listener = bind(host, port)
    except OSError as error:
        known = {errno.EADDRINUSE: "the port is in use", errno.EACCES: "it needs privileges"}
        reason = known.get(error.errno or 0, "it is no address of this machine")
        message = f"cannot listen on {host}:{port}: {reason}"
        raise fatal("address-unavailable", message, COMMAND_LINE) from None
    url = ServedApp(app, host, listener.getsockname()[1]).url
    lines = [f"Serving {_title(document)} on {url} (Ctrl-C stops)"]
    requests: RequestLog | None = None
    if not told.is_quiet:
        lines += _hints(app, url, client, can_try=taped == TapeOptions() and not credentials)
        requests = RequestLog(_describing(app, document, client, told), told.write)
        app.on_exchange = requests.add
    try:
        run_forever(app, listener, on_ready=lambda: told.write("\n".join(lines)))
    finally:
        app.close()
        if requests is not None:
            requests.close()


def _hints(app: FakeApp, url: str, client: ClientConfig | None, *, can_try: bool) -> list[str]:
    """How large the API is, and two ways to it: a client's, and one without any."""
    count = len(app.operations)
    way = f"{client.env_prefix}_BASE_URL={url}" if client is not None else f'base_url="{url}"'
    lines = [f"{count} operation{'' if count == 1 else 's'}; a client gets here with {way}"]
    if can_try:
        from sdkpress.example_calls import curl_example

        if command := curl_example(app, url):
            lines.append(f"Try: {printable(command)}")
    return [*lines, ""]


def _describing(
    app: FakeApp, document: Document, client: ClientConfig | None, log: LogOptions
) -> Callable[[Exchange], list[str]]:
    """What makes the lines of an exchange."""
    identifiers = {
        key: as_text(as_object(node).get("operationId"))
        for key, node in app.operation_nodes.items()
    }
    schemes = as_object(as_object(document.tree.get("components")).get("securitySchemes"))
    secret_names = frozenset(
        as_text(scheme.get("name"))
        for scheme in map(as_object, schemes.values())
        if scheme.get("type") == "apiKey" and scheme.get("in") == "query"
    )

    @functools.cache
    def name(key: str) -> str:
        return printable(names().find(key, identifiers))

    @functools.cache
    def names() -> Any:
        from sdkpress.operation_names import OperationNames

        if client is None:
            return OperationNames(document)
        path = client.spec.with_name(f"{client.spec.stem}.names.lock")
        lock = path.read_bytes() if path.is_file() else None
        return OperationNames(document, client.name, lock, client.names)

    def lines(exchange: Exchange) -> list[str]:
        return exchange_lines(
            exchange,
            name(app.operation_of(exchange.request)),
            secret_names,
            is_verbose=log.is_verbose,
            has_color=log.has_color,
        )

    return lines


def _credentials(document: Document, given: Sequence[str]) -> dict[str, list[str]] | None:
    """The right keys of security schemes, from `scheme=key`; None where none are given."""
    schemes = as_object(as_object(document.tree.get("components")).get("securitySchemes"))
    found: dict[str, list[str]] = {}
    for pair in given:
        name, _, key = pair.partition("=")
        if name not in schemes or not key:
            known = printable(", ".join(map(str, schemes))) or "none"
            message = f"--credential is SCHEME=KEY; the document's schemes are: {known}"
            raise fatal("invalid-option", message, COMMAND_LINE)
        found.setdefault(name, []).append(key)
    return found or None


def _pages(document: Document) -> Callable[[str, str], dict[str, Any]]:
    """How operations are asked for their pages; what it takes is imported on first use."""

    @functools.cache
    def known() -> Callable[[str, str], dict[str, Any]]:
        from sdkpress.fake_pages import OperationPages

        return OperationPages(document)

    return lambda method, path: known()(method, path)


def _with_tape(document: Document, tape: TapeOptions, **options: Any) -> FakeApp:
    """The fake server, with its cassette if it has one."""
    if tape == TapeOptions():
        return FakeApp(document.tree, **options)
    from sdkpress.runtime.testing.taping import choose
    from sdkpress.runtime.upstream import Upstream

    try:
        tapes = choose(tape.replay, tape.record, tape.upstream, Upstream, lambda: document.tree)
        return FakeApp(document.tree, **tapes, **options)
    except (ValueError, OSError) as error:
        raise fatal("invalid-option", str(error), COMMAND_LINE) from None


def _title(document: Document) -> str:
    title = as_text(as_object(document.tree.get("info")).get("title"))
    return printable(title or document.path)
