"""Every change id of the Python side: the severities that it can have on its axes, its meaning."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

from sdkpress.diffing.changes import Axis, Severity

__all__ = ["PythonId", "python_ids"]


class PythonId(NamedTuple):
    """`severities` holds the worst that a change of this id can be on each axis."""

    severities: Mapping[Axis, Severity]
    meaning: str


def _both(severity: Severity, meaning: str) -> PythonId:
    return PythonId({"runtime": severity, "typing": severity}, meaning)


def _typing(severity: Severity, meaning: str) -> PythonId:
    return PythonId({"typing": severity}, meaning)


def _runtime(severity: Severity, meaning: str) -> PythonId:
    return PythonId({"runtime": severity}, meaning)


_IDS: Mapping[str, PythonId] = {
    # The package
    "python-package-renamed": _both("breaking", "The package is imported by another name"),
    "python-client-renamed": _both(
        "breaking", "The class of the client, of its error or of its fake server has another name"
    ),
    "python-export-removed": _both("breaking", "A public name of the package is gone"),
    "python-export-added": _both("compatible", "The package has a new public name"),
    "python-environment-changed": _runtime(
        "breaking", "The client reads environment variables of other names"
    ),
    "python-base-url-became-required": _runtime(
        "breaking", "The document names no server any more, so `base_url` must be given"
    ),
    "python-base-url-became-optional": _runtime(
        "compatible", "The document names a server, so `base_url` may be left out"
    ),
    "python-server-variable-removed": _both(
        "breaking", "A variable of the server's URL is gone from `server_variables`"
    ),
    "python-server-variable-added": _both(
        "compatible", "The server's URL has a new variable in `server_variables`"
    ),
    "python-base-url-changed": _runtime("risky", "The client talks to another server by default"),
    # Operations and functions
    "python-operation-removed": _both("breaking", "A method is gone"),
    "python-operation-added": _both("compatible", "There is a new method"),
    "python-operation-renamed": _both(
        "breaking",
        "The method of the same operation of the document has another name; compatible where the "
        "old one stays and warns",
    ),
    "python-operation-deprecated": _both("compatible", "A method warns that it is deprecated"),
    "python-operation-reactivated": _both("compatible", "A method is no longer deprecated"),
    "python-operation-became-async": _both(
        "breaking", "A method became a coroutine, or is none any more"
    ),
    "python-function-removed": _both("breaking", "A function of `webhooks` is gone"),
    "python-function-added": _both("compatible", "There is a new function in `webhooks`"),
    # Arguments
    "python-parameter-removed": _both("breaking", "An argument is gone"),
    "python-parameter-added": _both("compatible", "There is a new argument, which may be left out"),
    "python-required-parameter-added": _both(
        "breaking", "There is a new argument, which must be given"
    ),
    "python-parameter-renamed": _both(
        "breaking", "The argument for the same parameter of the document has another name"
    ),
    "python-parameter-became-required": _both("breaking", "An argument must be given now"),
    "python-parameter-became-optional": _both("compatible", "An argument may be left out now"),
    "python-parameter-became-keyword-only": _both(
        "breaking", "An argument cannot be given by position any more"
    ),
    "python-parameter-became-positional-only": _both(
        "breaking", "An argument cannot be given by name any more"
    ),
    "python-parameter-order-changed": PythonId(
        {"runtime": "breaking", "typing": "breaking"},
        "Arguments by position have another order; type checkers see it where the types differ",
    ),
    "python-parameter-default-changed": _runtime(
        "breaking", "An argument that is left out has another value"
    ),
    "python-omitted-default-changed": _runtime(
        "risky", "The server takes another value for an argument that is left out"
    ),
    "python-parameter-none-changed": _runtime(
        "risky", "None as an argument is sent as null now, or no longer"
    ),
    "python-parameter-type-narrowed": _typing("breaking", "An argument takes less than before"),
    "python-parameter-type-widened": _typing("compatible", "An argument takes more than before"),
    "python-parameter-type-changed": _typing("breaking", "An argument takes another type"),
    # Answers
    "python-return-type-narrowed": _typing("compatible", "A method returns less than before"),
    "python-return-type-widened": _typing(
        "breaking", "A method can return what it did not return before, such as None"
    ),
    "python-return-type-changed": _both("breaking", "A method returns another type"),
    # Models
    "python-model-removed": _both("breaking", "A model, a TypedDict or an alias is gone"),
    "python-model-added": _both("compatible", "There is a new model, TypedDict or alias"),
    "python-model-renamed": _both(
        "breaking", "The model of the same schema of the document has another name"
    ),
    "python-model-kind-changed": _both("breaking", "A class became an alias, or an alias a class"),
    "python-base-class-changed": _both("breaking", "A class lost a base class"),
    "python-field-removed": _both("breaking", "An attribute of a model is gone"),
    "python-field-added": _both("compatible", "A model has a new attribute"),
    "python-required-field-added": _both(
        "breaking", "A model that callers make has a new attribute, which must be given"
    ),
    "python-field-renamed": _both(
        "breaking", "The attribute for the same property of the document has another name"
    ),
    "python-field-became-required": _both(
        "breaking",
        "An attribute must be given where callers make the model; in answers it is always there",
    ),
    "python-field-became-optional": _both(
        "breaking",
        "An attribute may be left out; for type checkers it can be None where answers have it",
    ),
    "python-field-type-narrowed": _typing(
        "breaking", "An attribute takes less than before; compatible where only answers have it"
    ),
    "python-field-type-widened": _typing(
        "breaking",
        "An attribute can be what it was not before; compatible where only requests have it, risky "
        "where it is a list or a dict, which a variable of the old type does not fit",
    ),
    "python-field-type-changed": _both("breaking", "An attribute has another type"),
    # Plain dicts
    "python-key-removed": _typing("breaking", "A key of a TypedDict is gone"),
    "python-key-added": _typing("compatible", "A TypedDict has a new key, which may be left out"),
    "python-required-key-added": _typing(
        "breaking", "A TypedDict has a new key, which must be given"
    ),
    "python-key-renamed": _typing("breaking", "A key of a TypedDict has another name"),
    "python-key-became-required": _typing("breaking", "A key of a TypedDict must be given now"),
    "python-key-became-optional": _typing("compatible", "A key of a TypedDict may be left out now"),
    "python-key-type-narrowed": _typing("breaking", "A key of a TypedDict takes less than before"),
    "python-key-type-widened": _typing("compatible", "A key of a TypedDict takes more than before"),
    "python-key-type-changed": _typing("breaking", "A key of a TypedDict takes another type"),
    # Aliases and enums
    "python-type-narrowed": _typing(
        "breaking", "An alias has fewer alternatives; compatible where only answers have it"
    ),
    "python-type-widened": _typing(
        "breaking", "An alias has more alternatives; compatible where only requests have it"
    ),
    "python-type-changed": _both("breaking", "An alias stands for another type"),
    "python-enum-value-added": _typing("compatible", "An enum lists a new value"),
    "python-enum-value-removed": _typing(
        "risky", "An enum no longer lists a value; it can still be written, as enums are open"
    ),
}


def python_ids() -> Mapping[str, PythonId]:
    """The catalog by id."""
    return MappingProxyType(dict(_IDS))
