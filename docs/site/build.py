"""Build the site: `python docs/site/build.py [FOLDER]` (`make site`), into `site/` without one.

Strict: a link or an anchor that leads nowhere, a page that the front page does not list, and every
other warning of Sphinx fail it, with exit code 1. The folder is replaced when the build has succeeded.
The same pages give the same bytes.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from staging import StagingError, stage

__all__ = ["build", "main"]

HERE = Path(__file__).resolve().parent
REPOSITORY = HERE.parents[1]


def build(repository: Path, out: Path) -> int:
    """Build the pages of a repository into a folder; return Sphinx's exit code.

    Raises StagingError.
    """
    with tempfile.TemporaryDirectory(prefix="sdkpress-site-") as name:
        pages, made = Path(name, "pages"), Path(name, "site")
        pages.mkdir()
        stage(repository, pages)
        command = [sys.executable, "-m", "sphinx", "-b", "html", "-c", str(HERE)]
        command += ["-d", str(Path(name, "cache")), "-E", "-W", "--keep-going", "-q"]
        # A fixed time and no locale of the machine: pages say neither.
        settled = {
            **os.environ,
            "SOURCE_DATE_EPOCH": "0",
            "PYTHONHASHSEED": "0",
            "LC_ALL": "C.UTF-8",
        }
        done = subprocess.run(
            [*command, str(pages), str(made)],
            env=settled,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            encoding="utf-8",
            check=False,
        )
        sys.stderr.write(done.stderr.replace(f"{pages}{os.sep}", ""))
        if done.returncode:
            return 1
        (made / ".buildinfo").unlink(missing_ok=True)
        (made / ".nojekyll").touch()  # hosts of static pages leave folders with an underscore out
        _replace(made, out)
    return 0


def _replace(made: Path, out: Path) -> None:
    out.parent.mkdir(parents=True, exist_ok=True)
    beside = out.with_name(f".{out.name}.new")
    shutil.rmtree(beside, ignore_errors=True)
    shutil.copytree(made, beside)
    if out.exists():
        shutil.rmtree(out)
    beside.rename(out)


def main() -> int:
    parser = argparse.ArgumentParser(description="Build the documentation site.")
    parser.add_argument("folder", nargs="?", type=Path, default=REPOSITORY / "site")
    parser.add_argument("--repository", type=Path, default=REPOSITORY)
    options = parser.parse_args()
    out: Path = options.folder.absolute()
    # What is replaced must be a site: `build.py docs` would be the end of the documentation.
    if out.exists() and any(out.iterdir()) and not (out / "searchindex.js").is_file():
        print(f"site: {options.folder} has other files in it; name a new folder", file=sys.stderr)
        return 2
    try:
        return build(options.repository, out)
    except StagingError as error:
        print(error, file=sys.stderr)
        return 1


if __name__ == "__main__":
    raise SystemExit(main())
