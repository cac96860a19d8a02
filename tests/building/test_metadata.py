"""What indexes are told: from the document, from the configuration, and never what they refuse."""

from __future__ import annotations

import json
import random
import tomllib
import zipfile
from pathlib import Path
from typing import Any

import pytest
import yaml
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from hatchling.metadata.core import ProjectMetadata
from hatchling.metadata.spec import construct_metadata_file_2_4
from hatchling.plugin.manager import PluginManager
from packaging.metadata import Metadata
from validate_pyproject import api

from sdkpress.bill_of_materials import bill_of_materials
from sdkpress.building import Built
from sdkpress.config import ClientConfig, config_digest, config_from_options, load_config
from sdkpress.diagnostics import Diagnostics, SdkpressError
from sdkpress.layout import file_jobs
from sdkpress.package_metadata import is_email, is_link
from sdkpress.pipeline import analyse
from sdkpress.rendering import render
from sdkpress.views.docs import DocsView
from tests.corpus.documents import all_documents, sample

DOCUMENT: dict[str, Any] = {
    "openapi": "3.1.0",
    "info": {"title": "Pets", "version": "1.0.0"},
    "paths": {"/pets": {"get": {"responses": {"200": {"description": "Fine."}}}}},
}


def read_client(folder: Path, document: dict[str, Any], options: str = "") -> ClientConfig:
    """The configuration of a client `pets-client` of that document."""
    (folder / "pets.json").write_text(json.dumps(document), encoding="utf-8")
    head = '[[tool.sdkpress.client]]\nname = "pets-client"\nspec = "pets.json"\n'
    (folder / "pyproject.toml").write_text(head + options, encoding="utf-8")
    (client,) = load_config(folder).clients
    return client


def project_files(folder: Path, document: dict[str, Any], options: str = "") -> dict[str, str]:
    """The files of the generated project that say something about it, by name."""
    done = analyse(read_client(folder, document, options), Diagnostics(), has_testing=False)
    jobs = file_jobs(done.package, DocsView((), None, None, False))
    names = ("pyproject.toml", "LICENSE")
    return {job.path: render(job) for job in jobs if job.path in names}


def project_of(folder: Path, document: dict[str, Any], options: str = "") -> dict[str, Any]:
    return tomllib.loads(project_files(folder, document, options)["pyproject.toml"])


def core_metadata(folder: Path, files: dict[str, str]) -> Metadata:
    """The core metadata that hatchling makes of a project, as indexes check it."""
    (folder / "README.md").write_text("# Pets\n", encoding="utf-8")
    (folder / "LICENSE").write_text(files["LICENSE"], encoding="utf-8")
    project = ProjectMetadata(str(folder), PluginManager(), tomllib.loads(files["pyproject.toml"]))
    return Metadata.from_email(construct_metadata_file_2_4(project), validate=True)


def test_the_metadata_of_a_wheel_is_whole(built: Built) -> None:
    with zipfile.ZipFile(built.wheel) as archive:
        folder = "pets_client-0.1.0.dist-info"
        metadata = Metadata.from_email(archive.read(f"{folder}/METADATA"), validate=True)
        licence = archive.read(f"{folder}/licenses/LICENSE").decode()
        entry_points = archive.read(f"{folder}/entry_points.txt").decode()
    assert (metadata.metadata_version, metadata.name) == ("2.4", "pets-client")
    assert metadata.license_expression == "MIT"
    assert metadata.license_files == ["LICENSE"]
    assert licence.startswith("MIT License\n\nCopyright (c) the authors of pets-client\n")
    assert str(metadata.requires_python) == ">=3.11"
    assert metadata.author_email == '"Pets Inc." <api@pets.example.com>'
    assert metadata.keywords == ["api", "client", "openapi", "pets"]
    assert metadata.project_urls == {
        "Support": "https://pets.example.com/help",
        "Documentation": "https://docs.pets.example.com",
        "Terms of Service": "https://pets.example.com/terms",
    }
    assert metadata.description_content_type == "text/markdown"
    assert metadata.description and metadata.description.startswith("# pets-client\n")
    classifiers = metadata.classifiers or []
    assert {"Typing :: Typed", "Development Status :: 4 - Beta"} <= set(classifiers)
    assert not [item for item in classifiers if item.startswith("License ::")]
    assert "pets_client.testing.pytest_plugin" in entry_points


OPTIONS = """\
version = "2.0.0rc1"
license = "Apache-2.0"
authors = [{name = "Ann Author", email = "ann@example.com"}, {email = "bob@example.com"}]
maintainers = [{name = "Mary"}]
keywords = ["zoo"]
classifiers = ["Topic :: Internet", "Development Status :: 6 - Mature"]
metadata_version = "2.5"
[tool.sdkpress.client.urls]
Source = "https://code.example.com/pets"
documentation = "https://pets.example.com/docs"
"""


