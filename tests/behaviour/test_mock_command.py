"""`sdkpress mock`: says where it listens, logs a line per request, stops at Ctrl-C."""

from __future__ import annotations

import http.client
import os
import re
import subprocess
import sys
from pathlib import Path

CHAT = "/v1/chat/completions"


def test_the_command_serves_logs_and_stops(repository: Path) -> None:
    command = [sys.executable, "-m", "sdkpress", "mock", "siray-chat", "--port", "0"]
    with subprocess.Popen(
        command, cwd=repository, stdout=subprocess.PIPE, stderr=subprocess.PIPE, encoding="utf-8",
        env=_environment(repository),
    ) as process:  # fmt: skip
        assert process.stdout is not None
        line = process.stdout.readline()
        found = re.fullmatch(
            r"Serving Qwen3 Max 256K API on http://127\.0\.0\.1:(\d+) \(Ctrl-C stops\)\n", line
        )
        assert found, line
        port = int(found.group(1))
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        connection.request("GET", CHAT)
        assert connection.getresponse().status == 405
        connection.close()
        assert process.stdout.readline().startswith(f"GET {CHAT} 405 ")
        taken = subprocess.run(
            [*command[:-1], str(port)],
            cwd=repository, env=_environment(repository), capture_output=True, encoding="utf-8", timeout=60,
        )  # fmt: skip
        process.send_signal(2)
        rest, errors = process.communicate(timeout=30)
    assert (process.returncode, errors) == (0, "")
    assert "Traceback" not in rest
    assert taken.returncode == 2
    assert "error[address-unavailable]" in taken.stderr
    assert str(port) in taken.stderr


def _environment(repository: Path) -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(repository / "generator"), "NO_COLOR": "1"}
