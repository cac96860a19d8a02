"""Input files as trees that remember where every node was written.

A YAML file is read by `yaml_text`, a JSON file, recognised by its content, by `json_text`. Both
give the same trees: plain values, and keys that are strings as written (an unquoted `200:` is
"200").
"""

from __future__ import annotations

import functools
import hashlib
import itertools
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Protocol

from sdkpress.diagnostics import Diagnostics, Location, SdkpressError, fatal
from sdkpress.json_places import JsonPlaces
from sdkpress.json_text import parse_json, scan_positions
from sdkpress.output import InputFile
from sdkpress.positions import Positions
from sdkpress.source_text import SourceText, decode, read_bytes
from sdkpress.trees import escape_token, is_mapping, is_sequence
from sdkpress.yaml_text import parse_yaml

__all__ = [
    "Document",
    "Locator",
    "Origin",
    "SourceFile",
    "canonical_digest",
    "check_openapi",
    "load_file",
    "parse_file",
]


_FEW = 100
"""So many places of a JSON file are looked up one by one; then all of it is scanned."""


class Locator(Protocol):
    """What knows where the nodes of a tree came from."""

    def locate(self, pointer: str) -> Location: ...

    def excerpt(self, location: Location) -> tuple[str, ...]: ...


@dataclass(frozen=True)
class SourceFile:
    """One parsed file: any YAML or JSON value, not necessarily an OpenAPI document."""

    source: SourceText = field(repr=False)
    tree: Any = field(repr=False)
    digest: str
    """SHA-256 of the bytes of the file, hexadecimal."""
    is_json: bool = False
    scanned: Positions | None = field(default=None, repr=False, compare=False)

    @property
    def path(self) -> str:
        """The display path."""
        return self.source.display

    @functools.cached_property
    def _positions(self) -> Positions:
        if self.scanned is not None:
            return self.scanned
        return scan_positions(self.source)

    @functools.cached_property
    def _places(self) -> JsonPlaces:
        return JsonPlaces(self.source)

    @functools.cached_property
    def _asked(self) -> Iterator[int]:
        return itertools.count()

    def _offset(self, pointer: str) -> int:
        if self.scanned is None and next(self._asked) < _FEW:
            return self._places.find(self.tree, pointer)
        return self._positions.find(self.tree, pointer)

    def locate(self, pointer: str) -> Location:
        """The place of a node: a member's key, an item's first character.

        A node that is not there has the place of its nearest ancestor that is.
        """
        return self.source.location(self._offset(pointer), pointer)

    def excerpt(self, location: Location) -> tuple[str, ...]:
        """The located line and up to two before it."""
        return self.source.excerpt(location.line) if location.file == self.path else ()


@dataclass(frozen=True)
class Origin:
    """A node (and all below it) that came from another place than the tree around it."""

    locator: Locator
    pointer: str = ""


@dataclass(frozen=True)
class Document:
    """An OpenAPI document: a plain tree, and where each node of it was written.

    `tree` holds dict, list, str, int, float, bool and None alone, with string keys everywhere;
    treat it as immutable. `digest` is a SHA-256 over all inputs.
    """

    path: str
    """The display path, posix, as the user gave it."""
    tree: dict[str, Any] = field(repr=False)
    digest: str = ""
    base: Locator | None = field(default=None, repr=False, compare=False)
    """Where nodes without an entry in `origins` came from, by the same pointer."""
    origins: Mapping[str, Origin] = field(
        default_factory=dict[str, Origin], repr=False, compare=False
    )
    """By pointer of this tree: nodes that came from elsewhere. The longest prefix counts."""
    inputs: tuple[InputFile, ...] = field(default=(), repr=False, compare=False)
    """The files it was read from, the document first; also those that were looked for in vain."""

    def locate(self, pointer: str) -> Location:
        """The place of the node at `pointer`; of its nearest existing ancestor when it has none.

        A mapping member stands where its key stands. `pointer` of the answer counts from the root
        of the answer's file.
        """
        prefix = pointer
        while self.origins:
            origin = self.origins.get(prefix)
            if origin is not None:
                return origin.locator.locate(origin.pointer + pointer[len(prefix) :])
            if not prefix:
                break
            prefix = prefix.rpartition("/")[0]
        if self.base is None:
            return Location(self.path, 1, 1, pointer)
        return self.base.locate(pointer)

    def excerpt(self, location: Location) -> tuple[str, ...]:
        """The source lines for `render`: consecutive, the last one being the located line."""
        for locator in self._locators:
            lines = locator.excerpt(location)
            if lines:
                return lines
        return ()

    @functools.cached_property
    def _locators(self) -> tuple[Locator, ...]:
        found = {id(self.base): self.base} if self.base is not None else {}
        for origin in self.origins.values():
            found.setdefault(id(origin.locator), origin.locator)
        return tuple(found.values())

    def with_tree(
        self, tree: dict[str, Any], origins: Mapping[str, Origin], *inputs: str
    ) -> Document:
        """The document after a stage that changed the tree (an overlay).

        `origins` says, by pointer of the new tree, what no longer came from the same pointer of
        this document: inserted nodes (`Origin(overlay, "/actions/0/update/...")`) and moved ones
        (`Origin(this, "/old/pointer")`). `inputs` are digests of what caused the change.
        """
        digest = hashlib.sha256("\n".join((self.digest, *inputs)).encode()).hexdigest()
        return replace(self, tree=tree, digest=digest, base=self, origins=dict(origins))


