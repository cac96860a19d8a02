"""What the document says about the API as a whole: terms, licence, contact, topics."""

from __future__ import annotations

from typing import Any

from sdkpress.lowering.source import as_dict, as_list, as_text
from sdkpress.model import About, Tag


def lower_about(tree: dict[str, Any]) -> About:
    """Info Object, `externalDocs`, `$self` and Tag Objects; untyped values read as absent."""
    info = as_dict(tree.get("info"))
    contact, license = as_dict(info.get("contact")), as_dict(info.get("license"))
    guides = as_dict(tree.get("externalDocs"))
    return About(
        document_url=as_text(tree.get("$self")),
        terms_url=as_text(info.get("termsOfService")),
        contact_name=as_text(contact.get("name")),
        contact_email=as_text(contact.get("email")),
        license_url=as_text(license.get("url")),
        license_identifier=as_text(license.get("identifier")),
        guides_url=as_text(guides.get("url")),
        guides_text=as_text(guides.get("description")),
        tags=tuple(_tag(as_dict(item)) for item in as_list(tree.get("tags")) if as_dict(item)),
    )


def _tag(node: dict[str, Any]) -> Tag:
    return Tag(
        name=as_text(node.get("name")),
        summary=as_text(node.get("summary")),
        description=as_text(node.get("description")),
        parent=as_text(node.get("parent")),
        kind=as_text(node.get("kind")),
        guides_url=as_text(as_dict(node.get("externalDocs")).get("url")),
        guides_text=as_text(as_dict(node.get("externalDocs")).get("description")),
    )
