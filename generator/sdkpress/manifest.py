"""`.sdkpress.json`: which files of a client's folder are ours, and what they were made from.

One entry a line, sorted, so that version control shows and merges it well. Two rules keep it quiet:
a release of the generator that writes the same files changes nothing in it, whatever became of its
templates, and neither does a checkout with other line ends.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any, cast

from sdkpress.diagnostics import Location, fatal
from sdkpress.output import BuildFacts, OutputFile, Owner
from sdkpress.provenance import sha256

__all__ = [
    "MANIFEST_NAME",
    "Entry",
    "Manifest",
    "changed_inputs",
    "is_portable_path",
    "manifest_of",
    "parse_manifest",
    "serialize_manifest",
]

MANIFEST_NAME = ".sdkpress.json"
_FORMAT = 1
_INPUTS = ("document", "overlays", "configuration", "templates", "names")


@dataclass(frozen=True, slots=True)
class Entry:
    """A file we own. `digest` is the SHA-256 (hex) of what we wrote; "" for owner "once"."""

    owner: Owner
    digest: str


@dataclass(frozen=True, slots=True)
class Manifest:
    """The content of `.sdkpress.json`: `inputs` by name ("document", …) and `files` by path."""

    generator: str
    inputs: Mapping[str, str]
    files: Mapping[str, Entry]


def manifest_of(files: Sequence[OutputFile], facts: BuildFacts, old: Manifest | None) -> Manifest:
    """The manifest of a client made of `files`; `old` stays in force where only the generator moved
    and writes the same."""
    new = Manifest(
        generator=facts.generator_version,
        inputs=MappingProxyType(
            {
                "document": facts.document_digest,
                "overlays": " ".join(facts.overlay_digests),  # apart, so that one can be named
                "configuration": facts.config_digest,
                "templates": facts.templates_digest,
                "names": facts.names_digest,
            }
        ),
        files=MappingProxyType(
            {
                file.path: Entry(
                    file.owner, sha256(file.content) if file.owner == "generated" else ""
                )
                for file in sorted(files, key=lambda file: file.path)
            }
        ),
    )
    if old is not None:
        templates = {"templates": old.inputs.get("templates", "")}
        quiet = replace(new, generator=old.generator, inputs={**new.inputs, **templates})
        if _same(quiet, old):
            return old
    return new


def changed_inputs(old: Manifest, new: Manifest) -> tuple[str, ...]:
    """The names of the inputs that differ: "document", "overlays", "configuration", …"""
    return tuple(name for name in _INPUTS if old.inputs.get(name, "") != new.inputs.get(name, ""))


def serialize_manifest(manifest: Manifest) -> bytes:
    """The bytes of `.sdkpress.json`: deterministic JSON, LF, one entry a line."""
    inputs = [f"    {_text(name)}: {_text(manifest.inputs[name])}" for name in _INPUTS]
    files = [
        f"    {_text(path)}: {_entry(manifest.files[path])}" for path in sorted(manifest.files)
    ]
    lines = [
        "{",
        f'  "format": {_FORMAT},',
        f'  "generator": {_text(manifest.generator)},',
        '  "inputs": {',
        ",\n".join(inputs),
        "  },",
        '  "files": {',
        ",\n".join(files),
        "  }",
        "}",
        "",
    ]
    return "\n".join(line for line in lines[:-1] if line).encode() + b"\n"


def parse_manifest(content: bytes, display: str) -> Manifest:
    """Read `.sdkpress.json`. Raises SdkpressError (`invalid-manifest`) when it is not one of ours."""
    try:
        tree: Any = json.loads(content)
    except (ValueError, RecursionError) as error:
        line = error.lineno if isinstance(error, json.JSONDecodeError) else 1
        message = "the manifest of generated files is not JSON"
        if any(part.startswith(b"<<<<<<< ") for part in content.split(b"\n")):
            message = "the manifest of generated files holds a conflict of a merge"
        raise fatal("invalid-manifest", message, Location(display, line, 1)) from None
    manifest = _manifest(tree)
    if manifest is None:
        message = "the manifest of generated files is not one that this version of sdkpress reads"
        form: object = cast("dict[str, Any]", tree).get("format") if isinstance(tree, dict) else 0
        if isinstance(form, int) and form > _FORMAT:
            message = f"the manifest was written by a newer sdkpress: format {form}, not {_FORMAT}"
            help = "Install the version of sdkpress that the others who work on this client have."
            raise fatal("invalid-manifest", message, Location(display, 1, 1), help)
        raise fatal("invalid-manifest", message, Location(display, 1, 1))
    return manifest


def is_portable_path(path: str) -> bool:
    """Whether `path` is relative, posix, stays inside its folder, and means the same everywhere."""
    if not path or "\\" in path or ":" in path or not path.isprintable():
        return False
    return all(part not in ("", ".", "..") for part in path.split("/"))


def _manifest(tree: Any) -> Manifest | None:
    if not isinstance(tree, dict):
        return None
    top = cast("dict[str, Any]", tree)
    inputs, files, generator = top.get("inputs"), top.get("files"), top.get("generator")
    if top.get("format") != _FORMAT or not isinstance(generator, str):
        return None
    if not isinstance(inputs, dict) or not isinstance(files, dict):
        return None
    entries: dict[str, Entry] = {}
    for path, value in cast("dict[str, Any]", files).items():
        if not is_portable_path(path):
            return None
        if value == "once":
            entries[path] = Entry("once", "")
        elif isinstance(value, str):
            entries[path] = Entry("generated", value.removeprefix("sha256:"))
        else:
            return None
    digests = {str(name): str(value) for name, value in cast("dict[str, Any]", inputs).items()}
    return Manifest(generator, MappingProxyType(digests), MappingProxyType(entries))


def _same(left: Manifest, right: Manifest) -> bool:
    return (
        left.generator == right.generator
        and dict(left.inputs) == dict(right.inputs)
        and dict(left.files) == dict(right.files)
    )


def _text(value: str) -> str:
    return json.dumps(value, ensure_ascii=True)


def _entry(entry: Entry) -> str:
    return '"once"' if entry.owner == "once" else _text(f"sha256:{entry.digest}")
