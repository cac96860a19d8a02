"""The gate: the steps that a client passes before its package leaves the house."""

from __future__ import annotations

from collections.abc import Mapping

from sdkpress.publishing import archives, history, inspection, installation, readiness
from sdkpress.publishing.candidate import Candidate
from sdkpress.publishing.steps import Step

__all__ = ["GATE", "TOOLS", "needed_steps"]

_READY = ("in-step", "licence", "author", "version")
_CLEARED = (*_READY, "unpublished", "bump")

GATE: tuple[Step[Candidate], ...] = (
    Step("in-step", "the client is in step with its document", readiness.in_step),
    Step("licence", "a licence was chosen, and its text is there", readiness.licence),
    Step("author", "it says whom to ask", readiness.author),
    Step("version", "the version can be published", readiness.version),
    Step("unpublished", "the version is new to the index", history.unpublished, after=_READY),
    Step(
        "bump", "the version says what changed", history.bump, ("unpublished",), after=("in-step",)
    ),
    Step("build", "two builds give the same bytes", archives.build_twice, after=_CLEARED),
    Step("contents", "the archives hold what they should", archives.contents, ("build",)),
    Step("metadata", "twine check --strict", inspection.metadata, ("build",)),
    Step("wheel-contents", "check-wheel-contents", inspection.wheel_contents, ("build",)),
    Step("pyproject", "validate-pyproject", inspection.pyproject, after=_CLEARED),
    Step("rating", "pyroma gives 10 of 10", inspection.rating, ("author", "build")),
    Step("wheel", "the wheel installs and imports", installation.wheel, ("build",)),
    Step("sdist", "the sdist installs and imports", installation.sdist, ("build",)),
    Step("types", "pyright --verifytypes finds all types", installation.types, ("wheel",)),
    Step("tests", "its tests pass with the wheel", installation.tests, ("wheel",)),
)
"""In the order in which they are told. Cheap steps come first: where a client is not ready, nothing
is built."""

TOOLS: Mapping[str, Mapping[str, str]] = {
    "build": {"hatchling": "hatchling"},
    "metadata": {"twine": "twine"},
    "wheel-contents": {"check_wheel_contents": "check-wheel-contents"},
    "pyproject": {"validate_pyproject": "validate-pyproject"},
    "rating": {"pyroma": "pyroma"},
    "types": {"pyright": "pyright"},
}
"""The modules, and the distributions with them, that steps run as programs."""


def needed_steps(names: frozenset[str]) -> frozenset[str]:
    """The steps and all that they need."""
    by_name = {step.name: step for step in GATE}
    found = set(names)
    waiting = list(names)
    while waiting:
        for name in by_name[waiting.pop()].needs:
            if name not in found:
                found.add(name)
                waiting.append(name)
    return frozenset(found)
