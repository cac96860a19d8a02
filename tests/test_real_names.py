"""Names of the real documents beside the checkout: unique, readable, bounded."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from sdkpress.diagnostics import Diagnostics
from sdkpress.loading import load_api
from sdkpress.model import Api
from sdkpress.naming import Names, PinnedNames, decide_names
from sdkpress.naming.placing import operation_key
from tests.conftest import REPOSITORY

REAL = REPOSITORY.parent / "shared" / "specs" / "real"
DOCUMENTS = sorted(path for path in REAL.glob("*.*") if path.suffix in (".json", ".yaml"))

pytestmark = [pytest.mark.shared, pytest.mark.slow]


def analysed(path: Path) -> tuple[Api, Names]:
    diagnostics = Diagnostics()
    document, api = load_api(path, (), diagnostics)
    return api, decide_names(api, PinnedNames(), {}, diagnostics, document)


@pytest.mark.skipif(bool(DOCUMENTS), reason="../shared is beside this checkout")
def test_real_documents_are_there() -> None:
    pytest.skip("../shared is not beside this checkout")


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.stem)
def test_names_read_well(path: Path) -> None:
    api, names = analysed(path)
    places = names.operations
    assert len(places) == len(api.operations) == len(set(places.values()))
    resources = {place.resource[:n] for place in places.values() for n in range(1, 20)}
    identifiers = {operation_key(item): item.operation_id for item in api.operations}
    for key, place in places.items():
        assert (*place.resource, place.method) not in resources, place.dotted()
        assert len(place.resource) <= 7, place.dotted()
        assert len(place.method) <= 60, place.dotted()
        assert all(part.isidentifier() for part in (*place.resource, place.method)), place
        number = re.search(r"\d+$", place.method)
        # A number is one of the document's own.
        assert number is None or number[0] in key + identifiers[key], place.dotted()
    classes = list(names.schemas.values())
    assert len(classes) == len(set(classes))
    inline = [name for id, name in names.schemas.items() if id not in api.component_names]
    numbered = [name for name in inline if re.search(r"[a-z]\d+$", name)]
    assert len(numbered) <= max(2, len(classes) // 50), numbered
    assert max(map(len, inline), default=0) <= 84
