"""Documentation pages: the OpenAPI document inside a Markdown page.

A page of an API reference carries its document in a fenced code block (CommonMark 0.31 section
4.5) that opens with a line such as

    ````yaml openapi-spec/qwen3-max-256k.json POST /v1/chat/completions

Everything else on a page is data that nobody here reads: text that speaks to a reader or to a
program is never followed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from sdkpress.diagnostics import Diagnostics, Location, SdkpressError, fatal
from sdkpress.document import SourceFile, check_openapi, parse_file
from sdkpress.source_text import decode
from sdkpress.trees import is_mapping

__all__ = ["EmbeddedDocument", "extract_document", "extract_documents", "is_page", "outside_blocks"]


@dataclass(frozen=True, slots=True)
class EmbeddedDocument:
    """The document of a page. `content` is what stands between the fences, byte for byte."""

    content: bytes
    first_line: int
    """The line of the page (from 1) on which `content` begins."""
    indent: int
    """Characters of indentation that were taken off every line with the fence's own."""
    spec_path: str
    """The document's path as the opening line gives it, or ""."""
    method: str
    path: str
    is_json: bool


@dataclass(frozen=True, slots=True)
class _Fence:
    """One fenced block; `info` is the rest of its opening line."""

    info: str
    content: bytes
    line: int
    indent: int
    is_closed: bool


_DOCUMENT_SUFFIXES = (".yaml", ".yml", ".json")
_PAGE_SUFFIXES = (".md", ".mdx", ".markdown")
_OPENING = re.compile(rb"(?:\xef\xbb\xbf)?([ \t]*)(`{3,}|~{3,})([^\r\n]*)")
_TITLE = re.compile(
    r"(?:ya?ml|json)\s+(?P<spec>\S+)\s+"
    r"(?P<method>get|put|post|delete|options|head|patch|trace|query|webhook)\s+(?P<path>\S.*)"
    r"|(?:ya?ml|json)\s+(?P<file>\S+\.(?:ya?ml|json))",
    re.IGNORECASE,
)
_LANGUAGE = re.compile(r"(?:ya?ml|json)\b", re.IGNORECASE)
# A top-level field with a version, in either format: what makes a text a document itself.
_VERSION_FIELD = re.compile(rb"""(?:[{]\s*)?(["']?)(?:openapi|swagger)\1[ \t]*:[ \t]*["']?\d""")


def is_page(data: bytes, name: str) -> bool:
    """Whether the bytes are a page rather than a YAML or JSON document; `name` is its path or URL.

    The usual suffixes decide. Else a text with an `openapi:` (or `swagger:`) version at the beginning of a line outside fenced
    blocks is a document, and so is one that begins with a brace.
    """
    if name.lower().endswith(_DOCUMENT_SUFFIXES) or b"\0" in data[:4]:
        return False
    is_named_page = name.lower().endswith(_PAGE_SUFFIXES)
    if not is_named_page and data.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] in (b"{", b"[", b""):
        return False
    fences = False
    for line, fence in _blocks(data):
        if fence is not None:
            fences = True
        elif _VERSION_FIELD.match(line):
            return False
    return fences or is_named_page


def extract_document(data: bytes, display: str) -> EmbeddedDocument:
    """The one OpenAPI 3.x document of a page, unchanged.

    Raises `SdkpressError`, located in the page: page-without-document, page-with-several-documents,
    page-legacy-document, page-truncated, or what is wrong with the document in the block.
    """
    found = extract_documents(data, display, at_most=1)
    if not found:
        message = "The page has no fenced block with an OpenAPI 3.x document."
        raise fatal("page-without-document", message, Location(display, 1, 1))
    return found[0]


def extract_documents(
    data: bytes, display: str, *, at_most: int | None = None
) -> tuple[EmbeddedDocument, ...]:
    """All OpenAPI 3.x documents of a page, unchanged, in their order; raises as
    `extract_document`, page-with-several-documents where there are more than `at_most`."""
    decode(data, display)  # refuses what is not text
    found: list[EmbeddedDocument] = []
    problems: list[SdkpressError] = []
    for fence in _fences(data):
        title = _TITLE.fullmatch(fence.info)
        if title is None and not _LANGUAGE.match(fence.info):
            continue
        try:
            file = _parse_block(fence, display, is_announced=title is not None)
        except SdkpressError as error:
            problems.append(error)
            continue
        if file is not None:
            found.append(_embedded(fence, title, file))
    if at_most is not None and len(found) > at_most:
        lines = ", ".join(str(block.first_line - 1) for block in found)
        message = f"The page has {len(found)} OpenAPI documents; they begin in lines {lines}."
        place = Location(display, found[at_most].first_line - 1, 1)
        raise fatal("page-with-several-documents", message, place)
    if problems:
        raise SdkpressError(*(item for error in problems for item in error.diagnostics))
    return tuple(found)


