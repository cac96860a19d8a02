import functools

from shop import AsyncShop, Shop


@functools.cache
def get_client():
    return Shop(base_url="http://x")


def make():
    return AsyncShop(base_url="http://x")


class Service:
    def __init__(self, client=None):
        self.client = client or Shop(base_url="http://x")
        self._orders = self.client.orders

    def go(self):
        self.client.orders.delete("a", "b")  # !
        self._orders.delete("a", "b")  # !
        return self._orders.get("a", "b")  # !

    @property
    def api(self):
        return self.client


service = Service()
