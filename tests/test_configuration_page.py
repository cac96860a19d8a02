"""docs/configuration.md: every key, made from the declarations that the configuration is read by.

`SDKPRESS_GOLDEN=rewrite` writes the page. Each example on it is read as a part of a configuration.
"""

from __future__ import annotations

import os
import re
import tomllib
from dataclasses import fields
from pathlib import Path

import pytest

from sdkpress.config import load_config
from sdkpress.config_keys import CLIENT_KEYS, NESTED_KEYS, Key
from sdkpress.diagnostics import SdkpressError
from sdkpress.sources_lock import LockedIndex, LockedPage, LockedSource
from tests.conftest import REPOSITORY

PAGE = REPOSITORY / "docs" / "configuration.md"

HEAD = """# Configuration

In `pyproject.toml`, one section for each client.
A repository without that file may have a `sdkpress.toml` instead, with `[[client]]` sections.
Paths are relative to the file; what is not listed here is an error, with the nearest name that exists.

```toml
[[tool.sdkpress.client]]
name = "siray-chat"                # distribution
version = "0.1.0"                  # of the distribution
package = "siray_chat"             # import name
client = "Siray"                   # class; the async one is AsyncSiray
spec = "openapi-spec/qwen3-max-256k.yaml"
overlays = ["openapi-spec/qwen3-max-256k.overlay.yaml"]
out = "generated/siray-chat"
env_prefix = "SIRAY"               # SIRAY_API_KEY, SIRAY_BASE_URL
```

There are few options on purpose: what is about the API belongs in the document or its overlay, where every tool can read it.

## A client

"""

AUTHORS = """
## `authors` and `maintainers`

An array of tables, each with one of the two or both:

"""

PAGINATION = """
## `pagination`

```toml
[tool.sdkpress.client.pagination]
"things.list" = { style = "cursor", parameter = "from", next = "meta.next", items = "list" }
"GET /reports" = { style = "page", parameter = "page", size = "per_page", first = 0 }
"search.*" = false
```

A key is a Python name, a method and path, or an operationId, or a pattern of one with `*`.
The value is `false` for an ordinary method, `true` for what is recognised, or a rule:

"""

FIELD = """
A *field* is a path of names joined by dots, or an array of names where one of them has a dot in it: `["@odata.nextLink"]`.
[The guide](guides/pagination.md#saying-it) says which key wins where several fit.

## `names`

"""

NAMES = (
    ('"POST /v1/images/generations" = "images.generate"', "an operation, by method and path"),
    ('createImageEdit = "images.edit"', "the same, by operationId"),
    ('"GET /pets pageSize" = "limit"', "a parameter of an operation"),
    ('"listPets.pageSize" = "limit"', "the same, by operationId"),
    ('internal_pet_v2 = "Pet"', "the class of a schema, by its key under `components`"),
    ('"Pet.petType" = "kind"', "an attribute of it"),
    (
        '"/components/schemas/Pet/properties/owner" = "Owner"',
        "the class of an inline schema, by JSON pointer",
    ),
)

ALIASES = (
    ('"files.purge" = "files.delete"', "an operation that is called otherwise now"),
    ('uploads = "files"', "a resource, with all that is below it"),
    ('"files.merge" = false', "an operation that is gone"),
    (
        '"files.split" = {removed = "upload the parts apart"}',
        "the same, with a word to its callers",
    ),
    ('"models.Upload" = "models.File"', "a model"),
)

SOURCES = """
## `openapi-spec/sources.lock`

Where documents come from is no configuration: `sdkpress pull URL` writes it down, and `sdkpress pull` goes there again ([the guide](guides/pull.md)).
The file belongs into version control and is not edited by hand.

| in a `[[source]]` | |
|---|---|
"""

SOURCE = {
    "document": "the file in this folder",
    "source": "its URL, or a path relative to the project",
    "sha256": "of the bytes of the document",
    "canonical_sha256": "of its content, whatever its format and the order of its keys",
    "etag": "of the source, if its server gave one",
    "last_modified": "likewise",
    "spec": "which of a site's documents it is: its path as the pages give it",
}
INDEX = {
    "source": "the URL of a page that only leads to others",
    "etag": "of that page",
    "last_modified": "likewise",
    "pages": "the pages it led to: `url`, `etag`, `last_modified`, and `holds` where one held a document or a part of one",
}


def cell(text: str) -> str:
    return text.replace("|", r"\|")


