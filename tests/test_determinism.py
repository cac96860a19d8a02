"""Same inputs, same bytes: whatever the hash seed, time zone, locale, folder and line ends."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import REPOSITORY

CASES = REPOSITORY / "tests" / "cases"
PLAIN = {"PYTHONHASHSEED": "0", "TZ": "UTC", "LC_ALL": "C.UTF-8"}
VARIANTS = {
    "hash seed": {"PYTHONHASHSEED": "4242"},
    "time zone": {"TZ": "Pacific/Kiritimati"},
    "locale": {"LC_ALL": "C"},
    "utf-8 mode off": {"PYTHONUTF8": "0", "LC_ALL": "POSIX"},
    "day": {"SOURCE_DATE_EPOCH": "1"},
}


def generate(spec: Path, out: Path, *options: str, **environment: str) -> str:
    """Generate in a process of its own and return a digest of all files."""
    ran = subprocess.run(
        [
            sys.executable, "-m", "sdkpress", "generate", "--spec", str(spec), "--out", str(out),
            "--name", "things-client", "--quiet", *options,
        ],
        env={
            **{k: v for k, v in os.environ.items() if k in ("PATH", "HOME")},
            "PYTHONPATH": str(REPOSITORY / "generator"),
            "SDKPRESS_CACHE": str(out.parent / f"{out.name}-cache"),
            **PLAIN,
            **environment,
        },
        capture_output=True,
        text=True,
        check=False,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stderr[-2000:]
    digest = hashlib.sha256()
    for path in sorted(out.rglob("*")):
        if path.is_file():
            digest.update(path.relative_to(out).as_posix().encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()


@pytest.mark.slow
@pytest.mark.parametrize("case", ["schema_kinds", "names"])
def test_output_depends_on_the_inputs_alone(case: str, tmp_path: Path) -> None:
    spec = CASES / case / "spec.yaml"
    expected = generate(spec, tmp_path / "plain")
    for name, environment in VARIANTS.items():
        # black takes most of the time and changes nothing: once more with it, under another seed.
        options = () if name == "hash seed" else ("--no-black",)
        found = generate(spec, tmp_path / name.replace(" ", "-"), *options, **environment)
        assert found == expected, name
    elsewhere = tmp_path / "an other folder" / "spec.yaml"
    elsewhere.parent.mkdir()
    shutil.copy(spec, elsewhere)
    assert generate(elsewhere, tmp_path / "moved", "--no-black") == expected
    elsewhere.write_bytes(spec.read_bytes().replace(b"\n", b"\r\n"))
    assert generate(elsewhere, tmp_path / "crlf", "--no-black") == expected