def test_the_configuration_wins(tmp_path: Path) -> None:
    document = {**DOCUMENT, "externalDocs": {"url": "https://docs.example.com"}}
    files = project_files(tmp_path, document, OPTIONS)
    project = tomllib.loads(files["pyproject.toml"])
    told = project["project"]
    assert told["authors"] == [
        {"name": "Ann Author", "email": "ann@example.com"},
        {"email": "bob@example.com"},
    ]
    assert told["maintainers"] == [{"name": "Mary"}]
    assert told["keywords"] == ["zoo"]
    assert told["urls"] == {
        "Source": "https://code.example.com/pets",
        "documentation": "https://pets.example.com/docs",
    }
    assert "Topic :: Internet" in told["classifiers"]
    status = [item for item in told["classifiers"] if item.startswith("Development Status")]
    assert status == ["Development Status :: 6 - Mature"]
    assert told["import-names"] == ["pets_client"]
    assert project["tool"]["hatch"]["build"]["targets"]["wheel"]["core-metadata-version"] == "2.5"
    assert project["build-system"]["requires"] == ["hatchling>=1.30"]
    assert "Apache License" in files["LICENSE"] and "END OF TERMS" in files["LICENSE"]


@pytest.mark.parametrize("licence", ["BSD-3-Clause", "ISC"])
def test_licences_name_the_holders(licence: str, tmp_path: Path) -> None:
    options = f'license = "{licence}"\nauthors = [{{name = "Ann"}}, {{name = "Bob"}}]\n'
    assert "Copyright (c) Ann, Bob\n" in project_files(tmp_path, DOCUMENT, options)["LICENSE"]


def test_a_licence_of_ones_own(tmp_path: Path) -> None:
    (tmp_path / "TERMS").write_bytes(b"\xef\xbb\xbfAll rights {{ reserved }}.\r\n\r\n")
    options = 'license = "LicenseRef-Proprietary"\nlicense_file = "TERMS"\n'
    files = project_files(tmp_path, DOCUMENT, options)
    assert files["LICENSE"] == "All rights {{ reserved }}.\n"
    client = read_client(tmp_path, DOCUMENT, options)
    (tmp_path / "TERMS").write_text("None.\n", encoding="utf-8")
    assert config_digest(client) != config_digest(read_client(tmp_path, DOCUMENT, options))


def test_whether_a_licence_was_chosen(tmp_path: Path) -> None:
    assert not read_client(tmp_path, DOCUMENT).is_license_chosen
    assert read_client(tmp_path, DOCUMENT, 'license = "MIT"\n').is_license_chosen


@pytest.mark.parametrize(
    ("option", "said"),
    [
        ('license = "Foo"', "LicenseRef-Proprietary"),
        ('license = "mit"', "'MIT'"),
        ('license_file = "nowhere"', "cannot be read: No such file"),
        ('license_file = "pets.json\\u0000"', "cannot be read"),
        ('license_file = ""', "a file name"),
        ('authors = ["Ann"]', "array of tables"),
        ('authors = [{name = "Ann", mail = "x"}]', "array of tables"),
        ('authors = [{name = "Ann, Bob"}]', "no name"),
        ('authors = [{name = "Ann\\nBcc: x"}]', "no name"),
        ('authors = [{email = "ann"}]', "not an e-mail address"),
        ('maintainers = "Ann"', "array of tables"),
        ('urls = {Source = "javascript:alert(1)"}', "not an http or https address"),
        ('urls = {"a,b" = "https://example.com"}', "no label"),
        ('urls = ["https://example.com"]', "table of links"),
        ('keywords = ["a, b"]', "without commas"),
        ('classifiers = ["Typed"]', "classifiers such as"),
        (f'classifiers = ["A{" :: a" * 38} \u00e9"]', "classifiers such as"),  # in no time
        ('classifiers = ["License :: OSI Approved :: MIT License"]', "PEP 639"),
        ('metadata_version = "2.1"', "2.4"),
        ("metadata_version = 2.5", "2.4"),
        ("autors = []", "did you mean `authors`"),
    ],
)
def test_what_the_configuration_cannot_say(option: str, said: str, tmp_path: Path) -> None:
    with pytest.raises(SdkpressError) as caught:
        read_client(tmp_path, DOCUMENT, option + "\n")
    (found,) = caught.value.diagnostics
    assert found.id == "invalid-config" and said in found.message
    assert found.location.line == 4


@pytest.mark.parametrize(
    ("version", "status"),
    [
        ("0.1.0", "4 - Beta"),
        ("1.0.0", "5 - Production/Stable"),
        ("v2.0.post1", "5 - Production/Stable"),
        ("1.0a1", "3 - Alpha"),
        ("1.0-alpha.1", "3 - Alpha"),
        ("1!2.0b2", "4 - Beta"),
        ("1.0rc1", "4 - Beta"),
        ("1.0.dev3+beta", "2 - Pre-Alpha"),
    ],
)
def test_the_status_follows_from_the_version(version: str, status: str, tmp_path: Path) -> None:
    project = project_of(tmp_path, DOCUMENT, f'version = "{version}"\n')["project"]
    assert f"Development Status :: {status}" in project["classifiers"]


