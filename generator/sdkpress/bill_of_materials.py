"""The software bill of materials of a client: CycloneDX 1.6 as JSON, for `.dist-info/sboms/` (PEP 770).

It says what a file in the package was made from (the document, the copied runtime) and what an
installer adds (the requirements, as ranges: versions are the installer's choice). It depends on
nothing but the client's own inputs: no clock, no random serial number, no version of sdkpress.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterator, Sequence
from typing import Any
from urllib.parse import quote

from sdkpress.client_requirements import EXTRAS, REQUIREMENTS, REQUIRES_PYTHON
from sdkpress.json_text import dump_json
from sdkpress.model import Api
from sdkpress.output import BuildFacts, OutputFile
from sdkpress.provenance import content_digest, sha256
from sdkpress.text import one_line
from sdkpress.views.package import PackageView

__all__ = ["BILL_NAME", "bill_of_materials"]

BILL_NAME = "sbom.cdx.json"
"""Where it stands in a client's folder; wheels have it in `.dist-info/sboms/` under this name."""

_SCHEMA = "http://cyclonedx.org/schema/bom-1.6.schema.json"
_PLAIN = re.compile(r"(?:0|[1-9][0-9]*)(?:\.(?:0|[1-9][0-9]*))*")
_DOCUMENT, _RUNTIME = "document", "runtime"


def bill_of_materials(
    package: PackageView, api: Api, facts: BuildFacts, copied: Sequence[OutputFile]
) -> OutputFile:
    """The file `BILL_NAME`; `copied` are the files of the client that are copies of the runtime."""
    version = _canonical(package.version)
    purl = _purl(package.distribution, version)
    components = [_document(package, api, facts), _runtime(package, copied), *_requirements()]
    bill: dict[str, Any] = {
        "$schema": _SCHEMA,
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {
            "lifecycles": [{"phase": "pre-build"}],
            "tools": {"components": [{"type": "application", "name": "sdkpress"}]},
            "component": _client(package, version, purl),
            "properties": list(_properties(package, facts)),
        },
        "components": components,
        "dependencies": _dependencies(purl, components),
    }
    serial = uuid.uuid5(uuid.NAMESPACE_URL, f"{purl}#{sha256(dump_json(bill))}")
    ordered = {
        key: value
        for name in bill
        for key, value in (
            (name, bill[name]),
            *([("serialNumber", f"urn:uuid:{serial}")] if name == "specVersion" else []),
        )
    }
    return OutputFile(BILL_NAME, dump_json(ordered, indent=2), kind="data")


def _client(package: PackageView, version: str, purl: str) -> dict[str, Any]:
    metadata = package.metadata
    kinds = {
        "Homepage": "website",
        "Documentation": "documentation",
        "Support": "support",
        "Source": "vcs",
        "Issues": "issue-tracker",
        "Changelog": "release-notes",
    }
    found: dict[str, Any] = {
        "type": "library",
        "bom-ref": purl,
        "name": package.distribution,
        "version": version,
        "description": one_line(package.summary),
        "authors": [
            {key: value for key, value in (("name", one.name), ("email", one.email)) if value}
            for one in metadata.authors
        ],
        "licenses": [{"expression": package.license}],
        "purl": purl,
        "externalReferences": [
            {"type": kinds.get(label, "other"), "url": url} for label, url in metadata.urls
        ],
    }
    return {key: value for key, value in found.items() if value != []}


def _document(package: PackageView, api: Api, facts: BuildFacts) -> dict[str, Any]:
    found: dict[str, Any] = {
        "type": "data",
        "bom-ref": _DOCUMENT,
        "name": package.source,
        "version": one_line(api.version)[:100],
        "description": f"OpenAPI document: {package.title[:200]}",
        "hashes": [{"alg": "SHA-256", "content": _file_digest(facts)}],
    }
    return {key: value for key, value in found.items() if value}


def _runtime(package: PackageView, copied: Sequence[OutputFile]) -> dict[str, Any]:
    """The part of sdkpress that is copied into the package; its hash is over paths and contents.

    In a client it has the client's licence (docs/decisions/0028-licence-of-output.md)."""
    lines = [
        f"{file.path.split('/', 2)[2]}\0{content_digest(file.content)}\n"  # below src/<package>/
        for file in sorted(copied, key=lambda file: file.path)
        if file.kind == "runtime"
    ]
    return {
        "type": "library",
        "bom-ref": _RUNTIME,
        "name": "sdkpress-runtime",
        "description": "Copied into the package as _runtime and testing/_engine.",
        "hashes": [{"alg": "SHA-256", "content": sha256("".join(lines).encode())}],
        "licenses": [{"expression": package.license}],
    }


def _requirements() -> Iterator[dict[str, Any]]:
    optional = [(item, extra) for extra, items in EXTRAS.items() for item in items]
    for requirement, extra in (*((item, "") for item in REQUIREMENTS), *optional):
        name = re.split(r"[^A-Za-z0-9._-]", requirement, maxsplit=1)[0]
        properties = [{"name": "sdkpress:requirement", "value": requirement}]
        if extra:
            properties.append({"name": "sdkpress:extra", "value": extra})
        yield {
            "type": "library",
            "bom-ref": _purl(name),
            "name": name,
            "scope": "optional" if extra else "required",
            "purl": _purl(name),
            "properties": properties,
        }


def _dependencies(purl: str, components: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    required = [item["bom-ref"] for item in components if item.get("scope") == "required"]
    optional = [item["bom-ref"] for item in components if item.get("scope") == "optional"]
    return [
        {"ref": purl, "dependsOn": [_DOCUMENT, _RUNTIME, *optional]},
        {"ref": _RUNTIME, "dependsOn": required},
        *({"ref": item["bom-ref"]} for item in components if item["bom-ref"] != _RUNTIME),
    ]


def _properties(package: PackageView, facts: BuildFacts) -> Iterator[dict[str, str]]:
    values = [
        ("package", package.package),
        ("requires-python", REQUIRES_PYTHON),
        ("document:name", package.source),
        ("document:sha256", _file_digest(facts)),
        ("document:files-sha256", facts.document_digest),
        *(("overlay:sha256", digest) for digest in facts.overlay_digests),
    ]
    for name, value in values:
        yield {"name": f"sdkpress:{name}", "value": value}


def _file_digest(facts: BuildFacts) -> str:
    """The SHA-256 (hex) of the document's first file, with CRLF read as LF."""
    return facts.inputs[0].text_digest


def _canonical(version: str) -> str:
    """The version as archives and indexes have it: `1.0-alpha.1` is `1.0a1` (PEP 440)."""
    if _PLAIN.fullmatch(version):
        return version
    from packaging.version import Version

    return str(Version(version))


def _purl(name: str, version: str = "") -> str:
    """A package URL of type pypi, whose names are normalized."""
    plain = quote(re.sub(r"[-_.]+", "-", name).lower(), safe="")
    return f"pkg:pypi/{plain}@{quote(version, safe='')}" if version else f"pkg:pypi/{plain}"
