"""One document from many files: every `$ref` into another local file becomes a local one.

Each further file is put whole below the root key `x-sdkpress-files`, under its posix path relative
to the folder of the root document, and every `$ref` in every file is rewritten to point there.
Later stages see one tree with local references, and `Document.locate` still names the file in which
a node was written. Nothing is ever fetched.
"""

from __future__ import annotations

import hashlib
import os
import posixpath
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote

from sdkpress.diagnostics import Diagnostics, Location, SdkpressError
from sdkpress.document import Document, Origin, SourceFile, check_openapi, parse_file
from sdkpress.output import InputFile
from sdkpress.pages import extract_document, is_page
from sdkpress.provenance import input_file
from sdkpress.source_text import MAX_BYTES, read_bytes
from sdkpress.trees import escape_token, is_mapping, is_sequence, node_at

__all__ = ["FILES_KEY", "MAX_FILES", "load_document"]

FILES_KEY = "x-sdkpress-files"
"""The root key below which further files are put."""

MAX_FILES = 2_000
"""How many files one document may consist of; their bytes together may be 4 x `MAX_BYTES`."""


def load_document(path: Path, diagnostics: Diagnostics, *, display: str | None = None) -> Document:
    """Load an OpenAPI 3.x document: YAML, JSON, or a documentation page with one inside.

    `display` is the path to show (default: `path` as given, with slashes). A `$ref` to a file or a
    place that is not there becomes a warning and stays as it is. Raises `SdkpressError` for a
    document that cannot be read or is not OpenAPI 3.x, and for references that lead to the network,
    to an absolute path, or out of the folder through a symbolic link.
    """
    display = display or path.as_posix()
    data = read_bytes(path, display)
    if is_page(data, display):
        block = extract_document(data, display)
        root = parse_file(
            block.content, display, diagnostics, first_line=block.first_line, indent=block.indent
        )
    else:
        root = parse_file(data, display, diagnostics)
    check_openapi(root)
    inputs = [input_file(path, data)]
    return _Bundler(path, root, diagnostics, len(data), inputs).bundle()


# ---------------------------------------------------------------- what a reference is

# The values below these keys are data, not parts of the description.
_DATA_KEYS = frozenset(("const", "dataValue", "default", "enum", "example", "value"))

# The keys below these keys are names that somebody chose ("default" is a response, "example" a
# property), so none of them means anything.
_NAME_MAPS = frozenset(
    (
        "$defs additionalOperations callbacks content definitions dependentSchemas encoding headers "
        "links mediaTypes parameters pathItems paths patternProperties properties requestBodies "
        "responses schemas securitySchemes variables webhooks"
    ).split()
)

_REMOTE = re.compile(r"(?!file:)[a-z][a-z0-9+.-]+:|//", re.IGNORECASE)
_ABSOLUTE = re.compile(r"/|\\|[a-z]:|file:", re.IGNORECASE)
_FILE_NAME = re.compile(r"\.{1,2}/|[^#]*\.(?:ya?ml|json)(?:#|$)", re.IGNORECASE)
_URL_SAFE = "/~!$&'()*+,;=:@-._?"  # what a URI fragment may hold unescaped (RFC 3986)


def _local_ref(file: str, pointer: str) -> str:
    """The reference to `pointer` of the file with that key ("" is the root document)."""
    prefix = f"/{FILES_KEY}/{escape_token(file)}" if file else ""
    return "#" + quote(prefix + pointer, safe=_URL_SAFE)


@dataclass
class _Part:
    """One file of the bundle; `key` is its path relative to the root's folder, "" for the root."""

    key: str
    name: str
    file: SourceFile
    tree: Any = None


