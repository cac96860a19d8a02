"""From changes to the bump, and from a version to the next."""

from __future__ import annotations

import pytest

from sdkpress.diffing.bump import decide_bump, next_version, verdict_of
from sdkpress.diffing.changes import Axis, Bump, Change, Severity


def change(axis: Axis, severity: Severity) -> Change:
    return Change("id", axis, severity, "message", "subject")


@pytest.mark.parametrize(
    ("axis", "severity", "bump"),
    [
        ("wire", "breaking", "major"),
        ("runtime", "breaking", "major"),
        ("typing", "breaking", "minor"),
        ("wire", "risky", "minor"),
        ("runtime", "risky", "minor"),
        ("typing", "risky", "minor"),
        ("wire", "compatible", "patch"),
        ("runtime", "compatible", "minor"),
        ("typing", "compatible", "minor"),
    ],
)
def test_the_bump_of_one_change(axis: Axis, severity: Severity, bump: Bump) -> None:
    assert decide_bump([change(axis, severity)], differs=True, compatibility={}) == bump


@pytest.mark.parametrize("policy", ["major", "minor", "patch"])
def test_what_only_type_checkers_see_is_a_setting(policy: str) -> None:
    found = [change("typing", "breaking")]
    assert decide_bump(found, differs=True, compatibility={"typing": policy}) == policy


def test_the_setting_does_not_hide_what_else_there_is() -> None:
    found = [change("typing", "breaking"), change("runtime", "compatible")]
    assert decide_bump(found, differs=True, compatibility={"typing": "patch"}) == "minor"


def test_without_changes_it_matters_whether_the_inputs_differ() -> None:
    assert decide_bump([], differs=True, compatibility={}) == "patch"
    assert decide_bump([], differs=False, compatibility={}) == "none"


def test_the_verdict_has_the_worst_of_each_axis() -> None:
    found = [change("wire", "risky"), change("wire", "compatible"), change("typing", "breaking")]
    verdict = verdict_of(found, differs=True, compatibility={})
    assert (verdict.wire, verdict.runtime, verdict.typing) == ("risky", "none", "breaking")
    assert verdict.bump == "minor"


@pytest.mark.parametrize(
    ("version", "major", "minor", "patch"),
    [
        ("1.2.3", "2.0.0", "1.3.0", "1.2.4"),
        ("0.1.4", "0.2.0", "0.1.5", "0.1.5"),
        ("0.0.0", "0.1.0", "0.0.1", "0.0.1"),
        ("1.2", "2.0.0", "1.3.0", "1.2.1"),
        ("2", "3.0.0", "2.1.0", "2.0.1"),
        ("1.2.3.4", "2.0.0", "1.3.0", "1.2.4"),
        ("2.0.0rc1", "2.0.0", "2.0.0", "2.0.0"),
        ("2.1.0a2", "3.0.0", "2.1.0", "2.1.0"),
        ("2.1.3.dev4", "3.0.0", "2.2.0", "2.1.3"),
        ("1.2.3.post1", "2.0.0", "1.3.0", "1.2.4"),
        ("1!1.2.3", "1!2.0.0", "1!1.3.0", "1!1.2.4"),
        ("1.2.3+local.1", "2.0.0", "1.3.0", "1.2.4"),
    ],
)
def test_the_next_version(version: str, major: str, minor: str, patch: str) -> None:
    assert next_version(version, "major") == major
    assert next_version(version, "minor") == minor
    assert next_version(version, "patch") == patch
    assert next_version(version, "none") == version


def test_what_is_no_version_stays() -> None:
    assert next_version("", "major") == ""
    assert next_version("not a version", "minor") == "not a version"