def table(keys: tuple[Key, ...]) -> str:
    has_examples = any(key.example for key in keys)
    head = ["key", "type", "meaning", "without it", *(["example"] if has_examples else [])]
    rows = [f"| {' | '.join(head)} |", f"|{'---|' * len(head)}"]
    for key in keys:
        cells = [f"`{key.name}`", key.kind, key.meaning, key.default]
        if has_examples:
            cells.append(f"`{key.example}`")
        rows.append(f"| {' | '.join(map(cell, cells))} |")
    return "\n".join(rows) + "\n"


def lines(shown: tuple[tuple[str, str], ...]) -> str:
    rows = "".join(f"| `{line}` | {meaning} |\n" for line, meaning in shown)
    return f"| for example | |\n|---|---|\n{rows}"


def pairs(shown: dict[str, str]) -> str:
    return "".join(f"| `{name}` | {meaning} |\n" for name, meaning in shown.items())


def made() -> str:
    return "".join(
        [
            HEAD,
            table(CLIENT_KEYS),
            AUTHORS,
            table(NESTED_KEYS["authors"]),
            PAGINATION,
            table(NESTED_KEYS["pagination"]),
            FIELD,
            lines(NAMES),
            "\n[The naming guide](guides/naming.md#your-own-names) says what goes first.\n",
            "\n## `aliases`\n\n",
            lines(ALIASES),
            "\n[The naming guide](guides/naming.md#former-names) says what becomes of them.\n",
            "\n## `compatibility`\n\n",
            table(NESTED_KEYS["compatibility"]),
            SOURCES,
            pairs(SOURCE),
            "\n| in an `[[index]]` | |\n|---|---|\n",
            pairs(INDEX),
        ]
    )


def test_the_page_is_what_the_declarations_say() -> None:
    if os.environ.get("SDKPRESS_GOLDEN") == "rewrite":
        PAGE.write_text(made(), encoding="utf-8")
    assert PAGE.read_text(encoding="utf-8") == made(), "run `make golden`"


def test_the_lock_has_the_fields_that_the_page_says() -> None:
    assert list(SOURCE) == [field.name for field in fields(LockedSource)]
    assert list(INDEX) == [field.name for field in fields(LockedIndex)]
    assert re.findall(r"`(\w+)`", INDEX["pages"]) == [field.name for field in fields(LockedPage)]


# ------------------------------------------------------------------------------- examples are read

REQUIRED = {"name": 'name = "pets"', "spec": 'spec = "pets.yaml"'}


def read(folder: Path, text: str, without: str = "") -> None:
    """Read a client with these lines. Raises SdkpressError as the command does."""
    (folder / "LICENSE").write_text("A licence.\n", encoding="utf-8")
    required = "\n".join(line for key, line in REQUIRED.items() if key != without)
    (folder / "sdkpress.toml").write_text(f"[[client]]\n{required}\n{text}\n", encoding="utf-8")
    load_config(folder)


@pytest.mark.parametrize("key", CLIENT_KEYS, ids=lambda key: key.name)
def test_each_key_is_read_and_has_the_type_that_the_page_says(key: Key, tmp_path: Path) -> None:
    read(tmp_path, key.example, without=key.name)
    (value,) = tomllib.loads(key.example).values()
    kinds = {
        "string": isinstance(value, str),
        "boolean": isinstance(value, bool),
        "array of strings": isinstance(value, list) and isinstance(value[0], str),
        "array of tables": isinstance(value, list) and isinstance(value[0], dict),
        "table": isinstance(value, dict),
        "table or false": isinstance(value, dict),
    }
    assert kinds[key.kind]
    with pytest.raises(SdkpressError) as wrong:  # 7 is right for none
        read(tmp_path, f"{key.name} = 7", without=key.name)
    assert f"`{key.name}" in str(wrong.value)


@pytest.mark.parametrize(("key", "shown"), [("names", NAMES), ("aliases", ALIASES)])
def test_each_line_that_is_shown_is_read(
    key: str, shown: tuple[tuple[str, str], ...], tmp_path: Path
) -> None:
    for line, _ in shown:
        read(tmp_path, f"[client.{key}]\n{line}")


@pytest.mark.parametrize("holder", ["authors", "compatibility"])
def test_keys_inside_are_those_of_the_page(holder: str, tmp_path: Path) -> None:
    values = {"email": "ada@example.com", "typing": "patch"}
    opening = f"[[client.{holder}]]" if holder == "authors" else f"[client.{holder}]"
    for key in NESTED_KEYS[holder]:
        read(tmp_path, f'{opening}\n{key.name} = "{values.get(key.name, "Ada")}"')
    with pytest.raises(SdkpressError, match="invalid-config"):
        read(tmp_path, f'{opening}\nnothing = "x"')