def _embedded(fence: _Fence, title: re.Match[str] | None, file: SourceFile) -> EmbeddedDocument:
    return EmbeddedDocument(
        content=fence.content,
        first_line=fence.line + 1,
        indent=fence.indent,
        spec_path=(title["spec"] or title["file"]) if title else "",
        method=(title["method"] or "").upper() if title else "",
        path=(title["path"] or "").strip() if title else "",
        is_json=file.is_json,
    )


def _parse_block(fence: _Fence, display: str, *, is_announced: bool) -> SourceFile | None:
    """The block as an OpenAPI document; None for a plain block (a payload) that is none."""
    place = Location(display, fence.line, 1)
    if not fence.is_closed and (is_announced or _looks_like_document(fence.content)):
        message = "The block that begins here has no end: the page is cut off."
        raise fatal("page-truncated", message, place)
    if not is_announced and not _looks_like_document(fence.content):
        return None
    file = parse_file(
        fence.content, display, Diagnostics(), first_line=fence.line + 1, indent=fence.indent
    )
    paths = file.tree.get("paths") if is_mapping(file.tree) else None
    if is_mapping(paths) and isinstance(paths.get("path"), str) and "method" in paths:
        message = "This block has the old shape `paths: {path: ..., method: ...}`."
        raise fatal("page-legacy-document", message, file.locate("/paths"))
    check_openapi(file)
    return file


def _looks_like_document(content: bytes) -> bool:
    """Whether a plain block has an `openapi` or `swagger` version at its outermost level."""
    text = content.lstrip()
    if text.startswith(b"{"):
        return re.search(rb'[{,]\s*"(?:openapi|swagger)"\s*:\s*"?\d', text) is not None
    return any(_VERSION_FIELD.match(line) for line in text.splitlines())


# ---------------------------------------------------------------- fenced blocks


def outside_blocks(data: bytes) -> Iterator[bytes]:
    """The lines of a page that stand outside its fenced blocks."""
    for line, fence in _blocks(data):
        if fence is None:
            yield line


def _fences(data: bytes) -> Iterator[_Fence]:
    for _, fence in _blocks(data):
        if fence is not None:
            yield fence


def _blocks(data: bytes) -> Iterator[tuple[bytes, _Fence | None]]:
    """The lines of a page outside its fenced blocks, and the blocks, in order.

    Two differences from CommonMark keep a document whole. A block may be indented as deeply as its
    writer likes (components of documentation systems do). A line ends a block only if it is not
    indented more than the opening line: descriptions inside a document hold fences of their own,
    always indented. And in a block of YAML or JSON, where no line can begin with a fence otherwise,
    the closing fence may be followed by other text.
    """
    lines = data.splitlines(keepends=True)
    number = 0
    while number < len(lines):
        opening = _OPENING.match(lines[number])
        if opening is None or (opening[2][:1] == b"`" and b"`" in opening[3]):
            yield lines[number], None
            number += 1
            continue
        end = _closing(lines, number, opening)
        indent = len(opening[1])
        content = b"".join(_dedent(line, indent) for line in lines[number + 1 : end])
        info = opening[3].decode("utf-8", "replace").strip()
        yield lines[number], _Fence(info, content, number + 1, indent, end < len(lines))
        number = end + 1


def _closing(lines: list[bytes], opening_line: int, opening: re.Match[bytes]) -> int:
    """The number of the line that ends a block, or that after the last one."""
    indent, fence, info = opening.groups()
    is_document = _LANGUAGE.match(info.decode("utf-8", "replace").strip()) is not None
    character = re.escape(fence[:1])
    rest = b"" if is_document else rb"[ \t]*[\r\n]*\Z"
    closing = re.compile(rb"[ \t]{0,%d}%s{%d,}%s" % (len(indent), character, len(fence), rest))
    for number in range(opening_line + 1, len(lines)):
        if closing.match(lines[number]):
            return number
    return len(lines)


def _dedent(line: bytes, indent: int) -> bytes:
    """The line without up to `indent` blanks, as CommonMark takes them off."""
    blanks = len(line) - len(line.lstrip(b" \t"))
    return line[min(indent, blanks) :]
