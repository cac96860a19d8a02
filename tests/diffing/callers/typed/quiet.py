from shop import Shop, models

client = Shop(base_url="http://x")


def fine() -> list[str]:
    orders = client.orders.list(shop="a", limit=50, state="open")
    client.orders.create(lines=[{"sku": "a", "count": 3}, models.Line(sku="b")], gift=True)
    return [order.number for order in orders.items]
