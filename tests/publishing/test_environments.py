"""The environments that the archives are tried in."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from sdkpress.publishing.environments import PackageSources, make_environment
from sdkpress.publishing.programs import Programs


@pytest.mark.skipif(os.name != "posix", reason="environments have links on POSIX systems")
def test_the_interpreter_stands_where_its_library_is(tmp_path: Path) -> None:
    """A copy of a relocatable Python looks for its shared library beside itself, in vain."""
    with Programs() as programs:
        python, ran = make_environment(programs, tmp_path / "made", [], PackageSources())
    assert ran.code != 0, "there was nothing to install"
    assert os.path.realpath(python).startswith(os.path.realpath(sys.base_prefix))
