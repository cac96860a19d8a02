"""What the gate is asked, and what its steps found out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from sdkpress.building import Built
from sdkpress.checking import Finding
from sdkpress.config import ClientConfig
from sdkpress.diffing.published import Demand
from sdkpress.publishing.environments import PackageSources
from sdkpress.publishing.package_index import IndexFile, Project
from sdkpress.publishing.programs import Programs
from sdkpress.publishing.repositories import Repository

__all__ = ["Candidate", "Question"]


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked of the gate. `check` finds what is out of step, as `sdkpress check` does;
    `scratch` is an empty folder for as long as the gate stands."""

    config: ClientConfig
    configuration_file: str
    repository: Repository
    check: Callable[[], tuple[tuple[Finding, ...], str]]
    """The findings, and the command that repairs them."""
    scratch: Path
    sources: PackageSources
    epoch: int | None = None
    may_resume: bool = False
    """Whether files of this version may be on the index, if they are the same bytes."""


@dataclass(slots=True)
class Candidate:
    """A question and what the steps found out so far; each field is set by one step, for those that
    need it."""

    question: Question
    programs: Programs
    project: Project | None = None
    present: tuple[IndexFile, ...] = ()
    """The files of this version that are on the index already."""
    demand: Demand | None = None
    built: Built | None = None
    wheel_python: Path | None = None

    @property
    def archives(self) -> Built:
        """The archives, for steps that need `build`."""
        assert self.built is not None
        return self.built
