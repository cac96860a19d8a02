"""Clients of the documents of ``tests/cases``, built and imported on demand, one call for both kinds."""

from __future__ import annotations

import asyncio
import importlib
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

from sdkpress.config import config_from_options
from sdkpress.diagnostics import Diagnostics
from sdkpress.pipeline import build

CASES = Path(__file__).parents[1] / "cases"


def import_case(case: str, folder: Path) -> ModuleType:
    """The package of a case, with the client classes Things and AsyncThings."""
    package = f"wire_{case}"
    if package in sys.modules:
        return sys.modules[package]
    config = config_from_options(
        spec=CASES / case / "spec.yaml", out=folder / case, title="Things",
        name=package.replace("_", "-"), package=package, client="Things", overlays=[],
    )  # fmt: skip
    for file in build(config, Diagnostics(), black="off").files:
        if file.path.startswith("src/"):
            target = folder / file.path.removeprefix("src/")
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(file.content)
    if str(folder) not in sys.path:
        sys.path.insert(0, str(folder))
    return importlib.import_module(package)


class Caller:
    """Makes calls with a sync or an async client; both end in the same values."""

    def __init__(self, package: ModuleType, kind: str) -> None:
        self.package = package
        self.kind = kind

    def __call__(self, url: str | None, use: Callable[[Any], Any], **options: Any) -> Any:
        """The result of ``use(client)``, awaited where it has to be; the client is closed."""
        options.setdefault("max_retries", 0)
        if self.kind == "sync":
            with self.package.Things(base_url=url, **options) as client:
                return use(client)

        async def main() -> Any:
            async with self.package.AsyncThings(base_url=url, **options) as client:
                result = use(client)
                return await result if hasattr(result, "__await__") else result

        return asyncio.run(main())
