"""What must not get into a cassette: credentials, wherever they stand.

They are found by their place (what the document's security schemes say, headers that are known for
it), by the name of a field, and then by their value: a key that was sent once is taken out of
everything, also percent-encoded, as base64 or hexadecimal digits, in any exchange of the cassette.
"""

from __future__ import annotations

import base64
import binascii
import html
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, TypeAlias, cast
from urllib.parse import quote, quote_plus

from .nodes import as_list, as_object, as_text
from .references import References
from .split_secrets import read_line, without_split, write_line

__all__ = ["PLACEHOLDER", "Redact", "Redaction", "SecurityNames"]

PLACEHOLDER = "REDACTED"
"""Stands for what was taken out; matches anything when a request is compared."""

Redact: TypeAlias = "str | re.Pattern[str] | Callable[[dict[str, Any]], object]"

_NAMES = frozenset(
    (
        "password passwd pwd passphrase passcode secret clientsecret apikey xapikey apitoken apisecret "
        "appsecret accesstoken refreshtoken idtoken authtoken bearertoken sessiontoken securitytoken "
        "privatetoken privatekey secretkey secretaccesskey accesskey accesskeyid accountkey signingkey "
        "signingsecret webhooksecret subscriptionkey clientassertion assertion authorization "
        "proxyauthorization credential credentials devicecode codeverifier sharedsecret encryptionkey "
        "xamzcredential xamzsignature xamzsecuritytoken xgoogcredential xgoogsignature sig signature"
    ).split()
)
"""Fields that hold credentials, in lower case and without `-`, `_` and blanks."""
_PERHAPS = frozenset("token key code jwt session sessionid auth cookie pass otp pin".split())
"""Fields that hold them where the value looks like one."""
_WHO = frozenset(("username", "clientid"))
"""No credentials, but whose they are: taken out of requests for tokens, so that others match."""
_IN_QUERY = _PERHAPS - {"key", "code"}
"""Those that hold nothing else where they are parameters of a query."""
_HEADERS = re.compile(
    r"authorization|proxy-authorization|cookie|.*(?:api-?key|token(?!s)|secret|password|signature).*"
    r"|.*-key"
)
_NOT_SECRET = frozenset(("idempotency-key",))
_SHORTEST, _CERTAIN = 4, 8
_LOOKS_RANDOM = re.compile(r"(?=.*[0-9])(?=.*[A-Za-z])[A-Za-z0-9._~+/=:-]{20,}")
_STREAMS = ("events", "lines")


class SecurityNames:
    """Where the security schemes of a document put their keys, names in lower case."""

    def __init__(self, references: References) -> None:
        components = as_object(references.document.get("components"))
        self.headers: set[str] = set()
        self.query: set[str] = set()
        self.cookies: set[str] = set()
        places = {"header": self.headers, "query": self.query, "cookie": self.cookies}
        for node in as_object(components.get("securitySchemes")).values():
            scheme = references.resolve(node)
            place, name = as_text(scheme.get("in")), as_text(scheme.get("name"))
            if place in places and name:
                places[place].add(name.lower())


