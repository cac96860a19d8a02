"""Why two clients may send different requests, and who is right where they do.

A rule looks at one difference and at what the document says there, never at which document it is.
"""

from __future__ import annotations

import datetime
import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

from sdkpress.runtime.testing.routing import Operation

from .arguments import Arguments, Description
from .packages import Endpoint

__all__ = ["RULES", "Case", "Difference", "Rule", "explain"]


@dataclass(frozen=True, slots=True)
class Difference:
    """`place` is `path`, `query`, `headers`, `cookies`, `media_type` or `body`; None: not sent."""

    place: str
    name: str
    ours: Any
    theirs: Any


@dataclass(frozen=True, slots=True)
class Case:
    """A difference, and what the document and the caller say about its place."""

    difference: Difference
    endpoint: Endpoint
    description: Description
    operation: Operation
    values: Arguments
    same_media_type: bool = True
    """Whether both requests have a body of one media type."""

    @property
    def parameter(self) -> dict[str, Any]:
        """The Parameter Object at the place, {} for none."""
        location = {"headers": "header", "cookies": "cookie"}.get(
            self.difference.place, self.difference.place
        )
        for node in self.operation.parameters:
            name = str(node.get("name"))
            wanted = self.difference.name.partition("[")[0]
            same = name.lower() == wanted.lower() if location == "header" else name == wanted
            if node.get("in") == location and (same or name == self.difference.name):
                return node
        return {}

    @property
    def given(self) -> Any:
        """What the caller gave for the parameter, None for nothing."""
        node = self.parameter
        return self.values.parameters.get((str(node.get("in")), str(node.get("name"))))

    @property
    def schema(self) -> dict[str, Any]:
        """The schema of the parameter."""
        node = self.parameter
        return self.description.references.resolve(node.get("schema"))

    @property
    def style(self) -> tuple[str, bool]:
        """Style and explode of the parameter, with the defaults of the specification."""
        node = self.parameter
        form = node.get("in") in ("query", "cookie")
        style = str(node.get("style", "form" if form else "simple"))
        return style, bool(node.get("explode", style == "form"))

    @property
    def media_types(self) -> list[str]:
        """The media types that the document allows for the body."""
        content = self.operation.request_body.get("content")
        return list(content) if isinstance(content, dict) else []


@dataclass(frozen=True, slots=True)
class Rule:
    """Who is right (`ours`, `theirs`, `both`), why, and when it is the explanation."""

    right: str
    reason: str
    applies: Callable[[Case], bool]


def explain(case: Case) -> str | None:
    """The name of the first rule that explains the difference, None where there is none."""
    return next((name for name, rule in RULES.items() if rule.applies(case)), None)


def _default_sent(case: Case) -> bool:
    d = case.difference
    if d.place not in ("query", "headers", "cookies") or d.ours is not None:
        return False
    return case.given is None and "default" in _deep(case, case.schema)


def _deep(case: Case, schema: dict[str, Any]) -> set[str]:
    """The keywords of a schema and of what it is composed of."""
    found = set(schema)
    for key in ("allOf", "anyOf", "oneOf"):
        for item in schema.get(key, ()) if isinstance(schema.get(key), list) else ():
            found |= set(case.description.references.resolve(item))
    return found


def _same_instant(case: Case) -> bool:
    d = case.difference
    return _instants(d.ours) is not None and _instants(d.ours) == _instants(d.theirs)


def _instants(value: Any) -> Any:
    if isinstance(value, list) and value:
        every = [_instants(item) for item in value]
        return None if None in every else every
    if not isinstance(value, str):
        return None
    try:
        found = datetime.datetime.fromisoformat(value)
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=datetime.UTC)


def _no_content(case: Case) -> bool:
    d = case.difference
    return (
        d.place == "media_type" and not d.ours and not (case.values.has_body and case.values.body)
    )


def _other_media_type(case: Case) -> bool:
    d = case.difference
    is_free = len(case.media_types) > 1 and not case.same_media_type
    return is_free and d.place in ("media_type", "body")


