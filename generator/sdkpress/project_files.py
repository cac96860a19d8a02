"""The files that `sdkpress init` writes into a repository, as text. All of them are the user's own
afterwards: nothing in them is ever changed again."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import PurePosixPath

from sdkpress import __version__

__all__ = [
    "CHECK_WORKFLOW",
    "EXAMPLE_ADDRESS",
    "EXAMPLE_EMAIL",
    "FRAGMENT",
    "GITIGNORE",
    "MAKEFILE",
    "PRE_COMMIT",
    "PUBLISH_WORKFLOW",
    "UPSTREAM_WORKFLOW",
    "check_workflow",
    "client_section",
    "gitignore",
    "makefile",
    "pre_commit_config",
    "pre_commit_hooks",
    "publish_workflow",
    "upstream_workflow",
]

CHECK_WORKFLOW = ".github/workflows/sdkpress.yml"
PUBLISH_WORKFLOW = ".github/workflows/sdkpress-publish.yml"
UPSTREAM_WORKFLOW = ".github/workflows/sdkpress-upstream.yml"
PRE_COMMIT = ".pre-commit-config.yaml"
MAKEFILE = "Makefile"
FRAGMENT = "sdkpress.mk"
GITIGNORE = ".gitignore"

EXAMPLE_EMAIL = "you@example.com"
EXAMPLE_ADDRESS = "https://example.com/your/repository"
"""What stands in the comments of a section until somebody knows better; nobody's, so never published."""

_PLAIN = re.compile(r"[\w.][\w./-]*", re.ASCII)
"""What means nothing to make and to a shell."""

_CHECKOUT = "actions/checkout@08c6903cd8c0fde910a37f88322edcfb5dd907a8 # v5.0.0"
_UPLOAD = "actions/upload-artifact@330a01c490aca151604b8cf639adc76d48f6c5d4 # v5.0.0"
_DOWNLOAD = "actions/download-artifact@018cc2cf5baa6db3ef3c5f8a56943fffe632ef53 # v6.0.0"
_PUBLISH = "pypa/gh-action-pypi-publish@ed0c53931b1dc9bd32cbe73a98c7f6766f8a527e # v1.13.0"
_SETUP_PYTHON = "actions/setup-python@e797f83bcb11b83ae66e0230d6156d7c80228e7c # v6.0.0"


def client_section(
    table: str,
    values: Mapping[str, str],
    author: Mapping[str, str] | None = None,
    repository: str = "",
) -> str:
    """One client in TOML; `table` is the name of the array of tables. `author` (name and email) and
    the repository's address stand in it where they are known, and as an example where not."""
    lines = [f"[[{table}]]"]
    lines += [f"{key} = {_basic_string(value)}" for key, value in values.items()]
    known: list[str] = []
    asked = ['license = "MIT"']
    if author:
        pairs = ", ".join(f"{key} = {_basic_string(value)}" for key, value in author.items())
        known.append(f"authors = [{{{pairs}}}]")
    else:
        asked.append(f'authors = [{{name = "Your Name", email = "{EXAMPLE_EMAIL}"}}]')
    if repository:
        known.append(f"urls = {{Repository = {_basic_string(repository)}}}")
    else:
        asked.append(f'urls = {{Repository = "{EXAMPLE_ADDRESS}"}}')
    lines += known
    lines.append("# Yours to decide; `sdkpress publish` asks for what the document does not say:")
    lines += [f"# {line}" for line in asked]
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


def publish_workflow(clients: tuple[str, ...]) -> str:
    """A workflow, started by hand, that publishes one client to the public index of Python packages:
    the gate in one job, the upload in another, which alone has an identity (OIDC) and no code of the
    repository. Only names that need no quotes are offered."""
    names = [name for name in clients if re.fullmatch(r"[\w.-]+", name, re.ASCII)]
    return publish_workflow_text(names, _steps(extra="publish"))


