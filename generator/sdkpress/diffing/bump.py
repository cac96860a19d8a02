"""From changes to the part of a version that grows, and to the next version.

`packaging` alone knows what a version is (PEP 440).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from packaging.version import InvalidVersion, Version

from sdkpress.diffing.changes import AXES, Bump, Change, Verdict, worst

__all__ = ["decide_bump", "latest_version", "next_version", "verdict_of"]

_ORDER: tuple[Bump, ...] = ("none", "patch", "minor", "major")


def verdict_of(
    changes: Iterable[Change], *, differs: bool, compatibility: Mapping[str, str]
) -> Verdict:
    """The worst severity on each axis and the bump. `differs` says that the inputs are not the
    same, `compatibility` is the setting of the client."""
    listed = tuple(changes)
    bump = decide_bump(listed, differs=differs, compatibility=compatibility)
    wire, runtime, typing = ([item for item in listed if item.axis == axis] for axis in AXES)
    return Verdict(worst(wire), worst(runtime), worst(typing), bump)


def decide_bump(
    changes: Iterable[Change], *, differs: bool, compatibility: Mapping[str, str]
) -> Bump:
    """What grows.

    A break on the wire or at run time: major. A break that only type checkers see: what
    `compatibility` says of `typing`, minor without it. Anything new in the package, and whatever is
    risky: minor. Everything else that differs, such as texts: patch.
    """
    weights: list[Bump] = ["patch" if differs else "none"]
    policy: Bump = "minor"
    for item in _ORDER:
        policy = item if item == compatibility.get("typing") else policy
    weights.extend(_weight(change, policy) for change in changes)
    return max(weights, key=_ORDER.index)


def _weight(change: Change, typing: Bump) -> Bump:
    if change.severity == "breaking":
        return typing if change.axis == "typing" else "major"
    if change.severity == "risky":
        return "minor"
    return "patch" if change.axis == "wire" else "minor"


def next_version(version: str, bump: Bump) -> str:
    """The version after `version` (PEP 440).

    Below 1.0.0 nothing is promised yet, so everything counts one part less: major is 0.1.4 -> 0.2.0,
    minor is 0.1.4 -> 0.1.5. A pre-release becomes the release that it announced where that is far
    enough: 2.0.0rc1 -> 2.0.0 for any bump. The epoch stays, `.post`, `.dev` and local parts go.
    Without a bump, or for what is no version, it stays as it is.
    """
    try:
        old = Version(version)
    except InvalidVersion:
        return version
    if bump == "none":
        return version
    major, minor, micro = (*old.release, 0, 0, 0)[:3]
    shown: str = bump
    if major == 0:
        shown = "minor" if bump == "major" else "patch"
    announced = old.is_prerelease
    match shown:
        case "major":
            if not (announced and minor == micro == 0):
                major, minor, micro = major + 1, 0, 0
        case "minor":
            if not (announced and micro == 0):
                minor, micro = minor + 1, 0
        case _:
            if not announced:
                micro += 1
    epoch = f"{old.epoch}!" if old.epoch else ""
    return f"{epoch}{major}.{minor}.{micro}"


def latest_version(one: str, other: str) -> str:
    """The later of two versions; the first where they are equal or one of them is no version."""
    try:
        return other if Version(other) > Version(one) else one
    except InvalidVersion:
        return one