@dataclass
class _Bundler:
    root_path: Path
    root: SourceFile
    diagnostics: Diagnostics
    bytes_read: int
    inputs: list[InputFile]
    _parts: dict[str, _Part] = field(default_factory=dict[str, _Part])
    _queue: list[_Part] = field(default_factory=list[_Part])
    _unreadable: dict[str, SdkpressError] = field(default_factory=dict[str, SdkpressError])
    _current: _Part = field(init=False)
    _fatal: Diagnostics = field(default_factory=Diagnostics)

    def bundle(self) -> Document:
        main = _Part("", self.root_path.name, self.root)
        self._parts[""] = main
        self._queue.append(main)
        while self._queue:
            self._current = self._queue.pop(0)
            self._current.tree = self._walk(self._current.file.tree, "", names=False)
        self._fatal.raise_errors()
        return self._assemble(main)

    def _assemble(self, main: _Part) -> Document:
        tree: dict[str, Any] = main.tree
        parts = [self._parts[key] for key in sorted(self._parts) if key]
        origins: dict[str, Origin] = {}
        if parts:
            tree = {**tree, FILES_KEY: {part.key: part.tree for part in parts}}
            for part in parts:
                origins[f"/{FILES_KEY}/{escape_token(part.key)}"] = Origin(part.file)
        lines = [main.file.digest, *(f"{part.file.digest} {part.key}" for part in parts)]
        digest = hashlib.sha256("\n".join(lines).encode("utf-8", "surrogatepass")).hexdigest()
        inputs = tuple(self.inputs)
        return Document(self.root.path, tree, digest, self.root, origins, inputs)

    # ------------------------------------------------------------ walking one file

    def _walk(self, node: Any, pointer: str, *, names: bool, quiet: bool = False) -> Any:
        """A copy of `node` with its references rewritten; `node` itself where it has none.

        `names`: the keys of this mapping are chosen names. `quiet`: inside an extension, where
        something may look like a reference and be none, so that problems are left alone.
        """
        if is_sequence(node):
            items = [
                self._walk(item, f"{pointer}/{index}", names=False, quiet=quiet)
                for index, item in enumerate(node)
            ]
            return items if any(a is not b for a, b in zip(items, node, strict=True)) else node
        if not is_mapping(node):
            return node
        result: dict[str, Any] = {}
        changed = False
        for key, value in node.items():
            place = f"{pointer}/{escape_token(key)}"
            new = self._member(key, value, place, names=names, quiet=quiet)
            changed = changed or new is not value
            result[key] = new
        return result if changed else node

    def _member(self, key: str, value: Any, place: str, *, names: bool, quiet: bool) -> Any:
        if key == "$ref" and isinstance(value, str):
            return self._rewrite(value, place, quiet=quiet)
        if names:
            return self._walk(value, place, names=False, quiet=quiet)
        if key in _DATA_KEYS:
            return value
        if key == "examples":
            return self._examples(value, place, quiet=quiet)
        if key == "discriminator" and is_mapping(value):
            return self._discriminator(value, place, quiet=quiet)
        return self._walk(
            value, place, names=key in _NAME_MAPS, quiet=quiet or key.startswith("x-")
        )

    def _examples(self, value: Any, place: str, *, quiet: bool) -> Any:
        """`examples` of JSON Schema is a list of data; elsewhere it maps names to Example Objects,
        which may be references but hold nothing else of ours."""
        if not is_mapping(value):
            return value
        result: dict[str, Any] = {}
        for name, example in value.items():
            result[name] = example
            if is_mapping(example) and isinstance(example.get("$ref"), str):
                at = f"{place}/{escape_token(name)}/$ref"
                result[name] = {**example, "$ref": self._rewrite(example["$ref"], at, quiet=quiet)}
        return result if result != value else value

    def _discriminator(self, value: dict[str, Any], place: str, *, quiet: bool) -> Any:
        """The values of `mapping` and `defaultMapping` are schema names or references."""
        result = dict(value)
        mapping = value.get("mapping")
        if is_mapping(mapping):
            result["mapping"] = {
                name: self._mapped(target, f"{place}/mapping/{escape_token(name)}", quiet=quiet)
                for name, target in mapping.items()
            }
        if "defaultMapping" in value:
            result["defaultMapping"] = self._mapped(
                value["defaultMapping"], f"{place}/defaultMapping", quiet=quiet
            )
        return result if result != value else value

    def _mapped(self, target: Any, place: str, *, quiet: bool) -> Any:
        if not isinstance(target, str):
            return target
        if target.startswith("#") or _FILE_NAME.match(target) or _REMOTE.match(target):
            return self._rewrite(target, place, quiet=quiet)
        if self._current.key:  # a name means a schema of the file that uses it, if it is there
            pointer = f"/components/schemas/{escape_token(target)}"
            if _has(self._current.file.tree, pointer):
                return _local_ref(self._current.key, pointer)
        return target

    # ------------------------------------------------------------ one reference

    def _rewrite(self, ref: str, place: str, *, quiet: bool) -> str:
        path, _, fragment = ref.partition("#")
        if not path:
            if not self._current.key or not (not fragment or fragment.startswith("/")):
                return self._anchor(self._current, ref, fragment)
            return _local_ref(self._current.key, unquote(fragment))
        part = self._open(ref, path, place, quiet=quiet)
        if part is None:
            return ref
        pointer = unquote(fragment)
        if pointer and not pointer.startswith("/"):
            return self._anchor(part, ref, fragment)
        return _local_ref(part.key, pointer)

    def _anchor(self, part: _Part, ref: str, fragment: str) -> str:
        """A reference to a plain-name fragment (JSON Schema `$anchor`) of a further file."""
        if not part.key:
            return f"#{fragment}" if fragment else "#"
        found = _find_anchor(part.file.tree, unquote(fragment))
        return ref if found is None else _local_ref(part.key, found)

    def _open(self, ref: str, path: str, place: str, *, quiet: bool) -> _Part | None:
        """The part that the path of a reference names, read if it is new; None after a report."""
        if _ABSOLUTE.match(path) and not path.startswith("//"):
            self._refuse("absolute-ref", f"{_quoted(ref)} is an absolute path.", place, quiet)
            return None
        if _REMOTE.match(path):
            message = f"{_quoted(ref)} is not in a local file; sdkpress fetches nothing here."
            self._refuse("remote-ref", message, place, quiet)
            return None
        name = unquote(path)
        if "\0" in name or "\\" in name or "?" in path or not _is_text(name):
            if not quiet:
                message = f"{_quoted(ref)} is not a relative path with a JSON pointer."
                self.diagnostics.add("invalid-ref", message, self._locate(place))
            return None
        key = posixpath.normpath(posixpath.join(posixpath.dirname(self._current.key), name))
        if key == self.root_path.name:
            key = ""
        if key in self._parts:
            return self._parts[key]
        if key not in self._unreadable:
            return self._read(key, ref, place, quiet=quiet)
        self._report_unreadable(key, ref, place, quiet=quiet)
        return None

    def _read(self, key: str, ref: str, place: str, *, quiet: bool) -> _Part | None:
        path = self.root_path.parent / key
        if not key.startswith("../") and _escapes(path, self.root_path.parent):
            message = f"{_quoted(ref)} is a symbolic link that leads out of the document's folder."
            self._refuse("escaping-ref", message, place, quiet)
            return None
        display = posixpath.normpath(posixpath.join(posixpath.dirname(self.root.path), key))
        remaining = 4 * MAX_BYTES - self.bytes_read
        if len(self._parts) >= MAX_FILES or remaining <= 0:
            message = f"There are more than {MAX_FILES:,} files, or they are too large together."
            self._refuse("too-many-files", message, place, quiet)
            return None
        data: bytes | None = None
        try:
            data = read_bytes(path, display, limit=min(MAX_BYTES, remaining))
            file = parse_file(data, display, self.diagnostics)
        except SdkpressError as error:
            self._unreadable[key] = error
            self._report_unreadable(key, ref, place, quiet=quiet)
            return None
        finally:
            self.inputs.append(input_file(path, data))
        self.bytes_read += len(data or b"")
        part = _Part(key, key, file)
        self._parts[key] = part
        self._queue.append(part)
        return part

    def _report_unreadable(self, key: str, ref: str, place: str, *, quiet: bool) -> None:
        if quiet:
            return
        first = self._unreadable[key].diagnostics[0]
        where = f"{first.location.file}:{first.location.line}: " if first.location else ""
        message = f"{_quoted(ref)} cannot be read: {where}{first.message}"
        self.diagnostics.add("ref-file-missing", message, self._locate(place), first.help)

    def _refuse(self, id: str, message: str, place: str, quiet: bool) -> None:
        if not quiet:
            self._fatal.add(id, message, self._locate(place))

    def _locate(self, pointer: str) -> Location:
        return self._current.file.locate(pointer)


