"""Small projects in repositories of their own: what tests of revisions share."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

DOCUMENT = """\
openapi: 3.1.0
info: {title: Pets, version: 1.0.0}
servers: [{url: https://pets.test}]
paths:
  /pets:
    get:
      operationId: listPets
      parameters:
        - {name: limit, in: query, schema: {type: integer}}
        - {name: tag, in: query, schema: {type: string}}
      responses:
        '200':
          description: ok
          content: {application/json: {schema: {type: array, items: {$ref: 'common.yaml#/Pet'}}}}
"""
COMMON = """\
Pet:
  type: object
  required: [name]
  properties:
    name: {type: string}
    age: {type: integer}
"""
OVERLAY = """\
overlay: 1.0.0
info: {title: Mended, version: 1.0.0}
actions:
  - target: $.paths['/pets'].get
    update: {summary: List the pets}
"""
CONFIGURATION = """\
[[tool.sdkpress.client]]
name = "pets-client"
package = "pets"
client = "Pets"
spec = "specs/pets.yaml"
overlays = ["specs/pets.overlay.yaml"]
out = "generated/pets"
version = "1.2.0"
"""


def git(folder: Path, *words: str) -> str:
    """Run git in a folder without the user's settings."""
    identity = {
        f"GIT_{who}_{what}": "t@t.test"
        for who in ("AUTHOR", "COMMITTER")
        for what in ("NAME", "EMAIL")
    }
    environment = {
        **os.environ,
        **identity,
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_CONFIG_SYSTEM": os.devnull,
    }
    run = subprocess.run(
        ["git", *words], cwd=folder, env=environment, check=True, capture_output=True, text=True
    )
    return run.stdout


def project(folder: Path) -> Path:
    """A project in the folder `sub` of a new repository, with one client, not committed."""
    git(folder, "init", "-q")
    place = folder / "sub"
    (place / "specs").mkdir(parents=True)
    for name, text in (
        ("pyproject.toml", CONFIGURATION),
        ("specs/pets.yaml", DOCUMENT),
        ("specs/common.yaml", COMMON),
        ("specs/pets.overlay.yaml", OVERLAY),
    ):
        (place / name).write_text(text, encoding="utf-8")
    return place


def commit(folder: Path, tag: str) -> None:
    """Commit everything as `tag`."""
    git(folder, "add", "-A", ".")
    git(folder, "commit", "-q", "-m", tag)
    git(folder, "tag", tag)


def replace(path: Path, old: str, new: str) -> None:
    """Replace a text that must be there."""
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")