def load_file(path: Path, diagnostics: Diagnostics, *, display: str | None = None) -> SourceFile:
    """Read one YAML or JSON file, whatever it holds.

    Duplicate keys and values without a JSON form become warnings. Raises `SdkpressError` for a
    file that cannot be read or parsed.
    """
    display = display or path.as_posix()
    return parse_file(read_bytes(path, display), display, diagnostics)


def parse_file(
    data: bytes,
    display: str,
    diagnostics: Diagnostics,
    *,
    first_line: int = 1,
    indent: int = 0,
) -> SourceFile:
    """Parse the bytes of a YAML or JSON file; as `load_file`.

    `first_line` and `indent` tell where the text stands when it is part of a larger file.
    """
    source = SourceText(display, decode(data, display), first_line, indent)
    digest = hashlib.sha256(data).hexdigest()
    head = source.text.lstrip()[:1]
    if not head:
        raise fatal("empty-document", "The file is empty.", source.location(0))
    if head in ("{", "["):
        try:
            return _parse_json_file(source, digest, diagnostics)
        except SdkpressError as error:
            deep = any(item.id == "nesting-too-deep" for item in error.diagnostics)
            if deep or display.endswith(".json") or re.match(r'[{\[]\s*"', source.text.lstrip()):
                raise
    # Anything else, also a YAML file that is one flow mapping.
    tree, positions, notes = parse_yaml(source, digest)
    for note in notes:
        if note.id == "duplicate-key":
            message = _duplicate_message(note.subject, source.location(note.earlier).line)
        else:
            message = f"The value {note.subject} has no JSON form; it is read as text."
        diagnostics.add(note.id, message, source.location(note.offset, note.pointer))
    return SourceFile(source, tree, digest, False, positions)


def _parse_json_file(source: SourceText, digest: str, diagnostics: Diagnostics) -> SourceFile:
    tree, duplicated = parse_json(source)
    if not duplicated:
        return SourceFile(source, tree, digest, is_json=True)

    def report(parent: str, key: str, offset: int, earlier: int) -> None:
        first = source.location(earlier)
        diagnostics.add(
            "duplicate-key",
            _duplicate_message(key, first.line),
            source.location(offset, f"{parent}/{escape_token(key)}"),
        )

    return SourceFile(source, tree, digest, True, scan_positions(source, report))


def _duplicate_message(key: str, line: int) -> str:
    return f'The key "{_shortened(key)}" is there already, in line {line}; the last one counts.'


_VERSION = re.compile(r"3\.[0-2](?:\.\d+)?(?:-[\w.]+)?")


def check_openapi(file: SourceFile) -> None:
    """Raise `SdkpressError` unless the file is an OpenAPI 3.0, 3.1 or 3.2 document."""
    tree = file.tree
    if not is_mapping(tree):
        kind = "a list" if is_sequence(tree) else "a single value"
        raise fatal(
            "not-openapi", f"The document is {kind}, not an OpenAPI document.", file.locate("")
        )
    if "openapi" not in tree:
        if "swagger" in tree:
            version = _shortened(str(tree["swagger"]))
            raise fatal(
                "swagger-2",
                f"This is a Swagger {version} document; sdkpress reads OpenAPI 3.x.",
                file.locate("/swagger"),
            )
        raise fatal(
            "not-openapi", "The document has no `openapi` field with its version.", file.locate("")
        )
    version = tree["openapi"]
    if isinstance(version, float):  # `openapi: 3.1` without quotes
        version = str(version)
    if not isinstance(version, str) or not _VERSION.fullmatch(version.strip()):
        raise fatal(
            "unsupported-openapi-version",
            f"The OpenAPI version is {_shortened(repr(version))}; sdkpress reads 3.0, 3.1 and 3.2.",
            file.locate("/openapi"),
        )


def _shortened(text: str, limit: int = 80) -> str:
    return text if len(text) <= limit else f"{text[: limit - 3]}..."


def canonical_digest(tree: Any) -> str:
    """SHA-256 of the tree regardless of format, order of keys and spelling of numbers."""
    text = json.dumps(_canonical(tree), sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def _canonical(node: Any) -> Any:
    if isinstance(node, float) and node.is_integer() and abs(node) < 2**53:
        return int(node)
    if is_mapping(node):
        return {key: _canonical(value) for key, value in node.items()}
    if is_sequence(node):
        return [_canonical(item) for item in node]
    return node
