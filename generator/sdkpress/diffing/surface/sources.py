"""Which modules of two clients differ, rendered on both sides; all others say the same."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sdkpress.layout import file_jobs
from sdkpress.pipeline import Analysis
from sdkpress.rendering import render
from sdkpress.views.docs import DocsView
from sdkpress.views.package import PackageView
from sdkpress.wrapping.memory import remembering

__all__ = ["aliases_of", "differing_modules"]

_ALWAYS = ("__init__.py", "client.py", "errors.py", "testing/__init__.py", "webhooks.py")


def differing_modules(old: Analysis, new: Analysis) -> tuple[dict[str, str], dict[str, str]]:
    """The modules of both packages that may differ, by their paths in the package."""
    before, after = _modules(old.package), _modules(new.package)
    wanted = {path for path in before.keys() | after.keys() if before.get(path) != after.get(path)}
    wanted.update(_ALWAYS)
    return _rendered(old, wanted), _rendered(new, wanted)


def _modules(package: PackageView) -> dict[str, Any]:
    """What the modules of resources and of models are made from, by path."""
    found: dict[str, Any] = {}
    for resource in package.resources:
        ending = "/__init__.py" if resource.is_package else ".py"
        found[f"resources/{resource.module}{ending}"] = resource
    for module in (*package.model_modules, *package.param_modules):
        found[f"models/{module.name}.py"] = module
    return found


def _rendered(side: Analysis, wanted: set[str]) -> dict[str, str]:
    root = f"src/{side.package.package}/"
    jobs = file_jobs(side.package, DocsView((), None, None, False))
    with remembering():
        return {
            job.path.removeprefix(root): render(job)
            for job in jobs
            if job.path.startswith(root) and job.path.removeprefix(root) in wanted
        }


def aliases_of(package: PackageView) -> Mapping[str, str]:
    """What every alias of the package stands for, as a type checker reads it."""
    found = {
        alias.name: alias.definition
        for module in (*package.model_modules, *package.param_modules)
        for alias in (*module.aliases, *module.param_aliases)
    }
    return found
