import shop

c: "shop.Shop" = shop.Shop(base_url="x")


def g(c=None):
    c = c or shop.Shop()
    # type comment
    return c.orders.list(limit=3)  # type: ignore  # !
