"""Pagination as the configuration wants it: `[tool.sdkpress.client.pagination]`.

It goes before what the document says and what was inferred, and may use Python names, which is why
it comes after naming.
"""

from __future__ import annotations

from collections.abc import Mapping
from fnmatch import fnmatchcase
from typing import Any

from sdkpress.diagnostics import Diagnostics, fatal
from sdkpress.document import Document
from sdkpress.lowering.pagination import Sides, configured
from sdkpress.lowering.source import Source
from sdkpress.model import Api, Operation
from sdkpress.naming import Names, operation_key
from sdkpress.records import replace

__all__ = ["configure_pagination"]


def configure_pagination(
    api: Api,
    names: Names,
    rules: Mapping[str, Any],
    document: Document,
    diagnostics: Diagnostics,
) -> Api:
    """The API with the rules applied to its operations.

    A key is a Python name (`repos.list`), `GET /path` or an operationId, or a pattern of one with
    `*`. An exact key goes before a pattern, a longer pattern before a shorter one. A pattern
    leaves operations alone that it does not fit. Raises SdkpressError for an exact key that does
    not fit, and for a key that means no operation.
    """
    if not rules:
        return api
    source = Source(document, diagnostics)
    patterns = sorted((key for key in rules if "*" in key), key=lambda key: (-len(key), key))
    unused = set(rules) - set(patterns)
    changed: list[Operation] = []
    for operation in api.operations:
        key = operation_key(operation)
        keys = (names.operations[key].dotted(), key, operation.operation_id)
        exact = next((item for item in keys if item in rules), None)
        unused.difference_update(keys)
        matching = [item for item in patterns if any(fnmatchcase(one, item) for one in keys)]
        for rule in [exact] if exact is not None else matching:
            if rules[rule] is False:
                operation = replace(operation, pagination=None)
                break
            try:
                found = configured(Sides.of(operation, api.schemas, source), rules[rule])
            except ValueError as error:
                if exact is None:
                    continue
                place = document.locate(operation.pointer)
                raise fatal(
                    "invalid-pagination", f"`pagination`: {rule!r}: {error}", place
                ) from None
            operation = replace(operation, pagination=found)
            break
        changed.append(operation)
    if unused:
        raise fatal(
            "invalid-pagination",
            f"`pagination`: the document has no operation {sorted(unused)[0]!r}",
            document.locate("/paths"),
        )
    return replace(api, operations=tuple(changed))
