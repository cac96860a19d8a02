"""Load, overlay, validate, lower: the first half of the pipeline, shared by all commands."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from sdkpress.bundling import bundle_inserted, load_document
from sdkpress.diagnostics import Diagnostics
from sdkpress.document import Document
from sdkpress.lowering import lower
from sdkpress.lowering.foreign.streaming import with_streams
from sdkpress.model import Api
from sdkpress.validation import validate

__all__ = ["load_api", "load_overlaid", "lower_document"]


def load_api(
    spec: Path,
    overlays: Sequence[Path],
    diagnostics: Diagnostics,
    progress: Callable[[str], None] = lambda stage: None,
) -> tuple[Document, Api]:
    """The overlaid document and its IR.

    Raises SdkpressError where the document cannot be read at all; everything else is reported.
    """
    return lower_document(
        load_overlaid(spec, overlays, diagnostics, progress), diagnostics, progress
    )


def load_overlaid(
    spec: Path,
    overlays: Sequence[Path],
    diagnostics: Diagnostics,
    progress: Callable[[str], None] = lambda stage: None,
) -> Document:
    """The document with its overlays applied, not validated yet; raises as `load_api`."""
    document = load_document(spec, diagnostics)
    if overlays:
        from sdkpress.overlays import apply_overlays  # with a JSONPath library behind it

        progress("overlay")
        document = apply_overlays(document, overlays, diagnostics)
        document = bundle_inserted(document, spec, diagnostics)
    return document


def lower_document(
    document: Document,
    diagnostics: Diagnostics,
    progress: Callable[[str], None] = lambda stage: None,
) -> tuple[Document, Api]:
    """The document without the nodes that are set aside, and its IR."""
    progress("validate")
    document = with_streams(validate(document, diagnostics), diagnostics)
    progress("lower")
    return document, lower(document, diagnostics)
