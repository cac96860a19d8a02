"""SOURCE_DATE_EPOCH: the one time that stands in an archive (reproducible-builds.org/specs)."""

from __future__ import annotations

from collections.abc import Mapping

from sdkpress.diagnostics import COMMAND_LINE, fatal

__all__ = ["DEFAULT_EPOCH", "source_date_epoch"]

DEFAULT_EPOCH = 1_580_601_600  # 2020-02-02, as hatchling has it: any fixed time will do
_LATEST = 2**32 - 1  # gzip has 32 bits for the time (RFC 1952)


def source_date_epoch(environment: Mapping[str, str]) -> int | None:
    """The variable's value in seconds since 1970; None where it is absent or empty.

    Raises SdkpressError (`invalid-epoch`) for what is not a time that archives can hold. Times
    before 1980, which a zip file cannot hold, are 1980 in the wheel.
    """
    value = environment.get("SOURCE_DATE_EPOCH", "")
    if not value:
        return None
    if not (value.isascii() and value.isdigit() and len(value) <= 12 and int(value) <= _LATEST):
        message = f"SOURCE_DATE_EPOCH is {value[:40]!r}, not seconds since 1970, 0 to {_LATEST}"
        raise fatal("invalid-epoch", message, COMMAND_LINE)
    return int(value)
