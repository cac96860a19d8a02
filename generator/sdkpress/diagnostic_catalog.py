"""Every id of a diagnostic: how bad it is, what it means, and what to do.

The ids are stable: users silence, count and search for them. `docs/diagnostics.md` is made from
this table and an example of each. `diagnostics` has what is done with them, and is where to import
from.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from typing import NamedTuple

__all__ = ["CATALOG", "CatalogEntry", "Severity"]


class Severity(enum.Enum):
    """How much a diagnostic matters; `--strict` turns warnings into errors."""

    NOTE = "note"
    WARNING = "warning"
    ERROR = "error"


class CatalogEntry(NamedTuple):
    """What an id means: its severity, a title, and the default line of help ("" for none)."""

    severity: Severity
    title: str
    help: str = ""


_NOTE, _WARNING, _ERROR = Severity.NOTE, Severity.WARNING, Severity.ERROR

CATALOG: Mapping[str, CatalogEntry] = {
    # Reading files (document.py)
    "file-not-found": CatalogEntry(_ERROR, "A file does not exist"),
    "file-unreadable": CatalogEntry(_ERROR, "A file cannot be read"),
    "file-too-large": CatalogEntry(_ERROR, "A file is larger than sdkpress reads"),
    "invalid-encoding": CatalogEntry(
        _ERROR, "A file is not UTF-8 text", "Save the file as UTF-8 (UTF-16 with a BOM works too)."
    ),
    "invalid-yaml": CatalogEntry(_ERROR, "A file is not YAML"),
    "invalid-json": CatalogEntry(_ERROR, "A file is not JSON"),
    "empty-document": CatalogEntry(_ERROR, "A file holds no document"),
    "several-documents": CatalogEntry(
        _ERROR,
        "A YAML file holds more than one document",
        "Keep one document per file; remove what follows the second `---`.",
    ),
    "duplicate-key": CatalogEntry(
        _WARNING,
        "A mapping has the same key twice; the last one counts",
        "Rename or remove one of the two.",
    ),
    "invalid-key": CatalogEntry(_ERROR, "A mapping key is not a scalar"),
    "alias-expansion": CatalogEntry(
        _ERROR,
        "YAML aliases expand to more nodes than sdkpress accepts",
        "Use `$ref` in place of anchors and aliases.",
    ),
    "alias-recursion": CatalogEntry(
        _ERROR,
        "A YAML alias refers to the node that contains it",
        "Use `$ref` for recursive structures.",
    ),
    "nesting-too-deep": CatalogEntry(_ERROR, "A document is nested too deeply"),
    "non-json-value": CatalogEntry(
        _WARNING,
        "A YAML value has no JSON form and is kept as text",
        "OpenAPI allows in YAML only what JSON can say; quote the value if it is meant as text.",
    ),
    "not-openapi": CatalogEntry(
        _ERROR,
        "A document is not an OpenAPI 3.x document",
        "sdkpress reads OpenAPI 3.0, 3.1 and 3.2.",
    ),
    "swagger-2": CatalogEntry(
        _ERROR,
        "A document is Swagger (OpenAPI) 2.0",
        "Convert it first, for example with `npx swagger2openapi --yaml -o openapi.yaml FILE`.",
    ),
    "unsupported-openapi-version": CatalogEntry(
        _ERROR,
        "A document declares an OpenAPI version that sdkpress does not read",
        "sdkpress reads OpenAPI 3.0, 3.1 and 3.2.",
    ),
    # References across files (bundling.py)
    "remote-ref": CatalogEntry(
        _ERROR,
        "A `$ref` leads to the network",
        "Save the remote file beside the document and refer to it by a relative path.",
    ),
    "absolute-ref": CatalogEntry(
        _ERROR,
        "A `$ref` names an absolute path or a path that is not portable",
        "Refer to the file by a path relative to the file that contains the `$ref`.",
    ),
    "ref-file-missing": CatalogEntry(_ERROR, "A `$ref` names a file that cannot be read"),
    "invalid-ref": CatalogEntry(_WARNING, "A `$ref` is not a URI reference with a JSON pointer"),
    "unknown-mapping": CatalogEntry(
        _WARNING,
        "A `mapping` of a discriminator leads to a file that is not there; it is ignored",
        "Write the name of a schema below `components.schemas`, or a reference to it.",
    ),
    "escaping-ref": CatalogEntry(
        _ERROR,
        "A `$ref` leads out of the document's folder through a symbolic link",
        "Copy the file into the folder, or refer to its real place by a relative path.",
    ),
    "too-many-files": CatalogEntry(_ERROR, "A document refers to more files than sdkpress reads"),
    # Documentation pages (pages.py)
    "page-without-document": CatalogEntry(
        _ERROR,
        "A page has no OpenAPI document inside",
        "sdkpress looks for one fenced block of YAML or JSON with an OpenAPI 3.x document.",
    ),
    "page-with-several-documents": CatalogEntry(
        _ERROR,
        "A page has more than one OpenAPI document inside",
        "Save the wanted block as a YAML or JSON file and use that.",
    ),
    "page-truncated": CatalogEntry(
        _ERROR,
        "A page ends inside a fenced block",
        "Fetch the page again; the document in it may be cut off.",
    ),
    "page-legacy-document": CatalogEntry(
        _ERROR,
        "A page has a block in the old documentation format, which is not OpenAPI",
        "Ask the publisher for the OpenAPI document, or for a page of the current format.",
    ),
    # The network (fetching.py) and sources.lock (pulling.py)
    "invalid-source": CatalogEntry(_ERROR, "A source is neither a path nor an http(s) URL"),
    "fetch-failed": CatalogEntry(_ERROR, "A URL cannot be fetched"),
    "fetch-refused-redirect": CatalogEntry(
        _ERROR,
        "A URL redirects to a place that is not allowed",
        "If the new address is right, pull from it directly.",
    ),
    "fetch-too-large": CatalogEntry(_ERROR, "An answer is larger than sdkpress accepts"),
    "not-a-document": CatalogEntry(
        _ERROR, "A source is neither an OpenAPI document nor a Markdown page with one inside"
    ),
    "too-many-pages": CatalogEntry(
        _ERROR,
        "A site's index leads to more pages than sdkpress fetches",
        "Raise the limit with `--max-pages N`.",
    ),
    "other-host": CatalogEntry(
        _WARNING,
        "A site's index leads to pages on other hosts; they are left out",
        "Allow a host with `--allow-host HOST`.",
    ),
    "page-missing": CatalogEntry(
        _WARNING, "A site's index leads to a page that is not there; it is left out"
    ),
    "page-gone": CatalogEntry(
        _ERROR,
        "A page of a site, which held a part of a document, cannot be read any more",
        "Pull again later. If the page is gone for good, remove its line from "
        "openapi-spec/sources.lock.",
    ),
    "page-conflict": CatalogEntry(
        _ERROR,
        "Two pages of a site say different things of one document",
        "The site may be half-way through a change: pull again later, or pull single pages.",
    ),
    "repeated-document": CatalogEntry(
        _NOTE, "Pages of a site repeat what another document on it has; they are left out"
    ),
    "document-shrunk": CatalogEntry(
        _ERROR,
        "A source lost so many operations that it is more likely broken than changed",
        "Look at the source. If it is right, pull with `--allow-shrink`.",
    ),
    "source-conflict": CatalogEntry(_ERROR, "Two sources would write the same document"),
    "invalid-lock": CatalogEntry(
        _ERROR,
        "A lock file cannot be read",
        "Restore it from version control; after a merge conflict, take either side.",
    ),
    "nothing-to-pull": CatalogEntry(
        _ERROR, "No source was given and none is recorded", "Run `sdkpress pull SOURCE`."
    ),
    "file-unwritable": CatalogEntry(_ERROR, "A file cannot be written"),
    # Overlays (overlays.py)
    "invalid-overlay": CatalogEntry(
        _ERROR,
        "A file is not an OpenAPI Overlay document",
        "sdkpress reads OpenAPI Overlay 1.0 and 1.1.",
    ),
    "invalid-jsonpath": CatalogEntry(
        _ERROR,
        "A target of an overlay is not a JSONPath query, or it asks for too much work",
        "Overlays use JSONPath as RFC 9535 defines it; a filter is written `[?@.name == 'x']`.",
    ),
    "overlay-no-match": CatalogEntry(
        _ERROR,
        "An overlay action matches nothing",
        "If the document no longer needs the action, remove it; else correct its target.",
    ),
    "overlay-copy-source": CatalogEntry(
        _ERROR, "`copy` of an overlay action does not select exactly one node"
    ),
    "overlay-unlike-kinds": CatalogEntry(
        _ERROR,
        "An overlay action merges values of unlike kinds",
        "To replace a value by one of another kind, remove it in one action and add it in the next.",
    ),
    "overlay-target": CatalogEntry(
        _ERROR, "An overlay action selects a node that it cannot be applied to"
    ),
    "overlay-too-large": CatalogEntry(_ERROR, "An overlay makes a document too large"),
    "overlay-no-effect": CatalogEntry(
        _NOTE,
        "An overlay action changes nothing",
        "The document says already what the action wants; remove the action.",
    ),
    "overlay-exists": CatalogEntry(
        _ERROR,
        "`doctor --write` names a file that is there already",
        "Write to another name and compare the two, or add the overlay that is there by `--overlay`: "
        "then only what it lacks is written.",
    ),
    # Validation (validation.py)
    "invalid-node": CatalogEntry(
        _WARNING, "A node is not what OpenAPI allows in its place; it is set aside"
    ),
    "validation-unavailable": CatalogEntry(
        _NOTE, "A document could not be validated; it is used as it is"
    ),
    "validation-incomplete": CatalogEntry(
        _NOTE, "A document has so many invalid nodes that validation stopped"
    ),
    # Lowering (lowering/): what the document means
    "dangling-ref": CatalogEntry(
        _WARNING,
        "A `$ref` names a place that does not exist; the type is left open",
        "Correct the `$ref`, or add what it names.",
    ),
    "ignored-siblings": CatalogEntry(
        _NOTE,
        "OpenAPI 3.0 ignores what stands beside a `$ref`",
        "Put the reference and the rest into an `allOf`, or declare OpenAPI 3.1.",
    ),
    "reference-cycle": CatalogEntry(
        _WARNING, "References lead back to themselves without a type; the type is left open"
    ),
    "invalid-schema": CatalogEntry(
        _WARNING, "A schema is not an object or a boolean; the type is left open"
    ),
    "boolean-required": CatalogEntry(
        _NOTE,
        "A property says `required: true` of itself, as in JSON Schema draft 3",
        "List the property in the `required` of the schema around it.",
    ),
    "unknown-type": CatalogEntry(
        _WARNING,
        "A schema has a `type` that JSON Schema does not know",
        "Use object, array, string, integer, number, boolean or null.",
    ),
    "all-of-conflict": CatalogEntry(
        _WARNING, "The members of an allOf ask for types that no value has at once"
    ),
    "all-of-too-wide": CatalogEntry(
        _NOTE, "An allOf combines unions into too many alternatives; the type is left open"
    ),
    "unknown-security-scheme": CatalogEntry(
        _WARNING,
        "A security requirement names a scheme that the document does not define",
        "Define it below `components.securitySchemes`.",
    ),
    "unsupported-security-scheme": CatalogEntry(
        _WARNING, "A security scheme is of no known type; requests go without it"
    ),
    "manual-http-scheme": CatalogEntry(
        _NOTE,
        "An HTTP authentication scheme other than Basic and Bearer: its value comes from the caller",
        "For Digest and other schemes with a challenge, pass an `http_client` that answers them.",
    ),
    "invalid-parameter": CatalogEntry(
        _WARNING, "A parameter has no `name` or no known `in`; it is left out"
    ),
    "ignored-header-parameter": CatalogEntry(
        _NOTE, "Accept, Content-Type and Authorization as header parameters are ignored"
    ),
    "invalid-style": CatalogEntry(
        _WARNING, "A parameter has a `style` that its location does not allow"
    ),
    "undeclared-path-parameter": CatalogEntry(
        _WARNING,
        "A path has a template expression that no parameter declares; it becomes a string",
        "Declare the parameter with `in: path`.",
    ),
    "unused-path-parameter": CatalogEntry(
        _WARNING, "A path parameter does not occur in the path; it is left out"
    ),
    "invalid-status": CatalogEntry(_WARNING, "A response is keyed by no status code"),
    "impossible-content": CatalogEntry(
        _NOTE,
        "A response with status 204 or 205 declares content, which HTTP rules out; it is ignored",
        "Declare the content for 200, or remove it.",
    ),
    "invalid-method": CatalogEntry(
        _WARNING, "`additionalOperations` has a key that is no HTTP method"
    ),
    "invalid-extension": CatalogEntry(
        _WARNING, "An `x-sdkpress-…` extension has a value that sdkpress does not know"
    ),
    "foreign-extension": CatalogEntry(
        _NOTE,
        "An extension of another generator has a value that sdkpress cannot read; it is ignored",
        "Say it by `x-sdkpress-…`, or in the configuration.",
    ),
    "operation-left-out": CatalogEntry(
        _NOTE,
        "The document keeps an operation out of clients, so there is no method for it",
        "`x-sdkpress-ignore: false` on the operation, as in an overlay, brings it back.",
    ),
    "stream-without-condition": CatalogEntry(
        _NOTE,
        "An answer is a stream or one value, and no boolean body property asks for the stream",
        "Name the property by `x-sdkpress-stream: {condition: …}` on the media type.",
    ),
    "unknown-link-target": CatalogEntry(
        _WARNING,
        "A link names an operation that the document does not have; it is left out",
        "Correct its `operationId` or `operationRef`.",
    ),
    # The fake server (mocking.py)
    "address-unavailable": CatalogEntry(
        _ERROR,
        "The fake server cannot listen on an address",
        "Choose another port with `--port` (0 takes a free one), or another address with `--host`.",
    ),
    # Naming (naming.py)
    "invalid-name": CatalogEntry(
        _ERROR,
        "A name that was set by hand is not usable",
        "Use identifiers joined by dots, such as `chat.completions.create`.",
    ),
    "unused-name": CatalogEntry(
        _WARNING,
        "The configuration names something that the document does not have",
        "Compare the key in `names` with the document; docs/guides/naming.md lists the kinds of keys.",
    ),
    "opaque-operation-id": CatalogEntry(
        _NOTE, "An operationId says nothing; the name comes from the path"
    ),
    # Publishing (publishing/)
    "invalid-index": CatalogEntry(
        _ERROR,
        "A package index answers what is no simple API, or files other than it says",
        "Name the index with --repository-index, if its address is another one.",
    ),
    "missing-tool": CatalogEntry(
        _ERROR,
        "A program that building or publishing needs is not installed",
        "Install `sdkpress[publish]` into the environment of sdkpress.",
    ),
    "unreadable-package": CatalogEntry(
        _ERROR,
        "A wheel or sdist cannot be read",
        "Ask its publisher for another one, or leave out what needs it.",
    ),
    # Building distributions (building/)
    "not-a-client": CatalogEntry(
        _ERROR,
        "A folder holds no generated client",
        "Generate it first: sdkpress generate. Or name the folder that has its pyproject.toml.",
    ),
    "client-incomplete": CatalogEntry(
        _ERROR,
        "A generated file is missing, and a distribution without it would not work",
        "Write it again: sdkpress generate.",
    ),
    "linked-file": CatalogEntry(
        _ERROR,
        "A link, a device or a folder stands where a distribution takes a file from",
        "Put a plain file there.",
    ),
    "invalid-epoch": CatalogEntry(
        _ERROR,
        "SOURCE_DATE_EPOCH is no time that archives can hold",
        "Set it to whole seconds since 1970, such as `git log -1 --format=%ct` prints, or unset it.",
    ),
    "build-failed": CatalogEntry(
        _ERROR,
        "The build backend refuses a client's project",
        "Correct what it names: a key of the configuration, or an edit in pyproject.toml.",
    ),
    # Packages in other projects (vendoring/)
    "vendor-source": CatalogEntry(
        _ERROR,
        "What is to be vendored is no package that can be",
        "Name a configured client, the folder of one, a wheel, or NAME==VERSION and --index-url.",
    ),
    "vendor-wheel": CatalogEntry(
        _ERROR,
        "A wheel is broken, or is not what its own record says",
        "Do not use it. Download it anew, or ask its publisher.",
    ),
    "vendor-target": CatalogEntry(
        _ERROR,
        "A package cannot be vendored there",
        "Choose another folder, or another name by --as.",
    ),
    "vendor-not-found": CatalogEntry(
        _ERROR,
        "No vendored package is where one was looked for",
        "Say the folder that holds it: --into DIR.",
    ),
    "vendor-record": CatalogEntry(
        _ERROR,
        "VENDORED.toml cannot be used",
        "Restore it from version control.",
    ),
    "vendor-base": CatalogEntry(
        _ERROR,
        "VENDORED.base, which edits are merged with, cannot be used",
        "Restore it from version control, or undo the edits: then it is not needed.",
    ),
    "vendor-conflict": CatalogEntry(
        _ERROR,
        "The last update of a vendored package has left something to decide",
        "Choose between the two versions in the file, and delete the lines of markers.",
    ),
    # Configuration and the command line (config.py, cli/)
    "usage": CatalogEntry(_ERROR, "A command was called in a way it does not know"),
    "no-configuration": CatalogEntry(_ERROR, "There is no configuration to work on"),
    "invalid-toml": CatalogEntry(_ERROR, "A configuration file is not TOML"),
    "invalid-config": CatalogEntry(_ERROR, "A configuration file says something that cannot be"),
    "invalid-pagination": CatalogEntry(
        _ERROR,
        "A rule of `pagination` in the configuration does not fit the operation that it names",
        "docs/guides/pagination.md has what a rule can say.",
    ),
    "invalid-option": CatalogEntry(_ERROR, "An option of the command line cannot be as given"),
    "no-document-to-begin-with": CatalogEntry(
        _ERROR, "`init` does not know which document the first client is for"
    ),
    "unknown-client": CatalogEntry(_ERROR, "No client of that name is configured"),
    # Comparing versions (diffing/)
    "unreadable-revision": CatalogEntry(_ERROR, "A revision, or a file in it, cannot be read"),
    "callers-need-mypy": CatalogEntry(
        _ERROR,
        "Broken callers are searched with mypy, which is not installed",
        "Install sdkpress[callers].",
    ),
    "type-check-failed": CatalogEntry(_ERROR, "The type checker failed on the callers"),
    # Writing a client (emitting.py, manifest.py)
    "invalid-manifest": CatalogEntry(
        _ERROR,
        "The manifest of generated files cannot be read",
        "Restore it from version control (after a merge conflict, take either side), then generate.",
    ),
    "edited-file": CatalogEntry(
        _ERROR,
        "A generated file was edited; nothing is written until that is settled",
        "Keep hand-written code in extras/, which sdkpress never touches. To discard the edit, "
        "restore or delete the file and generate again.",
    ),
    "foreign-file": CatalogEntry(
        _ERROR,
        "A file that sdkpress did not write stands where a generated file belongs",
        "Move it away, or delete it, and generate again.",
    ),
    "edited-dropped-file": CatalogEntry(
        _WARNING,
        "A generated file is no longer part of the client, but was edited and is kept",
        "Move what you need into extras/ and delete the file; sdkpress no longer looks at it.",
    ),
    "symlink-in-output": CatalogEntry(
        _ERROR,
        "A symbolic link stands inside a client's folder, where writing would leave the folder",
        "Replace the link by a plain file or folder.",
    ),
    "output-unwritable": CatalogEntry(_ERROR, "A client's folder cannot be written"),
    "output-incomplete": CatalogEntry(
        _ERROR,
        "Writing stopped half-way; every file is whole",
        "Mend the cause and run `sdkpress generate` again.",
    ),
}
