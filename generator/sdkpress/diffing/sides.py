"""What OLD and NEW mean: files, files of a revision, or a configured client at a revision.

Everything of a revision is put into a temporary folder that has the layout of the repository, as
far as it is needed. No name of that folder gets into a result or an error.
"""

from __future__ import annotations

import contextlib
import os
import posixpath
import tempfile
from collections.abc import Generator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from sdkpress.config import ClientConfig, Config, find_project, load_config
from sdkpress.diagnostics import COMMAND_LINE, Diagnostic, Location, SdkpressError, fatal
from sdkpress.diffing.revisions import Revision, find_repository
from sdkpress.document import Document
from sdkpress.pipeline import lock_of
from sdkpress.suggesting import suggestion

__all__ = ["Checkout", "Side", "open_sides"]

_SCHEME = "git:"


class Checkout:
    """The files of a revision that were asked for, in a folder of their own."""

    def __init__(self, folder: Path, revision: Revision) -> None:
        self._root = folder
        self.revision = revision
        self._known: dict[str, bool] = {}
        self._label = f"{_SCHEME}{revision.name}:"
        self.working = folder / revision.repository.prefix
        """The folder that stands for the working folder."""
        self.working.mkdir(parents=True, exist_ok=True)

    def fetch(self, path: Path) -> bool:
        """Put a file of the revision at `path`, below the folder; False where it has none.

        Raises SdkpressError (`unreadable-revision`).
        """
        name = self.name_of(path)
        if name is None:
            return False
        if name not in self._known:
            content = self.revision.read(name)
            self._known[name] = content is not None
            if content is not None:
                place = self._root / name
                place.parent.mkdir(parents=True, exist_ok=True)
                place.write_bytes(content)
        return self._known[name]

    def complete(self, document: Document) -> bool:
        """Fetch the files that a document was looking for in vain; whether there were any.

        Raises SdkpressError (`unreadable-revision`) where it took a file from elsewhere.
        """
        found = False
        for file in document.inputs:
            name = self.name_of(file.path)
            if file.digest is not None and name is None:
                label = self.shown(document.path)
                raise fatal(
                    "unreadable-revision",
                    f"{label} refers to a file outside of the repository",
                    Location(f"{self._label}{label}", 1, 1),
                )
            if file.digest is None and name is not None and name not in self._known:
                found |= self.fetch(file.path)
        return found

    def name_of(self, path: Path) -> str | None:
        """A path below the folder as git names it, None for one that is elsewhere."""
        absolute = os.path.normpath(os.path.abspath(path))
        relative = os.path.relpath(absolute, self._root)
        outside = relative == os.pardir or relative.startswith(os.pardir + os.sep)
        return None if outside or os.path.isabs(relative) else Path(relative).as_posix()

    def folder(self, path: Path) -> Mapping[str, bytes]:
        """The files below a folder of the revision, by their paths in it."""
        name = self.name_of(path)
        if name is None:
            return {}
        top = "" if name == "." else f"{name}/"
        found = self.revision.folder(name if top else "")
        return {file.removeprefix(top): content for file, content in found.items()}

    def shown(self, file: str) -> str:
        """A file of the folder as one sees it from the working folder."""
        if self.name_of(Path(file)) is None:
            return file
        return Path(os.path.relpath(os.path.abspath(file), self.working)).as_posix()

    def relabelled(self, item: Diagnostic) -> Diagnostic:
        """A diagnostic about a file of the folder as one about the revision."""
        place = item.location
        if place is not None and self.name_of(Path(place.file)) is not None:
            place = replace(place, file=f"{self._label}{self.shown(place.file)}")
        message = item.message
        for folder in (self.working, self._root):
            message = message.replace(f"{folder.as_posix()}/", self._label)
        return replace(item, location=place, message=message)


