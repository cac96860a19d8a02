"""Steps of the gate: is the client itself ready to be published?"""

from __future__ import annotations

import tomllib

from packaging.licenses import InvalidLicenseExpression, canonicalize_license_expression
from packaging.version import InvalidVersion, Version

from sdkpress.project_files import EXAMPLE_ADDRESS, EXAMPLE_EMAIL
from sdkpress.publishing.candidate import Candidate
from sdkpress.publishing.steps import Refusal

__all__ = ["author", "in_step", "licence", "version"]

_STUB = " is licensed under "
"""What stands in the file, in one line, for a licence whose text sdkpress does not have."""
_MAX_SHOWN = 20


def in_step(candidate: Candidate) -> str:
    """As `sdkpress check`."""
    findings, repair = candidate.question.check()
    if findings:
        count = "1 finding" if len(findings) == 1 else f"{len(findings)} findings"
        lines = [f"{item.cause}: {item.path}: {item.message}" for item in findings[:_MAX_SHOWN]]
        if len(findings) > _MAX_SHOWN:
            lines.append(f"{len(findings) - _MAX_SHOWN} more: sdkpress check")
        raise Refusal(f"the client is out of step: {count}", repair, lines)
    return "in step"


def licence(candidate: Candidate) -> str:
    """Somebody chose a licence, it is one, and the package has its text."""
    question = candidate.question
    config = question.config
    place = f"{question.configuration_file}, client {config.name}"
    if not config.is_license_chosen:
        message = "nobody has chosen a licence for this package"
        raise Refusal(message, f'Add `license = "..."` (an SPDX expression) to {place}.')
    try:
        expression = canonicalize_license_expression(config.license)
    except InvalidLicenseExpression:
        message = f"{config.license!r} is no licence expression of SPDX"
        help = f"Set `license` of {place}: MIT, Apache-2.0, or LicenseRef-... for one of your own."
        raise Refusal(message, help) from None
    try:
        text = (config.out / "LICENSE").read_text(encoding="utf-8", errors="replace")
    except OSError:
        text = ""
    lines = [line for line in text.splitlines() if line.strip()]
    if not lines or (len(lines) == 1 and _STUB in lines[0]):
        message = f"the package has no text of the licence {expression}"
        raise Refusal(message, f"Set `license_file` of {place} to a file with the text.")
    return expression


def author(candidate: Candidate) -> str:
    """The package says whom to ask: an author's e-mail address, and an address of the project.

    `rating` wants both, and looks at an archive; what the project file lacks is told before one is
    built. A file that cannot be read is the matter of `in-step`.
    """
    config = candidate.question.config
    try:
        with (config.out / "pyproject.toml").open("rb") as file:
            project = tomllib.load(file)["project"]
        emails = [person["email"] for person in project.get("authors", ()) if person.get("email")]
        links = list(project.get("urls", {}).values())
    except (OSError, ValueError, LookupError, AttributeError, TypeError):
        return "nothing to read"
    place = f"{candidate.question.configuration_file}, client {config.name}"
    missing: list[str] = []
    keys: list[str] = []
    example = {EXAMPLE_EMAIL, EXAMPLE_ADDRESS}.intersection((*emails, *links))
    if example:
        message = f"{min(example)} is an example that `sdkpress init` wrote down, and nobody's"
        raise Refusal(message, f"Set `authors` and `urls` of {place}, and generate.")
    if not emails:
        missing.append("no e-mail address of an author")
        keys.append('authors = [{name = "...", email = "..."}]')
    if not links:
        missing.append("no address of the project")
        keys.append('urls = {Homepage = "https://..."}')
    if missing:
        raise Refusal(
            f"the package has {' and '.join(missing)}; nor has the document, in `info.contact`",
            f"Add to {place}, and generate: {', '.join(keys)}",
        )
    return f"{emails[0]}, {links[0]}"


def version(candidate: Candidate) -> str:
    """A version of PEP 440 that an index takes: no local part."""
    question = candidate.question
    given = question.config.version
    place = f"{question.configuration_file}, client {question.config.name}"
    try:
        found = Version(given)
    except InvalidVersion:
        raise Refusal(f"{given!r} is no version (PEP 440)", f"Set `version` of {place}.") from None
    if found.local:
        message = f"{given} has a local part (+{found.local}), which no index takes"
        raise Refusal(message, f"Set `version` of {place} to {found.public}.")
    return str(found)
