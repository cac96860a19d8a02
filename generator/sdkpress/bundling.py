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
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote

from sdkpress.diagnostics import Diagnostics, Location, SdkpressError
from sdkpress.document import Document, Locator, Origin, check_openapi, parse_file
from sdkpress.identifiers import FILES_KEY, find_anchor, find_resources, joined
from sdkpress.inlining import inline_references, stands_for_itself
from sdkpress.output import InputFile
from sdkpress.pages import extract_document, is_page
from sdkpress.provenance import input_file
from sdkpress.source_text import MAX_BYTES, read_bytes
from sdkpress.trees import escape_token, is_mapping, is_sequence, node_at

__all__ = ["FILES_KEY", "MAX_FILES", "bundle_inserted", "load_document"]

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
    main = _Part("", path.name, root.tree, root, root.source.text, root.digest)
    return _Bundler(path, main, root.path, diagnostics, len(data), inputs).bundle()


def bundle_inserted(document: Document, path: Path, diagnostics: Diagnostics) -> Document:
    """The document with the files that overlays refer to, as `load_document` brings them in.

    `path` is where the document was read from; the references count from there.
    """
    inserted = [
        pointer
        for pointer, origin in document.origins.items()
        if not isinstance(origin.locator, Document)
    ]
    if not any(_leads_out(node_at(document.tree, pointer)) for pointer in inserted):
        return document
    main = _Part("", path.name, document.tree, document)
    return _Bundler(path, main, document.path, diagnostics).extend(document)


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

# Lists of objects that a Reference Object may not take the place of.
_LISTS = frozenset(("servers", "tags", "security"))

_REMOTE = re.compile(r"(?!file:)[a-z][a-z0-9+.-]+:|//", re.IGNORECASE)
_ABSOLUTE = re.compile(r"/|\\|[a-z]:|file:", re.IGNORECASE)
_FILE_NAME = re.compile(r"\.{1,2}/|[^#]*\.(?:ya?ml|json)(?:#|$)", re.IGNORECASE)
_URL_SAFE = "/~!$&'()*+,;=:@-._?"  # what a URI fragment may hold unescaped (RFC 3986)


def _local_ref(file: str, pointer: str) -> str:
    """The reference to `pointer` of the file with that key ("" is the root document)."""
    return "#" + quote(_local_pointer(file, pointer), safe=_URL_SAFE)


def _local_pointer(file: str, pointer: str) -> str:
    return f"/{FILES_KEY}/{escape_token(file)}{pointer}" if file else pointer


@dataclass
class _Part:
    """One file of the bundle; `key` is its path relative to the root's folder, "" for the root."""

    key: str
    name: str
    read: Any
    """The tree as it was read."""
    locator: Locator
    text: str = ""
    digest: str = ""
    tree: Any = None
    """The tree with its references rewritten."""


@dataclass(frozen=True)
class _Resource:
    """What pointers and anchors count from: a file, or a schema in it that has an `$id`."""

    uri: str
    pointer: str = ""


