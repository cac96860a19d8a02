"""Which tests pytest-xdist gives to one worker, one after the other; the only importer of xdist.

Most tests of `behaviour/` wait for sockets, most others need a core. Lots of long tests are
started first, a worker each, so that both go on at the same time; what is in a lot shares
environments, builds, an index. All others are given out one by one.

The mark `xdist_group` would say the same, but pytest-xdist 3.8 loses it under pytest 9.2, where
`_nodeid` is no attribute of items any more.
"""

from __future__ import annotations

from xdist.scheduler import LoadScopeScheduling

LOTS = {
    "tests/test_generated_tests.py": "packages",
    "tests/test_installed_plugin.py": "packages",
    "tests/test_tutorial.py": "packages",
    "tests/test_versions.py": "packages",
    "tests/test_wheel.py": "packages",
    "tests/test_cases.py": "clients",
    "tests/test_corpus.py": "clients",
    "tests/test_determinism.py": "clients",
    "tests/test_factories.py": "clients",
    "tests/test_relocatable.py": "clients",
    "tests/publishing/test_publish.py": "publishing",
    "tests/test_site.py": "site",
}


class InLots(LoadScopeScheduling):
    """Files of one lot to one worker, every other test to whoever is free."""

    def _split_scope(self, nodeid: str) -> str:
        return LOTS.get(nodeid.partition("::")[0], nodeid)
