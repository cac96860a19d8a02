"""Steps of the gate: the archives are made, twice, and hold what they should."""

from __future__ import annotations

import shutil
import tarfile
import zipfile
from collections.abc import Sequence

from sdkpress.building import build
from sdkpress.manifest import MANIFEST_NAME
from sdkpress.publishing.candidate import Candidate
from sdkpress.publishing.steps import Refusal

__all__ = ["build_twice", "contents"]


def build_twice(candidate: Candidate) -> str:
    """Two builds, the second of a copy elsewhere, give the same bytes."""
    question = candidate.question
    built = build(question.config.out, question.scratch / "dist", question.epoch)
    copy = question.scratch / "a copy" / "elsewhere"
    shutil.copytree(question.config.out, copy, symlinks=True, ignore=_unrelated)
    again = build(copy, question.scratch / "again", question.epoch)
    pairs = ((built.wheel, again.wheel), (built.sdist, again.sdist))
    differing = [one.name for one, other in pairs if one.read_bytes() != other.read_bytes()]
    if differing:
        message = f"two builds of the same files differ: {', '.join(differing)}"
        help = "Something of the environment gets into the archives; compare them with diffoscope."
        raise Refusal(message, help)
    if built.left_out:
        message = f"hand-written modules would not be in it: {', '.join(built.left_out[:5])}"
        raise Refusal(message, "Move them into extras/ of the package, or away.")
    candidate.built = built
    size = sum(path.stat().st_size for path in (built.wheel, built.sdist))
    return f"{built.wheel.name}, {built.sdist.name}: {size / 1000:,.0f} kB"


def _unrelated(folder: str, names: Sequence[str]) -> list[str]:
    """What a folder holds beside a client: environments, caches, version control."""
    return [
        name
        for name in names
        if name == "__pycache__" or (name.startswith(".") and name != MANIFEST_NAME)
    ]


def contents(candidate: Candidate) -> str:
    """The wheel has the licence, the bill of materials and `py.typed`, and no tests; the sdist has
    the tests."""
    built, config = candidate.archives, candidate.question.config
    with zipfile.ZipFile(built.wheel) as archive:
        wheel = set(archive.namelist())
    with tarfile.open(built.sdist) as archive:
        sdist = {name.partition("/")[2] for name in archive.getnames()}
    missing = [
        what
        for what, is_there in (
            ("the licence", _has(wheel, ".dist-info/licenses/LICENSE")),
            ("the bill of materials", any(".dist-info/sboms/" in name for name in wheel)),
            ("py.typed", f"{config.package}/py.typed" in wheel),
            ("the tests (in the sdist)", any(name.startswith("tests/test_") for name in sdist)),
        )
        if not is_there
    ]
    if missing:
        help = f"Write the client anew: sdkpress generate {config.name}"
        raise Refusal(f"the archives lack {', '.join(missing)}", help)
    strangers = sorted(
        name
        for name in wheel
        if not name.startswith(f"{config.package}/") and ".dist-info/" not in name
    )
    if strangers:
        message = f"the wheel has files outside of {config.package}/: {', '.join(strangers[:5])}"
        raise Refusal(message, f"Write the client anew: sdkpress generate {config.name}")
    return f"{len(wheel)} files in the wheel, {len(sdist)} in the sdist"


def _has(names: set[str], ending: str) -> bool:
    return any(name.endswith(ending) for name in names)
