"""Packages made from golden cases, for tests of what generated clients do."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from types import ModuleType

from sdkpress.config import config_from_options
from sdkpress.diagnostics import Diagnostics
from sdkpress.pipeline import build

CASES = Path(__file__).parents[1] / "cases"


def import_case(case: str, folder: Path) -> ModuleType:
    """The package of a case, written below `folder` and imported."""
    package = f"behaving_{case}"
    config = config_from_options(
        spec=CASES / case / "spec.yaml",
        out=Path(case),
        name=package.replace("_", "-"),
        package=package,
        client="Things",
    )
    for file in build(config, Diagnostics(), black="off").files:
        if file.path.startswith("src/"):
            target = folder / file.path.removeprefix("src/")
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(file.content)
    sys.path.insert(0, str(folder))
    try:
        return importlib.import_module(package)
    finally:
        sys.path.remove(str(folder))
