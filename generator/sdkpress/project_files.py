"""The files that `sdkpress init` writes into a repository, as text. All of them are the user's own
afterwards: nothing in them is ever changed again."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from pathlib import PurePosixPath

from sdkpress import __version__

__all__ = [
    "CHECK_WORKFLOW",
    "MAKEFILE",
    "PRE_COMMIT",
    "UPSTREAM_WORKFLOW",
    "check_workflow",
    "client_section",
    "makefile",
    "pre_commit_config",
    "pre_commit_hooks",
    "upstream_workflow",
]

CHECK_WORKFLOW = ".github/workflows/sdkpress.yml"
UPSTREAM_WORKFLOW = ".github/workflows/sdkpress-upstream.yml"
PRE_COMMIT = ".pre-commit-config.yaml"
MAKEFILE = "Makefile"

_CHECKOUT = "actions/checkout@08c6903cd8c0fde910a37f88322edcfb5dd907a8 # v5.0.0"
_SETUP_PYTHON = "actions/setup-python@e797f83bcb11b83ae66e0230d6156d7c80228e7c # v6.0.0"


def client_section(table: str, values: Mapping[str, str]) -> str:
    """One client in TOML; `table` is the name of the array of tables."""
    lines = [f"[[{table}]]"]
    lines += [f"{key} = {_basic_string(value)}" for key, value in values.items()]
    return "\n".join(lines) + "\n"


def _basic_string(value: str) -> str:
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def check_workflow(branch: str) -> str:
    """A workflow that fails where a client is out of step."""
    return f"""\
# Fails where a generated client is not in step with its document.
name: sdkpress

on:
  push:
    branches: [{_branch(branch)}]
  pull_request:

permissions:
  contents: read

concurrency:
  group: sdkpress-${{{{ github.ref }}}}
  cancel-in-progress: true

jobs:
  check:
    name: Generated clients are in step
    runs-on: ubuntu-latest
    timeout-minutes: 10
    steps:
{_steps()}      - run: sdkpress check --format github
"""


def upstream_workflow(clients: tuple[str, ...]) -> str:
    """A scheduled workflow that proposes what came of new documents in one pull request."""
    names = " ".join(name for name in clients if re.fullmatch(r"[\w.-]+", name, re.ASCII))
    return f"""\
# Asks the sources of openapi-spec/sources.lock for new documents. What changed becomes one pull
# request, with the verdict in its text; a source that cannot be read fails the run.
# The repository must allow Actions to create pull requests.
name: sdkpress upstream

on:
  schedule:
    - cron: "23 5 * * 1-5"
  workflow_dispatch:

permissions: {{}}

concurrency:
  group: sdkpress-upstream
  cancel-in-progress: false

jobs:
  upstream:
    name: Pull, regenerate, propose
    runs-on: ubuntu-latest
    timeout-minutes: 20
    permissions:
      contents: write # the branch of the pull request
      pull-requests: write # the pull request
    steps:
{_steps()}      - name: Pull and generate
        id: regenerate
        run: |
          set -euo pipefail
          sdkpress pull
          sdkpress generate
          if [[ -n "$(git status --porcelain)" ]]; then
            echo "changed=true" >>"$GITHUB_OUTPUT"
          fi
      - name: Open or update the pull request
        if: steps.regenerate.outputs.changed == 'true'
        env:
          BASE: ${{{{ github.ref_name }}}}
          BRANCH: sdkpress/upstream
          CLIENTS: {names}
          GH_TOKEN: ${{{{ github.token }}}}
          TITLE: Regenerate API clients
        run: |
          set -euo pipefail
          body="$RUNNER_TEMP/body.md"
          for client in $CLIENTS; do
            sdkpress diff git:HEAD --client "$client" --fail-on never --format markdown >>"$body.all"
          done
          cat "$body.all" >>"$GITHUB_STEP_SUMMARY"
          # The text of a pull request may have 65,536 characters.
          python -X utf8 -c 'import sys; print(open(sys.argv[1]).read()[:60_000])' "$body.all" >"$body"
          git checkout --quiet -B "$BRANCH"
          git add --all
          git -c user.name="github-actions[bot]" \\
            -c user.email="41898282+github-actions[bot]@users.noreply.github.com" \\
            commit --quiet --message "$TITLE"
          header="AUTHORIZATION: basic $(printf 'x-access-token:%s' "$GH_TOKEN" | base64 | tr -d '\\n')"
          GIT_CONFIG_COUNT=1 GIT_CONFIG_KEY_0="http.$GITHUB_SERVER_URL/.extraheader" \\
            GIT_CONFIG_VALUE_0="$header" git push --quiet --force origin "HEAD:refs/heads/$BRANCH"
          number=$(gh pr list --head "$BRANCH" --base "$BASE" --state open --limit 1 --json number --jq '.[].number')
          if [[ -n "$number" ]]; then
            gh pr edit "$number" --title "$TITLE" --body-file "$body"
          else
            gh pr create --head "$BRANCH" --base "$BASE" --title "$TITLE" --body-file "$body"
          fi