def _escaping(case: Case) -> bool:
    d = case.difference
    return d.place == "path" and unquote(d.ours) == unquote(d.theirs)


def _style(case: Case) -> bool:
    d = case.difference
    given = case.given
    if d.place not in ("query", "headers", "cookies") or not isinstance(given, (list, dict)):
        return False
    style, explode = case.style
    joined = {"form": ",", "spaceDelimited": " ", "pipeDelimited": "|", "simple": ","}.get(style)
    if isinstance(given, list) and not explode and joined and d.ours is not None:
        return d.ours == [joined.join(_plain(item) for item in given)]
    return isinstance(given, dict)


def _spread_object(case: Case) -> bool:
    d = case.difference
    if d.place not in ("query", "cookies") or case.parameter:
        return False
    return any(
        isinstance(value, dict) and d.name in value for value in case.values.parameters.values()
    )


def _null_choice(case: Case) -> bool:
    d = case.difference
    body = case.values.body
    given = isinstance(body, dict) and body.get(d.name[1:], ...) is None
    return d.place == "body" and given and d.ours is None and d.theirs is None


def _line_break(case: Case) -> bool:
    d = case.difference
    if d.place != "path":
        return False
    return "".join(c for c in unquote(d.ours) if c.isprintable()) == unquote(d.theirs)


def _empty_body(case: Case) -> bool:
    d = case.difference
    required = case.operation.request_body.get("required") is True
    return d.place in ("body", "media_type") and case.values.body == {} and not required


def _path_style(case: Case) -> bool:
    if case.difference.place != "path":
        return False
    return any(
        location == "path" and isinstance(value, (list, dict))
        for (location, _), value in case.values.parameters.items()
    )


def _content_parameter(case: Case) -> bool:
    return bool(case.parameter.get("content"))


def _parts(case: Case) -> list[tuple[Any, Any]]:
    """The parts of one name in both multipart bodies: `(is a file, media type, data)`."""
    d = case.difference
    if d.place != "body" or not isinstance(d.ours, list) or not isinstance(d.theirs, list):
        return []
    if len(d.ours) != len(d.theirs) or not all(isinstance(x, tuple) for x in (*d.ours, *d.theirs)):
        return []
    return list(zip(d.ours, d.theirs, strict=True))


def _part_headers(case: Case) -> bool:
    parts = _parts(case)
    return bool(parts) and all(
        one[2] == other[2] and not one[0] and {one[1], other[1]} == {"", "text/plain"}
        for one, other in parts
    )


def _file_part(case: Case) -> bool:
    parts = _parts(case)
    return bool(parts) and all(
        one[2] == other[2] and one[0] and not other[0] for one, other in parts
    )


def _python_text(case: Case) -> bool:
    d = case.difference
    if d.place == "path":
        pairs = zip(unquote(d.ours).split("/"), unquote(d.theirs).split("/"), strict=False)
        return all(
            one == other or (" " in other and _same_times(one, other)) for one, other in pairs
        )
    parts = _parts(case)
    if parts:
        return all(
            one[2] != other[2]
            and (one[2].lower() == other[2].lower() or str(one[2]) in str(other[2]))
            for one, other in parts
        )
    printed = d.theirs if isinstance(d.theirs, list) else []
    return any(isinstance(text, str) and _PRINTED.match(text) for text in printed)


_PRINTED = re.compile(r"b'.*'$|<_io\.BytesIO object at ")


def _same_times(one: str, other: str) -> bool:
    return _instants(one) is not None and _instants(one) == _instants(other)


def _json_text(case: Case) -> bool:
    parts = _parts(case)
    return bool(parts) and all(
        one[:2] == other[:2] and _json(one[2]) is not None and _json(one[2]) == _json(other[2])
        for one, other in parts
    )


def _json(data: Any) -> Any:
    try:
        return json.loads(data)
    except (TypeError, ValueError):
        return None