@dataclass(frozen=True)
class Side:
    """One of the two things to compare. `label` is what the user called it; `config` has paths that
    can be opened, and no name where no client is configured. `lock` is the client's names lock.
    With `is_configured` this is a client as it was or is, not another document in its place."""

    label: str
    config: ClientConfig
    checkout: Checkout | None = None
    lock: Path | None = None
    is_configured: bool = False
    overlay_checkout: Checkout | None = None
    """Where the overlays are from, when that is another revision."""

    def shown(self, file: str) -> str:
        """A file as the user knows it."""
        for checkout in self._checkouts:
            if checkout.name_of(Path(file)) is not None:
                return checkout.shown(file)
        return file

    def candidates(self, file: str) -> tuple[Path, ...]:
        """Where a file can be that `shown` gave this name."""
        if self.checkout is None and self.overlay_checkout is not None:
            return (Path(file), self.overlay_checkout.working / file)
        return (*(checkout.working / file for checkout in self._checkouts), Path(file))

    @contextlib.contextmanager
    def speaking(self) -> Generator[None]:
        """Errors about this side name its files as the user knows them."""
        try:
            yield
        except SdkpressError as error:
            told = map(self.relabelled, error.diagnostics)
            raise SdkpressError(*dict.fromkeys(told)) from None

    def relabelled(self, item: Diagnostic) -> Diagnostic:
        """A diagnostic about a file of this side, which it names as the user knows it."""
        for checkout in self._checkouts:
            item = checkout.relabelled(item)
        return item

    @property
    def _checkouts(self) -> tuple[Checkout, ...]:
        return tuple(item for item in (self.checkout, self.overlay_checkout) if item is not None)


@contextlib.contextmanager
def open_sides(
    old: str, new: str | None, client: str | None = None
) -> Generator[tuple[Side, Side]]:
    """The two sides, as long as the context is open. `new` None is the working tree.

    Raises SdkpressError: `unreadable-revision`, `unknown-client`, `usage`, `file-not-found`, and
    what reading a configuration can raise.
    """
    first, second = _parse(old), _parse(new) if new is not None else None
    with tempfile.TemporaryDirectory(prefix="sdkpress-") as name:
        opener = _Opener(Path(os.path.realpath(name)), client)
        yield opener.open(first, second)


@dataclass(frozen=True, slots=True)
class _Named:
    """An argument: a file, or with a revision a file of it, or with no file the client in it."""

    text: str
    revision: str = ""
    file: str = ""


def _parse(text: str) -> _Named:
    if not text:
        message = "the name of a document is empty"
        raise fatal("usage", message, COMMAND_LINE)
    if not text.startswith(_SCHEME):
        return _Named(text, "", text)
    revision, colon, file = text[len(_SCHEME) :].partition(":")
    if not revision or (colon and not file):
        message = f"{text!r} is neither git:REVISION nor git:REVISION:FILE"
        raise fatal("usage", message, COMMAND_LINE)
    return _Named(text, revision, file)


