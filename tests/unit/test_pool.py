"""The bookkeeping of connections, at random against what must always hold."""

from __future__ import annotations

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, invariant, precondition, rule

from sdkpress.runtime.direct.pool import IDLE_SECONDS, MAX_CONNECTIONS, MAX_IDLE, Pool, Waiter

KEYS = st.sampled_from(["a", "b", "c"])


class Thing:
    """Stands for a connection."""

    def __init__(self, key: str) -> None:
        self.key = key
        self.idle_since = 0.0


class Machine(RuleBasedStateMachine):
    """Opens, uses and closes connections as an owner does, and knows where each of them is."""

    in_use = Bundle("in_use")

    def __init__(self) -> None:
        super().__init__()
        self.limit, self.idle_limit, self.seconds = 5, 3, 30.0
        self.pool: Pool[Thing] = Pool(self.limit, self.idle_limit, self.seconds)
        self.now = 100.0
        self.used: dict[Thing, None] = {}
        self.idle: list[Thing] = []
        """From the one that rests longest."""
        self.waiting: list[Waiter[Thing]] = []
        self.woken: set[int] = set()

    def close_surplus(self) -> None:
        while self.pool.surplus:
            thing = self.pool.surplus.pop()
            assert thing not in self.used, "closed while it was in use"
            if thing in self.idle:
                self.idle.remove(thing)
            self.pool.forget(id(thing))

    def waiter(self, key: str) -> Waiter[Thing]:
        made: Waiter[Thing] = Waiter(key, lambda: self.woken.add(id(made)))
        return made

    @rule(target=in_use, key=KEYS)
    def request(self, key: str) -> Thing:
        expected = [t for t in self.idle if t.key == key and t.idle_since > self.now - self.seconds]
        found = self.pool.take(key, self.now)
        assert found is (expected[-1] if expected else None), "not the one that rested least"
        if found is not None:
            self.idle.remove(found)
            self.used[found] = None
            self.close_surplus()
            return found
        self.close_surplus()
        made = Thing(key)
        room = len(self.used) < self.limit and not self.waiting
        assert self.pool.reserve(id(made), lambda: made) is room
        if room:
            self.used[made] = None
        else:
            waiter = self.waiter(key)
            self.pool.queue(waiter)
            self.waiting.append(waiter)
        self.close_surplus()
        return made

    @rule(thing=in_use)
    def release(self, thing: Thing) -> None:
        if thing not in self.used:
            return
        self.used.pop(thing, None)
        self.pool.put(thing, self.now)
        served = [waiter for waiter in self.waiting if waiter.given is not None]
        if served:
            assert served == self.waiting[:1], "somebody jumped the queue"
            assert served[0].given is thing and thing.key == served[0].key
            assert id(served[0]) in self.woken
            self.used[thing] = None
            self.waiting.pop(0)
        elif thing not in self.pool.surplus:
            assert not self.waiting
            self.idle.append(thing)
        self.close_surplus()

    @rule(thing=in_use)
    def close(self, thing: Thing) -> None:
        if thing in self.used:
            self.used.pop(thing, None)
            self.pool.forget(id(thing))
            assert not self.waiting or id(self.waiting[0]) in self.woken
        if thing not in self.idle:
            self.pool.forget(id(thing))  # a second time, as a finalizer does

    @precondition(lambda self: self.waiting)
    @rule(target=in_use)
    def look_again(self) -> Thing:
        """The first who waits does what it does when it has been woken."""
        waiter = self.waiting[0]
        self.woken.discard(id(waiter))
        made = Thing(waiter.key)
        room = len(self.used) < self.limit
        assert self.pool.reserve(id(made), lambda: made, waiter) is room
        if room:
            self.used[made] = None
            self.pool.leave(waiter, self.now)
            self.waiting.pop(0)
            assert not self.waiting or id(self.waiting[0]) in self.woken
        self.close_surplus()
        return made

    @precondition(lambda self: self.waiting)
    @rule(at=st.integers(0, 10))
    def give_up(self, at: int) -> None:
        waiter = self.waiting.pop(at % len(self.waiting))
        self.pool.leave(waiter, self.now)
        self.close_surplus()

    @rule(key=KEYS)
    def give_up_at_the_last_moment(self, key: str) -> None:
        """A connection is given to one who has just stopped waiting."""
        if self.waiting or len(self.used) < self.limit:
            return
        waiter = self.waiter(key)
        self.pool.queue(waiter)
        thing = next(iter(self.used))
        self.used.pop(thing, None)
        self.pool.put(thing, self.now)
        self.pool.leave(waiter, self.now)
        if thing not in self.pool.surplus:
            self.idle.append(thing)
        self.close_surplus()

    @rule(seconds=st.sampled_from([0.0, 1.0, 14.0, 16.0, 31.0]))
    def time_passes(self, seconds: float) -> None:
        self.now += seconds

    @rule()
    def clear(self) -> None:
        self.pool.clear()
        self.close_surplus()
        assert not self.idle

    @invariant()
    def counts_agree(self) -> None:
        assert self.pool.idle_count == len(self.idle) <= self.idle_limit
        assert len(self.pool.members) == len(self.idle) + len(self.used) <= self.limit
        assert {member() for member in self.pool.members.values()} == {*self.idle, *self.used}
        assert self.pool.waiting_count == len(self.waiting)
        assert not (self.idle and self.waiting), "somebody waits while a connection rests"


TestPool = Machine.TestCase
TestPool.settings = settings(max_examples=300, stateful_step_count=40, deadline=None)


def test_limits() -> None:
    assert (MAX_CONNECTIONS, MAX_IDLE, IDLE_SECONDS) == (1000, 100, 30.0)


def test_no_idle_connections_at_all() -> None:
    pool: Pool[Thing] = Pool(2, 0)
    thing = Thing("a")
    assert pool.reserve(id(thing), lambda: thing)
    pool.put(thing, 0.0)
    assert pool.surplus == [thing] and pool.idle_count == 0


def test_waking_all() -> None:
    pool: Pool[Thing] = Pool(1)
    woken: list[int] = []
    pool.queue(Waiter("a", lambda: woken.append(1)))
    pool.queue(Waiter("b", lambda: woken.append(2)))
    pool.wake_all()
    assert woken == [1, 2]
