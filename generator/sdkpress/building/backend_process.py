"""Run by `backend` as a script: builds the sdist of a folder, and the wheel of what is in the sdist.

Prints the names of the files as JSON on the last line.
"""

from __future__ import annotations

import json
import os
import sys
import tarfile
import tempfile


def main(source: str, out: str) -> None:
    """Build the project in the folder `source` into the folder `out`."""
    from hatchling.build import build_sdist, build_wheel

    os.chdir(source)
    sdist = build_sdist(out)
    with tempfile.TemporaryDirectory() as unpacked:
        with tarfile.open(os.path.join(out, sdist)) as archive:
            if hasattr(tarfile, "data_filter"):  # from 3.11.4 on, as a release for security
                archive.extractall(unpacked, filter="data")
            else:  # it is our own archive
                archive.extractall(unpacked)
        (top,) = os.listdir(unpacked)
        os.chdir(os.path.join(unpacked, top))
        wheel = build_wheel(out)
        os.chdir(out)  # Windows removes no folder that somebody is in
    print(json.dumps({"sdist": sdist, "wheel": wheel}))


if __name__ == "__main__":
    main(*sys.argv[1:])