def publish_workflow_text(names: list[str], steps: str) -> str:
    """The same, where sdkpress is made ready by `steps` (YAML, six spaces deep)."""
    options = "".join(f"          - {json.dumps(name)}\n" for name in names)
    return f"""\
# Publishes a client: once the gate of sdkpress has let it through, by trusted publishing, with
# attestations. No token is kept anywhere. Before the first run, add a trusted publisher to the
# project at the index: this repository, this workflow, the environment "publish".
# In the settings of the repository, say who may approve that environment, and from which branch:
# a run takes this file, and the client, from the branch it is started on.
name: sdkpress publish

on:
  workflow_dispatch:
    inputs:
      client:
        description: The client to publish
        type: choice
        required: true
        options:
{options}
permissions: {{}}

concurrency:
  group: sdkpress-publish
  cancel-in-progress: false

jobs:
  gate:
    name: Ask the gate, and build
    runs-on: ubuntu-latest
    timeout-minutes: 30
    permissions:
      contents: read # the checkout
    steps:
{steps}      - name: Gate
        env:
          CLIENT: ${{{{ inputs.client }}}}
        run: sdkpress publish "$CLIENT" --repository pypi --dry-run --out "$RUNNER_TEMP/dist"
      - uses: {_UPLOAD}
        with:
          name: dist
          path: ${{{{ runner.temp }}}}/dist/ # outside of the checkout: nothing else can lie there
          if-no-files-found: error
  upload:
    name: Upload
    needs: [gate]
    runs-on: ubuntu-latest
    timeout-minutes: 10
    environment: publish
    permissions:
      id-token: write # the identity that the index trusts, and the signature of the attestations
    steps:
      - uses: {_DOWNLOAD}
        with:
          name: dist
          path: dist/
      - uses: {_PUBLISH}
        with:
          attestations: true
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


def _steps(extra: str = "") -> str:
    """The steps that every job begins with; `extra` of sdkpress is installed too."""
    named = f"sdkpress[{extra}]" if extra else "sdkpress"
    return f"""\
      - uses: {_CHECKOUT}
        with:
          persist-credentials: false
      - uses: {_SETUP_PYTHON}
        with:
          python-version: "3.13"
      - run: python -m pip install "{named}=={__version__}"
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


def makefile(clients: Sequence[tuple[str, str]], *, is_fragment: bool = False) -> str:
    """Everyday commands by name, for clients (name and folder). A fragment is for a Makefile that
    is there already: its targets begin with `sdkpress-`, so that they cannot collide."""
    prefix = "sdkpress-" if is_fragment else ""
    known = [one for one in clients if all(map(_PLAIN.fullmatch, one))]
    first = known[0][0] if known else "CLIENT"
    folders = [folder for _, folder in known]
    install = [f"python -m pip install --editable '{folder}[testing]'" for folder in folders]
    compare = [f"sdkpress diff git:HEAD --client {name} --fail-on never" for name, _ in known]
    publish = '@test -n "$(REPOSITORY)" || { echo "which index? REPOSITORY=URL" >&2; exit 2; }'
    targets: list[tuple[str, str, list[str]]] = [
        ("generate", "write the clients", ["sdkpress generate"]),
        ("check", "fail where a client is out of step", ["sdkpress check"]),
        ("diff", "what changed since the last commit, and what it breaks", compare),
        ("pull", "refresh the documents from their sources", ["sdkpress pull"]),
        ("install", "install the clients, and what their tests need", install),
        ("test", "run the tests of the clients", [f"python -m pytest {one}" for one in folders]),
        ("build", "make wheels and sdists in dist/", ["sdkpress build"]),
        (
            "publish",
            "publish CLIENT, if it passes the gate (REPOSITORY=URL says where)",
            [publish, "sdkpress publish $(CLIENT) --repository $(REPOSITORY)"],
        ),
    ]
    lines = [f"CLIENT ?= {first}"]
    for name, what, recipe in targets:
        if recipe:
            lines += ["", f".PHONY: {prefix}{name}", f"{prefix}{name}: ## {what}"]
            lines += [f"\t{line}" for line in recipe]
    if is_fragment:
        return "\n".join(("# Commands for the generated clients: include sdkpress.mk", *lines, ""))
    return "\n".join(
        (
            ".DEFAULT_GOAL := help",
            "",
            ".PHONY: help",
            "help: ## list the targets",
            "\t@grep -E '^[a-z-]+:.*## ' Makefile | sed 's/:.*## /: /'",
            "",
            *lines,
            "",
        )
    )


def gitignore() -> str:
    """What clients leave behind when they are tested and built."""
    return "__pycache__/\n.pytest_cache/\n*.egg-info/\n/dist/\n/.venv/\n"


def _branch(name: str) -> str:
    return name if re.fullmatch(r"[A-Za-z][\w.-]*(?:/[\w.-]+)*", name, re.ASCII) else "main"
