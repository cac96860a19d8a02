"""The bill of materials: valid by the schema, true, and the same for the same inputs."""

from __future__ import annotations

import hashlib
import json
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from packaging.metadata import Metadata
from packaging.requirements import Requirement

from sdkpress.bill_of_materials import bill_of_materials
from sdkpress.building import Built
from sdkpress.config import config_from_options
from sdkpress.diagnostics import Diagnostics
from sdkpress.pipeline import analyse
from tests.conftest import SMALL_DOCUMENT


@pytest.fixture(scope="module")
def bill(built: Built) -> dict[str, Any]:
    with zipfile.ZipFile(built.wheel) as archive:
        return dict(json.loads(archive.read("pets_client-0.1.0.dist-info/sboms/sbom.cdx.json")))


def properties(component: dict[str, Any]) -> dict[str, str]:
    return {item["name"]: item["value"] for item in component.get("properties", ())}


def test_it_is_valid(bill: dict[str, Any]) -> None:
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(json.dumps(bill)) is None
    references = [item["bom-ref"] for item in bill["components"]]
    references.append(bill["metadata"]["component"]["bom-ref"])
    assert len(set(references)) == len(references)
    assert {item["ref"] for item in bill["dependencies"]} == set(references)
    named = {name for item in bill["dependencies"] for name in item.get("dependsOn", ())}
    assert named <= set(references)


def test_it_says_what_the_package_was_made_from(bill: dict[str, Any], pets: Path) -> None:
    document = (pets.parent / "pets.yaml").read_bytes()
    manifest = json.loads((pets / ".sdkpress.json").read_text(encoding="utf-8"))
    facts = properties(bill["metadata"])
    assert facts["sdkpress:document:name"] == "pets.yaml"
    assert facts["sdkpress:document:sha256"] == hashlib.sha256(document).hexdigest()
    assert facts["sdkpress:document:files-sha256"] == manifest["inputs"]["document"]
    assert facts["sdkpress:package"] == "pets_client"
    parts = {item["bom-ref"]: item for item in bill["components"]}
    assert parts["document"]["type"] == "data"
    assert parts["runtime"]["licenses"] == [{"expression": "MIT"}]
    client = bill["metadata"]["component"]
    assert client["purl"] == "pkg:pypi/pets-client@0.1.0"
    assert client["licenses"] == [{"expression": "MIT"}]
    assert {item["type"] for item in client["externalReferences"]} >= {"support", "documentation"}


def test_its_requirements_are_those_of_the_package(bill: dict[str, Any], built: Built) -> None:
    with zipfile.ZipFile(built.wheel) as archive:
        metadata = Metadata.from_email(archive.read("pets_client-0.1.0.dist-info/METADATA"))
    told = {
        (str(Requirement(facts["sdkpress:requirement"])), facts.get("sdkpress:extra", ""))
        for item in bill["components"]
        if "sdkpress:requirement" in (facts := properties(item))
    }
    needed = set[tuple[str, str]]()
    for item in metadata.requires_dist or []:
        extra = str(item.marker).partition('"')[2].rstrip('"') if item.marker else ""
        item.marker = None
        needed.add((str(item), extra))
    assert told == needed and len(told) > 5


def test_nothing_in_it_changes_by_itself(bill: dict[str, Any], pets: Path) -> None:
    """No time, no place, no version of sdkpress: what differs then is no other client."""
    assert set(bill["metadata"]) == {"lifecycles", "tools", "component", "properties"}
    assert bill["metadata"]["tools"] == {
        "components": [{"type": "application", "name": "sdkpress"}]
    }
    assert str(pets.parent) not in json.dumps(bill)
    assert bill["serialNumber"][23] == "5"  # a UUID of version 5: made from the content


@pytest.mark.parametrize(
    ("version", "canonical"),
    [
        ("1.2.0", "1.2.0"),
        ("v1.0-alpha.1", "1.0a1"),
        ("01.2", "1.2"),
        ("1!2.0+Local", "1!2.0+local"),
    ],
)
def test_versions_are_those_of_the_archives(version: str, canonical: str, tmp_path: Path) -> None:
    (tmp_path / "pets.yaml").write_text(SMALL_DOCUMENT, encoding="utf-8")
    config = config_from_options(spec=tmp_path / "pets.yaml", out=tmp_path, name="Pets.Client")
    done = analyse(
        replace(config, version=version, license="Apache-2.0"), Diagnostics(), has_testing=False
    )
    bill = json.loads(bill_of_materials(done.package, done.api, done.facts, ()).content)
    told = bill["metadata"]["component"]
    assert told["version"] == canonical
    runtime = next(item for item in bill["components"] if item["name"] == "sdkpress-runtime")
    assert runtime["licenses"] == told["licenses"] == [{"expression": "Apache-2.0"}]
    escaped = canonical.replace("!", "%21").replace("+", "%2B")
    assert told["purl"] == f"pkg:pypi/pets-client@{escaped}"
