from functools import partial

from .clients import Service, get_client, make, service


def run(client):
    client.orders.list(sort="x", shop="a")  # !
    helper(client.orders)


def helper(orders):
    return orders.list(limit=1)  # !


def main():
    run(get_client())
    get_client().orders.delete("a", "b")  # !
    service.client.orders.delete("a", "b")  # !
    service.api.orders.delete("a", "b")  # !
    orders = service.go()
    print(orders.comment)  # !
    listing = partial(service.client.orders.list, sort="x")  # !
    listing()  # !
    f = service.client.orders.delete  # !
    f("a", "b")
    getattr(service.client.orders, "delete")("a", "b")  # noqa: B009  # !
    x = Service(get_client())
    for o in x.client.orders.list(shop="x").items:
        show(o)
    [o.comment for o in x.client.orders.list(shop="x").items]  # !
    sorted(x.client.orders.list(shop="x").items, key=lambda o: o.comment)  # !


def show(order):
    print(order.comment)  # !
    print(order.price * 2)  # !


async def amain():
    async with make() as client:
        await client.orders.delete("a", "b")  # !
        order = await client.orders.get("a", "b")  # !
        match order:
            case object(comment=c):
                print(c)
        body = {"sku": "a", "colour": "red"}  # !
        await client.orders.create(lines=[body], gift=True)
        await client.orders.create(lines=[{"sku": "a", "colour": "red"}], gift=True)  # !
