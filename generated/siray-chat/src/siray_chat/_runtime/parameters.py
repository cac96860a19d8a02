"""Parameters to text: every style and explode of OpenAPI 3.0 to 3.2 (Parameter Object, "Style Values").

None means undefined, as in RFC 6570: such a parameter, element or property is left out. Objects
keep the order of their keys.
"""

from __future__ import annotations

from collections.abc import Mapping, Set
from typing import Any, cast

from .errors import InvalidRequestError
from .percent import quote, quote_path, quote_query, to_plain, to_text

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TypeAlias

    from .operation import Parameter

    Pairs: TypeAlias = list[tuple[str, str]]

_SEPARATORS = {"form": ",", "spaceDelimited": "%20", "pipeDelimited": "%7C"}
_DELIMITERS = {"spaceDelimited": " ", "pipeDelimited": "|"}


def path_text(name: str, value: Any, parameter: Parameter | None) -> str:
    """What replaces ``{name}`` in a path. Raises InvalidRequestError."""
    style = parameter.style if parameter else "simple"
    explode = parameter.explode if parameter else False
    encode = quote_path if parameter and parameter.allow_reserved else quote
    if parameter and parameter.content:
        return encode(content_text(value, parameter.content))
    if value is None:
        raise InvalidRequestError(f"path parameter {name!r} must not be None")
    kind, items = _unpack(value)
    key = quote(name)
    if style == "label":
        return "." + ("." if explode else ",").join(_flat(kind, items, explode, encode))
    if style == "matrix":
        if kind == "scalar":
            text = encode(items[0][1])
            return f";{key}={text}" if text else f";{key}"
        if explode:
            pairs = items if kind == "object" else [(name, text) for _, text in items]
            return "".join(f";{quote(k)}={encode(v)}" for k, v in pairs)
        return f";{key}=" + ",".join(_flat(kind, items, False, encode))
    return ",".join(_flat(kind, items, explode, encode))


def query_pairs(name: str, value: Any, parameter: Parameter | None) -> list[str]:
    """The ``name=value`` pieces of a query, encoded. Raises InvalidRequestError."""
    encode = quote_query if parameter and parameter.allow_reserved else quote
    if parameter and parameter.content:
        return [f"{quote(name)}={encode(content_text(value, parameter.content))}"]
    style = parameter.style if parameter else "form"
    explode = parameter.explode if parameter else True
    return [f"{k}={v}" for k, v in styled_pairs(name, value, style, explode, encode)]


def styled_pairs(
    name: str,
    value: Any,
    style: str,
    explode: bool,
    encode: Callable[[str], str],
    encode_name: Callable[[str], str] = quote,
) -> Pairs:
    """Encoded names and values of one query parameter or form field."""
    if value is None:
        return []
    if style == "deepObject":
        return [(encode_name(k), encode(v)) for k, v in _deep(name, to_plain_tree(value))]
    kind, items = _unpack(value)
    if kind == "scalar":
        return [(encode_name(name), encode(items[0][1]))]
    if not items:
        return []
    if explode and style in ("form", "spaceDelimited", "pipeDelimited"):
        if kind == "object":
            return [(encode_name(k), encode(v)) for k, v in items]
        return [(encode_name(name), encode(v)) for _, v in items]
    separator = _SEPARATORS.get(style, ",")
    if encode is str:
        separator = _DELIMITERS.get(style, ",")
    return [(encode_name(name), separator.join(_flat(kind, items, False, encode)))]


def header_text(value: Any, parameter: Parameter | None) -> str:
    """The value of a header parameter (style simple). Raises InvalidRequestError."""
    if parameter and parameter.content:
        text = content_text(value, parameter.content)
        if text.isascii() or "json" not in parameter.content:
            return text
        # A header is ASCII; JSON can say anything in it.
        return "".join(char if char < "\x7f" else _escaped(char) for char in text)
    kind, items = _unpack(value)
    return ",".join(_flat(kind, items, parameter.explode if parameter else False, str))


def cookie_pairs(name: str, value: Any, parameter: Parameter | None) -> list[str]:
    """The ``name=value`` pieces of a Cookie header (style form, or cookie of 3.2)."""
    if parameter and parameter.content:
        return [f"{name}={quote(content_text(value, parameter.content))}"]
    style = parameter.style if parameter else "form"
    explode = parameter.explode if parameter else True
    encode = _cookie_value if style == "cookie" else quote
    return [f"{k}={v}" for k, v in styled_pairs(name, value, "form", explode, encode)]


