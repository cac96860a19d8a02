"""The arguments of a client for the security schemes of a document."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from sdkpress.config import config_from_options
from sdkpress.model import Api, Docs, Operation, SecurityScheme
from sdkpress.views.credentials import CLIENT_ARGUMENTS, credential_views

KEY, BEARER, BASIC, OAUTH = "apiKey", "bearer", "basic", "oauth2"


def scheme(name: str, kind: str, **more: Any) -> SecurityScheme:
    place = {"location": "header", "parameter": "X-Key"} if kind == KEY else {}
    return SecurityScheme(name, kind, **place, **more)


def arguments(*schemes: SecurityScheme) -> list[list[str]]:
    operation = Operation(
        "GET", "/", "", "", (), (), None, (), tuple((item.name,) for item in schemes), (), None,
        "method", "",
    )  # fmt: skip
    api = Api("", "", Docs(), "3.1.0", (), schemes, (operation,), {})
    config = config_from_options(spec=Path("a"), out=Path("b"), title="Things")
    views = credential_views(api, config)
    for view in views:
        for argument in view.arguments:
            assert argument.name.isidentifier() and argument.name not in CLIENT_ARGUMENTS
            assert argument.variable in ("", f"THINGS_{argument.name.upper()}")
    names = [argument.name for view in views for argument in view.arguments]
    assert len(names) == len(set(names))
    return [[argument.name for argument in view.arguments] for view in views]


def test_a_single_scheme() -> None:
    assert arguments(scheme("whatever", KEY)) == [["api_key"]]
    assert arguments(scheme("whatever", BEARER)) == [["api_key"]]
    assert arguments(scheme("whatever", BASIC)) == [["username", "password"]]
    assert arguments(scheme("whatever", OAUTH)) == [["access_token"]]
    assert arguments(scheme("whatever", "openIdConnect")) == [["access_token"]]
    assert arguments(scheme("whatever", "http", scheme="Digest")) == [["authorization"]]
    assert arguments(scheme("whatever", OAUTH, has_client_credentials=True)) == [
        ["access_token", "client_id", "client_secret", "scopes", "token_url",
         "token_endpoint_auth_method"],
    ]  # fmt: skip
    assert arguments(scheme("whatever", "mutualTLS")) == []


@pytest.mark.parametrize(
    ("schemes", "expected"),
    [
        ({"basicAuth": BASIC, "bearerAuth": BEARER}, [["api_key"], ["username", "password"]]),
        ({"AuthZ": OAUTH, "apiKeyAuth": KEY, "appKeyAuth": KEY},
         [["api_key"], ["access_token"], ["app_key"]]),
        ({"ApiKeyAuth": BEARER, "AdminApiKeyAuth": BEARER}, [["api_key"], ["admin_api_key"]]),
        ({"Bearer": BEARER, "X-Api-Key": KEY}, [["api_key"], ["bearer_token"]]),
        ({"clientId": KEY, "secret": KEY}, [["client_id"], ["secret"]]),
        ({"first": BASIC, "second": BASIC},
         [["first_username", "first_password"], ["second_username", "second_password"]]),
        ({"code": OAUTH, "implicit": OAUTH}, [["access_token"], ["implicit"]]),
        ({"timeout": KEY, "class": KEY, "été ✓": KEY}, [["timeout_api_key"], ["class_"], ["ete"]]),
        ({"a-b": KEY, "a_b": KEY}, [["a_b"], ["a_b_api_key"]]),
    ],
)  # fmt: skip
def test_several_schemes(schemes: dict[str, str], expected: list[list[str]]) -> None:
    assert arguments(*(scheme(name, kind) for name, kind in schemes.items())) == expected


def test_an_own_name() -> None:
    assert arguments(scheme("x", KEY, name_hint="merchant_key")) == [["merchant_key"]]
    assert arguments(scheme("x", BASIC, name_hint="admin")) == [
        ["admin_username", "admin_password"]
    ]
