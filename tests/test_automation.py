"""The action, run step by step from its YAML, and the hooks for pre-commit.

What GitHub does is done here by hand: expressions are evaluated, outputs are passed on, and `gh` is
a script that notes how it was called. Everything else is real: bash, git, a remote, sdkpress.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import yaml

from sdkpress import project_files
from tests.conftest import PROJECT, REPOSITORY, SMALL_DOCUMENT, plain_environment, run

ACTION: dict[str, Any] = yaml.safe_load((REPOSITORY / "action.yml").read_text(encoding="utf-8"))
HOOKS: list[dict[str, Any]] = yaml.safe_load(
    (REPOSITORY / ".pre-commit-hooks.yaml").read_text(encoding="utf-8")
)
needs_bash = pytest.mark.skipif(
    os.name == "nt" or not shutil.which("bash") or not shutil.which("git"), reason="no bash or git"
)
GH = """\
#!/bin/sh
printf '%s\\n' "$*" >>"$GH_CALLS"
case "$1 $2" in
  "pr list") cat "$GH_CALLS.number" 2>/dev/null || true ;;
  "pr create") echo 7 >"$GH_CALLS.number" ;;
esac
while [ $# -gt 0 ]; do
  if [ "$1" = --body-file ]; then cp "$2" "$GH_CALLS.body"; fi
  shift
done
"""


@dataclass
class Runner:
    """A runner of GitHub, as far as the steps can tell."""

    folder: Path
    checkout: Path
    outputs: dict[str, dict[str, str]] = field(default_factory=dict)
    printed: str = ""

    @property
    def summary(self) -> str:
        return (self.folder / "summary.md").read_text(encoding="utf-8")

    @property
    def gh_calls(self) -> list[str]:
        path = self.folder / "gh"
        return path.read_text(encoding="utf-8").splitlines() if path.exists() else []

    def prepare(self) -> None:
        """What the step that installs leaves behind: an environment with sdkpress."""
        programs = self.folder / "sdkpress-action" / "bin"
        programs.mkdir(parents=True)
        for name, call in (("python", ""), ("sdkpress", "-m sdkpress ")):
            text = f'#!/bin/sh\nexec "{sys.executable}" {call}"$@"\n'
            (programs / name).write_text(text)
            (programs / name).chmod(0o755)
        (self.folder / "bin").mkdir()
        (self.folder / "bin" / "gh").write_text(GH)
        (self.folder / "bin" / "gh").chmod(0o755)

    def run(self, **inputs: str) -> int:
        """The exit code of the first step that fails, else 0."""
        self.outputs, self.printed = {}, ""
        github = {
            "event.pull_request.base.sha": "",
            "token": "t0ken",
            "ref_name": "main",
        }
        values = {f"github.{name}": value for name, value in github.items()}
        given = {name.replace("_", "-"): value for name, value in inputs.items()}
        assert set(given) <= set(ACTION["inputs"])
        for name, entry in ACTION["inputs"].items():
            values[f"inputs.{name}"] = given.get(name, expanded(entry.get("default", ""), values))
        for step in ACTION["runs"]["steps"]:
            if step["name"] == "Install sdkpress" or not truth(step.get("if", "true"), values):
                continue
            code = self._step(step, values)
            if code:
                return code
        return 0

    def result(self, name: str, values: dict[str, str] | None = None) -> str:
        known = {
            f"steps.{step}.outputs.{key}": value
            for step, found in self.outputs.items()
            for key, value in found.items()
        }
        return expanded(ACTION["outputs"][name]["value"], known)

    def _step(self, step: dict[str, Any], values: dict[str, str]) -> int:
        assert step["shell"] == "bash"
        output = self.folder / "output"
        output.write_text("")
        script = self.folder / "step.sh"
        script.write_text(step["run"])
        environment = {name: expanded(str(text), values) for name, text in step["env"].items()}
        environment |= {
            "GITHUB_ACTION_PATH": str(REPOSITORY),
            "GITHUB_OUTPUT": str(output),
            "GITHUB_SERVER_URL": "https://example.com",
            "GITHUB_STEP_SUMMARY": str(self.folder / "summary.md"),
            "GH_CALLS": str(self.folder / "gh"),
            "PATH": f"{self.folder / 'bin'}{os.pathsep}{os.environ['PATH']}",
            "PYTHONPATH": str(REPOSITORY / "generator"),
            "RUNNER_TEMP": str(self.folder),
        }
        done = subprocess.run(
            ["bash", "--noprofile", "--norc", "-eo", "pipefail", script],
            cwd=self.checkout / expanded(step.get("working-directory", "."), values),
            env=plain_environment(**environment),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            encoding="utf-8",
        )
        self.printed += done.stdout + done.stderr
        lines = output.read_text(encoding="utf-8").splitlines()
        found = dict(line.split("=", 1) for line in lines)
        if "id" in step:
            self.outputs[step["id"]] = found
            for name, text in found.items():
                values[f"steps.{step['id']}.outputs.{name}"] = text
        return done.returncode


def expanded(text: str, values: dict[str, str]) -> str:
    """The text with each `${{ }}` as a name, or names joined by `||`."""

    def value(found: re.Match[str]) -> str:
        names = [name.strip() for name in found[1].split("||")]
        return next((values[name] for name in names if values.get(name)), "")

    return re.sub(r"\$\{\{(.*?)\}\}", value, text)


def truth(condition: str, values: dict[str, str]) -> bool:
    """A condition made of comparisons, `&&`, `||` and brackets."""
    if condition == "true":
        return True
    text = re.sub(
        r"\b(?:inputs|steps)\.[\w.-]+", lambda found: repr(values.get(found[0], "")), condition
    )
    return bool(eval(text.replace("&&", " and ").replace("||", " or "), {"__builtins__": {}}))


def git(folder: Path, *arguments: str) -> str:
    identity = ["-c", "user.name=T", "-c", "user.email=t@example.com"]
    return run(["git", *identity, *arguments], cwd=folder).stdout.strip()


@pytest.fixture(scope="module")
def generated_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A repository with a remote, a document from a source, and a client in step with it."""
    folder = tmp_path_factory.mktemp("automation")
    checkout = folder / "checkout"
    checkout.mkdir()
    (folder / "upstream.yaml").write_text(SMALL_DOCUMENT, newline="\n")
    spec = PROJECT.replace('"pets.yaml"', '"openapi-spec/pets.yaml"')
    (checkout / "pyproject.toml").write_text(spec, newline="\n")
    sdkpress = [sys.executable, "-m", "sdkpress"]
    source = str(REPOSITORY / "generator")
    run(
        [*sdkpress, "pull", "../upstream.yaml", "--as", "pets.yaml"],
        cwd=checkout,
        PYTHONPATH=source,
    )
    run([*sdkpress, "generate"], cwd=checkout, PYTHONPATH=source)
    git(folder, "init", "--quiet", "--bare", "--initial-branch=main", "remote.git")
    git(checkout, "init", "--quiet", "--initial-branch=main")
    git(checkout, "add", "--all")
    git(checkout, "commit", "--quiet", "--message", "First")
    git(checkout, "remote", "add", "origin", str(folder / "remote.git"))
    git(checkout, "push", "--quiet", "origin", "main")
    return folder


@pytest.fixture
def runner(generated_once: Path, tmp_path: Path) -> Runner:
    """A runner with a copy of the repository; the copy's remote is its own, too."""
    for name in ("checkout", "remote.git"):
        shutil.copytree(generated_once / name, tmp_path / name, symlinks=True)
    shutil.copy(generated_once / "upstream.yaml", tmp_path)
    git(tmp_path / "checkout", "remote", "set-url", "origin", str(tmp_path / "remote.git"))
    (tmp_path / "temp").mkdir()
    found = Runner(tmp_path / "temp", tmp_path / "checkout")
    found.prepare()
    return found


# ---------------------------------------------------------------- the action


def test_no_input_is_pasted_into_a_script() -> None:
    for step in ACTION["runs"]["steps"]:
        assert "${{" not in step["run"] and "uses" not in step, step["name"]
    assert ACTION["inputs"]["mode"]["default"] == "check"
    assert {"in-step", "bump", "changed", "breaking"} <= set(ACTION["outputs"])


@needs_bash
def test_check_says_whether_all_is_in_step_and_what_changed(runner: Runner) -> None:
    base = git(runner.checkout, "rev-parse", "HEAD")
    document = runner.checkout / "openapi-spec" / "pets.yaml"
    document.write_text(SMALL_DOCUMENT.replace("name: limit", "name: size"), newline="\n")
    assert runner.run(mode="check", base=base) == 1
    assert runner.result("in-step") == "false"
    assert "::error file=" in runner.printed
    assert runner.result("bump") == "major" and runner.result("changed") == "true"
    assert int(runner.result("breaking")) >= 1
    assert "limit" in runner.summary
    assert git(runner.checkout, "rev-parse", "HEAD") == base


@needs_bash
def test_what_cannot_be_compared_never_reads_as_clean(runner: Runner) -> None:
    assert runner.run(mode="check") == 0, runner.printed
    assert runner.result("in-step") == "true"
    assert runner.result("breaking") == runner.result("bump") == runner.result("changed") == ""
    assert (
        runner.run(mode="check", fail_on="breaking", clients="pets-client") == 2
    )  # without a base
    assert runner.run(mode="check", base="--output=x") not in (0, 1)
    assert runner.result("breaking") == ""
    assert not list(runner.checkout.glob("x*"))


@needs_bash
def test_a_client_that_the_base_does_not_have_is_new(runner: Runner) -> None:
    """As in the pull request that sets a repository up."""
    tree = git(runner.checkout, "hash-object", "-t", "tree", "-w", "/dev/null")
    base = git(runner.checkout, "commit-tree", tree, "-m", "Before")
    assert runner.run(mode="check", base=base, fail_on="breaking") == 0, runner.printed
    assert runner.result("changed") == "true" and runner.result("breaking") == "0"
    assert runner.result("bump") == "" and "**pets-client** is new" in runner.summary


@needs_bash
@pytest.mark.parametrize(
    "inputs",
    [
        {"mode": "chekc"},
        {"fail_on": "sometimes"},
        {"pull": "$(touch no)"},
        {"mode": "regenerate", "branch": "main"},
        {"mode": "regenerate", "branch": "--force"},
        {"mode": "regenerate", "branch": "a b"},
    ],
)
def test_wrong_inputs_are_refused(runner: Runner, inputs: dict[str, str]) -> None:
    assert runner.run(**inputs) == 2
    assert "::error title=sdkpress::" in runner.printed


@needs_bash
def test_regenerate_opens_one_pull_request_and_updates_it(runner: Runner) -> None:
    assert runner.run(mode="regenerate") == 0, runner.printed
    assert runner.result("in-step") == "true" and runner.result("changed") == "false"
    assert runner.gh_calls == []
    source = runner.checkout.parent / "upstream.yaml"
    source.write_text(SMALL_DOCUMENT.replace("name: limit", "name: size"), newline="\n")
    assert runner.run(mode="regenerate", title="New; $(pets)") == 0, runner.printed
    assert (runner.result("bump"), runner.result("changed")) == ("major", "true")
    assert runner.result("pull-request") == "7"
    remote = runner.checkout.parent / "remote.git"
    files = git(remote, "diff", "--name-only", "main", "sdkpress/upstream").splitlines()
    assert {"openapi-spec/pets.yaml", "openapi-spec/sources.lock"} <= set(files)
    assert any(name.startswith("generated/pets-client/src/") for name in files)
    assert git(remote, "log", "-1", "--format=%s", "sdkpress/upstream") == "New; $(pets)"
    assert git(remote, "rev-list", "--count", "main..sdkpress/upstream") == "1"
    created = [call for call in runner.gh_calls if call.startswith("pr create")]
    assert len(created) == 1 and "--base main" in created[0]
    assert "limit" in (runner.folder / "gh.body").read_text(encoding="utf-8")
    assert "t0ken" not in runner.printed + runner.summary

    git(runner.checkout, "checkout", "--quiet", "main")
    source.write_text(SMALL_DOCUMENT.replace("name: limit", "name: count"), newline="\n")
    assert runner.run(mode="regenerate") == 0, runner.printed
    assert git(remote, "rev-list", "--count", "main..sdkpress/upstream") == "1"
    assert [call.split(" --")[0] for call in runner.gh_calls if "edit" in call] == ["pr edit 7"]


@needs_bash
def test_a_source_that_fails_fails_the_run(runner: Runner) -> None:
    source = runner.checkout.parent / "upstream.yaml"
    source.write_text("<!doctype html><title>Sorry</title>")
    assert runner.run(mode="regenerate") == 2
    assert runner.result("in-step") == "" and runner.gh_calls == []
    assert git(runner.checkout, "status", "--porcelain") == ""


# ---------------------------------------------------------------- what others' checkers say


def tool(name: str) -> str:
    """The path of a program, beside our interpreter or on PATH; skips without it."""
    places = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    found = shutil.which(name, path=places)
    if found is None:
        pytest.skip(f"{name} is not installed")
    return found


@pytest.fixture
def written_workflows(tmp_path: Path) -> Path:
    """A repository with the workflows that `init` writes."""
    folder = tmp_path / ".github" / "workflows"
    folder.mkdir(parents=True)
    for path, text in (
        (project_files.CHECK_WORKFLOW, project_files.check_workflow("main")),
        (project_files.UPSTREAM_WORKFLOW, project_files.upstream_workflow(("a", "b"))),
        (project_files.PUBLISH_WORKFLOW, project_files.publish_workflow(("a", "b-c"))),
        (project_files.PRE_COMMIT, project_files.pre_commit_config()),
    ):
        (tmp_path / path).write_text(text)
    git(tmp_path, "init", "--quiet")
    return tmp_path


def test_actionlint_has_nothing_to_say(written_workflows: Path) -> None:
    program = tool("actionlint")
    for folder in (REPOSITORY, written_workflows):
        run([program], cwd=folder)


def test_zizmor_has_nothing_to_say(written_workflows: Path) -> None:
    program = tool("zizmor")
    ours = [
        REPOSITORY / ".github",
        REPOSITORY / "action.yml",
        REPOSITORY / ".pre-commit-hooks.yaml",
    ]
    for inputs in (ours, [written_workflows]):
        run([program, "--offline", "--pedantic", *inputs], cwd=written_workflows)


def test_only_the_upload_has_an_identity_and_it_runs_nothing_of_ours() -> None:
    """In the workflow of this repository and in the one that `init` writes."""
    ours = (REPOSITORY / ".github" / "workflows" / "publish.yml").read_text(encoding="utf-8")
    written = project_files.publish_workflow(("siray-chat", "no: name"))
    for text in (ours, written):
        workflow = yaml.safe_load(text)
        assert workflow["permissions"] == {}
        gate, upload = workflow["jobs"]["gate"], workflow["jobs"]["upload"]
        assert gate["permissions"] == {"contents": "read"}
        assert upload["permissions"] == {"id-token": "write"}
        assert upload["needs"] == ["gate"] and upload["environment"] == "publish"
        assert all("run" not in step for step in upload["steps"])
        asked, kept = gate["steps"][-2:]  # what passed, in a folder where nothing else can be
        assert asked["run"].endswith(' --dry-run --out "$RUNNER_TEMP/dist"')
        assert kept["with"]["path"] == "${{ runner.temp }}/dist/"
        assert upload["steps"][0]["with"]["name"] == kept["with"]["name"]
        for step in [*gate["steps"], *upload["steps"]]:
            assert re.search(r"@[0-9a-f]{40}$", step.get("uses", f"@{'0' * 40}")), step
            assert "${{" not in step.get("run", "")
    (choice,) = [item["inputs"] for item in yaml.safe_load(written)[True].values() if item]
    assert choice["client"]["options"] == ["siray-chat"]
    assert yaml.safe_load(ours)["jobs"]["upload"] == yaml.safe_load(written)["jobs"]["upload"]


def test_shellcheck_has_nothing_to_say(tmp_path: Path) -> None:
    program = tool("shellcheck")
    workflow = yaml.safe_load(project_files.upstream_workflow(("a",)))
    steps = [*ACTION["runs"]["steps"], *workflow["jobs"]["upstream"]["steps"]]
    scripts = [step["run"] for step in steps if "run" in step]
    for number, script in enumerate(scripts):
        (tmp_path / f"{number}.sh").write_text(f"#!/bin/bash\n{script}")
    run([program, *sorted(tmp_path.glob("*.sh"))], cwd=tmp_path)


# ---------------------------------------------------------------- pre-commit


def test_hooks_are_what_pre_commit_and_sdkpress_know() -> None:
    assert [hook["id"] for hook in HOOKS] == ["sdkpress-check", "sdkpress-generate"]
    for hook in HOOKS:
        assert hook["language"] == "python" and hook["entry"].startswith("sdkpress ")
        assert hook["pass_filenames"] is False and hook["require_serial"] is True
        wanted = re.compile(hook["files"])
        for name in (
            "pyproject.toml",
            "a/sdkpress.toml",
            "openapi-spec/x.yaml",
            "generated/x/y.py",
        ):
            assert wanted.search(name), name
        for name in ("README.md", "src/app.py", "not-generated/x"):
            assert not wanted.search(name), name


@pytest.mark.slow
@needs_bash
def test_pre_commit_fails_on_drift_and_passes_after_generate(
    runner: Runner, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    program = tool("pre-commit")
    request.getfixturevalue("package_index")
    copy = tmp_path / "sdkpress"
    copy.mkdir()
    listed = run(["git", "ls-files", "--cached", "--others", "--exclude-standard"], cwd=REPOSITORY)
    for name in listed.stdout.splitlines():
        if name.startswith(("docs/", "generator/", "templates/")) or "/" not in name:
            (copy / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(REPOSITORY / name, copy / name)
    git(copy, "init", "--quiet")
    git(copy, "add", "--all")
    git(copy, "commit", "--quiet", "--message", "x")

    def try_hook(hook: str) -> int:
        command = [program, "try-repo", str(copy), hook, "--all-files"]
        done = run(command, cwd=runner.checkout, check=False, PRE_COMMIT_HOME=str(tmp_path / "pc"))
        assert done.returncode in (0, 1), done.stdout + done.stderr
        return done.returncode

    assert try_hook("sdkpress-check") == 0
    document = runner.checkout / "openapi-spec" / "pets.yaml"
    document.write_text(SMALL_DOCUMENT.replace("name: limit", "name: size"), newline="\n")
    assert try_hook("sdkpress-check") == 1
    assert try_hook("sdkpress-generate") == 1  # it changed files
    git(runner.checkout, "add", "--all")
    assert try_hook("sdkpress-generate") == 0
    assert try_hook("sdkpress-check") == 0
