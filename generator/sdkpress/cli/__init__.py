"""The `sdkpress` command: arguments, exit codes, and the only printing.

Exit codes: 0 in step or done, 1 a finding, 2 the input or the call is wrong, 130 interrupted, 70 a
defect of sdkpress.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence

__all__ = ["main"]


def main(args: Sequence[str] | None = None) -> int:
    """Run the command line `args` (default: the process's own) and return the exit code."""
    from sdkpress.interrupting import handled

    try:
        with handled():
            from sdkpress.cli.entry import main as run
    except KeyboardInterrupt:  # while Python was still reading us
        print("sdkpress: interrupted", file=sys.stderr)
        return 130
    return run(args)