@pytest.mark.parametrize(
    ("url", "is_one"),
    [
        ("https://pets.example.com", True),
        ("http://127.0.0.1:8080/a%20b?c=d,e#f", True),
        ("https://user:secret@example.com/", False),
        ("https://example.com/ x", False),
        ("https://example.com/%zz", False),
        ('https://example.com/"', False),
        ("https://example.com:99999/", False),
        ("//example.com", False),
        ("file:///etc/passwd", False),
        ("https://example.com/\nX: y", False),
        ("https://example.com/" + "x" * 500, False),
    ],
)
def test_links(url: str, is_one: bool) -> None:
    assert is_link(url) is is_one


@pytest.mark.parametrize(
    "address", ["a@b", "a b@c.de", "a@b.co\nBcc: d@e.fg", "ü@b.de", "a..b@c.de"]
)
def test_addresses_that_metadata_cannot_carry(address: str) -> None:
    assert not is_email(address)
    assert is_email("first.last+tag@mail.example.com")


TEXTS = (
    "", "x", "a\nb", "a\r\nX-Evil: 1", '"; import os', "Foo, Inc.", "<script>", "日本語", "\u202eevil",
    "\x1b[31mred", "a" * 3000, "﷽" * 100, "'''\"\"\"", "{{7*7}}", "\ud800", "=?utf-8?q?x?=", "a (b) [c]: d;",
    "\u2028x", "a\x7fb", "École @ Paris", "null\x00", "--", "\\", "]]>", "%(x)s",
)  # fmt: skip
LINKS = (
    "https://a.example", "javascript:alert(1)", "https://u:p@a.example/", "/relative", "https://ü.example/",
    "https://a.example/\nX: y", "https://a.example/?q=1,2#f", "https://[::1]/", 'https://a.example/"', "",
)  # fmt: skip
ADDRESSES = (
    "a@b.example",
    "a@b",
    '"a b"@c.example',
    "a@b.example\nX: y",
    "a@b.example,c@d.example",
)


def hostile_document(seed: int) -> dict[str, Any]:
    draw = random.Random(seed)
    return {
        "openapi": "3.1.0",
        "info": {
            **{key: draw.choice(TEXTS) for key in ("title", "version", "summary", "description")},
            "termsOfService": draw.choice(LINKS),
            "contact": {
                "name": draw.choice(TEXTS),
                "url": draw.choice(LINKS),
                "email": draw.choice(ADDRESSES),
            },
        },
        "tags": [{"name": text} for text in draw.sample(TEXTS, 4)],
        "externalDocs": {"url": draw.choice(LINKS)},
        "paths": DOCUMENT["paths"],
    }


def test_no_document_makes_metadata_that_an_index_refuses(tmp_path: Path) -> None:
    """The project passes validate-pyproject, and what hatchling makes of it packaging's checks."""
    validate = api.Validator()
    for seed in range(60):
        files = project_files(tmp_path, hostile_document(seed))
        project = tomllib.loads(files["pyproject.toml"])
        validate(project)
        metadata = core_metadata(tmp_path, files)
        assert (
            metadata.summary
            and 10 < len(metadata.summary) <= 512
            and metadata.summary.isprintable()
        )
        assert 3 <= len(metadata.keywords or []) <= 12
        assert set(metadata.project_urls or {}) <= {
            *("Homepage", "Support", "Documentation", "Terms of Service")
        }
        assert set((metadata.project_urls or {}).values()) <= {LINKS[0], LINKS[6]}
        assert (metadata.author_email or "").count("@") <= 1


@pytest.mark.shared
def test_no_document_of_the_corpus_does(shared: Path, tmp_path: Path) -> None:
    """The same of documents that others wrote, and their bills of materials are valid."""
    validate, schema = api.Validator(), JsonStrictValidator(SchemaVersion.V1_6)
    documents = [item for item in all_documents(shared / "specs") if item.bytes < 80_000]
    made = 0
    for document in sample(documents, 60):
        config = config_from_options(spec=document.path, out=tmp_path, name="things")
        diagnostics = Diagnostics()
        try:
            done = analyse(config, diagnostics, has_testing=False)
            diagnostics.raise_errors()
        except SdkpressError:
            continue
        jobs = file_jobs(done.package, DocsView((), None, None, False))
        files = {job.path: render(job) for job in jobs if job.path in ("pyproject.toml", "LICENSE")}
        validate(tomllib.loads(files["pyproject.toml"]))
        assert core_metadata(tmp_path, files).summary, document.name
        bill = bill_of_materials(done.package, done.api, done.facts, ()).content
        assert schema.validate_str(bill.decode()) is None, document.name
        made += 1
    assert made > 40


def test_a_document_in_yaml_gives_the_same(tmp_path: Path) -> None:
    before = project_files(tmp_path, DOCUMENT)
    (tmp_path / "pets.json").write_text(yaml.safe_dump(DOCUMENT), encoding="utf-8")
    done = analyse(load_config(tmp_path).clients[0], Diagnostics(), has_testing=False)
    jobs = file_jobs(done.package, DocsView((), None, None, False))
    assert {job.path: render(job) for job in jobs if job.path in before} == before
