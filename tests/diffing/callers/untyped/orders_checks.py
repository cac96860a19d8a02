from unittest.mock import patch

import pytest
from shop import Shop
from shop.testing import factories, fake_app


def test_a(shop, fake_shop):
    shop.orders.delete("a", "b")  # !
    fake_shop.orders.delete.fails(status=404)  # !
    fake_shop.orders.get.replies(factories.order(comment="x"))  # !


@pytest.fixture
def mine():
    with fake_app().client() as client:
        yield client


def test_b(mine):
    mine.orders.delete("a", "b")  # !


@patch("shop.resources.orders.OrdersResource.delete")  # !
def test_c(mocked):
    pass


def test_d(monkeypatch):
    monkeypatch.setattr(Shop, "files", None)  # !
    try:
        Shop().orders.get("a", number="b")  # !
    except Exception:
        pass
