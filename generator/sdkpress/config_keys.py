"""The keys of a client's table in the configuration: the one list of them.

`config` reads by it, and the reference in `docs/configuration.md` is made from it.
"""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["CLIENT_KEYS", "NESTED_KEYS", "PAGINATION_KEYS", "Key"]


class Key(NamedTuple):
    """A key: what its value is, what it means, and what holds without it (Markdown, both)."""

    name: str
    kind: str
    """The type of the value, as readers of TOML call it: "string", "array of strings", …"""
    meaning: str
    default: str
    example: str = ""
    """A line of TOML in a client's table."""


CLIENT_KEYS = (
    Key(
        "name", "string", "the distribution; also the name of the client on the command line", "required",
        example='name = "petstore"',
    ),
    Key(
        "spec", "string", "the document: YAML, JSON, or a page with one inside", "required",
        example='spec = "openapi-spec/petstore.yaml"',
    ),
    Key(
        "overlays", "array of strings", "overlays, applied in this order", "none",
        example='overlays = ["openapi-spec/petstore.overlay.yaml"]',
    ),
    Key(
        "out", "string", "folder of the distribution", "`generated/` and the name",
        example='out = "clients/petstore"',
    ),
    Key(
        "version", "string", "version of the distribution", "`0.1.0`",
        example='version = "1.4.0"',
    ),
    Key(
        "description", "string", "one line about the distribution", "from the document",
        example='description = "Client for the pet store"',
    ),
    Key(
        "license", "string", "SPDX expression of the licence that you publish under", "`MIT`",
        example='license = "Apache-2.0"',
    ),
    Key(
        "license_file",
        "string",
        "file with the text of the licence",
        "the text is there for `MIT`, `Apache-2.0`, `BSD-3-Clause` and `ISC`",
        example='license_file = "LICENSE"',
    ),
    Key(
        "authors",
        "array of tables",
        '`[{name = "…", email = "…"}]`, one of the two or both',
        "the contact that the document names",
        example='authors = [{name = "Ada", email = "ada@example.com"}]',
    ),
    Key(
        "maintainers", "array of tables", "as `authors`", "none",
        example='maintainers = [{name = "Pet team"}]',
    ),
    Key(
        "urls",
        "table",
        "links by label (`Source`, `Issues`, `Changelog`, …); they win over those of the document",
        "from the document",
        example='urls = {Source = "https://example.com/petstore"}',
    ),
    Key(
        "keywords", "array of strings", "what indexes find the distribution by", "from title and tags",
        example='keywords = ["pets", "store"]',
    ),
    Key(
        "classifiers",
        "array of strings",
        "classifiers of the index, beside those that are always there",
        "none",
        example='classifiers = ["Development Status :: 4 - Beta"]',
    ),
    Key(
        "metadata_version",
        "string",
        "version of the metadata in wheel and sdist: `2.4`, or `2.5` with import names, which old indexes refuse",
        "`2.4`",
        example='metadata_version = "2.5"',
    ),
    Key(
        "package", "string", "import name", "`name` with underscores",
        example='package = "petstore"',
    ),
    Key(
        "client", "string", "class of the sync client; the async one has `Async` in front", "derived from `name`",
        example='client = "PetStore"',
    ),
    Key(
        "env_prefix", "string", "start of the environment variables that the client reads", "derived from `client`",
        example='env_prefix = "PETSTORE"',
    ),
    Key(
        "names",
        "table",
        "your own names for what the document names badly: [the naming guide](guides/naming.md) has the keys",
        "none",
        example='names = {"POST /pets/{id}/photo" = "pets.photo"}',
    ),
    Key(
        "pagination",
        "table or false",
        "how lists come in pages, by operation: [the guide](guides/pagination.md#saying-it); `false` for no pages at all",
        "what the document tells",
        example='pagination = {"pets.*" = false}',
    ),
    Key(
        "aliases",
        "table",
        "former names that stay for a while: [the naming guide](guides/naming.md#former-names)",
        "none",
        example='aliases = {"pets.purge" = "pets.delete"}',
    ),
    Key(
        "compatibility",
        "table",
        'how much a break counts for the version: `{typing = "minor"}`, or `major` or `patch`, of what only type checkers see',
        "`minor`",
        example='compatibility = {typing = "major"}',
    ),
    Key(
        "black",
        "boolean",
        "`true` runs black on everything, `false` never; the files are the same either way",
        "up to 20,000 new lines",
        example='black = false',
    ),
)  # fmt: skip

PAGINATION_KEYS = (
    Key("style", "string", "`cursor`, `page`, `offset`, `url` or `link`", "required"),
    Key(
        "parameter",
        "string",
        "the query parameter, or the property of a JSON body, that moves on; not for `url` and `link`",
        "required for `cursor`, `page`, `offset`",
    ),
    Key("items", "field", "the field with the array of items, `\"\"` where the answer is the array", "the only array"),
    Key("next", "field", "the field with the cursor or the URL", "none"),
    Key("last_item", "field", "instead of `next`: the field of the last item that is the cursor, as `id`", "none"),
    Key(
        "has_more",
        "field",
        "a field that is true while there is more; `\"!done\"` for one that is false",
        "the other fields tell, or an empty page",
    ),
    Key("total", "field", "the field with the number of all items", "none"),
    Key("total_pages", "field", "the field with the number of all pages", "none"),
    Key("size", "string", "the parameter for the size of a page", "none"),
    Key("first", "integer", "the number of the first page, or of the first item", "1 for `page`, else 0"),
)  # fmt: skip
"""What a rule of `pagination` may say."""

NESTED_KEYS = {
    "authors": (
        Key("name", "string", "of a person or a group", "none, where there is an `email`"),
        Key("email", "string", "an address", "none, where there is a `name`"),
    ),
    "pagination": PAGINATION_KEYS,
    "compatibility": (
        Key("typing", "string", "what a break that only type checkers see makes of the version: `major`, `minor` or `patch`", "`minor`"),
    ),
}  # fmt: skip
"""The keys of tables inside, by the key that holds them."""
