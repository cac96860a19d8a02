"""What the pytest plugin of a client does around a test, besides its fixtures.

This is loaded at every start of pytest where the package is installed, so it imports nothing that
pytest has not imported yet.
"""

from __future__ import annotations

import contextlib
import time
from collections import deque
from dataclasses import replace
from os import PathLike
from typing import TYPE_CHECKING, Any, cast

import pytest

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping

    from .app import FakeApp
    from .exchanges import Exchange
    from .serving import ServedApp

__all__ = ["UnusedAnswerWarning", "Watch"]

_CHOICES = ("error", "warn", "ignore")
_PATHS = ("replay", "record")
_KEPT_EXCHANGES = 50
_PATIENCE = 0.05
"""Seconds that a report waits for answers that are on their way out."""


class UnusedAnswerWarning(UserWarning):
    """A test scripted an answer that nobody asked for."""


class Watch:
    """The fake servers of one client, in a run of pytest.

    `name` is the client as in the names of its fixtures: that of the marker, and the beginning of
    the setting's. What a fake server noticed fails the test itself, not what tears it down.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._setting = f"{name}_unused"
        self._fakes: pytest.StashKey[list[_Watched]] = pytest.StashKey()

    def add_options(self, parser: pytest.Parser) -> None:
        """The setting: what to do about scripted answers that nobody asked for."""
        parser.addini(
            self._setting,
            f"scripted answers of fake_{self._name} that no request asked for: "
            "error (the test fails), warn (default) or ignore",
            default="warn",
        )

    def spare(self, package: str, manager: pytest.PytestPluginManager) -> None:
        """Keep pytest from compiling the modules of `package` anew, to show what asserts compared.

        It does so with every module of whatever brings a plugin, which takes a second where it may
        not keep the results. There is no asking it not to; where it no longer works like this,
        nothing changes but that second.
        """
        hook: object = manager.rewrite_hook
        for name in ("_must_rewrite", "_marked_for_rewrite_cache"):
            found = getattr(hook, name, None)
            if isinstance(found, set):
                cast("set[str]", found).discard(package)
            elif isinstance(found, dict):
                cast("dict[str, bool]", found).clear()

    def configure(self, config: pytest.Config) -> None:
        """Declare the marker. Raises UsageError for a value that the setting does not have."""
        config.addinivalue_line(
            "markers",
            f"{self._name}(seed=0, credentials=None, replay=None, record=None, upstream=None, "
            f"unused=None): how fake_{self._name} is made for this test: arguments of fake_app(), "
            "with paths relative to the test file; unused overrides the setting "
            f"{self._setting}.",
        )
        self._choice(config.getini(self._setting), f"the setting {self._setting}")

    def arguments(self, request: pytest.FixtureRequest) -> dict[str, Any]:
        """What the marker of the test says, as arguments of `fake_app()`.

        The nearest marker has the last word on each argument. Raises UsageError for positional
        ones.
        """
        found = self._marked(request.node)
        found.pop("unused", None)
        for name in _PATHS:
            path = found.get(name)
            if isinstance(path, (str, PathLike)):
                found[name] = request.path.parent / cast("str | PathLike[str]", path)
            elif path is not None:
                # A Replay or a Recording, which has the path among its settings.
                settings: Any = path
                found[name] = replace(settings, path=request.path.parent / settings.path)
        return found

    def look_after(self, request: pytest.FixtureRequest, fake: FakeApp) -> None:
        """Watch a fake server for as long as the test has it, then close it."""
        self._watched(request.node).append(_Watched(fake))
        request.addfinalizer(fake.close)

    @contextlib.contextmanager
    def serving(
        self,
        request: pytest.FixtureRequest,
        fake: FakeApp,
        address: str,
        credentials: Mapping[str, tuple[str, str, int | None]],
    ) -> Generator[ServedApp]:
        """The fake server on loopback; what it noticed during the test is not reported twice.

        The environment variable `address` leads there, and those of `credentials` have values
        that will do, unless another server is recorded, which wants real ones. Beside each of them
        stand a value for tests, the name of the security scheme, and the part of its credential.
        """
        try:
            with fake.serve() as server, pytest.MonkeyPatch.context() as patch:
                patch.setenv(address, server.url)
                for variable, (sample, scheme, part) in credentials.items():
                    own = fake.own_credential(sample, sample, scheme, part)
                    if own is not None:
                        patch.setenv(variable, own)
                yield server
        except AssertionError as error:
            if not any(error in watched.reported for watched in self._watched(request.node)):
                raise

    def call(self, item: pytest.Item) -> Generator[None, object, object]:
        """Run a test, then look at its fake servers; the body of `pytest_runtest_call`."""
        __tracebackhide__ = True
        try:
            result = yield
            for watched in self._watched(item):
                self._check(item, watched.fake)
        except (Exception, pytest.fail.Exception):
            for watched in self._watched(item):
                watched.reported = watched.fake.failures
                item.add_report_section("call", f"fake_{self._name}", watched.told())
            raise
        return result

    def _watched(self, node: pytest.Item) -> list[_Watched]:
        return node.stash.setdefault(self._fakes, [])

    def _check(self, item: pytest.Item, fake: FakeApp) -> None:
        __tracebackhide__ = True
        fake.check()
        choice = self._marked(item).get("unused") or item.config.getini(self._setting)
        choice = self._choice(choice, f"unused= of the marker {self._name}")
        unused = [str(answer) for answer in fake.unused] if choice != "ignore" else []
        if not unused:
            return
        message = f"nobody asked fake_{self._name} for: {'; '.join(unused)}"
        if choice == "error":
            pytest.fail(message, pytrace=False)
        item.warn(UnusedAnswerWarning(message))

    def _marked(self, item: pytest.Item) -> dict[str, Any]:
        found: dict[str, Any] = {}
        # From the nearest outwards.
        for marker in item.iter_markers(self._name):
            if marker.args:
                raise pytest.UsageError(
                    f"the marker {self._name} takes arguments by name only, not {marker.args!r}"
                )
            found = {**marker.kwargs, **found}
        return found

    def _choice(self, value: object, what: str) -> str:
        if value not in _CHOICES:
            raise pytest.UsageError(f"{what} is {value!r}, none of {', '.join(_CHOICES)}")
        return str(value)


class _Watched:
    """A fake server, and the last of what it was asked and answered."""

    def __init__(self, fake: FakeApp) -> None:
        self.fake = fake
        self.reported: tuple[AssertionError, ...] = ()
        self._exchanges: deque[Exchange] = deque(maxlen=_KEPT_EXCHANGES)
        self._answered = 0
        fake.on_exchange = self._keep

    def _keep(self, exchange: Exchange) -> None:
        self._answered += 1
        self._exchanges.append(exchange)

    def told(self) -> str:
        """One line for each exchange, for the report of a test that failed."""
        from .exchanges import describe_exchange

        # On loopback the client has an answer a moment before the server knows that it is out.
        until = time.monotonic() + _PATIENCE
        while len(self.fake.requests) > self._answered and time.monotonic() < until:
            time.sleep(0.001)
        exchanges = tuple(self._exchanges)
        lines = [describe_exchange(exchange) for exchange in exchanges]
        if self._answered > len(exchanges):
            lines.insert(0, f"{self._answered - len(exchanges)} before these")
        if len(self.fake.requests) > self._answered:
            lines.append(f"{len(self.fake.requests) - self._answered} not answered to the end")
        lines += [f"nobody asked for: {answer}" for answer in self.fake.unused]
        return "\n".join(lines) or "no request came"
