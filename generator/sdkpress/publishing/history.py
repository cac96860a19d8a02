"""Steps of the gate: what the index has already, and what that demands of the version."""

from __future__ import annotations

from packaging.version import Version

from sdkpress.diagnostics import SdkpressError
from sdkpress.diffing.published import compare_published, is_enough
from sdkpress.publishing.candidate import Candidate
from sdkpress.publishing.distributions import PublishedPackage, read_distribution
from sdkpress.publishing.package_index import IndexFile, PackageIndex, Project
from sdkpress.publishing.steps import Refusal

__all__ = ["bump", "last_published", "unpublished"]

_CLOSED = {
    "archived": "its owners have archived it: it takes no more files",
    "quarantined": "the index has locked it up",
}
_BY_HAND = "Compare by other means, and leave this step out: --skip bump"
_MAX_SHOWN = 20


def unpublished(candidate: Candidate) -> str:
    """The index answers, and has no file of this version; with `may_resume` it may have some."""
    question = candidate.question
    repository, config = question.repository, question.config
    try:
        with PackageIndex(repository.index_url, repository.index_credentials) as index:
            project = index.project(config.name)
            if project is None and not repository.is_index_given and not index.is_there():
                message = f"there is no package index at {index.url}"
                raise Refusal(message, "Name its simple API: --repository-index URL")
    except SdkpressError as error:
        first = error.diagnostics[0]
        place = f"{first.location.file}: " if first.location is not None else ""
        help = (
            "Whether the version is new must be known. If the index wants credentials, set "
            "TWINE_USERNAME and TWINE_PASSWORD; if it is elsewhere, name it: --repository-index URL"
        )
        raise Refusal(f"the index cannot be read: {place}{first.message}", help) from None
    if project is None:
        candidate.project = Project(config.name, ())
        return f"{config.name} is new to the index"
    if project.status in _CLOSED:
        message = f"{config.name} is {project.status}: {_CLOSED[project.status]}"
        raise Refusal(message, "Settle that at the index.")
    candidate.project = project
    candidate.present = project.of(config.version)
    if not candidate.present and str(Version(config.version)) in project.unusable:
        message = f"version {config.version} is published already, by a file without an address"
        raise Refusal(message, "Raise the version: sdkpress generate --bump.")
    if not candidate.present:
        versions = project.versions()
        return f"the newest is {versions[-1]}" if versions else f"{config.name} has no files yet"
    names = ", ".join(file.filename for file in candidate.present)
    if question.may_resume:
        return f"{names}: there already, and compared before the upload"
    message = f"version {config.version} is published already: {names}"
    help = (
        "Raise the version: sdkpress generate --bump. After an upload that broke off, go on with "
        "--skip-existing"
    )
    raise Refusal(message, help)


def bump(candidate: Candidate) -> str:
    """The version is at least what the changes since the last published version demand."""
    question, project = candidate.question, candidate.project
    config = question.config
    last = last_published(project, config.version) if project is not None else ""
    if project is None or not last:
        return "there is no earlier version to compare with"
    published, file = _download(candidate, project, last)
    if published is None or published.document is None:
        message = f"{file.filename} has no document in it that could be compared"
        raise Refusal(message, _BY_HAND)
    scratch = question.scratch / "published"
    scratch.mkdir()
    try:
        demand = compare_published(
            config,
            config.out,
            package=published.package,
            files=published.files,
            document=published.document,
            version=last,
            scratch=scratch,
        )
    except SdkpressError as error:
        message = f"{file.filename} cannot be compared: {error.diagnostics[0].message}"
        raise Refusal(message, _BY_HAND) from None
    candidate.demand = demand
    counted = f"{demand.bump} since {last}, by document and package of {file.filename}"
    if is_enough(config.version, demand):
        return f"{counted}: {config.version} will do"
    worst = [change for change in demand.changes if change.severity == "breaking"]
    shown = (worst or list(demand.changes))[:_MAX_SHOWN]
    lines = [f"{change.severity}: {change.message}" for change in shown]
    message = f"{config.version} is too small a step: {counted} demands {demand.version}"
    place = f"{question.configuration_file}, client {config.name}"
    help = (
        f'Set `version = "{demand.version}"` in {place}, and run: sdkpress generate {config.name}'
    )
    raise Refusal(message, help, tuple(dict.fromkeys(lines)))


def last_published(project: Project, version: str) -> str:
    """The version that `version` comes after, "" for none: the highest below it, of releases where
    there are any, of those that were not taken back (PEP 592) where there are any."""
    given = Version(version)
    files = [file for file in project.files if Version(file.version) < given]
    files = [file for file in files if not file.is_yanked] or files
    found = sorted({Version(file.version) for file in files})
    releases = [item for item in found if not item.is_prerelease]
    return str((releases or found)[-1]) if found else ""


def _download(
    candidate: Candidate, project: Project, version: str
) -> tuple[PublishedPackage | None, IndexFile]:
    """The client in the wheel of a version, or in its sdist, and where it was found."""
    repository = candidate.question.repository
    files = project.of(version)
    found: PublishedPackage | None = None
    with PackageIndex(repository.index_url, repository.index_credentials) as index:
        for file in files:
            content = index.download(file)
            found = read_distribution(content, file.kind, file.filename)
            if found is not None:
                return found, file
    return found, files[0]
