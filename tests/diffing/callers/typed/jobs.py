from shop import AsyncShop, Shop
from shop import models as m


def work(key: str) -> None:
    client = Shop(base_url="http://x")
    found = client.orders.list(shop="a", limit=100)  # !
    client.orders.list(shop="a", state="sent")  # !
    client.orders.list(shop="a", sort="x")  # !
    client.orders.list(limit=1)  # !
    made = client.orders.create(lines=[{"sku": "a"}], note="hello", gift=True)  # !
    client.orders.create(lines=[{"sku": "a"}])  # !
    client.orders.create(lines=[m.Line(sku="a", colour="red")], gift=False)  # !
    client.orders.delete("a", "b")  # !
    total = made.price + 1  # !
    print(made.comment)  # !
    for line in made.lines:
        print(line.colour)  # !
    print(found.total, made.number, total)


async def later(client: AsyncShop) -> m.File:
    file = await client.files.get("id")  # !
    kwargs = {"sort": "x"}
    await client.orders.list(shop="a", **kwargs)  # !
    if made := await client.orders.get("a", "b"):  # !
        print(made.buyer.name if made.buyer else "")
    return file