@dataclass
class _Bundler:
    root_path: Path
    root: _Part
    display: str
    """The path to show for the root."""
    diagnostics: Diagnostics
    bytes_read: int = 0
    inputs: list[InputFile] = field(default_factory=list[InputFile])
    _parts: dict[str, _Part] = field(default_factory=dict[str, _Part])
    _queue: list[_Part] = field(default_factory=list[_Part])
    _unreadable: dict[str, SdkpressError] = field(default_factory=dict[str, SdkpressError])
    _current: _Part = field(init=False)
    _fatal: Diagnostics = field(default_factory=Diagnostics)
    _resource: _Resource = field(default_factory=lambda: _Resource(""))
    _resources: dict[str, tuple[_Part, str]] = field(default_factory=dict[str, tuple[_Part, str]])
    _inlined: list[str] = field(default_factory=list[str])

    def bundle(self) -> Document:
        """The bundle of all files."""
        self._walk_all()
        tree: dict[str, Any] = self.root.tree
        parts = [self._parts[key] for key in sorted(self._parts) if key]
        if parts:
            tree = {**tree, FILES_KEY: {part.key: part.tree for part in parts}}
        lines = [self.root.digest, *(f"{part.digest} {part.key}" for part in parts)]
        digest = hashlib.sha256("\n".join(lines).encode("utf-8", "surrogatepass")).hexdigest()
        document = Document(
            self.display, tree, digest, self.root.locator, _origins(parts), tuple(self.inputs)
        )
        return inline_references(document, self._inlined, self.diagnostics)

    def extend(self, document: Document) -> Document:
        """A document that is a bundle already, with what it refers to now."""
        files: dict[str, Any] = document.tree.get(FILES_KEY, {})
        for key, tree in files.items():
            self._parts[key] = _Part(key, key, tree, document, tree=tree)
        self._walk_all()
        parts = [part for key, part in sorted(self._parts.items()) if key and key not in files]
        if parts:
            added = {part.key: part.tree for part in parts}
            self.root.tree = {**self.root.tree, FILES_KEY: {**files, **added}}
        lines = [document.digest, *(f"{part.digest} {part.key}" for part in parts)]
        bundle = replace(
            document,
            tree=self.root.tree,
            digest=hashlib.sha256("\n".join(lines).encode()).hexdigest(),
            base=document,
            origins=_origins(parts),
            inputs=(*document.inputs, *self.inputs),
        )
        return inline_references(bundle, self._inlined, self.diagnostics)

    def _walk_all(self) -> None:
        self._parts[""] = self.root
        self._enlist(self.root)
        while self._queue:
            part = self._current = self._queue.pop(0)
            own = part.read.get("$self") if is_mapping(part.read) else None
            name = part.key or self.root_path.name
            self._resource = _Resource(joined(name, own) if isinstance(own, str) else name)
            part.tree = self._walk(part.read, "", names="")
        self._fatal.raise_errors()

    def _enlist(self, part: _Part) -> None:
        self._queue.append(part)
        if not part.text or "$id" in part.text or "$self" in part.text:
            base = part.key or self.root_path.name
            for uri, pointer in find_resources(part.read, base):
                self._resources.setdefault(uri, (part, pointer))

    # ------------------------------------------------------------ walking one file

    def _walk(self, node: Any, pointer: str, *, names: str, quiet: bool = False) -> Any:
        """A copy of `node` with its references rewritten; `node` itself where it has none.

        `names`: the keys of this mapping are chosen names, and it stands at this key. `quiet`: inside an extension, where
        something may look like a reference and be none, so that problems are left alone.
        """
        if is_sequence(node):
            copy: list[Any] | None = None
            for index, item in enumerate(node):
                if isinstance(item, (dict, list)):
                    new = self._walk(item, f"{pointer}/{index}", names="", quiet=quiet)
                    if new is not item:
                        copy = [*node] if copy is None else copy
                        copy[index] = new
            return node if copy is None else copy
        if not is_mapping(node):
            return node
        around = self._resource
        if not names and isinstance(node.get("$id"), str) and pointer:
            own = str(node["$id"]).partition("#")[0]
            self._resource = _Resource(joined(around.uri, own), pointer)
        result = node
        for key, value in node.items():
            if not isinstance(value, (dict, list)) and key != "$ref":
                continue
            token = escape_token(key) if "/" in key or "~" in key else key
            new = self._member(key, value, f"{pointer}/{token}", names=names, quiet=quiet)
            if new is not value:
                result = {**node} if result is node else result
                result[key] = new
        if not names and isinstance(node.get("$dynamicRef"), str) and "$ref" not in node:
            # Where it leads without a dynamic scope; lowering looks for one.
            target = self._dynamic(node["$dynamicRef"], pointer, quiet=quiet)
            result = {**result, "$ref": target}
        self._resource = around
        return result

    def _member(self, key: str, value: Any, place: str, *, names: str, quiet: bool) -> Any:
        if key == "$ref" and isinstance(value, str):
            return self._rewrite(value, place, quiet=quiet)
        if not quiet and is_mapping(value) and isinstance(value.get("$ref"), str):
            if stands_for_itself(key, names, value) and key not in _DATA_KEYS:
                self._inlined.append(_local_pointer(self._current.key, place))
                return self._walk(value, place, names="", quiet=quiet)
        elif key in _LISTS and not names and is_sequence(value):
            self._inlined.extend(
                _local_pointer(self._current.key, f"{place}/{index}")
                for index, item in enumerate(value)
                if is_mapping(item) and isinstance(item.get("$ref"), str)
            )
        if names:
            return self._walk(value, place, names="", quiet=quiet)
        if key in _DATA_KEYS:
            return value
        if key == "examples":
            return self._examples(value, place, quiet=quiet)
        if key == "discriminator" and is_mapping(value):
            return self._discriminator(value, place, quiet=quiet)
        return self._walk(
            value,
            place,
            names=key if key in _NAME_MAPS else "",
            quiet=quiet or key.startswith("x-"),
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
        if target.startswith("#"):
            return self._rewrite(target, place, quiet=quiet)
        if _FILE_NAME.match(target) or _REMOTE.match(target):
            # Nothing is lost with a mapping that leads nowhere, so it is no reason to stop.
            rewritten = self._rewrite(target, place, quiet=True)
            if rewritten == target and not quiet:
                message = f"`{_shortened(target)}` names no schema of a local file."
                self.diagnostics.add("unknown-mapping", message, self._locate(place))
            return rewritten
        if self._current.key:  # a name means a schema of the file that uses it, if it is there
            pointer = f"/components/schemas/{escape_token(target)}"
            if _has(self._current.read, pointer):
                return _local_ref(self._current.key, pointer)
        return target

    # ------------------------------------------------------------ one reference

    def _rewrite(self, ref: str, place: str, *, quiet: bool) -> str:
        path, _, fragment = ref.partition("#")
        named = self._named(path, unquote(fragment))
        if named is not None:
            return named
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

    def _dynamic(self, ref: str, pointer: str, *, quiet: bool) -> str:
        """A reference to a dynamic anchor: the nearest one around it, if there is any."""
        holder = pointer
        while ref.startswith("#") and holder:
            node = node_at(self._current.read, holder)
            if is_mapping(node) and node.get("$dynamicAnchor") == ref[1:]:
                return _local_ref(self._current.key, holder)
            holder = holder.rpartition("/")[0]
        return self._rewrite(ref, f"{pointer}/$dynamicRef", quiet=quiet)

    def _named(self, path: str, fragment: str) -> str | None:
        """What a reference means where an `$id` or a `$self` decides, None where none does."""
        if not self._resources:
            return None
        if path:
            found = self._resources.get(joined(self._resource.uri, path))
        else:
            found = (self._current, self._resource.pointer) if self._resource.pointer else None
        if found is None:
            return None
        part, pointer = found
        if not fragment or fragment.startswith("/"):
            inner: str | None = fragment
        else:
            try:
                inner = find_anchor(node_at(part.read, pointer), fragment)
            except LookupError:
                inner = None
        # Many schemas with an `$id` refer to their document as if they had none.
        if inner is None or not _has(part.read, pointer + inner):
            return None
        return _local_ref(part.key, pointer + inner)

    def _anchor(self, part: _Part, ref: str, fragment: str) -> str:
        """A reference to a plain-name fragment (JSON Schema `$anchor`) of a further file."""
        if not part.key:
            return f"#{fragment}" if fragment else "#"
        found = find_anchor(part.read, unquote(fragment))
        return ref if found is None else _local_ref(part.key, found)

    def _open(self, ref: str, path: str, place: str, *, quiet: bool) -> _Part | None:
        """The part that the path of a reference names, read if it is new; None after a report."""
        own = self.root.read.get("$self") if is_mapping(self.root.read) else None
        if (
            isinstance(own, str)
            and (folder := own.rpartition("/")[0])
            and path.startswith(f"{folder}/")
        ):
            # A neighbour of the document, by the address that the document gives itself.
            path = posixpath.relpath(
                path.removeprefix(f"{folder}/"), posixpath.dirname(self._current.key) or "."
            )
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
        display = posixpath.normpath(posixpath.join(posixpath.dirname(self.display), key))
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
        part = _Part(key, key, file.tree, file, file.source.text, file.digest)
        self._parts[key] = part
        self._enlist(part)
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
        return self._current.locator.locate(pointer)


def _origins(parts: list[_Part]) -> dict[str, Origin]:
    return {f"/{FILES_KEY}/{escape_token(part.key)}": Origin(part.locator) for part in parts}


def _leads_out(node: Any) -> bool:
    """Whether a node has a reference into another file."""
    waiting = [node]
    while waiting:
        item = waiting.pop()
        if is_mapping(item):
            reference = item.get("$ref")
            if isinstance(reference, str) and not reference.startswith("#"):
                return True
            waiting.extend(item.values())
        elif is_sequence(item):
            waiting.extend(item)
    return False


def _has(tree: Any, pointer: str) -> bool:
    try:
        node_at(tree, pointer)
    except LookupError:
        return False
    return True


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
    return f"`$ref: {_shortened(ref)}`"


def _shortened(text: str) -> str:
    return text if len(text) <= 120 else f"{text[:117]}..."
