"""Makes the clients of the two other generators, from the document that ours is made from.

    python -m peers.generating SDKPRESS FOLDER

SDKPRESS is the command of this project; FOLDER gets the packages `siray_opc` (openapi-python-client),
`siray_oag` and `siray_oag_async` (OpenAPI Generator, which needs Java; a wheel brings one). What
cannot be made is said and left out.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
DOCUMENTS = HERE.parents[2] / "openapi-spec"
BIN = Path(sys.executable).parent


def run(*command: str | Path, folder: Path) -> bool:
    """Whether the command did its work; the end of what it printed where it did not."""
    path = os.pathsep.join((str(BIN), os.environ.get("PATH", "")))
    done = subprocess.run(
        [str(part) for part in command],
        cwd=folder,
        env={**os.environ, "PATH": path},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        errors="replace",
        check=False,
    )
    if done.returncode:
        print(f"peers: {command[0]} failed: {done.stdout[-600:].strip()}", file=sys.stderr)
    return done.returncode == 0


def overlaid(sdkpress: str, folder: Path) -> Path:
    """The document with our overlay, in a version of OpenAPI that the others can read."""
    document = folder / "document.yaml"
    source = DOCUMENTS / "qwen3-max-256k.yaml"
    overlays = (source.with_suffix(".overlay.yaml"), HERE / "older_tools.overlay.yaml")
    if not run(sdkpress, "overlay", "apply", source, *overlays, "--out", document, folder=folder):
        raise SystemExit(1)
    return document


def openapi_python_client(document: Path, folder: Path) -> Path | None:
    made = folder / "siray_opc"
    command = ("openapi-python-client", "generate", "--path", document, "--meta", "none")
    return made if run(*command, "--output-path", made, folder=folder) else None


def openapi_generator(document: Path, folder: Path, library: str, package: str) -> Path | None:
    out = folder / f"{package}_project"
    command = ("openapi-generator-cli", "generate", "-g", "python", "-i", document, "-o", out)
    options = ("--package-name", package, "--library", library)
    return out / package if run(*command, *options, folder=folder) else None


def main() -> None:
    sdkpress, target = sys.argv[1], Path(sys.argv[2])
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir(parents=True)
    with tempfile.TemporaryDirectory(prefix="sdkpress-bench-") as name:
        folder = Path(name)
        document = overlaid(sdkpress, folder)
        for made in (
            openapi_python_client(document, folder),
            openapi_generator(document, folder, "urllib3", "siray_oag"),
            openapi_generator(document, folder, "asyncio", "siray_oag_async"),
        ):
            if made is not None:
                shutil.move(made, target / made.name)
    subprocess.run([sys.executable, "-m", "compileall", "-q", target], check=False)
    print("peers:", *sorted(made.name for made in target.iterdir()))


if __name__ == "__main__":
    main()