def querystring_pairs(value: Any, parameter: Parameter) -> list[str]:
    """The whole query as one value (`in: querystring` of OpenAPI 3.2), encoded."""
    media_type = (parameter.content or "").partition(";")[0].strip().lower()
    if media_type == "application/x-www-form-urlencoded":
        plain: object = to_plain_tree(value)
        if isinstance(plain, Mapping):
            members = cast("Mapping[Any, Any]", plain)
            return [
                f"{k}={v}"
                for name, member in members.items()
                for k, v in _member_pairs(to_text(name), member)
            ]
        return [to_text(plain)]
    return [quote(content_text(value, media_type))]


def _member_pairs(name: str, value: Any) -> Pairs:
    plain = to_plain_tree(value)
    if isinstance(plain, Mapping):
        return [(quote(name), quote(content_text(plain, "application/json")))]
    return styled_pairs(name, plain, "form", True, quote)


def _escaped(char: str) -> str:
    units = char.encode("utf-16-be")
    return "".join(f"\\u{units[n]:02x}{units[n + 1]:02x}" for n in range(0, len(units), 2))


def content_text(value: Any, media_type: str) -> str:
    """A value encoded as a media type: JSON, or the text itself for anything else."""
    essence = media_type.partition(";")[0].strip().lower()
    if essence == "application/json" or essence.endswith("+json"):
        from .encoding import encode_json

        return encode_json(value).decode()
    return to_text(value)


def to_plain_tree(value: Any) -> Any:
    """Models and their kind as dictionaries; dictionaries and lists as they are."""
    if isinstance(value, (str, Mapping, list, tuple)):
        return cast(Any, value)
    if isinstance(value, Set):
        return sorted(cast("Set[Any]", value), key=str)
    return to_plain(value)


def _unpack(value: Any) -> tuple[str, Pairs]:
    """Kind (scalar, array, object) and the members as text; array members have empty names."""
    value = to_plain_tree(value)
    if isinstance(value, Mapping):
        members = cast("Mapping[Any, Any]", value)
        return "object", [
            (to_text(key), _member_text(member))
            for key, member in members.items()
            if member is not None
        ]
    if isinstance(value, (list, tuple)):
        elements = cast("list[Any]", value)
        return "array", [("", _member_text(member)) for member in elements if member is not None]
    return "scalar", [("", to_text(value))]


def _member_text(value: Any) -> str:
    """A member of an array or object: containers, which no style but deepObject can nest, as JSON."""
    if isinstance(value, str):
        return to_text(value)
    plain: object = to_plain_tree(value)
    if isinstance(plain, (Mapping, list, tuple)):
        return content_text(plain, "application/json")
    return to_text(plain)


def _flat(kind: str, items: Pairs, explode: bool, encode: Callable[[str], str]) -> list[str]:
    if kind != "object":
        return [encode(text) for _, text in items]
    if explode:
        return [f"{encode(name)}={encode(text)}" for name, text in items]
    return [encode(part) for item in items for part in item]


def _deep(prefix: str, value: Any) -> Pairs:
    value = to_plain_tree(value)
    if isinstance(value, Mapping):
        members = cast("Mapping[Any, Any]", value)
        return [
            pair
            for key, member in members.items()
            for pair in _deep(f"{prefix}[{to_text(key)}]", member)
        ]
    if isinstance(value, (list, tuple)):
        elements = cast("list[Any]", value)
        # The specification leaves arrays undefined. With an index they are read alike by servers
        # that know brackets (PHP, qs), and nothing else can tell an array of one item.
        return [
            pair
            for position, member in enumerate(elements)
            for pair in _deep(f"{prefix}[{position}]", member)
        ]
    return [] if value is None else [(prefix, to_text(value))]


def _cookie_value(text: str) -> str:
    # RFC 6265 section 4.1.1: cookie-octet.
    if any(not "!" <= char <= "~" or char in '",;\\' for char in text):
        raise InvalidRequestError("a cookie has characters that cannot be sent as they are")
    return text