class Redaction:
    """Takes credentials out of the exchanges of one cassette.

    `redact` adds to what is found without it: the name of a header, parameter or field; a JSON
    pointer into the bodies, where `*` stands for any one name or index; a pattern for texts; a
    function that is given each exchange, as the file will have it, to change it in place (False
    as its result leaves the exchange out).
    """

    def __init__(self, references: References, redact: Iterable[Redact] = ()) -> None:
        self.names: SecurityNames = SecurityNames(references)
        self._fields = _password_fields(references.document)
        self._pointers: list[list[str]] = []
        self._patterns: list[re.Pattern[str]] = []
        self._functions: list[Callable[[dict[str, Any]], object]] = []
        self._values: set[str] = set()
        self._loose: re.Pattern[str] | None = None
        self._exact: re.Pattern[str] | None = None
        for item in [redact] if isinstance(redact, str) else redact:
            if isinstance(item, re.Pattern):
                self._patterns.append(item)
            elif not isinstance(item, str):
                self._functions.append(item)
            elif item.startswith("/"):
                tokens = item[1:].split("/")
                self._pointers.append([t.replace("~1", "/").replace("~0", "~") for t in tokens])
            else:
                self._fields.add(_plain(item))

    # -- finding

    def learn_headers(self, headers: Iterable[tuple[str, str]]) -> None:
        """Take note of the credentials among the headers of a request or an answer."""
        for name, value in headers:
            name = name.lower()
            if name in ("cookie", "set-cookie"):
                pairs = value.split(";") if name == "cookie" else value.split(";")[:1]
                for pair in pairs:
                    key, _, text = pair.partition("=")
                    text = text.strip().strip('"')
                    if key.strip().lower() in self.names.cookies or len(text) >= _CERTAIN:
                        self._learn(text)
            elif self._is_secret_header(name):
                self._learn_credential(value, has_scheme=name.endswith("authorization"))

    def _learn_credential(self, value: str, *, has_scheme: bool) -> None:
        scheme, _, rest = value.partition(" ")
        if not rest or not has_scheme:
            self._learn(value)
        if not rest:
            return
        for part in (rest.strip(), *re.findall(r'=\s*"?([^",\s]+)', rest)):
            self._learn(part)
        if scheme.lower() == "basic":
            try:
                pair = base64.b64decode(rest, validate=True).decode()
            except (binascii.Error, ValueError):
                return
            self._learn(pair)
            self._learn(pair.partition(":")[2])

    def _learn(self, value: str) -> None:
        if len(value) >= _SHORTEST and PLACEHOLDER not in value and value not in self._values:
            self._values.add(value)
            self._loose = self._exact = None

    def _is_secret_header(self, name: str) -> bool:
        if name in self.names.headers or self._is_named(name):
            return True
        return name not in _NOT_SECRET and _HEADERS.fullmatch(name) is not None

    def _is_named(self, name: str) -> bool:
        plain = _plain(name)
        return plain in _NAMES or plain in self._fields

    # -- taking out by place

    def by_place(self, exchange: dict[str, Any]) -> bool:
        """Take out of an exchange what stands where credentials stand; False to leave it out.

        What is taken out is taken note of, for `by_value`.
        """
        request, response = exchange["request"], exchange["response"]
        is_token_request = "grant_type" in as_object(_content(request))
        query = as_object(request.get("query"))
        for name in list(query):
            if name.lower() in self.names.query:
                for value in _texts(query.pop(name)):
                    self._learn(value)
            elif _plain(name) in _IN_QUERY:
                self._learn_all(query[name])
                query[name] = PLACEHOLDER
        self._mapping(query, False)
        for side in (request, response):
            headers = as_object(side.get("headers"))
            for name in headers:
                if self._is_secret_header(name):
                    headers[name] = PLACEHOLDER
            self._body(side, is_token_request)
        for name in ("query", "headers"):
            if not request.get(name, True):
                del request[name]
        return not any([function(exchange) is False for function in self._functions])

    def _body(self, side: dict[str, Any], is_token_request: bool) -> None:
        for name in ("json", "form"):
            if name in side:
                self._within(side[name], is_token_request)
                for pointer in self._pointers:
                    side[name] = self._point(side[name], pointer)
        for part in as_list(side.get("parts")):
            if self._is_named(as_text(part.get("name"))):
                for form in ("json", "text", "base64"):
                    if form in part:
                        self._learn_all(part[form])
                        part[form] = PLACEHOLDER.encode() if form == "base64" else PLACEHOLDER
            else:
                self._body(part, False)
        for name in _STREAMS:
            if name in side:
                side[name] = [self._text(text) for text in side[name]]

    def _within(self, value: Any, is_token_request: bool = False) -> None:
        if isinstance(value, dict):
            self._mapping(cast("dict[str, Any]", value), is_token_request)
        elif isinstance(value, list):
            items = cast("list[Any]", value)
            for item in items:
                self._within(item)

    def _mapping(self, members: dict[str, Any], is_token_request: bool) -> None:
        for name, value in members.items():
            if self._is_secret(_plain(name), value, is_token_request):
                self._learn_all(value)
                members[name] = PLACEHOLDER
            else:
                self._within(value)

    def _is_secret(self, name: str, value: Any, is_token_request: bool) -> bool:
        """Whether a member is a credential; `name` is plain."""
        if name in self._fields:
            return value is not None
        if isinstance(value, list):
            return name in _NAMES and bool(cast("list[Any]", value)) and _are_texts(value)
        if not isinstance(value, str) or not value:
            return False
        if name in _PERHAPS:
            return is_token_request or _LOOKS_RANDOM.fullmatch(value) is not None
        return name in _NAMES or (is_token_request and name in _WHO)

    def _text(self, text: str) -> str:
        """An event or a line, whose content is JSON where it can be."""
        lines = text.split("\n")
        for index, line in enumerate(lines):
            found = read_line(line)
            if found is None:
                continue
            before, value = found
            was = json.dumps(value)
            self._within(value)
            for pointer in self._pointers:
                value = self._point(value, pointer)
            if json.dumps(value) != was:
                lines[index] = write_line(before, value)
        return "\n".join(lines)

    def _point(self, value: Any, tokens: list[str]) -> Any:
        """What is to stand in place of `value`: what the pointer names is taken out of it."""
        if not tokens:
            self._learn_all(value)
            return PLACEHOLDER
        token, rest = tokens[0], tokens[1:]
        if isinstance(value, dict):
            members = cast("dict[str, Any]", value)
            for name in list(members):
                if token in ("*", name):
                    members[name] = self._point(members[name], rest)
            return members
        if isinstance(value, list):
            items = cast("list[Any]", value)
            for index in range(len(items)):
                if token in ("*", str(index)):
                    items[index] = self._point(items[index], rest)
            return items
        return value

    def _learn_all(self, value: Any) -> None:
        """Take note of texts that look like credentials; others stand elsewhere by chance."""
        for text in _texts(value):
            if len(text) >= _CERTAIN and not re.search(r"\s", text):
                self._learn(text)

    # -- taking out by value

    @property
    def count(self) -> int:
        """How many credentials are known."""
        return len(self._values)

    def by_value(self, value: Any) -> Any:
        """A copy without any credential that is known, in keys, texts, bytes and numbers."""
        if isinstance(value, str):
            return self._cleaned(value)
        if isinstance(value, bytes):
            return self._cleaned(value.decode("latin-1")).encode("latin-1", "replace")
        if isinstance(value, dict):
            members = cast("dict[str, Any]", value)
            found: dict[str, Any] = {}
            for name, inner in members.items():
                # A member of a body that has such a name is read as a stream: no harm is done.
                # What is split goes first: a part of it may be known by itself.
                if self._values and name in _STREAMS and _are_texts(inner):
                    inner = without_split(inner, self._spans, PLACEHOLDER)
                found[self._cleaned(name)] = self.by_value(inner)
            return found
        if isinstance(value, list):
            return [self.by_value(item) for item in cast("list[Any]", value)]
        if isinstance(value, (int, float)) and not isinstance(value, bool):
            return PLACEHOLDER if str(value) in self._values else value
        return value

    def in_text(self, text: str) -> str:
        """A text without any credential that is known."""
        if self._values and self._loose is None:
            self._compile()
        for pattern in (self._loose, self._exact):
            if pattern is not None:
                text = pattern.sub(PLACEHOLDER, text)
        return text

    def _spans(self, text: str) -> list[tuple[int, int]]:
        """Where in a text the credentials are that may be split: beginnings and ends."""
        if self._loose is None:
            self._compile()
        return [match.span() for match in self._loose.finditer(text)] if self._loose else []

    def _cleaned(self, text: str) -> str:
        for pattern in self._patterns:
            text = pattern.sub(PLACEHOLDER, text)
        return self.in_text(text)

    def _compile(self) -> None:
        loose: set[str] = set()
        exact: set[str] = set()
        for value in self._values:
            if len(value) < _CERTAIN:
                # It stands in other words by chance.
                exact.add(f"(?<![A-Za-z0-9]){re.escape(value)}(?![A-Za-z0-9])")
                continue
            loose.update(map(re.escape, _written(value)))
            exact.update(map(re.escape, _base64(value)))
        # The longest first: of a credential within another one, nothing may stay.
        self._loose = re.compile("|".join(sorted(loose, key=len, reverse=True)) or "(?!)", re.I)
        self._exact = re.compile("|".join(sorted(exact, key=len, reverse=True)) or "(?!)")


