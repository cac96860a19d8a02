"""What to do about a node that the document model refuses: mend the copy, or set the node aside."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

from sdkpress.structure import is_structured
from sdkpress.tree_editing import Path
from sdkpress.trees import is_mapping

__all__ = ["ITEM_PLACEHOLDERS", "Fix", "ModelError", "Place", "fixes", "without_addresses"]


class ModelError(NamedTuple):
    """An error of the model: its type and message, and where it is in the model's own terms."""

    type: str
    message: str
    place: tuple[str | int, ...]


@dataclass(frozen=True)
class Fix:
    """What to do about the errors of a node: `value` takes the place of the node at `path`, or the
    node goes. `message` is None where the document is right and only the copy needs the fix."""

    path: Path
    action: Literal["put", "drop"]
    value: Any = None
    message: str | None = None
    at: Path = ()


@dataclass
class Place:
    """The errors at one node of the copy."""

    path: Path
    roles: Sequence[str]
    errors: list[ModelError] = field(default_factory=list[ModelError])

    def holder(self) -> int:
        """How many parts of the path lead to the innermost object of the specification."""
        for length in range(len(self.path), 0, -1):
            if is_structured(self.roles[length - 1]):
                return length
        return 0


# --- what to do about them ------------------------------------------------------------------------

# Fields that the model wants and that a document may leave out, or that a client can do without.
# OpenAPI 3.1 made `paths` and `responses` optional, 3.2 the description of a response.
_OPTIONAL_FIELDS: Mapping[tuple[str, str], Any] = {
    ("openapi", "paths"): {},
    ("operation", "responses"): {},
    ("response", "description"): "",
}
_DEFAULT_FIELDS: Mapping[tuple[str, str], Any] = {
    ("openapi", "info"): {"title": "", "version": ""},
    ("info", "title"): "",
    ("info", "version"): "",
    ("license", "name"): "",
    ("externalDocs", "url"): "",
    ("tag", "name"): "",
    ("requestBody", "content"): {},
    ("serverVariable", "default"): "",
    ("oauthFlow", "scopes"): {},
}

# What takes the place of a bad object; all others are removed.
_REPLACEMENTS: Mapping[str, Any] = {
    "schema": {},
    "operation": {"responses": {}},
    "response": {"description": ""},
    "responses": {},
    "mediaType": {},
    "info": {"title": "", "version": ""},
}
_CONSEQUENCES: Mapping[str, str] = {
    "schema": "it allows any value now",
    "operation": "it is kept without parameters, body and responses",
    "response": "it is kept without content",
    "mediaType": "its type is left open",
}
ITEM_PLACEHOLDERS: Mapping[str, Any] = {
    "parameter": {"name": "placeholder", "in": "query"},
    "server": {"url": ""},
    "tag": {"name": ""},
    "securityRequirement": {},
    "schema": {},
}
_ESSENTIAL_FIELDS = frozenset(
    (
        ("parameter", "name"),
        ("parameter", "in"),
        ("securityScheme", "type"),
        ("server", "url"),
        ("discriminator", "propertyName"),
    )
)
_LISTS_OF_NAMES = frozenset((("operation", "tags"), ("schema", "required")))
_NAMES = {
    "info": "info object",
    "openapi": "document",
    "mediaType": "media type",
    "pathItem": "path item",
    "requestBody": "request body",
    "securityRequirement": "security requirement",
    "securityScheme": "security scheme",
    "serverVariable": "server variable",
    "oauthFlow": "OAuth flow",
    "oauthFlows": "set of OAuth flows",
    "externalDocs": "link to external documentation",
    "xml": "XML object",
    "responses": "set of responses",
    "paths": "set of paths",
}


def fixes(place: Place, node: Any) -> Sequence[Fix]:
    """The fixes for the errors at a place where the copy has `node`."""
    legal = _legal(place, node)
    if legal is not None:
        return [legal]
    missing = [error for error in place.errors if error.type == "missing"]
    if missing and is_mapping(node):
        return _missing(place, missing)
    return [_set_aside(place, node)]


def _legal(place: Place, node: Any) -> Fix | None:
    """The fix of the copy alone, where the document is right and the model too strict."""
    if not place.path:
        return None
    path, roles = place.path, place.roles
    role, name = roles[-1], path[-1]
    parent = roles[-2] if len(roles) > 1 else "openapi"
    if parent in ("paths", "responses", "callback") and str(name).startswith("x-"):
        return Fix(path, "drop")
    if parent == "callback" and name == "$ref":
        return Fix(path, "drop")
    if role == "schema" and isinstance(node, bool):
        return Fix(path, "put", {})
    if parent == "schema" and name == "items" and isinstance(node, list):
        return Fix(path, "drop")  # a tuple as JSON Schema wrote it before `prefixItems`
    if parent == "schema" and name == "required" and isinstance(node, bool):
        return Fix(path, "drop")  # of draft 3; lowering understands it
    if parent == "schema" and name == "const" and isinstance(node, (dict, list)):
        return Fix(path, "drop")
    if parent == "parameter" and name == "in" and node == "querystring":
        return Fix(path, "put", "query")
    if parent == "securityRequirement" and node is None:
        return Fix(path, "put", [])
    if node is None and isinstance(name, str):
        # An empty member: for a reader there is none, or one without fields.
        if parent.startswith("{}") or parent in ("paths", "responses", "callback"):
            return Fix(path, "put", _REPLACEMENTS.get(role, {}))
        return Fix(path, "drop")
    return None


