"""The documents that were taken from a source: one as it stands, or one made of the parts on many
pages; their names and their entries in the lock."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import unquote, urlsplit

from sdkpress.client_names import distribution_name
from sdkpress.diagnostics import Diagnostics, Location, SdkpressError
from sdkpress.document import SourceFile, canonical_digest, check_openapi, parse_file
from sdkpress.fetching import Fetched
from sdkpress.page_merging import Fragment, is_covered, merge_fragments, operations_of
from sdkpress.pages import EmbeddedDocument, extract_document, is_page
from sdkpress.provenance import sha256
from sdkpress.sources_lock import LockedSource
from sdkpress.trees import is_mapping
from sdkpress.yaml_text import dump_yaml

__all__ = [
    "documents_of_parts",
    "is_markup",
    "is_url",
    "one_document",
    "parse_block",
    "part_key",
    "safe_stem",
    "title_key",
]


def is_url(source: str) -> bool:
    """Whether a source is fetched rather than read."""
    return re.match(r"https?://", source, re.IGNORECASE) is not None


def one_document(
    data: bytes,
    source: str,
    shown: str,
    diagnostics: Diagnostics,
    answer: Fetched | None = None,
) -> tuple[LockedSource, bytes]:
    """The document in `data`, which is a page or a document itself."""
    stem = _source_stem(source)
    content = data
    # The query and fragment of a URL would hide the suffix that tells a page from a document.
    if is_page(data, urlsplit(source).path if is_url(source) else source):
        block = extract_document(data, shown)
        content = block.content
        file = parse_block(block, shown, diagnostics)
        stem = PurePosixPath(block.spec_path.replace("\\", "/")).name or stem
    else:
        file = parse_file(data, shown, diagnostics)
        check_openapi(file)
    entry = LockedSource(
        document=safe_stem(stem) + (".json" if file.is_json else ".yaml"),
        source=source,
        sha256=file.digest,
        canonical_sha256=canonical_digest(file.tree),
        etag=answer.etag if answer else "",
        last_modified=answer.last_modified if answer else "",
    )
    return entry, content


def parse_block(block: EmbeddedDocument, shown: str, diagnostics: Diagnostics) -> SourceFile:
    return parse_file(
        block.content, shown, diagnostics, first_line=block.first_line, indent=block.indent
    )


_MARKUP = re.compile(rb"<(?:!doctype|html|head|body|title|meta|script|\?xml)\b", re.IGNORECASE)


def is_markup(data: bytes) -> bool:
    """Whether the bytes are HTML or XML; Markdown may begin with a component, too."""
    head = data[:4096].lstrip(b"\xef\xbb\xbf \t\r\n")
    if not head.startswith(b"<"):
        return False
    return _MARKUP.match(head) is not None or (b"```" not in data and b"~~~" not in data)


def _source_stem(source: str) -> str:
    path = unquote(urlsplit(source).path) if is_url(source) else source
    return PurePosixPath(path.replace("\\", "/")).name


_DEVICE_NAMES = re.compile(r"(?:con|prn|aux|nul|com\d|lpt\d)(?:\..*)?", re.IGNORECASE)


def safe_stem(name: str) -> str:
    """A file name, without suffix, that is safe in every folder and on every system."""
    stem = re.sub(r"\.(?:ya?ml|json|mdx?|markdown|txt)$", "", name, flags=re.IGNORECASE)
    stem = unicodedata.normalize("NFC", stem)
    stem = "".join(c if c.isalnum() or c in "-_." else "-" for c in stem)
    stem = re.sub(r"\.{2,}", ".", re.sub(r"-{2,}", "-", stem)).strip("-.")[:80].rstrip("-.")
    if not stem:
        return "openapi"
    return f"{stem}-document" if _DEVICE_NAMES.fullmatch(stem) else stem


# ---------------------------------------------------------------- documents of many parts


def documents_of_parts(
    source: str, fragments: Sequence[Fragment], diagnostics: Diagnostics
) -> tuple[tuple[LockedSource, bytes | None], ...]:
    """The documents of which these are parts. Raises `SdkpressError` (page-conflict)."""
    groups = _without_copies(_grouped(fragments), diagnostics)
    stems = _stems(groups, source)
    documents: list[tuple[LockedSource, bytes | None]] = []
    conflicts: list[SdkpressError] = []
    for key, parts in groups.items():
        try:
            documents.append(_merged(source, key, stems[key], parts))
        except SdkpressError as error:
            conflicts.append(error)
    if conflicts:
        raise SdkpressError(*(item for error in conflicts for item in error.diagnostics))
    return tuple(documents)


def _grouped(fragments: Sequence[Fragment]) -> dict[str, list[Fragment]]:
    """The parts by the document that they are of; the document itself in place of them, where the
    site leads to it and it has all of them."""
    groups: dict[str, list[Fragment]] = {}
    for fragment in fragments:
        groups.setdefault(fragment.spec_path, []).append(fragment)
    for key, parts in groups.items():
        whole = next((part for part in parts if part.is_whole), None)
        if whole is not None and all(is_covered(part.tree, whole.tree) for part in parts):
            groups[key] = [whole]
    return groups


def _without_copies(
    groups: dict[str, list[Fragment]], diagnostics: Diagnostics
) -> dict[str, list[Fragment]]:
    """The groups without those that are part of another one: pages that show again what a document
    on the site has whole, and translations."""
    trees: dict[str, dict[str, Any]] = {}
    showing: dict[tuple[str, str], list[str]] = {}
    for key, parts in groups.items():
        try:
            trees[key] = merge_fragments(parts)
        except SdkpressError:  # said when the group itself is merged
            continue
        for operation in operations_of(trees[key]):
            showing.setdefault(operation, []).append(key)
    kept = dict(groups)
    for key in reversed(trees):
        some = next(iter(operations_of(trees[key])), None)
        others = [other for other in showing.get(some, ()) if other in kept] if some else []
        cover = next(
            (other for other in others if other != key and is_covered(trees[key], trees[other])),
            None,
        )
        if cover is not None:
            del kept[key]
            page = groups[key][0].page
            message = f"Left out, because {groups[cover][0].page} has it too."
            diagnostics.add("repeated-document", message, Location(page, 1, 1))
    return kept


def _merged(
    source: str, key: str, stem: str, parts: Sequence[Fragment]
) -> tuple[LockedSource, bytes]:
    """One document: as its page has it, where one page has all of it."""
    first = parts[0]
    tree = merge_fragments(parts)
    if len(parts) == 1:
        content, file = first.content, first.file
        digest, is_json = file.digest, file.is_json
    else:
        content = dump_yaml(tree).encode("utf-8", "replace")
        digest, is_json = sha256(content), False
        tree = parse_file(content, first.page, Diagnostics()).tree
    entry = LockedSource(
        document=stem + (".json" if is_json else ".yaml"),
        source=source,
        sha256=digest,
        canonical_sha256=canonical_digest(tree),
        spec=key,
    )
    return entry, content


def part_key(spec_path: str) -> str:
    """A document's path as it tells documents of a site apart."""
    path = unquote(spec_path).replace("\\", "/")
    return "/".join(part for part in path.split("/") if part not in ("", ".", ".."))


def title_key(tree: Any) -> str:
    """What tells documents apart whose pages do not name them: the title."""
    info = tree.get("info") if is_mapping(tree) else None
    title: object = info.get("title") if is_mapping(info) else None
    return distribution_name(title) if isinstance(title, str) and title.strip() else ""


def _stems(groups: dict[str, list[Fragment]], source: str) -> dict[str, str]:
    """A file name, without suffix, for each document: the last part of its path; where that is not
    enough, the whole path; and where even that is not, a number behind it."""
    last = {key: safe_stem(key.rpartition("/")[2] or _host(source)) for key in groups}
    names = [name.casefold() for name in last.values()]
    stems: dict[str, str] = {}
    used: set[str] = set()
    for key in sorted(groups):
        is_enough = names.count(last[key].casefold()) == 1
        stem = name = last[key] if is_enough else safe_stem(key.replace("/", "-") or _host(source))
        number = 1
        while name.casefold() in used:
            number += 1
            name = f"{stem}-{number}"
        used.add(name.casefold())
        stems[key] = name
    return stems


def _host(url: str) -> str:
    return urlsplit(url).hostname or ""
