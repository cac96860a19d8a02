"""Steps of the gate: what the tools of the packaging world say of the archives."""

from __future__ import annotations

import re
from collections.abc import Sequence

from sdkpress.publishing.candidate import Candidate
from sdkpress.publishing.programs import Ran
from sdkpress.publishing.steps import Refusal

__all__ = ["metadata", "pyproject", "rating", "wheel_contents"]

_RATING = re.compile(r"^Final rating: (\d+)/10", re.MULTILINE)
_CONFIGURE = "Complete the metadata in the configuration (docs/guides/build.md) and generate."
_KEYS = {
    "author": 'authors = [{name = "...", email = "..."}]',
    "url": 'urls = {Homepage = "https://..."}',
    "classifiers": 'classifiers = ["..."]',
    "keywords": 'keywords = ["..."]',
}
_MAX_LINES = 30


def metadata(candidate: Candidate) -> str:
    """`twine check --strict`: the metadata is complete, and the description can be rendered."""
    built = candidate.archives
    ran = candidate.programs.module(
        *("twine", "--no-color", "check", "--strict"),
        *(built.wheel.resolve(), built.sdist.resolve()),
        cwd=candidate.question.scratch,
    )
    _expect(ran, "twine check --strict", _CONFIGURE)
    return "metadata and description are well-formed"


def wheel_contents(candidate: Candidate) -> str:
    """`check-wheel-contents`: no stray and no doubled files. Empty modules are not doubled ones."""
    ran = candidate.programs.module(
        *("check_wheel_contents", "--no-config", candidate.archives.wheel.resolve()),
        cwd=candidate.question.scratch,
    )
    _expect(ran, "check-wheel-contents", "Remove what it names from the client's folder.")
    return "no stray files"


def pyproject(candidate: Candidate) -> str:
    """`validate-pyproject`: the project's configuration is what the standards say."""
    file = (candidate.question.config.out / "pyproject.toml").resolve()
    ran = candidate.programs.module("validate_pyproject", file, cwd=candidate.question.scratch)
    _expect(ran, "validate-pyproject", _CONFIGURE)
    return "valid"


def rating(candidate: Candidate) -> str:
    """`pyroma` gives the sdist 10 of 10."""
    ran = candidate.programs.module(
        *("pyroma", "--min", "10", candidate.archives.sdist.resolve()),
        cwd=candidate.question.scratch,
    )
    found = _RATING.search(ran.output)
    said = found[0].removeprefix("Final rating: ") if found else "no rating"
    lines = [
        line for line in ran.lines if line.startswith(("Your ", "Specifying ", "The ", "You "))
    ]
    if ran.code != 0 or found is None or int(found[1]) != 10:
        raise Refusal(
            f"pyroma gives {said}", _completed(candidate, lines), lines or ran.lines[-_MAX_LINES:]
        )
    return said


def _completed(candidate: Candidate, lines: Sequence[str]) -> str:
    """What to add to the configuration, by what pyroma misses: what no document said."""
    said = " ".join(lines)
    keys = [key for word, key in _KEYS.items() if word in said]
    question = candidate.question
    place = f"{question.configuration_file}, client {question.config.name}"
    if not keys:
        return _CONFIGURE
    return f"Add to {place}, and generate: {', '.join(keys)}"


def _expect(ran: Ran, title: str, repair: str) -> None:
    if ran.code != 0:
        last = ran.lines[-1] if ran.lines else f"exit code {ran.code}"
        raise Refusal(f"{title}: {last}", repair, ran.lines[-_MAX_LINES:])
