"""The `sdkpress` command: arguments, exit codes, and the only printing.

Exit codes: 0 in step or done, 1 a finding, 2 the input or the call is wrong, 130 interrupted, 70 a
defect of sdkpress.
"""

from __future__ import annotations

from sdkpress.cli.entry import main

__all__ = ["main"]