def _missing(place: Place, errors: Iterable[ModelError]) -> list[Fix]:
    path = place.path
    role = place.roles[-1] if path else "openapi"
    fixes: list[Fix] = []
    for error in errors:
        name = str(error.place[-1])
        added = (*path, name)
        if (role, name) in _OPTIONAL_FIELDS:
            fixes.append(Fix(added, "put", _OPTIONAL_FIELDS[role, name]))
        elif (role, name) in _DEFAULT_FIELDS:
            message = f"{_a(role)} needs `{name}`, which is missing."
            fixes.append(Fix(added, "put", _DEFAULT_FIELDS[role, name], message, path))
        else:
            return [_whole(path, role, f"`{name}` is missing", path)]
    return fixes


def _set_aside(place: Place, node: Any) -> Fix:
    path = place.path
    length = place.holder()
    role = place.roles[length - 1] if length else "openapi"
    problem = f"must be {_expected(place.errors)}{_instead(node)}"
    subject = "/".join(str(part) for part in path[length:])
    if isinstance(node, (int, float)) and place.errors[0].type == "string_type":
        # `version: 1.0` without quotes and the like: what is meant is plain.
        text = json.dumps(node)
        return Fix(path, "put", text, f'`{subject}` {problem}; it is read as "{text}".', path)
    if node is None and len(path) > 1 and path[-2] == "type":
        message = f'`{subject}` {problem}; it is read as "null".'
        return Fix(path, "put", "null", message, path)
    if length == len(path):
        return _whole(path, role, f"it {problem}", path)
    holder, name = path[:length], path[length]
    if (role, str(name)) in _ESSENTIAL_FIELDS:
        return _whole(holder, role, f"`{subject}` {problem}", path)
    if role == "securityRequirement":
        # Without the member the requirement would demand less than it does.
        return Fix((*holder, name), "put", [], f"`{subject}` {problem}; it counts as [].", path)
    if (role, str(name)) in _LISTS_OF_NAMES and len(path) == length + 2:
        return Fix(path, "drop", None, f"`{subject}` {problem}; it is set aside.", path)
    message = f"`{subject}` {problem}; `{name}` is set aside."
    return Fix((*holder, name), "drop", None, message, path)


def _whole(path: Path, role: str, problem: str, at: Path) -> Fix:
    consequence = _CONSEQUENCES.get(role, "it is set aside")
    message = f"This {_NAMES.get(role, role)} is not valid: {problem}; {consequence}."
    if role in _REPLACEMENTS:
        return Fix(path, "put", _REPLACEMENTS[role], message, at)
    return Fix(path, "drop", None, message, at)


# --- words ----------------------------------------------------------------------------------------

_EXPECTATIONS = {
    "string": "a string",
    "model": "an object",
    "dict": "an object",
    "list": "an array",
    "bool": "a boolean",
    "int": "an integer",
    "float": "a number",
}
_OBJECT_REPR = re.compile(r"<[^<>]* object at 0x[0-9a-fA-F]+>")
_SHOWN = 40


def without_addresses(message: str) -> str:
    """A message of the model without the addresses of its objects, which differ in every run."""
    return _OBJECT_REPR.sub("…", message)


def _expected(errors: Iterable[ModelError]) -> str:
    words: dict[str, None] = {}
    for error in errors:
        message = without_addresses(error.message)
        word = _EXPECTATIONS.get(error.type.partition("_")[0])
        if word is None:
            word = message.removeprefix("Input should be ")
            if error.type == "enum":
                word = f"one of {word}"
            elif error.type == "too_short":
                word = "a list that is not empty"
        words[word] = None
    return " or ".join(words)


def _instead(node: Any) -> str:
    if node is None or isinstance(node, (str, int, float)):
        text = json.dumps(node, ensure_ascii=False)
        return f", not {text if len(text) <= _SHOWN else text[: _SHOWN - 1] + '…'}"
    return ""


def _a(role: str) -> str:
    name = _NAMES.get(role, role)
    return f"{'An' if name[0] in 'aeiouO' else 'A'} {name}"
