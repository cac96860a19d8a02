"""What a build hands to `emitting` and `checking`: the files of a client and where they come from.

Everything here is data in memory; nothing has been written yet.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

__all__ = ["BuildFacts", "InputFile", "Kind", "NamesLock", "OutputFile", "Owner"]

Owner = Literal["generated", "once"]
Kind = Literal["template", "runtime", "data"]


@dataclass(frozen=True, slots=True)
class OutputFile:
    """One file of a client.

    `path` is posix and relative to the client's folder. `owner` "generated" is ours: rewritten and
    deleted as the document asks; "once" is created where it is absent and never touched again.
    `kind` tells what a difference comes from: a template, a copied runtime file, or data.
    """

    path: str
    content: bytes
    owner: Owner = "generated"
    kind: Kind = "template"


@dataclass(frozen=True, slots=True)
class InputFile:
    """A file that a build read: `digest` is the SHA-256 (hex) of its bytes, None = it was absent.

    `text_digest` is the same with CRLF read as LF ("" = absent), for what is committed.
    """

    path: Path
    digest: str | None
    text_digest: str = ""


@dataclass(frozen=True, slots=True)
class NamesLock:
    """The pinned names as they should stand on disk, outside the client's folder.

    `pinned` is the digest of the names that the file held for this client when it was read: equal
    to `BuildFacts.names_digest` of the last generation where nobody has touched them since. None =
    it held none, "" = unknown.
    """

    path: Path
    content: bytes
    pinned: str | None = ""


@dataclass(frozen=True, slots=True)
class BuildFacts:
    """What an output was made from, as digests (see `provenance`), so that a difference has a cause.

    `inputs` lists every file whose bytes or absence decided the output (the document, the files it
    refers to, overlays, the names lock as it was read); empty = unknown, and then no later run is
    taken for unchanged without building.
    """

    generator_version: str
    document_digest: str
    overlay_digests: tuple[str, ...]
    config_digest: str
    templates_digest: str
    names_digest: str
    inputs: tuple[InputFile, ...] = ()