"""


def _steps() -> str:
    """The steps that every job begins with."""
    return f"""\
      - uses: {_CHECKOUT}
        with:
          persist-credentials: false
      - uses: {_SETUP_PYTHON}
        with:
          python-version: "3.13"
      - run: python -m pip install "sdkpress=={__version__}"
"""


def pre_commit_hooks(inputs: Iterable[str] = (), outputs: Iterable[str] = ()) -> str:
    """The hooks as an entry of `repos` in a configuration of pre-commit. They run the sdkpress that
    is installed, so that a commit and the build agree.

    They run when a commit touches the configuration, `openapi-spec/`, `generated/`, one of the
    `inputs` (documents and overlays) or what has its name before the ending (the names lock), or
    something below one of the `outputs`. All are paths from the root of the repository.
    """
    return f"""\
  - repo: local
    hooks:
      - id: sdkpress-check
        name: sdkpress check
        entry: sdkpress check
        language: system
        files: {_quoted(_watched(inputs, outputs))}
        pass_filenames: false
        require_serial: true
"""


def pre_commit_config(inputs: Iterable[str] = (), outputs: Iterable[str] = ()) -> str:
    """A configuration of pre-commit with our hooks alone; the paths are those of the hooks."""
    return f"repos:\n{pre_commit_hooks(inputs, outputs)}"


_WATCHED = r"(^|/)(pyproject\.toml|sdkpress\.toml|\.sdkpress\.json)$|(^|/)(openapi-spec|generated)/"


def _watched(inputs: Iterable[str], outputs: Iterable[str]) -> str:
    """A regular expression of the paths that matter."""
    stems = {str(PurePosixPath(path).with_suffix("")) + "." for path in inputs}
    folders = {path.rstrip("/") + "/" for path in outputs}
    further = sorted(
        path for path in stems | folders if path.isprintable() and not re.search(_WATCHED, path)
    )
    return "|".join((_WATCHED, *(f"^{re.escape(path)}" for path in further)))


def _quoted(text: str) -> str:
    """A scalar of YAML in single quotes."""
    return "'" + text.replace("'", "''") + "'"


def makefile() -> str:
    """Everyday commands by name."""
    return """\
.DEFAULT_GOAL := help

.PHONY: help
help: ## list the targets
	@grep -E '^[a-z-]+:.*## ' Makefile | sed 's/:.*## /: /'

.PHONY: generate
generate: ## write the clients
	sdkpress generate

.PHONY: check
check: ## fail where a client is out of step
	sdkpress check

.PHONY: pull
pull: ## refresh the documents from their sources
	sdkpress pull
"""


def _branch(name: str) -> str:
    return name if re.fullmatch(r"[A-Za-z][\w.-]*(?:/[\w.-]+)*", name, re.ASCII) else "main"