def _mislabelled(case: Case) -> bool:
    d = case.difference
    is_form = isinstance(d.theirs, bytes) and b"Content-Disposition: form-data" in d.theirs
    return d.place == "body" and case.same_media_type and is_form and isinstance(d.ours, dict)


def _narrower_union(case: Case) -> bool:
    d = case.difference
    return d.place == "body" and d.name.count("/") > 1 and d.theirs is None and d.ours is not None


def _plain(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return value if isinstance(value, str) else json.dumps(value)


RULES: dict[str, Rule] = {
    "default-sent": Rule(
        "ours",
        "It sends the document's `default` of a parameter that the caller did not give. A default "
        "says what the server assumes when nothing is sent; sending it freezes today's default "
        "into every caller.",
        _default_sent,
    ),
    "same-instant": Rule(
        "both",
        "The caller gave a string; sdkpress sends it as it is, openapi-python-client parses it and "
        "prints it again. Both are RFC 3339 and name the same instant.",
        _same_instant,
    ),
    "no-content": Rule(
        "ours",
        "It sends a Content-Type though there is no content (RFC 9110, section 8.3, describes the "
        "content of a message).",
        _no_content,
    ),
    "other-media-type": Rule(
        "both",
        "The document allows several media types for the body. sdkpress sends the preferred one "
        "unless `content_type=` says otherwise; openapi-python-client decides by the class of the "
        "body object, and where two media types share a class, the last one wins.",
        _other_media_type,
    ),
    "escaping": Rule(
        "both",
        "The same path with other characters percent-encoded: RFC 3986, section 3.3, allows "
        "sub-delimiters, `:` and `@` in a segment as they are.",
        _escaping,
    ),
    "style": Rule(
        "ours",
        "It does not know `style` and `explode`: arrays are always repeated, objects are spread "
        "into parameters of their own or printed as Python.",
        _style,
    ),
    "spread-object": Rule(
        "ours",
        "With style form and explode the members of an object become parameters of their own; it "
        "loses them.",
        _spread_object,
    ),
    "null-choice": Rule(
        "both",
        "The caller gave null for the argument that chooses between a stream and a whole answer; "
        "None is sdkpress's word there for not given, and the document has null as the default.",
        _null_choice,
    ),
    "line-break": Rule(
        "ours",
        "The path of the document has a control character; it is dropped in place of being "
        "percent-encoded, so another path is asked for.",
        _line_break,
    ),
    "empty-body": Rule(
        "both",
        "A body that is not required, of which no property is given: sdkpress sends none, "
        "openapi-python-client an empty object.",
        _empty_body,
    ),
    "path-style": Rule(
        "ours",
        "An array or object in the path is printed as Python; the styles simple, label and matrix "
        "are not known to it.",
        _path_style,
    ),
    "content-parameter": Rule(
        "ours", "A parameter with `content` is encoded as that media type.", _content_parameter
    ),
    "json-text": Rule(
        "both",
        "The same JSON value in a part, with other white space or its members in another order.",
        _json_text,
    ),
    "mislabelled": Rule(
        "ours",
        "Of several media types of the body it sends the form of one with the `Content-Type` of "
        "another.",
        _mislabelled,
    ),
    "part-headers": Rule(
        "both",
        "It labels a text part `text/plain`, which is what a part without a label is "
        "(RFC 7578, section 4.4).",
        _part_headers,
    ),
    "file-part": Rule(
        "both",
        "sdkpress gives a part with a file a name and `application/octet-stream` (RFC 7578, section "
        "4.2: a name should be supplied); with openapi-python-client the caller has to.",
        _file_part,
    ),
    "python-text": Rule(
        "ours",
        "It writes what Python prints for a value (`True`, `b'...'`, a date and time with a blank) "
        "and not what the format says.",
        _python_text,
    ),
    "narrower-union": Rule(
        "ours",
        "Of a union it takes the first model that a dict can be read as, whatever its constants "
        "say, and that one has no place for the property.",
        _narrower_union,
    ),
}
