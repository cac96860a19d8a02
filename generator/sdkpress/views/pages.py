"""Signatures of operations whose answers come in pages."""

from __future__ import annotations

from dataclasses import replace

from sdkpress.views.signatures import Signatures, SignatureView


def paged(signatures: Signatures, item: str, body: str) -> Signatures:
    """The signatures with pages in place of the default answer, whose annotation is `body`.

    An answer in another media type, chosen by `accept`, stays as it is.
    """
    overloads = tuple(_paged(one, item, body) for one in signatures.overloads)
    implementation = overloads[0]
    if len(overloads) > 1:
        implementation = _paged(signatures.implementation, item, body)
    return replace(signatures, overloads=overloads, implementation=implementation)


def _paged(signature: SignatureView, item: str, body: str) -> SignatureView:
    if signature.returns == body:
        return replace(
            signature,
            returns=f"Page[{item}, {body}]",
            async_returns=f"AsyncPages[{item}, {body}]",
        )
    return replace(signature, async_returns=f"Awaitable[{signature.async_returns}]")