class _Opener:
    def __init__(self, folder: Path, client: str | None) -> None:
        self._folder = folder
        self._client = client
        self._first: ClientConfig | None = None
        self._checkouts: dict[str, Checkout] = {}

    def open(self, old: _Named, new: _Named | None) -> tuple[Side, Side]:
        """Both sides. Files are documents of the client where one is named, by `--client` or by
        the other side; else they stand for themselves."""
        other = bool(old.revision) if new is None else bool(new.file)
        if old.file and other and self._client is None:
            return self._file(old), self._file(new or self._in_tree(old))
        first = None if old.file else self._at_revision(old)
        if first is not None:
            self._first = first.config
        if new is None:
            second = self._in_project()
        elif not new.file:
            second = self._at_revision(new)
        else:
            second = self._file(new, first if first is not None else self._in_project())
        return first if first is not None else self._file(old, second), second

    def _file(self, named: _Named, base: Side | None = None) -> Side:
        """A document; with `base` as another document of that client."""
        checkout: Checkout | None = None
        path = Path(named.file)
        if named.revision:
            checkout = self._checkout(named.revision)
            path = self._find_file(checkout, named)
        elif not os.path.isfile(path):  # False, too, for what cannot be a path
            raise _no_file(named.file)
        if base is not None:
            config = replace(base.config, spec=path)
            lock = base.lock or lock_of(base.config)
            return Side(named.text, config, checkout, lock, overlay_checkout=base.checkout)
        config = ClientConfig(name="", package="", client="", spec=path, out=path, pins_names=False)
        return Side(named.text, config, checkout)

    def _find_file(self, checkout: Checkout, named: _Named) -> Path:
        """`git:REV:FILE` counts from the top, as git does, or else from the working folder."""
        prefix = checkout.revision.repository.prefix
        if os.path.isabs(named.file) or "\0" in named.file:
            tries: list[str] = []
        elif named.file.startswith(("./", "../")):
            tries = [posixpath.join(prefix, named.file)]
        else:
            tries = [named.file, posixpath.join(prefix, named.file)]
        top = checkout.working.joinpath(*[".."] * len(Path(prefix).parts))
        for name in dict.fromkeys(posixpath.normpath(name) for name in tries):
            path = Path(os.path.normpath(top / name))
            if checkout.fetch(path):
                return path
        message = f"there is no file {named.file} in {named.revision}"
        raise fatal("unreadable-revision", message, Location(named.text, 1, 1))

    def _in_tree(self, named: _Named) -> _Named:
        """The file of the work tree that stands where a file of a revision does."""
        repository = self._checkout(named.revision).revision.repository
        path = self._find_file(self._checkout(named.revision), named)
        name = self._checkout(named.revision).name_of(path) or named.file
        place = os.path.relpath(repository.top / name, os.path.realpath(os.curdir))
        return _Named(Path(place).as_posix(), "", Path(place).as_posix())

    def _in_project(self) -> Side:
        """The configured client as it is in the working tree."""
        config = load_config(find_project(Path()))
        found = self._choose(config, config.file.as_posix())
        return Side("working tree", found, lock=lock_of(found), is_configured=True)

    def _at_revision(self, named: _Named) -> Side:
        """The configured client as it was: document, overlays, configuration, names."""
        checkout = self._checkout(named.revision)
        folder = checkout.working
        prefix = checkout.revision.repository.prefix
        levels = [folder, *folder.parents][: len(Path(prefix).parts) + 1]
        for level in levels:
            for name in ("pyproject.toml", "sdkpress.toml"):
                checkout.fetch(level / name)
        label = f"{_SCHEME}{named.revision}"
        missing = Location(label, 1, 1)
        try:
            project = find_project(folder)
            if checkout.name_of(project) is None:
                raise fatal("no-configuration", "none", missing)
            config = load_config(project)
        except SdkpressError as error:
            if any(item.id == "no-configuration" for item in error.diagnostics):
                message = f"{named.revision} has no configuration of sdkpress"
                help = "Name the document: git:REVISION:FILE."
                raise fatal("no-configuration", message, missing, help) from None
            raise SdkpressError(*map(checkout.relabelled, error.diagnostics)) from None
        found = self._choose(config, label)
        lock = lock_of(found)
        for path in (found.spec, *found.overlays, lock):
            if checkout.name_of(path) is None:
                message = f"{named.revision}: {path.name} is outside of the repository"
                raise fatal("unreadable-revision", message, missing)
            if not checkout.fetch(path) and path != lock:
                message = f"there is no file {checkout.shown(str(path))} in {named.revision}"
                raise fatal("unreadable-revision", message, missing)
        return Side(named.text, found, checkout, lock, is_configured=True)

    def _choose(self, config: Config, label: str) -> ClientConfig:
        """The client that was named; else the one that the other side has, which may have another
        name now where there is no other."""
        if self._client is None and self._first is not None and len(config.clients) > 1:
            return _choose(config, self._first.name, label)
        return _choose(config, self._client, label)

    def _checkout(self, revision: str) -> Checkout:
        if revision not in self._checkouts:
            folder = self._folder / str(len(self._checkouts))
            folder.mkdir()
            found = find_repository(Path()).revision(revision)
            self._checkouts[revision] = Checkout(folder, found)
        return self._checkouts[revision]


def _no_file(text: str) -> SdkpressError:
    """What to say of an argument that is no regular file."""
    if "://" in text:
        message, help = "is an address", "`sdkpress pull` fetches it into a file."
    elif os.path.isdir(text):
        message, help = "is a folder", "Name the document in it."
    elif os.path.exists(text):
        # Documents are read more than once, which a pipe cannot give: `diff <(...) FILE`.
        message, help = "is a device or a pipe", "Write it into a file, or name git:REV:FILE."
    else:
        message, help = "does not exist", ""
    return fatal("file-not-found", f"{text} {message}", Location(text, 1, 1), help)


def _choose(config: Config, name: str | None, label: str) -> ClientConfig:
    """The client called `name` (distribution, package or class), or the only one there is."""
    known = ", ".join(client.name for client in config.clients)
    place = Location(label, 1, 1)
    if name is None:
        if len(config.clients) == 1:
            return config.clients[0]
        message = f"{label} configures several clients; name one with --client: {known}"
        raise fatal("unknown-client", message, place)
    for client in config.clients:
        if name in (client.name, client.package, client.client):
            return client
    hint = suggestion(name, [client.name for client in config.clients])
    message = f"no client {name!r} in {label}; configured: {known}{hint}"
    raise fatal("unknown-client", message, place)