def _has(tree: Any, pointer: str) -> bool:
    try:
        node_at(tree, pointer)
    except LookupError:
        return False
    return True


def _find_anchor(tree: Any, name: str) -> str | None:
    """The pointer of the schema with that `$anchor` or `$dynamicAnchor`."""
    waiting: list[tuple[str, Any]] = [("", tree)]
    while waiting:
        pointer, node = waiting.pop()
        if is_mapping(node):
            if name in (node.get("$anchor"), node.get("$dynamicAnchor")):
                return pointer
            waiting.extend((f"{pointer}/{escape_token(key)}", node[key]) for key in reversed(node))
        elif is_sequence(node):
            waiting.extend((f"{pointer}/{index}", item) for index, item in enumerate(node))
    return None


def _escapes(path: Path, folder: Path) -> bool:
    """Whether the real place of `path` is outside the real `folder`."""
    try:
        real = os.path.realpath(path)
        return not Path(real).is_relative_to(os.path.realpath(folder))
    except (OSError, ValueError):
        return False  # reading it will say what is wrong


def _is_text(name: str) -> bool:
    return not any("\ud800" <= character <= "\udfff" for character in name)


def _quoted(ref: str) -> str:
    return f"`$ref: {ref if len(ref) <= 120 else ref[:117] + '...'}`"
