"""Names of the fixtures that a client brings to pytest.

They live in one namespace with those of pytest, of every plugin and of the user, who has not asked
for them: the plugin is loaded as soon as the package is installed.
"""

from __future__ import annotations

import builtins
from dataclasses import dataclass

from sdkpress.naming.words import RESERVED, snake

__all__ = ["FixtureNames", "fixture_names"]

# Of pytest and of plugins that many projects use: a fixture of that name would take theirs away.
_TAKEN = frozenset(
    "admin_client aiohttp_client anyio_backend app app_context async_client asyncio_runner benchmark "
    "browser cache capfd capfdbinary caplog capsys capsysbinary capteesys client context cov db "
    "django_user_model doctest_namespace event_loop fake_process fake_subprocess faker fp free_port "
    "freezer fs hass httpserver httpx_mock live_server loop mailoutbox mock mocker monkeypatch page "
    "playwright pytestconfig pytester record_property record_testsuite_property record_xml_attribute "
    "recwarn regtest request requests_mock respx_mock responses rf session settings smtpd snapshot "
    "subtests testdir testrun_uid tmp_path tmp_path_factory tmpdir tmpdir_factory worker_id".split()
)


@dataclass(frozen=True, slots=True)
class FixtureNames:
    """The fixtures of a client; `client` is the name of the marker and of the setting as well."""

    client: str

    @property
    def async_client(self) -> str:
        """The asynchronous client."""
        return f"async_{self.client}"

    @property
    def fake(self) -> str:
        """The fake server that both clients talk to."""
        return f"fake_{self.client}"

    @property
    def server(self) -> str:
        """The fake server on loopback."""
        return f"fake_{self.client}_server"


def fixture_names(client: str, package: str) -> FixtureNames:
    """Names for the class `client` of `package`: `Siray` -> `siray`, `async_siray`, `fake_siray`, ...

    A name that others have gives way to that of the package: `Client` of `museum` -> `museum`.
    None is the name of a class of the client, which may be written small.
    """
    own, other = snake(client, fallback="api"), snake(package, fallback="api")
    for candidate in (own, other, f"{own}_client", f"{other}_client"):
        names = FixtureNames(candidate)
        every = {names.client, names.async_client, names.fake, names.server}
        if not every & (_TAKEN | {client}) and not _is_special(candidate):
            return names
    return FixtureNames(f"api_{own}")


def _is_special(name: str) -> bool:
    # pytest takes every function of a plugin that begins with its name for a hook.
    return name in RESERVED or hasattr(builtins, name) or name.startswith("pytest")
