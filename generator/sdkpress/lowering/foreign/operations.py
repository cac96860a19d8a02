"""What other generators are told about an operation: its name, its stream, how to repeat it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sdkpress.iregexp import IRegexp, IRegexpError, compile_iregexp
from sdkpress.lowering.foreign.names import DEPRECATION_KEYS, DOCS_KEYS, malformed
from sdkpress.lowering.source import Source, as_dict, as_list, as_text, child

MESSAGE_ID = "foreign-extension"
"""The diagnostic for what cannot be read, wherever it stands."""

_GROUPS = ("x-fern-sdk-group-name", "x-speakeasy-group")
_METHOD = "x-fern-sdk-method-name"
_OVERRIDE = "x-speakeasy-name-override"
_IGNORE = ("x-fern-ignore", "x-speakeasy-ignore", "x-stainless-skip")
_OWN_IGNORE = "x-sdkpress-ignore"
_IDEMPOTENT = "x-fern-idempotent"
_HEADERS = "x-fern-idempotency-headers"
_RETRIES = "x-speakeasy-retries"
_HEADER = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")


@dataclass(frozen=True, slots=True)
class OperationFacts:
    """`resource` and `method` are the words of a name, `named_by` the extensions they are from.

    `idempotency_header` carries a key, `is_safe` says that repeating the request does no harm.
    """

    resource: tuple[str, ...] = ()
    method: str = ""
    named_by: tuple[str, ...] = ()
    idempotency_header: str = ""
    is_safe: bool = False


NO_FACTS = OperationFacts()


class ForeignOperations:
    """Reads the facts of operations; what the whole document says is read once."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._header = self._idempotency_header()
        self._patterns = self._method_patterns()

    def facts(self, node: Mapping[str, Any], pointer: str) -> OperationFacts:
        """The facts of the Operation Object at a pointer."""
        by_pattern = self._by_pattern(as_text(node.get("operationId")))
        if not by_pattern and not any(key.startswith("x-") for key in node):
            return NO_FACTS
        report_malformed(self._source, node, pointer, DEPRECATION_KEYS)
        resource, group_key = self._resource(node, pointer)
        method, method_key = "", ""
        for key in (_METHOD, _OVERRIDE):
            text = self._text(node, key, pointer)
            if text and not method:
                method, method_key = text, key
        if by_pattern and not method:
            method, method_key = by_pattern, _OVERRIDE
        return OperationFacts(
            resource=resource,
            method=method,
            named_by=tuple(key for key in (group_key, method_key) if key),
            idempotency_header=self._header if node.get(_IDEMPOTENT) is True else "",
            is_safe=self._is_safe(node, pointer),
        )

    def _resource(self, node: Mapping[str, Any], pointer: str) -> tuple[tuple[str, ...], str]:
        for key in _GROUPS:
            value = node.get(key)
            if value is None or value == "" or value == []:
                continue
            listed = value.split(".") if isinstance(value, str) else as_list(value)
            parts = [part.strip() for item in listed for part in as_text(item).split(".")]
            if parts and all(any(map(str.isalnum, part)) for part in parts):
                return tuple(parts), key
            self._source.report(
                MESSAGE_ID, f"`{key}` is a name, or a list of names", child(pointer, key)
            )
        return (), ""

    def _text(self, node: Mapping[str, Any], key: str, pointer: str) -> str:
        value = node.get(key)
        if isinstance(value, str) and any(map(str.isalnum, value)):
            return value.strip()
        if value is not None:
            self._source.report(MESSAGE_ID, f"`{key}` is the name of a method", child(pointer, key))
        return ""

    def _is_safe(self, node: Mapping[str, Any], pointer: str) -> bool:
        declared = node.get(_RETRIES)
        if declared is None:
            return False
        retries = as_dict(declared)
        if not isinstance(retries.get("strategy"), str):
            self._source.report(
                MESSAGE_ID, f"`{_RETRIES}` is a table with a `strategy`", child(pointer, _RETRIES)
            )
            return False
        return retries["strategy"] != "none" and retries.get("retryConnectionErrors") is True

    def _idempotency_header(self) -> str:
        declared = self._source.tree.get(_HEADERS)
        if declared is None:
            return ""
        names = [as_text(as_dict(item).get("header")) for item in as_list(declared)]
        if not names or not all(map(_HEADER.fullmatch, names)):
            self._source.report(
                MESSAGE_ID, f"`{_HEADERS}` is a list of tables with a `header`", child("", _HEADERS)
            )
            return ""
        # Some carry facts about the key, as when it expires; the key itself says that it is one.
        return next((name for name in names if name.lower().endswith("key")), names[0])

    def _method_patterns(self) -> tuple[tuple[IRegexp, str], ...]:
        declared = self._source.tree.get(_OVERRIDE)
        found: list[tuple[IRegexp, str]] = []
        for number, item in enumerate(as_list(declared)):
            rule = as_dict(item)
            method = as_text(rule.get("methodNameOverride"))
            try:
                pattern = compile_iregexp(as_text(rule.get("operationId")))
            except IRegexpError:
                pattern = None
            if pattern is not None and any(map(str.isalnum, method)):
                found.append((pattern, method))
            else:
                self._source.report(
                    MESSAGE_ID,
                    f"a rule of `{_OVERRIDE}` has an `operationId`, which is a regular expression "
                    "of RFC 9485, and a `methodNameOverride`",
                    child("", _OVERRIDE, number),
                )
        if declared is not None and not isinstance(declared, list):
            self._source.report(
                MESSAGE_ID, f"`{_OVERRIDE}` of a document is a list", child("", _OVERRIDE)
            )
        return tuple(found)

    def _by_pattern(self, operation_id: str) -> str:
        if not operation_id:
            return ""
        return next(
            (method for pattern, method in self._patterns if pattern.search(operation_id)), ""
        )


def report_malformed(
    source: Source, node: Mapping[str, Any], pointer: str, keys: frozenset[str] = DOCS_KEYS
) -> None:
    """Note the names and deprecations of a node that cannot be read."""
    for key, wanted in malformed(node, keys):
        if "~:" not in pointer:  # what lowering derives was looked at where it is from
            source.report(MESSAGE_ID, f"`{key}` is {wanted}", child(pointer, key))


def is_left_out(node: Mapping[str, Any], item: Mapping[str, Any]) -> str:
    """The extension by which the document's author keeps an operation out of clients, or "".

    `item` is its Path Item. `x-sdkpress-ignore` decides where it says anything.
    """
    for holder in (node, item):
        own = holder.get(_OWN_IGNORE)
        if isinstance(own, bool):
            return _OWN_IGNORE if own else ""
        for key in _IGNORE:
            value = holder.get(key)
            if value is True or "python" in as_list(value):
                return key
    return ""