def _written(value: str) -> Iterator[str]:
    """How a text may be written where case does not matter."""
    escaped = json.dumps(value)[1:-1]
    yield from (value, quote(value, safe=""), quote(value), quote_plus(value), html.escape(value))
    yield from (escaped, json.dumps(escaped)[1:-1], json.dumps(value, ensure_ascii=False)[1:-1])
    yield value.encode().hex()


def _base64(value: str) -> Iterator[str]:
    """What every base64 of a text that has `value` in it has, whatever stands before it."""
    for before in range(3):
        content = b"\0" * before + value.encode()
        start = (0, 2, 3)[before]
        # Digits that hold bits of what stands beside it are no sign of it.
        for encode in (base64.b64encode, base64.urlsafe_b64encode):
            digits = encode(content).decode()[start : len(content) * 8 // 6]
            if len(digits) >= _CERTAIN:
                yield digits


def _content(side: Mapping[str, Any]) -> Any:
    return side.get("form", side.get("json"))


def _are_texts(value: Any) -> bool:
    return isinstance(value, list) and all(
        isinstance(item, str) for item in cast("list[Any]", value)
    )


def _plain(name: str) -> str:
    return re.sub(r"[-_ .]", "", name).lower()


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, bytes):
        yield value.decode("latin-1")
    elif isinstance(value, dict):
        for inner in cast("dict[str, Any]", value).values():
            yield from _texts(inner)
    elif isinstance(value, list):
        for inner in cast("list[Any]", value):
            yield from _texts(inner)


def _password_fields(document: Mapping[str, Any]) -> set[str]:
    """The names of properties and parameters whose format is `password`."""
    found: set[str] = set()
    left: list[Any] = [document]
    while left:
        node = left.pop()
        if isinstance(node, list):
            left.extend(cast("list[Any]", node))
            continue
        if not isinstance(node, dict):
            continue
        members = cast("dict[str, Any]", node)
        for name, property_ in as_object(members.get("properties")).items():
            if as_object(property_).get("format") == "password":
                found.add(_plain(name))
        if as_object(members.get("schema")).get("format") == "password":
            found.add(_plain(as_text(members.get("name"))))
        left.extend(members.values())
    return found - {""}
