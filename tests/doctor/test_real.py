"""Documents of real services: no crash, bounded output, an overlay that applies and mends.

They are read as they are, and so are their mends: every action has an effect.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator
from pathlib import Path

import pytest

from sdkpress.diagnostics import Diagnostics
from sdkpress.doctor.diagnosing import diagnose, propose
from sdkpress.doctor.reports import SHOWN, text_lines
from sdkpress.document import parse_file
from sdkpress.overlays import apply_overlays

NAMES = (
    "datadog_v1.yaml",
    "github.json",
    "line_messaging.yaml",
    "meilisearch.json",
    "museum.yaml",
    "ollama.yaml",
    "openai.yaml",
    "opensearch/namespaces/_core.yaml",
    "opensearch/namespaces/ingest.yaml",
    "opensearch/namespaces/notifications.yaml",
    "opensearch/namespaces/snapshot.yaml",
    "ory_kratos.json",
    "petstore.yaml",
    "redocly_cafe_3_2.yaml",
    "spotify.yaml",
    "stripe.json",
    "svix.json",
    "together.yaml",
    "twilio_api_v2010.yaml",
)
LARGE = (
    "datadog_v1.yaml",
    "github.json",
    "openai.yaml",
    "opensearch/namespaces/_core.yaml",
    "stripe.json",
    "together.yaml",
    "twilio_api_v2010.yaml",
)


@pytest.fixture
def no_collector() -> Iterator[None]:
    """As the command runs: the collector looks through large trees again and again."""
    gc.disable()
    yield
    gc.enable()


@pytest.mark.shared
@pytest.mark.parametrize(
    "name",
    [pytest.param(name, marks=pytest.mark.slow) if name in LARGE else name for name in NAMES],
)
def test_real_document(name: str, shared: Path, no_collector: None) -> None:
    spec = Path(shared, "specs", "real", name)
    before = diagnose(spec)
    rules = {finding.id for finding in before.placed}
    assert len(text_lines(before.placed)) <= len(rules) * (4 + SHOWN)
    proposal = propose(before, extends="spec")
    if not any(finding.mend for finding in before.placed):
        assert proposal is None
        return
    assert proposal is not None
    assert proposal.remaining < len(before.placed)
    diagnostics = Diagnostics()
    overlay = parse_file(proposal.text.encode(), "mends", diagnostics)
    apply_overlays(before.document, [overlay], diagnostics)
    assert diagnostics.items == ()
