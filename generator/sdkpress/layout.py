"""The table of output files: which path, from which template or runtime file, who owns it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sdkpress.client_requirements import EXTRAS, REQUIREMENTS, REQUIRES_PYTHON
from sdkpress.output import OutputFile, Owner
from sdkpress.provenance import runtime_folder
from sdkpress.text import markdown
from sdkpress.views.docs import DocsView
from sdkpress.views.package import PackageView

__all__ = ["FileJob", "copied_files", "file_jobs"]

_TESTS = (
    "calls", "conftest", "harness", "test_docs", "test_errors", "test_examples",
    "test_operations", "test_package", "test_round_trip",
)  # fmt: skip
"""The tests of every client, and what they share."""

_NEEDS = {"requires_python": REQUIRES_PYTHON, "requirements": REQUIREMENTS, "extras": EXTRAS}


@dataclass(frozen=True, slots=True)
class FileJob:
    """A file to render: `path` is relative to the client's folder."""

    path: str
    template: str
    context: Mapping[str, Any]
    owner: Owner = "generated"


def file_jobs(package: PackageView, docs: DocsView) -> tuple[FileJob, ...]:
    """Every file that comes from a template, sorted by path."""
    root = f"src/{package.package}"
    plain: dict[str, Any] = {"package": package, "docs": docs, "summary": markdown(package.summary)}
    project = {**plain, "metadata": package.metadata, **_NEEDS}
    jobs = [
        FileJob("pyproject.toml", "project/pyproject.toml.jinja", project),
        FileJob("README.md", "project/README.md.jinja", plain),
        FileJob("reference.md", "project/reference.md.jinja", plain),
        FileJob("LICENSE", "project/LICENSE.jinja", project),
        FileJob("CHANGELOG.md", "project/CHANGELOG.md.jinja", plain, "once"),
        FileJob(f"{root}/__init__.py", "package/__init__.py.jinja", plain),
        FileJob(f"{root}/client.py", "package/client.py.jinja", plain),
        FileJob(f"{root}/errors.py", "package/errors.py.jinja", plain),
        FileJob(f"{root}/streaming.py", "package/streaming.py.jinja", plain),
        FileJob(f"{root}/telemetry.py", "package/telemetry.py.jinja", plain),
        FileJob(f"{root}/resources/__init__.py", "package/resources/__init__.py.jinja", plain),
        FileJob(f"{root}/models/__init__.py", "package/models/__init__.py.jinja", plain),
        FileJob(f"{root}/extras/__init__.py", "package/extras/__init__.py.jinja", plain, "once"),
        FileJob(f"{root}/testing/__init__.py", "package/testing/__init__.py.jinja", plain),
        FileJob(f"{root}/testing/cassettes.py", "package/testing/cassettes.py.jinja", plain),
        FileJob(f"{root}/testing/fake.py", "package/testing/fake.py.jinja", plain),
        FileJob(
            f"{root}/testing/pytest_plugin.py", "package/testing/pytest_plugin.py.jinja", plain
        ),
        *(FileJob(f"tests/{name}.py", f"tests/{name}.py.jinja", plain) for name in _TESTS),
    ]
    if package.fakes:
        path, template = f"{root}/testing/fakes", "package/testing/fakes"
        jobs.append(FileJob(f"{path}/__init__.py", f"{template}/__init__.py.jinja", plain))
        for fake in package.fakes:
            context = {"package": package, "module": fake}
            jobs.append(FileJob(f"{path}/{fake.name}.py", f"{template}/module.py.jinja", context))
    if package.webhooks is not None:
        context = {"package": package, "webhooks": package.webhooks}
        jobs.append(FileJob(f"{root}/webhooks.py", "package/webhooks.py.jinja", context))
        if package.webhooks.parsed:
            jobs.append(FileJob("tests/test_webhooks.py", "tests/test_webhooks.py.jinja", context))
    for resource in package.resources:
        place = resource.module
        path = f"{place}/__init__.py" if resource.is_package else f"{place}.py"
        context = {"package": package, "resource": resource}
        jobs.append(
            FileJob(f"{root}/resources/{path}", "package/resources/resource.py.jinja", context)
        )
    for kind, modules in (("models", package.model_modules), ("params", package.param_modules)):
        for module in modules:
            context = {"package": package, "module": module}
            template = f"package/models/{kind}.py.jinja"
            jobs.append(FileJob(f"{root}/models/{module.name}.py", template, context))
    jobs.append(FileJob(f"{root}/testing/_factory.py", "package/testing/_factory.py.jinja", plain))
    factories = "package/testing/factories"
    path = f"{root}/testing/factories"
    jobs.append(FileJob(f"{path}/__init__.py", f"{factories}/__init__.py.jinja", plain))
    for part in package.factory_modules:
        context = {"package": package, "module": part}
        jobs.append(FileJob(f"{path}/{part.name}.py", f"{factories}/factories.py.jinja", context))
    return tuple(sorted(jobs, key=lambda job: job.path))


def copied_files(package: PackageView, document: bytes) -> tuple[OutputFile, ...]:
    """The runtime, byte for byte, and the data that the fake server reads."""
    root = f"src/{package.package}"
    found = [
        OutputFile(f"{root}/py.typed", b"", kind="data"),
        OutputFile(f"{root}/testing/document.json", document, kind="data"),
    ]
    folder = runtime_folder()
    for file in sorted(folder.rglob("*.py")):
        relative = file.relative_to(folder)
        found.append(OutputFile(_runtime_path(root, relative), file.read_bytes(), kind="runtime"))
    return tuple(found)


def _runtime_path(root: str, relative: Path) -> str:
    if relative.parts[0] == "testing":
        return f"{root}/testing/_engine/{'/'.join(relative.parts[1:])}"
    return f"{root}/_runtime/{relative.as_posix()}"
