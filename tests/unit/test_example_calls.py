"""The request that `sdkpress mock` shows: one that gets an answer, whatever the key travels in."""

from __future__ import annotations

from typing import Any

import pytest

from sdkpress.example_calls import curl_example
from sdkpress.runtime.testing.app import FakeApp


@pytest.mark.parametrize(
    ("scheme", "shown"),
    [
        ({"type": "apiKey", "in": "query", "name": "AppKey"}, "'http://h/things?AppKey=test-key'"),
        ({"type": "apiKey", "in": "cookie", "name": "AppKey"}, "'cookie: AppKey=test-key'"),
        ({"type": "apiKey", "in": "header", "name": "App-Key"}, "'app-key: test-key'"),
        ({"type": "http", "scheme": "bearer"}, "'authorization: Bearer test-key'"),
        ({"type": "http", "scheme": "digest"}, "'authorization: Digest test-key'"),
        ({"type": "http", "scheme": "basic"}, "'authorization: Basic dXNlcjp0ZXN0LWtleQ=='"),
        ({"type": "oauth2", "flows": {}}, "'authorization: Bearer test-key'"),
    ],
)
def test_the_key_is_where_the_document_has_it(scheme: dict[str, Any], shown: str) -> None:
    document: dict[str, Any] = {
        "openapi": "3.1.0",
        "security": [{"key": []}],
        "paths": {"/things": {"get": {"responses": {"204": {"description": ""}}}}},
        "components": {"securitySchemes": {"key": scheme}},
    }
    assert shown in curl_example(FakeApp(document), "http://h")
