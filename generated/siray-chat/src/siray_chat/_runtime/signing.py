"""Credentials that are not known beforehand: functions of the caller, and access tokens.

Generators of steps (:mod:`.steps`). Credentials that are plain text are put into a draft where it is
made (:mod:`.preparing`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from .errors import ConfigurationError
from .steps import Resolve

if TYPE_CHECKING:
    from .call import Call
    from .draft import Draft
    from .steps import Steps


def sign(call: Call, draft: Draft) -> Steps:
    """Ask the caller's functions, and note where access tokens are to be had."""
    unsigned = draft.kept.unsigned
    draft.forget_unsigned()
    for scheme, credential in unsigned:
        if hasattr(credential, "token_steps"):
            call.tokens = [*call.tokens, (scheme, credential, "")]
            continue
        if isinstance(credential, tuple):
            user, password = cast("tuple[object, object]", credential)
            password = yield from _resolve(password, scheme.argument)
            credential = (user, password)
        else:
            credential = yield from _resolve(credential, scheme.argument)
        scheme.sign(credential, draft)


def authorize(call: Call, draft: Draft) -> Steps:
    """Sign with access tokens that are valid now."""
    for number, (scheme, source, signed) in enumerate(call.tokens):
        token = yield from source.token_steps(call)
        if token != signed:
            scheme.sign(token, draft)
            tokens = list(call.tokens)
            tokens[number] = (scheme, source, token)
            call.tokens = tokens


def _resolve(credential: object, argument: str) -> Steps:
    """What a callable returns; everything else as it is."""
    if callable(credential):
        credential = yield Resolve(credential, argument)
        if credential is None or credential == "":
            raise ConfigurationError(f"the callable given as {argument} returned nothing")
    return credential
