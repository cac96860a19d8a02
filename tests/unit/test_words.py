"""naming/words.py: from names in any spelling to identifiers."""

from __future__ import annotations

import pytest

from sdkpress.naming.words import pascal, snake

ROWS = [
    ("IPv6", "ipv6", "IPv6"),
    ("ipv6Address", "ipv6_address", "Ipv6Address"),
    ("OAuth2", "oauth2", "OAuth2"),
    ("OAuth2Client", "oauth2_client", "OAuth2Client"),
    ("userIDs", "user_ids", "UserIds"),
    ("APIKey", "api_key", "APIKey"),
    ("X-Request-ID", "x_request_id", "XRequestID"),
    ("HTTPResponse2", "http_response2", "HTTPResponse2"),
    ("listURLs", "list_urls", "ListUrls"),
    ("eTag", "etag", "Etag"),
    ("removeTag", "remove_tag", "RemoveTag"),
    ("iOSVersion", "ios_version", "IosVersion"),
    ("page[size]", "page_size", "PageSize"),
    ("filter[name][eq]", "filter_name_eq", "FilterNameEq"),
    ("$filter", "filter", "Filter"),
    ("@type", "type", "Type"),
    ("user.name", "user_name", "UserName"),
    ("+1", "plus_1", "Plus1"),
    ("-1", "minus_1", "Minus1"),
    ("", "empty", "Unnamed"),
    ("2fa", "field_2fa", "Model2fa"),
    ("24h", "field_24h", "Model24h"),
    ("S3Bucket", "s3_bucket", "S3Bucket"),
    ("x509Cert", "x509_cert", "X509Cert"),
    ("GitHubToken", "github_token", "GitHubToken"),
    ("café", "cafe", "Cafe"),
    ("Straße", "strasse", "Strasse"),
    ("日本語", "日本語", "日本語"),
]


@pytest.mark.parametrize(("given", "attribute", "class_name"), ROWS, ids=[row[0] for row in ROWS])
def test_words_become_identifiers(given: str, attribute: str, class_name: str) -> None:
    assert snake(given) == attribute
    assert pascal(given) == class_name
    assert attribute.isidentifier()
    assert class_name.isidentifier()
