"""Names of the fixtures that a client brings: recognisable, usable, and nobody else's."""

from __future__ import annotations

import builtins
import keyword

import pytest

from sdkpress.naming.fixtures import fixture_names


@pytest.mark.parametrize(
    ("client", "package", "wanted"),
    [
        ("Siray", "siray_chat", "siray"),
        ("RedoclyMuseum", "museum", "redocly_museum"),
        # Somebody else's.
        ("Client", "museum", "museum"),
        ("Cache", "request", "cache_client"),
        ("Process", "fakes", "fakes"),  # pytest-subprocess has fake_process
        # Nobody's.
        ("Lambda", "class_", "lambda_client"),
        ("List", "shop", "shop"),
        # What pytest would take for its hooks.
        ("PytestRunner", "pytest_runner", "api_pytest_runner"),
        # The class itself.
        ("museum", "museum", "museum_client"),
        ("museum", "art", "art"),
    ],
)
def test_names(client: str, package: str, wanted: str) -> None:
    assert fixture_names(client, package).client == wanted


@pytest.mark.parametrize("client", ["Siray", "Request", "Class", "Pytest", "Ñandú", "_", "A" * 100])
def test_every_name_can_be_an_argument(client: str) -> None:
    names = fixture_names(client, "pytest")
    for name in (names.client, names.async_client, names.fake, names.server):
        assert name.isidentifier() and not keyword.iskeyword(name)
        assert not hasattr(builtins, name)
        assert not name.startswith(("pytest", "_"))
    assert len({names.client, names.async_client, names.fake, names.server}) == 4
