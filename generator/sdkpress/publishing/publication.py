"""The gate and then the upload, and the report of both."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any

from sdkpress.provenance import sha256
from sdkpress.publishing.candidate import Candidate, Question
from sdkpress.publishing.gate import GATE, TOOLS
from sdkpress.publishing.programs import Programs, require_modules
from sdkpress.publishing.steps import StepResult, run_steps
from sdkpress.publishing.uploading import Upload, UploadedFile, upload

__all__ = ["Publication", "as_json", "publish"]


@dataclass(frozen=True, slots=True)
class Publication:
    """What came of it. `upload` is None where nothing was to be uploaded; `files` are then the
    archives that were made."""

    question: Question
    results: tuple[StepResult, ...]
    files: tuple[UploadedFile, ...]
    upload: Upload | None
    bump: dict[str, str] | None

    @property
    def has_passed(self) -> bool:
        """Whether no step refused."""
        return all(result.state in ("passed", "skipped") for result in self.results)

    @property
    def is_published(self) -> bool:
        """Whether all files are on the index."""
        return self.upload is not None and self.upload.is_done


def publish(
    question: Question,
    *,
    skipped: Collection[str] = (),
    uploads: bool,
    began: Callable[[str], None] = lambda title: None,
    ended: Callable[[StepResult], None] = lambda result: None,
) -> Publication:
    """Ask the gate, and upload where it lets the client through and `uploads` says so.

    Raises SdkpressError (`missing-tool`) before anything is done where a program is not installed.
    """
    wanted = {
        module: name
        for step, modules in TOOLS.items()
        if step not in skipped
        for module, name in modules.items()
    }
    require_modules(wanted | ({"twine": "twine"} if uploads else {}))
    with Programs() as programs:
        candidate = Candidate(question, programs)
        results = run_steps(GATE, candidate, skipped=skipped, began=began, ended=ended)
        passed = all(result.state in ("passed", "skipped") for result in results)
        sent: Upload | None = None
        if passed and uploads:
            began("uploading")
            built = candidate.archives
            sent = upload(
                question.repository,
                (built.wheel, built.sdist),
                name=question.config.name,
                version=question.config.version,
                present=candidate.present,
                skips_existing=question.may_resume,
                programs=programs,
                scratch=question.scratch,
            )
    return Publication(question, results, _archives(candidate), sent, _bump(candidate))


def _archives(candidate: Candidate) -> tuple[UploadedFile, ...]:
    built = candidate.built
    if built is None:
        return ()
    contents = [(path.name, path.read_bytes()) for path in (built.wheel, built.sdist)]
    return tuple(
        UploadedFile(name, sha256(content), len(content), "held-back") for name, content in contents
    )


def _bump(candidate: Candidate) -> dict[str, str] | None:
    demand = candidate.demand
    if demand is None:
        return None
    return {
        "old_version": demand.old_version,
        "demanded_version": demand.version,
        "bump": demand.bump,
    }


def as_json(found: Publication, *, is_dry: bool) -> dict[str, Any]:
    """The report as `publish --format json` prints it (docs/schemas/publish.schema.json)."""
    config = found.question.config
    sent = found.upload
    return {
        "client": config.name,
        "version": config.version,
        "repository": found.question.repository.shown,
        "dry_run": is_dry,
        "passed": found.has_passed,
        "published": found.is_published,
        "steps": [
            {
                "name": result.name,
                "title": result.title,
                "state": result.state,
                "seconds": round(result.seconds, 3),
                "message": result.message,
                "repair": result.repair,
                "details": list(result.details),
            }
            for result in found.results
        ],
        "bump": found.bump,
        "files": [
            {"name": file.name, "sha256": file.sha256, "size": file.size, "state": file.state}
            for file in (sent.files if sent is not None else found.files)
        ],
        "upload": None if sent is None else {"message": sent.message, "repair": sent.repair},
    }
