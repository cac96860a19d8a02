"""The change ids of everything but schemas: operations, parameters, bodies, answers, security.

Those above the second heading of each group are ids of the public catalogue of oasdiff, with its
severities; the others are our own, for what it has no id for.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from sdkpress.diffing.changes import Severity

__all__ = ["OPERATION_IDS"]

_B: Severity = "breaking"
_R: Severity = "risky"
_C: Severity = "compatible"

_OPERATIONS: dict[str, tuple[Severity, str]] = {
    "endpoint-added": (_C, "There is a further operation"),
    "api-path-removed-without-deprecation": (
        _B,
        "A path with all its operations is gone, and was not deprecated before",
    ),
    "api-path-removed-with-deprecation": (
        _C,
        "A path is gone that was deprecated, and whose sunset has come or had no date",
    ),
    "api-path-removed-before-sunset": (_B, "A path is gone before the sunset that was promised"),
    "api-path-sunset-parse": (_B, "A sunset date of a path or an operation is no date"),
    "api-removed-without-deprecation": (_B, "An operation is gone, and was not deprecated before"),
    "api-removed-with-deprecation": (
        _C,
        "An operation is gone that was deprecated, and whose sunset has come or had no date",
    ),
    "api-removed-before-sunset": (_B, "An operation is gone before the sunset that was promised"),
    "endpoint-deprecated": (_C, "An operation is deprecated, without a sunset date"),
    "endpoint-deprecated-with-sunset": (_C, "An operation is deprecated, with a sunset date"),
    "endpoint-reactivated": (_C, "An operation is no longer deprecated"),
    "api-deprecated-sunset-missing": (
        _B,
        "An operation of level `beta` or `stable` is deprecated without a sunset date",
    ),
    "api-deprecated-sunset-parse": (_B, "An operation is deprecated with a sunset that is no date"),
    "api-sunset-date-too-small": (
        _B,
        "An operation is deprecated with a sunset that leaves too little time",
    ),
    "api-sunset-date-changed-too-small": (
        _B,
        "The sunset of an operation is earlier now, and leaves too little time",
    ),
    "sunset-deleted": (_B, "A deprecated operation has lost its sunset date"),
    "api-stability-decreased": (_B, "The stability level of an operation went down"),
    "api-stability-increased": (_C, "The stability level of an operation went up"),
    "api-invalid-stability-level": (
        _B,
        "A stability level is none of `draft`, `alpha`, `beta`, `stable`",
    ),
    "api-operation-id-removed": (_C, "An operation lost its `operationId`, or has another one"),
    "api-operation-id-added": (_C, "An operation has got an `operationId`"),
    "api-tag-removed": (_C, "An operation lost a tag"),
    "api-tag-added": (_C, "An operation has got a tag"),
    "api-schema-removed": (_C, "A schema is no longer among the components"),
    "webhook-added": (_C, "There is a further webhook"),
    "webhook-removed": (_B, "A webhook is gone"),
    # our own
    "api-sunset-date-changed": (_C, "The sunset of an operation is another day"),
    "api-path-moved": (_C, "A path is written differently, and leads to the same address"),
    "webhook-body-became-optional": (_B, "A webhook may come without its body"),
    "callback-added": (_C, "An operation calls back in a further way"),
    "callback-removed": (_B, "An operation does not call back any more"),
    "api-server-added": (_C, "There is a further server"),
    "api-server-removed": (_R, "A server is no longer listed"),
    "api-server-variable-changed": (_R, "A variable in a server's address takes other values"),
}

_PARAMETERS: dict[str, tuple[Severity, str]] = {
    "new-required-request-parameter": (_B, "An operation has a further required parameter"),
    "new-optional-request-parameter": (_C, "An operation has a further optional parameter"),
    "new-required-request-default-parameter-to-existing-path": (
        _B,
        "A path has a further required parameter for all its operations",
    ),
    "new-optional-request-default-parameter-to-existing-path": (
        _C,
        "A path has a further optional parameter for all its operations",
    ),
    "new-request-path-parameter": (_B, "An operation has a further parameter in its path"),
    "request-parameter-removed": (_R, "A parameter is gone, and was not deprecated before"),
    "request-parameter-removed-with-deprecation": (
        _C,
        "A parameter is gone that was deprecated, and whose sunset has come or had no date",
    ),
    "request-parameter-removed-before-sunset": (
        _B,
        "A parameter is gone before the sunset that was promised",
    ),
    "request-parameter-sunset-parse": (_B, "The sunset date of a parameter is no date"),
    "request-parameter-sunset-deleted": (_B, "A deprecated parameter has lost its sunset date"),
    "request-parameter-sunset-date-changed-too-small": (
        _B,
        "The sunset of a parameter is earlier now, and leaves too little time",
    ),
    "request-parameter-sunset-date-too-small": (
        _B,
        "A parameter is deprecated with a sunset that leaves too little time",
    ),
    "request-parameter-deprecated-sunset-missing": (
        _B,
        "A parameter is deprecated without the sunset date that the stability level asks for",
    ),
    "request-parameter-deprecated": (_C, "A parameter is deprecated"),
    "request-parameter-reactivated": (_C, "A parameter is no longer deprecated"),
    "request-parameter-became-required": (_B, "A parameter is required now"),
    "request-parameter-became-optional": (_C, "A parameter is no longer required"),
    # our own
    "request-parameter-sunset-date-changed": (_C, "The sunset of a parameter is another day"),
    "request-parameter-style-changed": (_B, "A parameter is written into the request differently"),
    "request-parameter-media-type-changed": (
        _B,
        "A parameter is written in another media type",
    ),
    "request-parameter-allow-reserved-changed": (
        _R,
        "Reserved characters in a parameter are escaped now, or no longer",
    ),
    "request-parameter-empty-value-disallowed": (_R, "A parameter may no longer be sent empty"),
}

_BODIES: dict[str, tuple[Severity, str]] = {
    "request-body-added-required": (_B, "An operation has got a required body"),
    "request-body-added-optional": (_C, "An operation has got an optional body"),
    "request-body-removed": (_B, "An operation takes no body any more"),
    "request-body-became-required": (_B, "The body of a request is required now"),
    "request-body-became-optional": (_C, "The body of a request is no longer required"),
    "request-body-media-type-added": (_C, "A request may have a further media type"),
    "request-body-media-type-removed": (_B, "A request may no longer have a media type"),
    "request-body-media-type-schema-added": (_B, "A media type of a request has got a schema"),
    "request-body-media-type-schema-removed": (_C, "A media type of a request lost its schema"),
    "response-body-media-type-schema-added": (_C, "A media type of an answer has got a schema"),
    "response-body-media-type-schema-removed": (_R, "A media type of an answer lost its schema"),
    "response-media-type-added": (_C, "An answer may have a further media type"),
    "response-media-type-removed": (_B, "An answer has a media type no longer"),
    "response-media-type-name-changed": (_C, "A media type of an answer has other parameters"),
    "response-media-type-name-generalized": (
        _B,
        "A media type of an answer became a wider one, which takes in the old one",
    ),
    "response-media-type-name-specialized": (
        _C,
        "A media type of an answer became a narrower one, a part of the old one",
    ),
    "response-success-status-removed": (_B, "A status of success is gone"),
    "response-success-status-added": (_C, "There is a further status of success"),
    "response-non-success-status-removed": (_C, "A status other than success is gone"),
    "response-non-success-status-added": (_C, "There is a further status other than success"),
    "required-response-header-removed": (_B, "A header that every answer had is gone"),
    "optional-response-header-removed": (_R, "A header that answers could have is gone"),
    "response-header-added": (_C, "An answer has a further header"),
    "response-header-became-optional": (_B, "A header may be missing from an answer"),
    # our own
    "request-body-encoding-style-changed": (_B, "A part of a form is written differently"),
    "request-body-encoding-content-type-narrowed": (
        _B,
        "A part of a form may no longer have a content type",
    ),
    "request-body-encoding-content-type-widened": (
        _C,
        "A part of a form may have a further content type",
    ),
    "response-header-became-required": (_C, "A header is in every answer now"),
    "response-header-deprecated": (_C, "A header of an answer is deprecated"),
    "response-header-style-changed": (_B, "A header of an answer is written differently"),
    "response-link-added": (_C, "An answer has a further link"),
    "response-link-removed": (_C, "An answer lost a link"),
}

_SECURITY: dict[str, tuple[Severity, str]] = {
    "api-security-added": (_C, "An operation may be called with further credentials"),
    "api-security-removed": (_C, "An operation no longer lists credentials"),
    "api-security-scope-added": (_C, "The credentials of an operation need a further scope"),
    "api-security-scope-removed": (_C, "The credentials of an operation need a scope less"),
    "api-global-security-added": (_C, "All operations may be called with further credentials"),
    "api-global-security-removed": (_C, "The document no longer lists credentials"),
    "api-global-security-scope-added": (_C, "The credentials of the document need a further scope"),
    "api-global-security-scope-removed": (_C, "The credentials of the document need a scope less"),
    "api-security-component-added": (_C, "There is a further security scheme"),
    "api-security-component-removed": (_C, "A security scheme is gone"),
    "api-security-component-type-changed": (_C, "A security scheme is of another kind"),
    "api-security-component-oauth-url-changed": (_C, "The authorization URL of OAuth 2 changed"),
    "api-security-component-oauth-token-url-changed": (_C, "The token URL of OAuth 2 changed"),
    "api-security-component-oauth-scope-added": (_C, "OAuth 2 has a further scope"),
    "api-security-component-oauth-scope-removed": (_C, "A scope of OAuth 2 is gone"),
    "api-security-component-oauth-scope-changed": (_C, "A scope of OAuth 2 is described anew"),
    # our own
    "api-security-narrowed": (
        _R,
        "Credentials that were enough for an operation are not, or it needs some now",
    ),
    "api-security-component-changed": (
        _R,
        "The credentials of a security scheme are sent in another way",
    ),
}

_VERSION: dict[str, tuple[Severity, str]] = {
    "api-version-not-bumped": (_C, "The document changed, and `info.version` did not"),
    "api-version-decreased": (_C, "`info.version` went down"),
    "api-major-version-not-bumped": (
        _C,
        "The document has breaking changes, and `info.version` has the same major version",
    ),
}

OPERATION_IDS: Mapping[str, tuple[Severity, str]] = MappingProxyType(
    _OPERATIONS | _PARAMETERS | _BODIES | _SECURITY | _VERSION
)
"""By id: the severity, and what it means in one sentence without a full stop."""
