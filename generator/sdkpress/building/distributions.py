"""Building a client: a clean copy of its files, the backend, both archives or none."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path

from sdkpress.building.backend import run_backend
from sdkpress.building.epoch import DEFAULT_EPOCH
from sdkpress.building.sources import ClientSources, read_sources
from sdkpress.provenance import sha256
from sdkpress.writing import write_together

__all__ = ["Built", "build"]


@dataclass(frozen=True, slots=True)
class Built:
    """The two archives of a client and their SHA-256 (hex).

    `name` and `version` are those of the file names (normalized). `edited` and `left_out` are as in
    `ClientSources`: what the publisher should know.
    """

    name: str
    version: str
    package: str
    wheel: Path
    sdist: Path
    wheel_sha256: str
    sdist_sha256: str
    edited: tuple[str, ...]
    left_out: tuple[str, ...]


def build(client_folder: Path, out: Path, epoch: int | None = None) -> Built:
    """Make wheel and sdist of the client in `client_folder`, in the folder `out`, which is made
    where it is not there; other files in it stay.

    The bytes depend on the client's files, on `epoch` (seconds since 1970; None = a constant) and on
    the releases of hatchling and zlib alone. Raises SdkpressError as `read_sources` and
    `run_backend` do, and `file-unwritable`; then `out` is as before.
    """
    sources = read_sources(client_folder)
    with tempfile.TemporaryDirectory(prefix="sdkpress-build-") as temporary:
        source, made = Path(temporary, "source"), Path(temporary, "made")
        _copy(sources, source)
        made.mkdir()
        wheel, sdist = run_backend(source, made, DEFAULT_EPOCH if epoch is None else epoch)
        contents = {name: (made / name).read_bytes() for name in (wheel, sdist)}
    # From here, so that what cannot be written is named as the caller names it.
    write_together(Path(), {(out / name).as_posix(): content for name, content in contents.items()})
    name, version = wheel.split("-")[:2]
    return Built(
        name,
        version,
        sources.package,
        out / wheel,
        out / sdist,
        sha256(contents[wheel]),
        sha256(contents[sdist]),
        sources.edited,
        sources.left_out,
    )


def _copy(sources: ClientSources, folder: Path) -> None:
    for path, content in sources.files.items():
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)
