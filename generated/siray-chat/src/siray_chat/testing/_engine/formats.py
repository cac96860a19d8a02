"""String formats: a sample of each, and a check of those whose grammar is short."""

from __future__ import annotations

import base64
import binascii
import ipaddress
import re
from collections.abc import Callable
from datetime import date

__all__ = ["fitted", "integer_bounds", "is_checked", "is_format", "sample_format"]

_DATE_TIME = re.compile(
    r"\d{4}-\d{2}-\d{2}[Tt ](?:[01]\d|2[0-3]):[0-5]\d:(?:[0-5]\d|60)(?:\.\d+)?"
    r"(?:[Zz]|[+-](?:[01]\d|2[0-3]):[0-5]\d)",
    re.ASCII,
)
_TIME = re.compile(
    r"(?:[01]\d|2[0-3]):[0-5]\d:(?:[0-5]\d|60)(?:\.\d+)?(?:[Zz]|[+-](?:[01]\d|2[0-3]):[0-5]\d)",
    re.ASCII,
)
_DURATION = re.compile(
    r"P(?!$)(?:\d+W|(?:\d+Y)?(?:\d+M)?(?:\d+D)?(?:T(?!$)(?:\d+H)?(?:\d+M)?(?:\d+(?:\.\d+)?S)?)?)",
    re.ASCII,
)
_IRI_REFERENCE = re.compile(r'(?:%[0-9A-Fa-f]{2}|[^\x00-\x20\x7f<>"{}|\\^`%])*')
_IRI = re.compile(rf"[A-Za-z][A-Za-z0-9+.-]*:{_IRI_REFERENCE.pattern}")
_EMAIL = re.compile(r'(?:"[^"]*"|[^\s@"()<>\[\]:;,\\]+)@(?:\[[^\s\]]+\]|[^\s@]+)')
_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_HOSTNAME = re.compile(rf"(?=.{{1,253}}\.?$){_LABEL}(?:\.{_LABEL})*", re.ASCII)
_POINTER = re.compile(r"(?:/(?:[^~/]|~[01])*)*")
_RELATIVE_POINTER = re.compile(rf"(?:0|[1-9]\d*)(?:#|{_POINTER.pattern})", re.ASCII)
_INTEGERS = {f"int{bits}": (-(1 << bits - 1), (1 << bits - 1) - 1) for bits in (32, 64)}
"""The formats that OpenAPI itself defines; others, as `uint16`, bind nobody."""
_UUID = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")


def sample_format(name: str, variant: int) -> str | None:
    """A string of the format, another one for each variant; None for an unknown format."""
    number = abs(variant)
    day = f"{2024 + number // 336}-{1 + number // 28 % 12:02}-{1 + number % 28:02}"
    clock = f"{(9 + number // 60) % 24:02}:{number % 60:02}:00"
    suffix = str(number) if number else ""
    match name:
        case "date-time" | "datetime":
            return f"{day}T{clock}Z"
        case "date":
            return day
        case "time":
            return f"{clock}Z"
        case "duration":
            return f"PT{number + 1}H"
        case "uuid":
            return f"3fa85f64-5717-4562-b3fc-{0x2C963F66AFA6 + number & 0xFFFFFFFFFFFF:012x}"
        case "email" | "idn-email":
            return f"user{suffix}@example.com"
        case "uri" | "url" | "iri":
            return f"https://example.com/{suffix}"
        case "uri-reference" | "iri-reference" | "uri-template":
            return f"/{suffix or 'sample'}"
        case "hostname" | "idn-hostname":
            return f"host{suffix}.example.com"
        case "ipv4" | "ip":
            return f"192.0.2.{1 + number % 254}"
        case "ipv6":
            return f"2001:db8::{1 + number % 0xFFFF:x}"
        case "byte" | "base64":
            return base64.b64encode(f"sample{suffix}".encode()).decode()
        case "decimal":
            return f"{number + 1}.50"
        case "json-pointer":
            return f"/sample{suffix}"
        case "relative-json-pointer":
            return f"{number}/sample"
        case "regex":
            return "^.*$"
        case _:
            return None


def fitted(name: str, text: str, shortest: int, longest: int | None) -> str:
    """The sample with its length within bounds, if a value of the format can have it."""
    if name == "date-time" and len(text) + 1 < shortest <= min(longest or 35, 35):
        zone = "+00:00" if shortest == 25 else "Z"
        fraction = shortest - len(text) - len(zone)
        zeros = f".{'0' * fraction}" if fraction > 0 else ""
        return text[:-1] + zeros + zone
    return text


def integer_bounds(name: str) -> tuple[int, int] | None:
    """The least and the most value of a format of integers (`int32`), None for another format."""
    return _INTEGERS.get(name)


def is_checked(name: str) -> bool:
    """Whether values of the format are told from others."""
    return name in _CHECKS


def is_format(name: str, text: str) -> bool:
    """Whether the text has the format; True for a format that is not checked."""
    check = _CHECKS.get(name)
    return check is None or check(text)


def _is_date(text: str) -> bool:
    try:
        return len(text) == 10 and bool(date.fromisoformat(text))
    except ValueError:
        return False


def _is_date_time(text: str) -> bool:
    return _DATE_TIME.fullmatch(text) is not None and _is_date(text[:10])


def _is_address(version: int) -> Callable[[str], bool]:
    def check(text: str) -> bool:
        try:
            return ipaddress.ip_address(text).version == version
        except ValueError:
            return False

    return check


def _is_base64(text: str) -> bool:
    try:
        base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return False
    return True


_CHECKS: dict[str, Callable[[str], bool]] = {
    "date": _is_date,
    "date-time": _is_date_time,
    "uuid": lambda text: _UUID.fullmatch(text) is not None,
    "ipv4": _is_address(4),
    "ipv6": _is_address(6),
    "byte": _is_base64,
    "time": lambda text: _TIME.fullmatch(text) is not None,
    "duration": lambda text: _DURATION.fullmatch(text) is not None,
    "email": lambda text: _EMAIL.fullmatch(text) is not None and text.isascii(),
    "idn-email": lambda text: _EMAIL.fullmatch(text) is not None,
    "hostname": lambda text: _HOSTNAME.fullmatch(text) is not None,
    "uri": lambda text: _IRI.fullmatch(text) is not None and text.isascii(),
    "iri": lambda text: _IRI.fullmatch(text) is not None,
    "uri-reference": lambda text: _IRI_REFERENCE.fullmatch(text) is not None and text.isascii(),
    "iri-reference": lambda text: _IRI_REFERENCE.fullmatch(text) is not None,
    "json-pointer": lambda text: _POINTER.fullmatch(text) is not None,
    "relative-json-pointer": lambda text: _RELATIVE_POINTER.fullmatch(text) is not None,
}
